"""Accounts in process, real sockets, and a command line on them."""

from __future__ import annotations

from tests.cli.conftest import account, accounts, make_account, reconciler, served

__all__ = ["account", "accounts", "make_account", "reconciler", "served"]
