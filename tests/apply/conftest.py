"""Accounts in process, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from reconciler.sandbox.state import Row
from tests.apply.account import FOUR, ONE, THREE, TWO, Account

MakeAccount = Callable[..., Account]


@pytest.fixture
def accounts() -> list[Account]:
    """The accounts that a test has made so far."""
    return []


@pytest.fixture
def make_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounts: list[Account]
) -> Iterator[MakeAccount]:
    """Makes the account of a test; at its end every request must have been a valid one."""
    made = accounts
    monkeypatch.chdir(tmp_path)

    def make(*rows: Row, **options: Any) -> Account:
        four = [number(each) for each in (ONE, TWO, THREE, FOUR)]
        chosen = rows or (() if "fleet" in options else four)
        made.append(Account(tmp_path, monkeypatch, chosen, **options))
        return made[-1]

    yield make
    for account in made:
        assert account.control.violations() == []


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """An account of four plain numbers."""
    return make_account()
