"""Any fleet and any declaration: applied and reverted, the account is as it was."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.core.planfile import plan_document
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.safety import Allowance
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.state import Row
from tests.apply import test_everything_converges as whole
from tests.apply.account import masked
from tests.apply.anyfleet import (
    answers,
    declarations,
    declared,
    fleets,
    groups,
    whole_accounts,
)
from tests.saved.support import Desk, Document, document_of, read

ALL = frozenset(Allowance)


def without_pins(settings_: dict[str, Any]) -> dict[str, Any]:
    """The same without what is never undone."""
    return {path: value for path, value in settings_.items() if path != "external_pin"}


def state(dump: bytes, cannot: Mapping[str, set[str]]) -> str:
    """An account without what cannot be undone, and without the order of tags."""
    account = json.loads(dump)
    for row in (*account["numbers"], *account["mobile_numbers"]):
        row["tags"].sort()
    return masked(json.dumps(account).encode(), cannot)


@whole_accounts
@given(
    rows=fleets, shared=groups, wanted=declarations, switches=answers, job_size=st.integers(1, 9)
)
def test_an_apply_and_its_revert_leave_the_account_as_it_was(
    tmp_path: Path,
    rows: list[Row],
    shared: dict[str, Any],
    wanted: list[dict[str, Any]],
    switches: dict[str, Any],
    job_size: int,
) -> None:
    shared = {name: without_pins(each) for name, each in shared.items()}
    wanted = [{**each, "settings": without_pins(each.get("settings", {}))} for each in wanted]
    numbers, _ = declared(rows, shared, wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        desk = Desk(tmp_path, patch, rows, **switches)
        desk.declare(numbers, groups=shared, limits={"job_size": job_size})
        before = desk.control.dump()
        journal = desk.carry_out(desk.save(), allow=ALL).journal
        if not journal:
            return
        after = desk.control.dump()
        undone = desk.revert(journal, allow=ALL)
        document = plan_document(undone.planned.plan)
        assert plan_document(read(document)) == document
        back = desk.root / "back.json"
        workflow.save_plan(undone.planned.plan, back)
        outcome = desk.carry_out(back)
        assert outcome.converged, outcome
        cannot: defaultdict[str, set[str]] = defaultdict(set)
        for each in undone.left:
            cannot[each.phone_number].add(each.path)
            assert each.reason == "it was not set before, and cannot be cleared"
        assert state(desk.control.dump(), cannot) == state(before, cannot)
        if outcome.journal:
            again = desk.revert(outcome.journal, allow=ALL)
            workflow.save_plan(again.planned.plan, back)
            assert desk.carry_out(back).converged
            assert state(desk.control.dump(), cannot) == state(after, cannot)


# ---- every field of both kinds ------------------------------------------------------------------

NEVER_JOURNALLED = "a PIN is never journalled: set it anew"
NOT_KNOWN = "what it was before is not known"
NOT_CLEARED = "it was not set before, and cannot be cleared"
NO_ADDRESS = "the emergency address it had is not known"
ONLY_WITH_SERVICE = "an address can only be set together with service"


def why_left(kind: Kind, field: Document) -> set[str]:
    """Why a change may be left as it is, by what a plan says of it; an empty set where it has to
    be undone."""
    row, before = BY_PATH[kind][field["path"]], field["before"]
    reasons = set()
    if row.secret:
        reasons.add(NEVER_JOURNALLED)
    elif isinstance(before, dict):
        reasons.add(NOT_KNOWN)
    elif before is None and not row.null:
        reasons.add(NOT_CLEARED)
    if row.path == EMERGENCY_ENABLED and before is True:
        reasons.add(NO_ADDRESS)
    if row.path == EMERGENCY_ADDRESS:
        reasons |= {ONLY_WITH_SERVICE, f"it goes with {EMERGENCY_ENABLED}: {NO_ADDRESS}"}
    return reasons


def is_left_over(change: Document, field: Document) -> bool:
    """Whether it is an address of service that was off and is off again: whether the API keeps it
    is no drift, and not for a plan to say."""
    was_off = any(f["path"] == EMERGENCY_ENABLED and not f["before"] for f in change["fields"])
    return field["path"] == EMERGENCY_ADDRESS and field["before"] is None and was_off


def now(desk: Desk, name: str, path: str) -> Any:
    """A true value as a plan would show it: service by its status, tags in order."""
    value = desk.state(name)
    if path == EMERGENCY_ENABLED:
        return value["emergency"]["emergency_status"] == "active"
    for step in path.split("."):
        value = value[step]
    return sorted(value) if path == "tags" else value


@whole_accounts
@given(
    live=whole.fleets,
    shared=whole.groups_of_both,
    wanted=whole.declarations,
    switches=whole.answers,
    job_size=st.integers(1, 9),
)
def test_every_field_is_as_it_was_or_listed_and_no_other_has_moved(
    tmp_path: Path,
    live: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    shared: dict[str, Any],
    wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    switches: dict[str, Any],
    job_size: int,
) -> None:
    numbers, paths = whole.declared(whole.NUMBERS, shared, wanted[0], len(live[0]))
    cells, cell_paths = whole.declared(whole.CELLS, shared, wanted[1], len(live[1]))
    rows: list[Row] = [
        number(name, **row) for name, row in zip(whole.NUMBERS, live[0], strict=False)
    ]
    rows += [mobile_number(name, **row) for name, row in zip(whole.CELLS, live[1], strict=False)]
    managed = paths | cell_paths
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        desk = Desk(tmp_path, patch, rows, **switches)
        desk.control.timing(pending=1.0, running=2.0, emergency=400.0)
        desk.declare(numbers, mobile_numbers=cells, groups=shared, limits={"job_size": job_size})
        before = masked(desk.control.dump(), managed)
        planned = document_of(path := desk.save(allow=ALL))
        was_live = {
            (change["phone_number"], field["path"]): now(
                desk, change["phone_number"], field["path"]
            )
            for change in planned["changes"]
            for field in change["fields"]
        }
        journal = desk.carry_out(path).journal
        if not journal:
            return
        undone = desk.revert(journal, allow=ALL)
        workflow.save_plan(undone.planned.plan, path)
        outcome = desk.carry_out(path)
        assert outcome.converged, outcome
        assert masked(desk.control.dump(), managed) == before
        left = {(each.phone_number, each.path): each.reason for each in undone.left}
        for change in planned["changes"]:
            for field in change["fields"]:
                key = change["phone_number"], field["path"]
                if is_left_over(change, field):
                    continue
                if key in left:
                    assert left.pop(key) in why_left(Kind(change["kind"]), field), (key, field)
                else:
                    # What a plan does not say of it: a PIN, or what it could not read.
                    hidden = isinstance(field["before"], dict)
                    was = was_live[key] if hidden else field["before"]
                    assert now(desk, *key) == was, (key, field)
        assert left == {}
