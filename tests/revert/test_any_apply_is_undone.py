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
from reconciler.core.planfile import plan_document
from reconciler.core.safety import Allowance
from reconciler.sandbox.state import Row
from tests.apply.account import masked
from tests.apply.anyfleet import (
    answers,
    declarations,
    declared,
    fleets,
    groups,
    whole_accounts,
)
from tests.saved.support import Desk, read

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
