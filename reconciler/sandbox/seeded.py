"""Chance that can be had again: the same seed, the same run."""

from __future__ import annotations

from random import Random


def seeded(seed: int) -> Random:
    """A source of chance for test data."""
    return Random(seed)  # noqa: S311 - repeatable on purpose; nothing made from it is secret
