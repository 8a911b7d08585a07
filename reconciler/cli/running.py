"""Running what waits for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, whose task holds no result.

    On its way out asyncio gives SIGINT back, for which Python 3.11 writes the task out as text, and
    all that it holds: of a whole account that took longer than the comparison.
    """
    results: list[T] = []

    async def keep() -> None:
        results.append(await work)

    asyncio.run(keep())
    return results[0]
