"""The same accounts in process as the tests of apply have."""

from __future__ import annotations

from tests.apply.conftest import account, accounts, make_account

__all__ = ["account", "accounts", "make_account"]
