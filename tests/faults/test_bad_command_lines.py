"""Environments and command lines that cannot be meant: exit 1 and a line, and nothing is sent."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import ONE, Account
from tests.cli.support import COMMAND, Said, Shell, child, shell

DESK = {ONE: {"customer_reference": "Empfang-Süd"}}
APPLY = ("apply", "--auto-approve")


def assert_refused(said: Said, account: Account, *words: str) -> None:
    """One line, nothing on stdout, nothing sent."""
    assert (said.code, said.out, account.control.log()) == (1, "", [])
    assert len(said.err.strip().splitlines()) == 1, said.err
    for each in words:
        assert each in said.err


@pytest.mark.parametrize("key", ["", " ", "\t"])
def test_an_empty_key(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    account.declare(DESK)
    monkeypatch.setenv("TELNYX_API_KEY", key)
    assert_refused(reconciler(*APPLY), account, "TELNYX_API_KEY is not set or empty")


def test_a_key_that_is_not_set_at_all(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare(DESK)
    monkeypatch.delenv("TELNYX_API_KEY")
    assert_refused(reconciler("plan"), account, "TELNYX_API_KEY is not set or empty")


@pytest.mark.parametrize(
    "key", ["KEYabc\n", "KEYabc\r\nX-Evil: 1", "KEY abc", "KEY\x1b[31m", "KEYü"]
)
def test_a_key_with_a_newline(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    account.declare(DESK)
    monkeypatch.setenv("TELNYX_API_KEY", key)
    said = reconciler(*APPLY)
    assert_refused(said, account, "TELNYX_API_KEY holds")
    assert key.strip() not in said.err


PLAIN = (
    "http://api.telnyx.com/v2",
    "http://127.0.0.1.example/v2",
    "http://localhost.example/v2",
    "http://[::2]/v2",
    "http://[::ffff:8.8.8.8]/v2",
    "http://0.0.0.0/v2",
    "http://2130706433/v2",
    "http://0x7f.1/v2",
    "HTTP://EXAMPLE.COM/v2",
    "ftp://127.0.0.1/v2",
    "//127.0.0.1/v2",
    "api.telnyx.com",
)


@pytest.mark.parametrize("url", PLAIN)
def test_http_to_anything_but_loopback(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    account.declare(DESK)
    monkeypatch.setenv("TELNYX_BASE_URL", url)
    assert_refused(reconciler(*APPLY), account, "TELNYX_BASE_URL")


@pytest.mark.parametrize("url", PLAIN)
def test_http_to_anything_but_loopback_in_the_project_file(
    account: Account, reconciler: Shell, url: str
) -> None:
    account.declare(DESK, account={"base_url": url})
    said = reconciler(*APPLY)
    assert (said.code, account.control.log()) == (1, [])
    assert "base_url" in said.err


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:hunter2@api.telnyx.com/v2",
        "https://api.telnyx.com@elsewhere.example/v2",
        "http://127.0.0.1:1@elsewhere.example/v2",
        "https://KEYabc@api.telnyx.com/v2",
    ],
)
def test_user_info_in_a_url(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    account.declare(DESK)
    monkeypatch.setenv("TELNYX_BASE_URL", url)
    said = reconciler(*APPLY)
    assert_refused(said, account, "user info")
    assert "hunter2" not in said.err
    assert "KEYabc" not in said.err


@pytest.mark.parametrize("path", ["", "/v2", "/v2/"])
def test_127_0_0_1_example(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    account.declare(DESK)
    monkeypatch.setenv("TELNYX_BASE_URL", f"http://127.0.0.1.example{path}")
    assert_refused(reconciler("plan"), account, "must be https://")


@pytest.mark.parametrize("limit", ["-1", "0", "nan", "inf", "-inf", "1e400", "x", ""])
@pytest.mark.parametrize("option", ["--max-wait", "--job-timeout", "--concurrency"])
def test_negative_or_nan_limits(
    account: Account, reconciler: Shell, option: str, limit: str
) -> None:
    account.declare(DESK)
    said = reconciler(*APPLY, option, limit)
    assert (said.code, said.out, account.control.log()) == (1, "", [])
    assert option in said.err


@pytest.mark.parametrize("limit", ["-1", "0", ".nan", ".inf", "1e400", "'5'", "true"])
@pytest.mark.parametrize("name", ["rate_per_second", "concurrency", "page_size", "job_size"])
def test_negative_or_nan_limits_in_the_project_file(
    account: Account, reconciler: Shell, name: str, limit: str
) -> None:
    account.declare(DESK)
    (account.root / "reconciler.yaml").write_text(f"version: 1\nlimits: {{{name}: {limit}}}\n")
    said = reconciler(*APPLY)
    assert (said.code, said.out, account.control.log()) == (1, "", [])
    assert said.err.startswith("reconciler.yaml:2:")


@pytest.mark.parametrize("command", ["plan --out", "fetch -o"])
def test_an_output_path_that_is_a_symlink(
    account: Account, reconciler: Shell, command: str
) -> None:
    account.declare(DESK)
    target = account.root / "target"
    target.write_text("mine")
    (account.root / "out.json").symlink_to(target)
    assert_refused(reconciler(*command.split(), "out.json"), account, "is a symbolic link")
    assert target.read_text() == "mine"


@pytest.mark.parametrize("command", ["export -o", "apply --auto-approve --journal"])
def test_an_output_path_that_is_a_symlink_of_export_and_of_a_journal(
    account: Account, reconciler: Shell, command: str
) -> None:
    account.declare(DESK)
    target = account.root / ".target"
    target.mkdir()
    (account.root / "out").symlink_to(target)
    said = reconciler(*command.split(), "out")
    assert (said.code, account.writes(), list(target.iterdir())) == (1, [], [])


@pytest.mark.parametrize("journal", ["there.jsonl", "nowhere/j.jsonl", "numbers.yaml", "."])
def test_an_output_path_of_a_journal_is_refused_before_anything_is_read(
    account: Account, reconciler: Shell, journal: str
) -> None:
    account.declare(DESK)
    (account.root / "there.jsonl").write_text("mine")
    said = reconciler(*APPLY, "--journal", journal)
    assert (said.code, account.control.log(), said.out) == (1, [], "")
    assert f"{journal}: " in said.err


def test_a_journal_given_to_apply_is_told_from_a_plan(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler(*APPLY, "--journal", "j.jsonl").code == 0
    said = reconciler("apply", "j.jsonl")
    assert (said.code, "it is `resume` that goes on with a journal" in said.err) == (1, True)


def test_an_output_path_that_is_the_input(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler("fetch", "-o", "live.json").code == 0
    account.control.forget()
    before = (account.root / "live.json").read_bytes()
    for out in ("live.json", "./live.json", str(account.root / "live.json")):
        said = reconciler("plan", "--live", "live.json", "--out", out)
        assert_refused(said, account, "is what this command reads")
    (account.root / "more.yaml").write_text("numbers_from: desks.csv\n")
    (account.root / "desks.csv").write_text("phone_number,tags\n+13125550002,a\n")
    for out in ("numbers.yaml", "reconciler.yaml", "new.yml", "desks.csv", "NEW.CSV"):
        assert_refused(reconciler("plan", "--out", out), account, "a file of the project")
        assert_refused(reconciler("fetch", "-o", out), account, "a file of the project")
    assert (account.root / "live.json").read_bytes() == before
    assert (account.root / "desks.csv").read_text().startswith("phone_number")


def test_an_output_path_that_is_the_input_of_a_secret(account: Account, reconciler: Shell) -> None:
    (account.root / "pin.txt").write_text("7315\n")
    account.declare({ONE: {"external_pin": {"file": "pin.txt"}}})
    said = reconciler("plan", "--out", "pin.txt")
    assert (said.code, "is what this command reads" in said.err) == (1, True)
    assert (account.root / "pin.txt").read_text() == "7315\n"


def test_an_output_path_that_is_the_input_of_revert(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler(*APPLY, "--journal", "journal.jsonl").code == 0
    before = (account.root / "journal.jsonl").read_bytes()
    said = reconciler("revert", "journal.jsonl", "--out", "journal.jsonl")
    assert (said.code, "is what this command reads" in said.err) == (1, True)
    assert (account.root / "journal.jsonl").read_bytes() == before


# ---- processes ----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One number, with letters that are not ASCII."""
    (tmp_path / "Nümmern.yaml").write_text(
        "version: 1\nnumbers: " + json.dumps(DESK, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def env(served: RunningSandbox) -> dict[str, str]:
    """Where the sandbox is."""
    return {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}


@pytest.mark.parametrize(
    "command",
    ["plan", "fetch -o -", "export", "apply --auto-approve", "validate", "schema"],
)
def test_a_closed_stdout(
    served: RunningSandbox, project: Path, env: dict[str, str], command: str
) -> None:
    said = shell(f"$R {command} >&-", cwd=project, env=env)
    assert (said.code, said.has_traceback) == (1, False)
    assert "standard output is closed" in said.err
    assert served.control.log() == []


@pytest.mark.parametrize("command", ["plan", "export", "schema"])
def test_a_closed_stdout_of_a_reader_that_goes_away(
    project: Path, env: dict[str, str], command: str
) -> None:
    said = shell(f"$R {command} | true", cwd=project, env=env)
    assert (said.has_traceback, "Exception ignored" in said.err) == (False, False)


@pytest.mark.parametrize("name", ["LANG=C", "LC_ALL=C", "LC_ALL=POSIX", "LC_ALL=xx_XX.nothing"])
def test_lang_c(project: Path, env: dict[str, str], name: str) -> None:
    variable, _, value = name.partition("=")
    locale = {variable: value, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for words in (("validate",), ("plan",), ("plan", "--out", "plan.json"), ("apply", "plan.json")):
        said = child(*words, cwd=project, env=env | {"LC_ALL": "", "LANG": ""} | locale)
        assert (said.code, said.has_traceback) == (0, False), said
    assert child("drift", cwd=project, env=env).code == 0


def test_lang_c_in_an_error(project: Path, env: dict[str, str]) -> None:
    (project / "Nümmern.yaml").write_text("version: 1\nnumbers: {ä: {}}\n", encoding="utf-8")
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*COMMAND, "validate"], cwd=project, env=os.environ | env | locale, capture_output=True
    )
    assert (done.returncode, b"Traceback" in done.stderr, len(done.stderr.splitlines())) == (
        1,
        False,
        2,
    )
