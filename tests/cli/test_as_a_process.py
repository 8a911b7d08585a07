"""What only a real process shows: pipes, closed streams, locales, signals, a terminal, imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Delay
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import ONE, TWO
from tests.cli.support import COMMAND, SECONDS, child, in_a_terminal, running, shell, wait_for

WANTED = {ONE: {"customer_reference": "desk-1"}, TWO: {"customer_reference": "Empfang-Süd"}}
HEAVY = ("httpx", "deepdiff", "jsonschema", "jsonschema_rs", "yaml", "rich", "msgspec")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two declared numbers, one with letters that are not ASCII."""
    (tmp_path / "numbers.yaml").write_text(
        "version: 1\nnumbers: " + json.dumps(WANTED, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def env(served: RunningSandbox) -> dict[str, str]:
    """Where the sandbox is."""
    return {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}


def references(served: RunningSandbox) -> list[str | None]:
    return [served.control.state(each)["customer_reference"] for each in (ONE, TWO)]


# ---- streams ------------------------------------------------------------------------------------


def test_an_apply_as_a_process_converges(project: Path, env: dict[str, str]) -> None:
    said = child("apply", "--auto-approve", "--format", "json", cwd=project, env=env)
    assert (said.code, said.json["converged"]) == (0, True)


def test_a_reader_that_goes_away_is_no_traceback(project: Path, env: dict[str, str]) -> None:
    said = shell("$R plan | true; $R --help | head -1", cwd=project, env=env)
    assert not said.has_traceback
    assert "Exception ignored" not in said.err


@pytest.mark.parametrize("command", ["plan", "fetch -o -", "apply --auto-approve"])
def test_a_closed_stdout_is_an_error_and_nothing_is_done(
    served: RunningSandbox, project: Path, env: dict[str, str], command: str
) -> None:
    said = shell(f"$R {command} >&-", cwd=project, env=env)
    assert (said.code, said.err) == (
        1,
        "Error: standard output is closed, so there is no place for a result.\n",
    )
    assert served.control.log() == []


def test_a_full_disk_behind_stdout_is_an_error(project: Path, env: dict[str, str]) -> None:
    said = shell("$R plan >/dev/full", cwd=project, env=env)
    assert (said.code, said.err) == (1, "Error: No space left on device\n")


def test_a_plan_that_cannot_be_shown_is_not_applied(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    shell("$R apply --auto-approve >/dev/full", cwd=project, env=env)
    assert references(served) == [None, None]


def test_a_report_that_cannot_be_written_changes_nothing_about_what_was_done(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    said = shell("$R apply --auto-approve --format json >/dev/full", cwd=project, env=env)
    assert (said.code, said.has_traceback) == (0, False)
    assert "The report could not be written: No space left on device" in said.err
    assert f"What was done is in the journal: {project / '.reconciler'}/journal-" in said.err
    assert None not in references(served)


def test_a_closed_stderr_and_stdin_are_no_traceback(project: Path, env: dict[str, str]) -> None:
    said = shell("$R apply --auto-approve 2>&- <&-", cwd=project, env=env)
    assert (said.code, "Apply complete" in said.out) == (0, True)


def test_a_closed_stdin_is_no_terminal(project: Path, env: dict[str, str]) -> None:
    said = shell("$R apply <&-", cwd=project, env=env)
    assert (said.code, "--auto-approve" in said.err) == (1, True)


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "iso-8859-1"},
    ],
    ids=lambda each: " ".join(f"{name}={value}" for name, value in each.items()),
)
def test_a_terminal_that_knows_few_letters_is_no_crash(
    project: Path, env: dict[str, str], locale: dict[str, str]
) -> None:
    said = child("plan", cwd=project, env=env | locale)
    assert (said.code, said.err) == (0, "")


def test_a_name_that_is_no_text_is_no_traceback(project: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        [*COMMAND, "plan", b"\xff\xfe"], cwd=project, env=os.environ | env, capture_output=True
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)


# ---- a terminal ---------------------------------------------------------------------------------


def test_yes_is_a_yes(served: RunningSandbox, project: Path, env: dict[str, str]) -> None:
    code, shown = in_a_terminal(("apply",), b"yes\n", project, env)
    assert (code, references(served)) == (0, ["desk-1", "Empfang-Süd"]), shown


@pytest.mark.parametrize("answer", [b"\n", b"y\n", b"YES\n", b"yes please\n", b"no\n"])
def test_nothing_else_is_a_yes(
    served: RunningSandbox, project: Path, env: dict[str, str], answer: bytes
) -> None:
    code, _ = in_a_terminal(("apply",), answer, project, env)
    assert (code, references(served)) == (1, [None, None])


@pytest.mark.parametrize("answer", [b"\x04", b"\x03"], ids=["Ctrl-D", "Ctrl-C"])
def test_leaving_the_question_open_writes_nothing(
    served: RunningSandbox, project: Path, env: dict[str, str], answer: bytes
) -> None:
    code, shown = in_a_terminal(("apply",), answer, project, env)
    assert (code, references(served)) == (130, [None, None]), shown


@pytest.mark.parametrize(
    ("words", "more", "coloured"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False)],
    ids=["as it is", "--no-color", "NO_COLOR"],
)
def test_colour_is_for_a_terminal_that_wants_it(
    project: Path, env: dict[str, str], words: tuple[str, ...], more: dict[str, str], coloured: bool
) -> None:
    env = {**env, "NO_COLOR": "", **more}
    _, shown = in_a_terminal(("plan", *words), b"", project, env)
    assert ("\x1b[1m" in shown or "\x1b[3" in shown) is coloured


