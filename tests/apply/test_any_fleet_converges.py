"""Any fleet and any declaration: applied, nothing is left to plan and nothing else has moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.state import Row
from tests.apply.account import Account, masked
from tests.apply.anyfleet import (
    answers,
    declarations,
    declared,
    fleets,
    groups,
    whole_accounts,
)


@whole_accounts
@given(
    rows=fleets, shared=groups, wanted=declarations, switches=answers, job_size=st.integers(1, 9)
)
def test_an_apply_makes_any_declaration_true_and_touches_nothing_else(
    tmp_path: Path,
    rows: list[Row],
    shared: dict[str, Any],
    wanted: list[dict[str, Any]],
    switches: dict[str, Any],
    job_size: int,
) -> None:
    numbers, paths = declared(rows, shared, wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        account = Account(tmp_path, patch, rows, **switches)
        account.declare(numbers, groups=shared, limits={"job_size": job_size})
        before = masked(account.control.dump(), paths)
        outcome = account.apply()
        assert outcome.converged, outcome
        assert masked(account.control.dump(), paths) == before
        assert account.is_settled()
