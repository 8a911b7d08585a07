"""Accounts in process, for the plans of which the schemas are held to."""

from tests.apply.conftest import account, accounts, make_account

__all__ = ["account", "accounts", "make_account"]
