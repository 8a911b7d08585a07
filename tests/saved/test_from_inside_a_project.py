"""Commands without a PATH belong to the project that the current directory is in, as git's do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, OTHER_TRUNK, TRUNK, TWO
from tests.cli.support import Shell
from tests.saved.conftest import MakeDesk
from tests.saved.support import Desk, document_of

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
OTHER = {"account": {"api_key_env": "OTHER_KEY"}}
"""Nothing is done right unless the project file is found."""

Below = Callable[[], Path]


@pytest.fixture
def below(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Below:
    """Goes two directories down into a project whose key only its reconciler.yaml names."""
    monkeypatch.setattr("reconciler.workflow.jobs.SystemClock", lambda: desk.clock)

    def go() -> Path:
        monkeypatch.setenv("OTHER_KEY", os.environ["TELNYX_API_KEY"])
        monkeypatch.setenv("TELNYX_API_KEY", "a-key-of-another-account")
        place = desk.root / "sites" / "chicago"
        place.mkdir(parents=True)
        monkeypatch.chdir(place)
        return place

    return go


def test_a_plan_is_applied_with_the_account_and_into_the_journal_of_the_project(
    reconciler: Shell, desk: Desk, below: Below
) -> None:
    desk.declare({ONE: FLAGGED}, **OTHER)
    place = below()
    plan = desk.root / "plan.json"
    assert reconciler("plan", str(desk.root), "--out", str(plan)).code == 0
    assert reconciler("apply", str(plan)).code == 0
    assert list((desk.root / ".reconciler").glob("journal-*.jsonl"))
    assert not list(place.iterdir())


def test_a_pin_file_is_found_from_the_root_of_the_project(
    reconciler: Shell, desk: Desk, below: Below
) -> None:
    (desk.root / "pin").write_text("4711")
    desk.declare({ONE: {"external_pin": {"file": "pin"}}}, **OTHER)
    below()
    plan = desk.root / "plan.json"
    reconciler("plan", str(desk.root), "--out", str(plan))
    assert reconciler("apply", str(plan)).code == 0
    assert desk.state(ONE)["external_pin"] == "4711"


def test_an_unfinished_journal_of_the_project_is_resumed(
    reconciler: Shell, desk: Desk, below: Below
) -> None:
    desk.declare({ONE: FLAGGED, TWO: FLAGGED}, **OTHER)
    below()
    desk.control.timing(running=50.0)
    assert reconciler("apply", str(desk.root), "--auto-approve", "--job-timeout", "5").code == 5
    assert reconciler("resume").code == 0


def test_a_part_of_a_project_that_was_applied_alone_is_resumed_there(
    reconciler: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH was a directory below the root, which is a project of its own without a file."""
    desk.declare({ONE: FLAGGED, TWO: FLAGGED})
    part = desk.root / "part"
    part.mkdir()
    (desk.root / "numbers.yaml").rename(part / "numbers.yaml")
    monkeypatch.chdir(part)
    desk.control.timing(running=50.0)
    assert reconciler("apply", "--auto-approve", "--job-timeout", "5").code == 5
    assert reconciler("resume").code == 0


def test_a_journal_is_reverted_by_the_rules_of_the_project(
    reconciler: Shell, desk: Desk, below: Below
) -> None:
    desk.declare({ONE: FLAGGED}, **OTHER, safety={"max_changes": 1})
    below()
    reconciler("apply", str(desk.root), "--auto-approve")
    (journal,) = (desk.root / ".reconciler").glob("journal-*.jsonl")
    assert reconciler("revert", str(journal), "--out", "back.json").code == 0
    assert document_of(Path("back.json"))["summary"]["fields_changed"] == 1


@pytest.mark.parametrize(
    "words", [("fetch", "-o", "live.json"), ("jobs", "list"), ("export", "-o", "new")]
)
def test_what_only_reads_asks_the_account_of_the_project(
    reconciler: Shell, desk: Desk, below: Below, words: tuple[str, ...]
) -> None:
    desk.declare({}, **OTHER)
    below()
    assert reconciler(*words).code == 0


def test_the_nearest_project_is_the_one(reconciler: Shell, desk: Desk, below: Below) -> None:
    desk.declare({}, account={"api_key_env": "NOT_SET_AT_ALL"})
    place = below()
    (place.parent / "reconciler.yaml").write_text("account: {api_key_env: OTHER_KEY}\n")
    assert reconciler("jobs", "list").code == 0


