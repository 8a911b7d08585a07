"""Every case under this directory leads to the plan and the calls that its files hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.workflow import load_snapshot, snapshot_json
from tests.cases.case import cases, outputs_of

each_case = pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)


def test_there_are_cases() -> None:
    assert len(list(cases())) >= 10


@each_case
def test_the_plan_reads_as_its_file(case: Path) -> None:
    assert outputs_of(case).plan == (case / "plan.txt").read_text()


@each_case
def test_the_calls_are_those_of_its_file(case: Path) -> None:
    expected = json.loads((case / "operations.json").read_text())
    assert json.loads(outputs_of(case).operations) == expected


@each_case
def test_its_live_state_is_a_snapshot_as_fetch_writes_it(case: Path) -> None:
    file = case / "live.json"
    assert snapshot_json(load_snapshot(file)) == file.read_bytes()
