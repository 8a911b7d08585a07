"""`apply PLANFILE`: exactly the operations of the plan, on the account it was made for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.safety import Allowance
from reconciler.errors import Exit, SafetyError, StaleError, UsageError
from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import FOUR, ONE, OTHER_TRUNK, PROFILE, THREE, TRUNK, TWO, summary
from tests.cli.support import Shell
from tests.saved.conftest import MakeDesk
from tests.saved.support import Desk, document_of, forged, put

ADDRESS = "53829456729313"
MOBILE = "+13125550300"


def expected_writes(path: Path) -> list[tuple[str, Any]]:
    """The call and the settings of every operation of a plan file."""
    operations = document_of(path)["operations"]
    return sorted((each["call"], str(each["body"])) for each in operations)


def sent(desk: Desk) -> list[tuple[str, Any]]:
    """The call and the settings of every write that the sandbox saw."""
    return sorted((each.call, str(_settings(each.body))) for each in desk.writes())


def _settings(body: Any) -> Any:
    named = {"phone_numbers", "numbers"}
    return {key: value for key, value in (body or {}).items() if key not in named}


def test_what_is_sent_is_what_the_plan_holds(make_desk: MakeDesk) -> None:
    desk = make_desk(*(number(each) for each in (ONE, TWO, THREE, FOUR)), mobile_number(MOBILE))
    desk.declare(
        {
            ONE: {"connection_id": TRUNK, "hd_voice_enabled": True, "tags": ["a"]},
            TWO: {"connection_id": TRUNK, "messaging": {"messaging_profile_id": PROFILE}},
            THREE: {
                "connection_id": TRUNK,
                "messaging": {"messaging_profile_id": PROFILE},
                "emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS},
                "voice": {
                    "call_forwarding": {
                        "call_forwarding_enabled": True,
                        "forwards_to": "+13035559123",
                    }
                },
            },
            FOUR: {"release": True},
        },
        mobile_numbers={MOBILE: {"tags": ["field-team"]}},
    )
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    outcome = desk.carry_out(path)
    assert outcome.converged, outcome
    assert sent(desk) == expected_writes(path)
    assert desk.is_settled()


def test_the_numbers_of_a_job_are_those_of_the_plan(desk: Desk) -> None:
    desk.declare({each: {"customer_reference": "x"} for each in (ONE, TWO, THREE)})
    path = desk.save()
    ids = [desk.state(each)["id"] for each in document_of(path)["operations"][0]["numbers"]]
    desk.carry_out(path)
    (job,) = desk.writes()
    assert job.body == {"customer_reference": "x", "phone_numbers": ids}


def test_the_yaml_does_not_count_any_more(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "reviewed"}})
    path = desk.save()
    desk.declare({ONE: {"customer_reference": "later"}, TWO: {"customer_reference": "later"}})
    desk.carry_out(path)
    assert desk.state(ONE)["customer_reference"] == "reviewed"
    assert not desk.state(TWO)["customer_reference"]


def test_it_needs_no_yaml_at_all(
    reconciler: Shell, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "reconciler.yaml").unlink()
    (tmp_path / "numbers.yaml").unlink()
    assert reconciler("apply", str(path)).code == 0
    assert desk.state(ONE)["customer_reference"] == "x"


# ---- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "resource"),
    [
        ({"customer_reference": "x"}, ""),
        ({"voice": {"tech_prefix_enabled": True}}, "/voice"),
        ({"messaging": {"messaging_product": "P2P"}}, "/messaging"),
    ],
)
def test_few_numbers_of_a_large_account_are_read_one_by_one(
    make_desk: MakeDesk, wish: dict[str, Any], resource: str
) -> None:
    desk = make_desk(fleet=make_fleet(700, seed=7))
    name = next(row.phone_number for row in desk.fleet.numbers if row.status == "active")
    if wish == {"messaging": {"messaging_product": "P2P"}}:
        desk.control.change(name, "messaging.messaging_product", "A2P")
    desk.control.change(name, "customer_reference", "")
    desk.control.change(name, "voice.tech_prefix_enabled", False)
    desk.declare({name: wish})
    path = desk.save()
    id_ = desk.state(name)["id"]
    assert desk.carry_out(path).converged
    assert set(desk.reads()) == {f"/v2/phone_numbers/{id_}{resource}"}


def test_nothing_but_the_touched_numbers_is_read(make_desk: MakeDesk) -> None:
    desk = make_desk(fleet=make_fleet(700, seed=7))
    active = [row.phone_number for row in desk.fleet.numbers if row.status == "active"]
    names = [active[0], active[200], active[400]]
    desk.declare({each: {"customer_reference": f"own {each}"} for each in names})
    path = desk.save()
    ids = {desk.state(each)["id"] for each in names}
    assert desk.carry_out(path).converged
    assert set(desk.reads()) == {f"/v2/phone_numbers/{id_}" for id_ in ids}


# ---- which account ------------------------------------------------------------------------------


def test_a_plan_for_another_address_is_refused(
    desk: Desk, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:10/v2")
    said = reconciler("apply", str(path))
    assert said.code == 1
    assert "made for http://127.0.0.1:9/v2, but here the API is http://127.0.0.1:10/v2" in said.err
    assert desk.control.log() == []


def test_an_address_that_steers_is_neutral_in_the_refusal(desk: Desk, reconciler: Shell) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    bad = {"base_url": "https://x\n::error::y\x1b[2J"}
    path = desk.save()
    put(path, forged(document_of(path), lambda d: d.update(account=bad)))
    said = reconciler("apply", str(path))
    assert (said.code, len(said.err.splitlines()), "\x1b" in said.err) == (1, 1, False)


def test_a_plan_of_another_account_is_refused(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"hd_voice_enabled": True}})
    path = desk.save()
    for each in (ONE, TWO):
        desk.control.remove(each)
        desk.control.add(number(each, id=f"77{each[-4:]}"))
    with pytest.raises(UsageError, match="it is another account's plan; nothing was written"):
        desk.carry_out(path, "skip")
    assert desk.writes() == []


# ---- what was allowed ---------------------------------------------------------------------------


ALLOWED: list[tuple[dict[str, Any], dict[str, Any], Allowance]] = [
    ({}, {"release": True}, Allowance.RELEASE),
    ({"deletion_lock_enabled": True}, {"deletion_lock_enabled": False}, Allowance.UNLOCK),
    ({}, {"bundle_id": "5194d8fc-87e6-4188-baa9-1c434bbe861b"}, Allowance.UNREADABLE),
    (
        {
            "emergency": {
                "emergency_enabled": True,
                "emergency_address_id": ADDRESS,
                "emergency_status": "active",
            }
        },
        {"emergency": {"emergency_enabled": False}},
        Allowance.EMERGENCY_OFF,
    ),
]


@pytest.mark.parametrize(("live", "wish", "allowance"), ALLOWED, ids=[a for *_, a in ALLOWED])
def test_what_was_allowed_when_planning_needs_no_option_when_applying(
    make_desk: MakeDesk, live: dict[str, Any], wish: dict[str, Any], allowance: Allowance
) -> None:
    desk = make_desk(number(ONE, **live), number(TWO))
    desk.declare({ONE: wish})
    path = desk.save(allow=frozenset({allowance}))
    assert document_of(path)["allowed"] == [allowance]
    outcome = desk.carry_out(path)
    assert outcome.exit_code == Exit.OK
    assert sent(desk) == expected_writes(path)


def test_what_was_not_allowed_stays_withheld_whatever_is_allowed_later(desk: Desk) -> None:
    desk.declare({ONE: {"release": True}, TWO: {"customer_reference": "x"}})
    path = desk.save()
    outcome = desk.carry_out(path, allow=frozenset(Allowance))
    assert (outcome.exit_code, [each.call for each in desk.writes()]) == (
        Exit.REFUSED,
        ["patch_number"],
    )


@pytest.fixture
def refused(desk: Desk) -> Path:
    """A plan that max_changes refuses."""
    wish = {"customer_reference": "x"}
    desk.declare(dict.fromkeys((ONE, TWO, THREE), wish), safety={"max_changes": 2})
    return desk.save()


def test_a_plan_that_a_rule_refuses_is_saved_but_not_applied(desk: Desk, refused: Path) -> None:
    with pytest.raises(SafetyError, match=r"max_changes; --allow-max-changes allows it"):
        desk.carry_out(refused)
    assert desk.writes() == []


def test_a_refused_plan_ends_in_3(reconciler: Shell, refused: Path) -> None:
    said = reconciler("apply", str(refused))
    assert (said.code, "--allow-max-changes" in said.err) == (3, True)


def test_a_refusal_that_steers_is_neutral(reconciler: Shell, refused: Path) -> None:
    bad = "\n::error::x\x1b[2J (rule: max_changes; no)"
    put(refused, forged(document_of(refused), lambda d: d.update(refusals=[bad])))
    said = reconciler("apply", str(refused))
    assert (said.code, len(said.err.splitlines()), "\x1b" in said.err) == (3, 1, False)


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_show_says_that_an_apply_would_be_refused(
    reconciler: Shell, refused: Path, output_format: str
) -> None:
    said = reconciler("show", str(refused), "--format", output_format)
    assert "warning: apply would be refused: 3 numbers would change" in said.err


def test_a_refused_plan_is_applied_once_it_is_allowed(desk: Desk, refused: Path) -> None:
    assert desk.carry_out(refused, allow=frozenset({Allowance.MAX_CHANGES})).converged


def test_another_option_does_not_open_a_refused_plan(desk: Desk, refused: Path) -> None:
    with pytest.raises(SafetyError):
        desk.carry_out(refused, allow=frozenset(Allowance) - {Allowance.MAX_CHANGES})


def test_scope_options_do_not_go_with_a_plan_file(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    said = reconciler("apply", str(desk.save()), "--target", ONE)
    assert (said.code, "a saved plan is applied whole" in said.err) == (1, True)


# ---- applied already ----------------------------------------------------------------------------


def test_a_plan_that_was_applied_sends_nothing_and_says_so(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"tags": ["a"]}})
    path = str(desk.save())
    assert reconciler("apply", path).code == 0
    desk.control.forget()
    said = reconciler("apply", path)
    assert (said.code, "already applied" in said.out) == (0, True)
    assert desk.writes() == []


def test_applying_twice_as_json_says_so_too(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = str(desk.save())
    reconciler("apply", path)
    said = reconciler("apply", path, "--format", "json")
    assert "already applied" in said.json["notes"][0]
    assert (said.json["applied"], said.json["calls"], said.json["converged"]) == ([], {}, True)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({FOUR: {"release": True}}, Exit.REFUSED),
        ({"+13125559999": {"tags": ["a"]}}, Exit.INCOMPLETE),
        ({FOUR: {"release": True}, "+13125559999": {"tags": ["a"]}}, Exit.INCOMPLETE),
    ],
    ids=["withheld", "not owned", "both"],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_what_a_plan_holds_back_is_still_held_back_when_it_is_already_applied(
    reconciler: Shell, desk: Desk, more: dict[str, Any], code: Exit, output: str
) -> None:
    """Its changes are live, so nothing is sent; what it withheld, or found not owned, is no more
    done than it was after the first apply, and of several exit codes the gravest is given."""
    desk.declare({ONE: {"customer_reference": "x"}, **more})
    path = desk.save()
    first = reconciler("apply", str(path)).code
    desk.control.forget()
    again = reconciler("apply", str(path), "--format", output)
    assert ([first, again.code], desk.writes()) == ([code, code], [])
    assert "already applied" in again.out
    assert output == "text" or again.json["converged"] is False


def test_a_release_that_is_done_is_already_applied(desk: Desk) -> None:
    desk.declare({ONE: {"release": True}})
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    desk.carry_out(path)
    again = desk.carry_out(path)
    assert again.notes == (
        "already applied: none of the numbers to release is in this account; nothing was sent",
    )
    assert len(desk.writes()) == 1


def test_what_is_live_already_is_not_sent_and_the_rest_is(desk: Desk) -> None:
    desk.declare({ONE: {"tags": ["x"]}, TWO: {"customer_reference": "desk-y"}})
    path = desk.save()
    desk.control.change(ONE, "tags", ["x"])
    outcome = desk.carry_out(path)
    assert (outcome.exit_code, [each.call for each in desk.writes()]) == (0, ["patch_number"])
    assert [each.phone_number for each in outcome.already] == [ONE]


def test_an_empty_plan_is_done_without_a_call(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {}})
    said = reconciler("apply", str(desk.save()))
    assert (said.code, desk.control.log()) == (0, [])


# ---- forged -------------------------------------------------------------------------------------


def test_a_change_with_the_id_of_another_number_writes_nothing(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, THREE: {"customer_reference": "desk-y"}})
    path = desk.save()
    other = desk.state(TWO)["id"]
    put(path, forged(document_of(path), lambda d: d["changes"][0].update(id=other)))
    with pytest.raises(StaleError, match="no number with the id"):
        desk.carry_out(path)
    assert desk.writes() == []


@pytest.mark.parametrize(
    "wish",
    [
        {"voice": {"tech_prefix_enabled": True}},
        {"messaging": {"messaging_profile_id": PROFILE}},
        {"release": True},
    ],
)
def test_nothing_is_done_to_a_number_that_is_not_shown(desk: Desk, wish: dict[str, Any]) -> None:
    desk.declare({ONE: wish, THREE: {"customer_reference": "desk-y"}})
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    other = desk.state(TWO)["id"]

    def swap(document: dict[str, Any]) -> None:
        (change,) = (each for each in document["changes"] if each["phone_number"] == ONE)
        change["id"] = other

    put(path, forged(document_of(path), swap))
    before = desk.control.dump()
    desk.do(_try(desk, path))
    assert [each for each in desk.writes() if other in f"{each.path} {each.body}"] == []
    assert desk.state(TWO) == _state_in(before, TWO)


async def _try(desk: Desk, path: Path) -> None:
    plan = workflow.load_plan(path)
    await workflow.apply_saved(plan, workflow.Options(), "skip", desk.watched, desk.stop)


def _state_in(dump: bytes, name: str) -> Any:
    import json

    return next(row for row in json.loads(dump)["numbers"] if row["phone_number"] == name)


def test_a_guard_that_lies_writes_nothing(desk: Desk) -> None:
    """A guard is what stands: it is looked at before it is sent again."""
    forwarding = {"call_forwarding_enabled": True, "forwards_to": "+13035559123"}
    desk.control.change(ONE, "voice.call_forwarding.forwarding_type", "always")
    desk.control.change(ONE, "voice.call_forwarding.forwards_to", "+13035550000")
    desk.declare({ONE: {"voice": {"call_forwarding": forwarding}}})
    path = desk.save()

    def lie(document: dict[str, Any]) -> None:
        (call,) = document["operations"]
        call["guards"]["voice.call_forwarding.forwarding_type"] = "on-failure"
        call["body"]["call_forwarding"]["forwarding_type"] = "on-failure"

    put(path, forged(document_of(path), lie))
    with pytest.raises(StaleError, match="forwarding_type"):
        desk.carry_out(path)
    assert desk.writes() == []


def test_a_part_of_a_nested_object_that_somebody_set_since_is_not_dropped(desk: Desk) -> None:
    forwarding = {"call_forwarding_enabled": True, "forwards_to": "+13035559123"}
    desk.declare({ONE: {"voice": {"call_forwarding": forwarding}}})
    path = desk.save()
    plan = document_of(path)
    assert "voice.call_forwarding.forwarding_type" not in plan["operations"][0]["guards"]
    desk.control.change(ONE, "voice.call_forwarding.forwarding_type", "on-failure")
    desk.control.behave(plain_unset="empty")
    with pytest.raises(StaleError):
        desk.carry_out(path)


# ---- faults -------------------------------------------------------------------------------------


def test_a_list_that_cannot_be_read_ends_before_a_write(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    desk.control.fault(Respond(status=500), method="GET", times=None)
    said = summary_or_error(desk, path)
    assert "nothing was written" in said
    assert desk.writes() == []


def summary_or_error(desk: Desk, path: Path) -> str:
    """The error of an apply, or its figures."""
    from reconciler.errors import ReconcilerError

    try:
        return str(summary(desk.carry_out(path)))
    except ReconcilerError as error:
        return str(error)


# ---- audit --------------------------------------------------------------------------------------


def test_who_applied_what_stands_in_the_journal_and_in_the_report(
    reconciler: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    commit = 40 * "a"
    document = put(path, forged(document_of(path), lambda d: d["source"].update(commit=commit)))
    said = reconciler("apply", str(path), "--format", "json")
    audit = said.json["audit"]
    assert (audit["who"], audit["commit"]) == ("octocat", commit)
    assert audit["run"] == "https://github.com/o/r/actions/runs/42"
    assert audit["plan_digest"] == document_of(document)["digest"]
    assert audit["started_at"].endswith("Z")
    first = workflow.open_journal(Path(said.json["journal"])).lines.entries[0]
    assert (first["by"], first["plan"]["digest"]) == (audit, audit["plan_digest"])


def test_the_text_says_who_applied_what(
    reconciler: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    desk.declare({ONE: {"connection_id": OTHER_TRUNK}})
    path = desk.save()
    said = reconciler("apply", str(path))
    assert "octocat" in said.out + said.err
    assert document_of(path)["digest"][:19] in said.out + said.err


def test_git_says_who_applied_what_where_no_ci_does(
    reconciler: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in os.environ if each.startswith(("GITHUB_", "GITLAB_", "CI"))]:
        monkeypatch.delenv(name)
    _git("init", "--quiet")
    _git("config", "user.email", "ada@example.com")
    desk.declare({ONE: {"customer_reference": "x"}})
    _git("add", "--all")
    _git("-c", "user.name=Ada", "commit", "--quiet", "--message", "fleet")
    said = reconciler("apply", str(desk.save()), "--format", "json")
    audit = said.json["audit"]
    assert (audit["who"], audit["commit"]) == ("ada@example.com", _git("rev-parse", "HEAD"))


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("text", ["\udcff\x1b[2J", "::error::x", "@all"])
def test_a_name_that_is_no_text_stands_in_no_way(
    reconciler: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", text)
    desk.declare({ONE: {"customer_reference": "x"}})
    said = reconciler("apply", str(desk.save()))
    assert (said.code, "\x1b" in said.out + said.err) == (0, False)