def test_a_mistake_in_the_project_file_above_is_named_as_it_is_typed(
    reconciler: Shell, desk: Desk, below: Below
) -> None:
    desk.declare({}, limits={"rate": 5})
    below()
    said = reconciler("fetch", "-o", "live.json")
    assert (said.code, "../../reconciler.yaml:" in said.err) == (1, True)


def test_in_no_project_the_environment_is_enough(
    reconciler: Shell,
    desk: Desk,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk.declare({ONE: FLAGGED})
    plan = desk.save()
    (desk.root / "reconciler.yaml").unlink()
    (desk.root / "numbers.yaml").unlink()
    place = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(place)
    assert reconciler("apply", str(plan)).code == 0
    assert len(list((place / ".reconciler").iterdir())) == 1


# ---- a project file that takes groups and aliases from other files -------------------------------


@pytest.fixture
def split(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project whose reconciler.yaml assigns and selects by names that another file defines."""
    desk = make_desk(*(number(each, connection_id=TRUNK) for each in (ONE, TWO)))
    monkeypatch.setattr("reconciler.workflow.jobs.SystemClock", lambda: desk.clock)
    desk.declare({ONE: FLAGGED, TWO: FLAGGED})
    (desk.root / "shared.yaml").write_text(
        f'aliases: {{connection_id: {{trunk: "{TRUNK}"}}}}\ngroups: {{desk: {{tags: [desk]}}}}\n'
    )
    (desk.root / "reconciler.yaml").write_text(
        "select: {connection_ids: [trunk]}\n"
        "assign: [{match: {connection_id: trunk}, groups: [desk]}]\n"
        "limits: {rate_per_second: 1000}\n"
    )
    return desk


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize(
    "words",
    [("fetch", "-o", "live.json"), ("jobs", "list"), ("jobs", "show", "none"), ("export",)],
)
def test_names_of_other_files_stand_in_the_way_of_no_reading(
    reconciler: Shell, words: tuple[str, ...]
) -> None:
    said = reconciler(*words)
    assert ("unknown" in said.err, said.code) == (False, int("none" in words))


def test_names_of_other_files_stand_in_the_way_of_no_apply_and_no_resume(
    reconciler: Shell, split: Desk
) -> None:
    split.control.timing(running=50.0)
    assert reconciler("plan", "--out", "plan.json").code == 0
    assert reconciler("apply", "plan.json", "--job-timeout", "5").code == 5
    assert reconciler("resume").code == 0


def applied(reconciler: Shell, desk: Desk) -> str:
    """The journal of an apply of the project."""
    assert reconciler("apply", "--auto-approve").code == 0
    (journal,) = (desk.root / ".reconciler").glob("journal-*.jsonl")
    return str(journal)


def test_a_revert_keeps_to_a_scope_whose_connection_another_file_names(
    reconciler: Shell, split: Desk
) -> None:
    journal = applied(reconciler, split)
    assert reconciler("revert", journal, "--out", "back.json").code == 0
    assert document_of(Path("back.json"))["withheld"] == []
    split.control.change(ONE, "connection_id", OTHER_TRUNK)
    assert reconciler("revert", journal, "--out", "back.json").code == 0
    withheld = document_of(Path("back.json"))["withheld"]
    assert [(each["phone_number"], each["rule"]) for each in withheld] == [(ONE, "out-of-scope")]


def test_a_revert_keeps_to_a_policy_whose_connection_another_file_names(
    reconciler: Shell, split: Desk
) -> None:
    (split.root / "reconciler.yaml").write_text(
        "policies: [{name: screened, match: {connection_id: trunk},"
        " require: {voice.inbound_call_screening: flag_calls}}]\n"
    )
    journal = applied(reconciler, split)
    assert reconciler("revert", journal, "--out", "back.json").code == 0
    assert "screened" in " ".join(document_of(Path("back.json"))["refusals"])
    assert reconciler("apply", "back.json").code == 3


def test_a_scope_that_cannot_be_told_is_not_guessed_by_a_revert(
    reconciler: Shell, split: Desk
) -> None:
    journal = applied(reconciler, split)
    (split.root / "shared.yaml").write_text("groups: {desk: {tags: [desk]}}\n")
    said = reconciler("revert", journal, "--out", "back.json")
    assert (said.code, "unknown connection_id alias 'trunk'" in said.err) == (1, True)
    assert not Path("back.json").exists()
