"""How the reading of lists goes, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from reconciler.core.fields import Listing

Progress: TypeAlias = Callable[[Listing, int, int], None]
"""Told how reading goes: of which list, rows that have come, rows expected."""


def ignore_progress(listing: Listing, done: int, total: int) -> None:
    """Nobody watches."""
