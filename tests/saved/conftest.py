"""Accounts that save plans, for the tests of saved plans and of revert."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from reconciler.sandbox.state import Row
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import accounts
from tests.cli.conftest import reconciler
from tests.saved.support import Desk

__all__ = ["accounts", "reconciler"]

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounts: list[Account]
) -> Iterator[MakeDesk]:
    """Makes the account of a test; at its end every request must have been a valid one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECONCILER_SECRET_KEY", raising=False)

    def make(*rows: Row, **options: Any) -> Desk:
        four = [number(each) for each in (ONE, TWO, THREE, FOUR)]
        made = Desk(tmp_path, monkeypatch, rows or four, **options)
        accounts.append(made)
        return made

    yield make
    for each in accounts:
        assert each.control.violations() == []


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """An account of four plain numbers."""
    return make_desk()


@pytest.fixture
def account(desk: Desk) -> Account:
    """The same, for the command line."""
    return desk