# ---- Ctrl-C -------------------------------------------------------------------------------------


def test_ctrl_c_finishes_the_call_in_flight_and_exits_130(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    served.control.fault(Delay(1.0), method="PATCH", times=None)
    (project / "reconciler.yaml").write_text("version: 1\nlimits: {concurrency: 1}\n")
    with running(project, env, "apply", "--auto-approve", "--format", "json") as process:
        wait_for(lambda: any(one.method == "PATCH" for one in served.control.log()))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    told = json.loads(out)
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert [len(told[name]) for name in ("applied", "skipped", "failed", "unconfirmed")] == [
        1,
        1,
        0,
        0,
    ]
    assert sum(one.method == "PATCH" for one in served.control.log()) == 1


def test_ctrl_c_twice_leaves_at_once(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    served.control.fault(Delay(20.0), method="PATCH", times=None)
    with running(project, env, "apply", "--auto-approve") as process:
        wait_for(lambda: any(one.method == "PATCH" for one in served.control.log()))
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert told.startswith(b"Interrupted: finishing")
    assert (process.returncode, b"reconciler resume" in err) == (130, True)
    assert time.monotonic() - started < 10


def test_ctrl_c_while_reading_exits_130(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    served.control.fault(Delay(20.0), method="GET", times=None)
    with running(project, env, "plan") as process:
        wait_for(lambda: bool(served.control.log()))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err.strip()) == (130, b"Interrupted.")


# ---- imports, sandbox, demo ---------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        f"sys.argv = ['reconciler', *{words}]\n"
        "from reconciler.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as left:\n    code = left.code\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "print('loaded:', loaded, code)\n"
    )
    done = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "loaded: [] 0"


def test_the_sandbox_says_where_it_is_and_serves(tmp_path: Path, project: Path) -> None:
    with running(tmp_path, {}, "sandbox", "--numbers", "20", "--seed", "3") as process:
        assert process.stdout is not None
        first = process.stdout.readline().decode().strip()
        second = process.stdout.readline().decode().split()
        assert first.startswith("Serving http://127.0.0.1:")
        assert first.endswith("/v2")
        env = dict(word.split("=", 1) for word in second[1:])
        assert env["TELNYX_BASE_URL"] == first.removeprefix("Serving ")
        said = child("fetch", "-o", "live.json", cwd=project, env=env)
        assert (said.code, " numbers into live.json" in said.err) == (0, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0


def test_a_port_that_is_taken_is_an_error(served: RunningSandbox, tmp_path: Path) -> None:
    port = served.base_url.rpartition(":")[2].removesuffix("/v2")
    said = child("sandbox", "--port", port, "--numbers", "0", cwd=tmp_path)
    assert (said.code, said.has_traceback, port in said.err) == (1, False, True)


def test_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    said = child("demo", cwd=tmp_path)
    assert (said.code, said.err) == (0, said.err), said
    assert said.out.count("$ reconciler drift") == 3
