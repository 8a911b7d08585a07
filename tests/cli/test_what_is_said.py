"""Results on stdout, the rest on stderr, and never a secret, a traceback or a steered terminal."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, PROFILE, TWO, Account
from tests.cli.support import Shell

DESK = {ONE: {"customer_reference": "desk-1"}}


# ---- machine output -----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_json_of_a_plan_stands_alone_on_stdout(
    account: Account, reconciler: Shell, command: str
) -> None:
    account.declare(DESK)
    document = reconciler(command, "--format", "json", "-v").json
    assert document["summary"]["fields_changed"] == 1


def test_json_of_an_apply_stands_alone_on_stdout(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    document = reconciler("apply", "--auto-approve", "--format", "json").json
    assert document["applied"] == [
        {"phone_number": ONE, "path": "customer_reference", "operation": "op-0001"}
    ]
    assert (document["converged"], document["calls"]) == (True, {"patch_number": 1})


def test_json_of_an_apply_has_the_keys_of_the_contract(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"customer_reference": None}})
    document = reconciler("apply", "--auto-approve", "--format", "json").json
    assert document.keys() >= {
        "applied",
        "failed",
        "unconfirmed",
        "unverifiable",
        "skipped",
        "withheld",
        "calls",
        "journal",
        "converged",
    }


def test_json_of_an_apply_that_failed_says_what_and_why(
    account: Account, reconciler: Shell
) -> None:
    account.control.script(call="patch_number", fail={ONE: Failure(code="10035")})
    account.declare(DESK)
    document = reconciler("apply", "--auto-approve", "--format", "json").json
    (failed,) = document["failed"]
    assert (failed["phone_number"], failed["path"], failed["code"]) == (
        ONE,
        "customer_reference",
        "10035",
    )
    assert document["converged"] is False


def test_json_of_validate_tells_every_error(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    account.declare(DESK)
    (tmp_path / "more.yaml").write_text('version: 1\nnumbers:\n  "+1": {}\n  +13125550009: {}\n')
    said = reconciler("validate", "--format", "json")
    assert (said.code, said.json["valid"], len(said.json["errors"])) == (1, False, 2)


def test_a_snapshot_on_stdout_is_json_alone(account: Account, reconciler: Shell) -> None:
    account.declare({})
    document = reconciler("fetch", "-o", "-").json
    assert document["format_version"] == 1


# ---- text ---------------------------------------------------------------------------------------


def test_validate_prints_every_error_with_its_place(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    account.declare(DESK)
    (tmp_path / "more.yaml").write_text(
        'version: 1\nnumbers:\n  "+13125550009":\n    tgas: [a]\n    hd_voice_enabled: 1\n'
    )
    said = reconciler("validate")
    assert said.code == 1
    assert [line.split(": ")[0] for line in said.err.splitlines()[:-1]] == [
        "more.yaml:4:5",
        "more.yaml:5:23",
    ]


@pytest.mark.usefixtures("account")
def test_one_mistake_is_told_once(reconciler: Shell, tmp_path: Path) -> None:
    (tmp_path / "numbers.yaml").write_text(
        'numbers:\n  "+13125550001": {hd_voice_enabled: no, tags: yes}\n'
    )
    told = reconciler("validate").err.splitlines()
    assert [line.split(": ")[0] for line in told] == [
        "numbers.yaml:2:38",
        "numbers.yaml:2:48",
        "2 errors",
    ]


def test_a_misspelled_command_is_told_the_right_one(reconciler: Shell) -> None:
    said = reconciler("valdate")
    assert said.code == 1
    assert "No such command 'valdate': did you mean 'validate'?" in said.err


def test_validate_needs_no_key_and_no_network(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY")
    account.declare(DESK)
    said = reconciler("validate")
    assert (said.code, said.out) == (0, "Valid: 1 number declared.\n")
    assert account.control.log() == []


def test_a_plan_says_how_many_reads_it_made_and_that_it_wrote_nothing(
    account: Account, reconciler: Shell
) -> None:
    account.declare(DESK)
    assert "1 read" in reconciler("plan").out


def test_a_forbidden_list_is_a_warning(account: Account, reconciler: Shell) -> None:
    account.control.forbid("list_messaging")
    account.declare({ONE: {"messaging": {"messaging_profile_id": PROFILE}}})
    assert "warning: its fields are unknown" in reconciler("plan").err


def test_nothing_is_coloured_in_a_pipe(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("apply", "--auto-approve")
    assert "\x1b" not in said.out + said.err


def test_a_live_value_cannot_steer_the_terminal(account: Account, reconciler: Shell) -> None:
    account.control.change(ONE, "customer_reference", "\x1b[2J\r\n::error::x\u202e")
    account.declare(DESK)
    said = reconciler("plan")
    assert not any(sign in said.out for sign in ("\x1b", "\r", "\u202e", "\n::"))


def test_an_error_of_the_service_cannot_steer_the_terminal(
    account: Account, reconciler: Shell
) -> None:
    text = json.dumps({"errors": [{"code": "1", "detail": "\x1b[2J\r\n::error::x"}]})
    account.control.fault(Respond(status=422, body=text), times=None)
    account.declare(DESK)
    said = reconciler("plan")
    assert not any(sign in said.err for sign in ("\x1b", "\r", "\n::"))


# ---- secrets ------------------------------------------------------------------------------------

PIN = "90210-secret"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "command", [("plan",), ("drift",), ("apply", "--auto-approve")], ids=" ".join
)
def test_a_pin_is_shown_nowhere(
    account: Account,
    reconciler: Shell,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    form: str,
) -> None:
    monkeypatch.setenv("PIN_DESK_1", PIN)
    account.control.change(ONE, "external_pin", "old-one-1234")
    account.control.script(call="update_job", fail={TWO: Failure(detail=f"no {PIN}")})
    pin = {"external_pin": {"env": "PIN_DESK_1"}}
    account.declare({ONE: pin, TWO: pin})
    said = reconciler(*command, "--format", form, "-v")
    assert PIN not in said.out + said.err
    assert "old-one-1234" not in said.out + said.err


def test_a_pin_is_not_in_a_snapshot(account: Account, reconciler: Shell, tmp_path: Path) -> None:
    account.control.change(ONE, "external_pin", PIN)
    account.declare({})
    reconciler("fetch", "-o", "live.json")
    assert PIN not in (tmp_path / "live.json").read_text()


@pytest.mark.parametrize(
    "key", ["", " ", "KEY\nX-Evil: 1", "KEY_\x1b[2J", "KEY with blank", "KEYÄ"]
)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", key)
    account.declare(DESK)
    said = reconciler("plan")
    assert said.code == 1
    assert not key.strip() or key not in said.err


URLS = [
    "http://api.telnyx.com/v2",
    "http://127.0.0.1.example/v2",
    "http://user:secret@127.0.0.1/v2",
    "https://user:secret@api.telnyx.com/v2",
    "ftp://127.0.0.1/v2",
    "127.0.0.1",
    "https://api.telnyx.com/v2?key=1",
    "http://127.0.0.1:99999/v2",
]


@pytest.mark.parametrize("url", URLS)
def test_a_base_url_that_would_leak_the_key_is_refused(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", url)
    account.declare(DESK)
    said = reconciler("plan")
    assert (said.code, "secret" in said.err) == (1, False)


# ---- files out ----------------------------------------------------------------------------------


def test_a_snapshot_is_readable_by_its_owner_only(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    account.declare({})
    reconciler("fetch", "-o", "live.json")
    assert stat.S_IMODE((tmp_path / "live.json").stat().st_mode) == 0o600


def test_a_snapshot_takes_the_place_of_an_older_one(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    account.declare({})
    (tmp_path / "live.json").write_text("old")
    assert reconciler("fetch", "-o", "live.json").code == 0
    assert json.loads((tmp_path / "live.json").read_text())["format_version"] == 1


def test_a_fetch_that_fails_leaves_the_older_snapshot_and_nothing_beside_it(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    account.declare({})
    (tmp_path / "live.json").write_text("old")
    before = sorted(tmp_path.iterdir())
    account.control.fault(Respond(status=500), times=None)
    assert reconciler("fetch", "-o", "live.json").code == 1
    assert (tmp_path / "live.json").read_text() == "old"
    assert sorted(tmp_path.iterdir()) == before


def test_a_snapshot_serves_a_plan(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    reconciler("fetch", "-o", "live.json")
    account.control.forget()
    said = reconciler("plan", "--live", "live.json", "--detailed-exitcode")
    assert (said.code, account.control.log()) == (2, [])


def output_paths(tmp_path: Path) -> list[str]:
    """Places that no snapshot may be written to."""
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    return ["link", "dangling", "loop", ".", "/dev/null", "no/such/live.json", "x" * 300, "link/x"]


@pytest.mark.parametrize("place", range(8))
def test_an_output_that_is_no_plain_file_is_refused_before_any_call(
    account: Account, reconciler: Shell, tmp_path: Path, place: int
) -> None:
    account.declare({})
    said = reconciler("fetch", "-o", output_paths(tmp_path)[place])
    assert (said.code, account.control.log()) == (1, [])
    assert (tmp_path / "elsewhere").read_text() == "mine"


NO_SNAPSHOTS = ["", "{}", "[]", "null", "{", '{"format_version": 99}', "\x00", "[" * 100_000]


@pytest.mark.parametrize("text", NO_SNAPSHOTS, ids=lambda text: repr(text[:20]))
def test_what_is_no_snapshot_is_refused(
    account: Account, reconciler: Shell, tmp_path: Path, text: str
) -> None:
    account.declare(DESK)
    (tmp_path / "other.json").write_text(text)
    said = reconciler("plan", "--live", "other.json")
    assert (said.code, "other.json" in said.err) == (1, True)


# ---- a yes --------------------------------------------------------------------------------------


def test_apply_without_a_terminal_needs_auto_approve(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("apply")
    assert (said.code, "--auto-approve" in said.err) == (1, True)
    assert account.control.log() == []


def test_numbers_of_somebody_else_s_are_left_alone(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    before = account.control.state(TWO)
    reconciler("apply", "--auto-approve")
    assert account.control.state(TWO) == before


def test_a_fleet_in_which_everything_is_odd_is_shown(account: Account, reconciler: Shell) -> None:
    account.control.add(number("+13125550777", tags=["<b>", "|", "`", "@all", "\x07"]))
    account.declare({"+13125550777": {"tags": {"add": ["a"]}}})
    assert reconciler("plan").code == 0


@pytest.mark.parametrize("name", ["reconciler.yaml", "numbers.yaml", "new.yml"])
def test_a_snapshot_takes_the_place_of_no_project_file(
    account: Account, reconciler: Shell, name: str
) -> None:
    account.declare(DESK)
    said = reconciler("fetch", "-o", name)
    assert (said.code, "choose another name" in said.err) == (1, True)
    assert account.control.log() == []


def test_help_begins_with_what_a_command_is_about_and_ends_with_what_nobody_sets(
    reconciler: Shell,
) -> None:
    said = reconciler("apply", "--help").out
    looked_for = ["--target", "--auto-approve", "--format", "--allow-release", "--max-wait", "-v,"]
    assert sorted(looked_for, key=said.index) == looked_for


@pytest.mark.parametrize("command", ["validate", "fmt", "plan", "apply", "drift", "explain"])
def test_help_says_what_a_path_is(reconciler: Shell, command: str) -> None:
    assert "PATH is a project, or one file of it" in reconciler(command, "--help").out


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_target_that_matches_nothing_beside_one_that_does_is_told(
    account: Account, reconciler: Shell, command: str
) -> None:
    account.declare({ONE: {}})
    said = reconciler(command, "--target", ONE, "--target", "+1999*", "--target", "oops\x1b")
    assert said.err.splitlines() == [
        "warning: no declared number matches --target '+1999*'",
        r"warning: no declared number matches --target 'oops\x1b'",
    ]


def test_an_apply_in_a_directory_whose_name_is_no_text_names_its_journal(
    account: Account, reconciler: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare(DESK)
    here = tmp_path / os.fsdecode(b"caf\xe9")
    here.mkdir()
    for each in tmp_path.glob("*.yaml"):
        each.rename(here / each.name)
    monkeypatch.chdir(here)
    said = reconciler("apply", "--auto-approve", "--format", "json")
    assert said.code == 0
    assert Path(said.json["journal"]).parent.parent == here


@pytest.mark.parametrize(
    "words", [("init", "\x1b[2Jx"), ("show", "\x1b[2J.json"), ("resume", "\u202ex")]
)
def test_a_name_that_steers_is_neutral_where_it_is_said(
    reconciler: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = reconciler(*words)
    assert [line for line in said.err.splitlines() if not line.isprintable()] == []
    assert said.err
