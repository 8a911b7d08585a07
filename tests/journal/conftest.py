"""Accounts in process, and a command line on them."""

from tests.apply.conftest import account, accounts, make_account
from tests.cli.conftest import reconciler

__all__ = ["account", "accounts", "make_account", "reconciler"]
