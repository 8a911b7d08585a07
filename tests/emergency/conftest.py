"""The accounts of the tests of apply, and the command line on them."""

from __future__ import annotations

from tests.cli.conftest import account, accounts, make_account, reconciler

__all__ = ["account", "accounts", "make_account", "reconciler"]
