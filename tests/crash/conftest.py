"""Accounts in process."""

from tests.apply.conftest import account, accounts, make_account

__all__ = ["account", "accounts", "make_account"]
