"""The command on an account in process."""

from tests.apply.conftest import account, accounts, make_account
from tests.cli.conftest import reconciler

__all__ = ["account", "accounts", "make_account", "reconciler"]
