"""The last door before the network: shut for good as soon as writing has to stop."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.api.message import Reply, Request, Transport


class ShutError(Exception):
    """Writing had stopped before this request left: nothing of it was sent."""


class Gate(Transport):
    """Lets a request pass while `is_open` says so; ShutError afterwards.

    A write can wait long for its turn, or to be sent again after a 429. Whether it may still go
    is judged here, when its turn has come, and not when it began to wait.
    """

    def __init__(self, inner: Transport, is_open: Callable[[], bool]) -> None:
        self._inner = inner
        self._is_open = is_open

    async def send(self, request: Request) -> Reply:
        """Pass the request on, or raise ShutError."""
        if not self._is_open():
            raise ShutError
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
