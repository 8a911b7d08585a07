"""The accounts of the tests of apply, the command line on them, and a directory of YAML."""

from __future__ import annotations

from tests.cli.conftest import account, accounts, make_account, reconciler
from tests.core.conftest import declared

__all__ = ["account", "accounts", "declared", "make_account", "reconciler"]
