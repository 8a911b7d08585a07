"""Accounts whose applies are undone."""

from __future__ import annotations

from tests.saved.conftest import account, accounts, desk, make_desk, reconciler

__all__ = ["account", "accounts", "desk", "make_desk", "reconciler"]
