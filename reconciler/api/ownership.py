"""Which numbers the account owns and may edit: the pre-flight for what the lists do not show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.api.read import MOST_TO_VERIFY, ReadClient
from reconciler.api.together import together


class _Found(msgspec.Struct, frozen=True):
    number_val_e164: Any = None
    id: Any = None


class _Ownership(msgspec.Struct, frozen=True):
    found: list[_Found]
    not_found: list[Any] | None = None


class _OwnershipData(msgspec.Struct, frozen=True):
    data: _Ownership


@dataclass(frozen=True, slots=True)
class Ownership:
    """The answer for the numbers (E.164) that were asked for; each is in one of the three."""

    editable: frozenset[str]
    """Owned, and in an editable state."""
    not_found: frozenset[str]
    """Not in the account, the API says."""
    silent: frozenset[str]
    """In neither of the API's lists: taken for owned but not editable now."""


async def ask_ownership(reader: ReadClient, numbers: Sequence[str]) -> Ownership:
    """Ask about `numbers`, 1000 a call, the calls side by side."""
    calls = (
        reader.verify_ownership(numbers[at : at + MOST_TO_VERIFY], _OwnershipData)
        for at in range(0, len(numbers), MOST_TO_VERIFY)
    )
    async with together(calls) as tasks:
        answers = [each.data for each in await asyncio.gather(*tasks)]
    asked = frozenset(numbers)
    editable = _texts(each.number_val_e164 for answer in answers for each in answer.found)
    missing = _texts(each for answer in answers for each in answer.not_found or ())
    return Ownership(
        editable=asked & editable,
        not_found=asked & missing - editable,
        silent=asked - editable - missing,
    )


def _texts(given: Iterable[Any]) -> frozenset[str]:
    return frozenset(each for each in given if isinstance(each, str))
