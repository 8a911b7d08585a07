"""Running what waits for the network."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def _run_offline(work: Coroutine[Any, Any, T]) -> T:
    """The result of what never waits, as with a file in place of the account: without asyncio,
    which takes as long to load as to plan a thousand numbers."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise RuntimeError("it waits for something")


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, whose task holds no result.

    On its way out asyncio gives SIGINT back, for which Python 3.11 writes the task out as text, and
    all that it holds: of a whole account that took longer than the comparison.
    """
    import asyncio

    results: list[T] = []

    async def keep() -> None:
        results.append(await work)

    asyncio.run(keep())
    return results[0]


def runner(given: Mapping[str, Any]) -> Callable[[Coroutine[Any, Any, T]], T]:
    """How to run a comparison, by whether the options give a file in place of the account."""
    return run if given["live"] is None else _run_offline
