"""Accounts in process, and a command line on them."""

from tests.apply.conftest import make_account
from tests.cli.conftest import reconciler

__all__ = ["make_account", "reconciler"]
