"""The last door before the network: shut for good as soon as writing has to stop."""

from __future__ import annotations

from collections.abc import Callable

import httpx


class ShutError(Exception):
    """Writing had stopped before this request left: nothing of it was sent."""


class Gate(httpx.AsyncBaseTransport):
    """Lets a request pass while `is_open` says so; ShutError afterwards.

    A write can wait long for its turn, or to be sent again after a 429. Whether it may still go
    is judged here, when its turn has come, and not when it began to wait.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, is_open: Callable[[], bool]) -> None:
        self._inner = inner
        self._is_open = is_open

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, or raise ShutError."""
        if not self._is_open():
            raise ShutError
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
