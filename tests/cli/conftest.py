"""Accounts in process, and a command line on them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import account, accounts, make_account
from tests.cli.support import Shell

__all__ = ["account", "accounts", "make_account"]


@pytest.fixture
def reconciler(
    account: Account,
    accounts: list[Account],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """The command, in the project of `account` (or of the last one that was made), in virtual
    time."""
    assert account in accounts
    run = asyncio.run

    def in_virtual_time(work: Coroutine[Any, Any, Any]) -> Any:
        for each in accounts:
            each.clock.next_loop()
        return run(work)

    monkeypatch.setattr(asyncio, "run", in_virtual_time)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Shell(monkeypatch, capsys)


@pytest.fixture
def served() -> Iterator[RunningSandbox]:
    """Four numbers on a socket, for commands that run as processes."""
    with RunningSandbox(Fleet.of(number(each) for each in (ONE, TWO, THREE, FOUR))) as sandbox:
        yield sandbox
        assert sandbox.control.violations() == []
