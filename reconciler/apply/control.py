"""How an apply is watched and stopped from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.core.forecast import Standing

INTERRUPTED = "interrupted"
"""The reason of a stop that the user asked for."""


class Watcher(Protocol):
    """Told how an apply goes."""

    def follow(self, standing: Callable[[], Standing]) -> None:
        """From now on `standing` tells, whenever it is asked, how the apply stands."""

    def began(self, journal: str) -> None:
        """Everything is written down in this file from now on."""

    def said(self, text: str) -> None:
        """Something that has to reach the user now, whatever happens next."""


class Log(Protocol):
    """Where every step is written down; returns when that is safe. JournalError where it is not."""

    async def write(self, entry: Mapping[str, Any]) -> None:
        """Write one entry."""


@dataclass(slots=True)
class Stop:
    """Whether to go on writing; set once, by a refused key, a wrong job or the user.

    The writer's `Gate` looks at it too: a write that still waits for its turn does not go.
    """

    reason: str = ""
    key_refused: bool = False
    interrupted: bool = False
    _waiting: list[asyncio.Future[None]] = field(default_factory=list, repr=False)

    def interrupt(self) -> None:
        """The user wants out."""
        self.now(INTERRUPTED, interrupted=True)

    def now(self, reason: str, *, key_refused: bool = False, interrupted: bool = False) -> None:
        """Start no new write. The first reason stands; an interrupt ends waits after it too."""
        self.reason = self.reason or reason
        self.key_refused |= key_refused
        self.interrupted |= interrupted
        for each in self._waiting if interrupted else ():
            if not each.done():
                each.set_result(None)

    @contextmanager
    def noticed(self) -> Iterator[asyncio.Future[None]]:
        """A future that is done at the next interrupt."""
        each: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(each)
        try:
            yield each
        finally:
            self._waiting.remove(each)
            each.cancel()
