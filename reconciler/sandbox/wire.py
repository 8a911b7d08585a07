"""The last step: bytes onto the connection, whole, slowly, in part, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send

HANG_UP = "reconciler.sandbox.hang_up"
"""Where the server leaves, in the scope, the way to break the connection."""

CLOSING = "reconciler.sandbox.closing"
"""Where the server leaves the event that is set when it stops: waits then end early."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to send. `repeat` sends the body so many times over."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One request's connection."""

    scope: Scope
    receive: Receive
    send: Send

    async def pause(self, seconds: float) -> None:
        """Wait, but never longer than the server lives."""
        if seconds <= 0:
            return
        closing: asyncio.Event | None = self.scope.get(CLOSING)
        if closing is None:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), seconds)

    async def answer(self, reply: Reply) -> None:
        """Send the whole answer."""
        await self._start(reply)
        if reply.repeat > 1:
            await self._parts(reply.body for _ in range(reply.repeat))
        else:
            await self._body(reply.body, more=False)

    async def drip(self, reply: Reply, seconds: float, size: int) -> None:
        """Send the answer's body a little at a time."""
        await self._start(reply)
        places = range(0, len(reply.body), size)
        await self._parts((reply.body[place : place + size] for place in places), seconds)

    async def cut(self, reply: Reply, sent: int, *, reset: bool) -> None:
        """Announce the whole answer, send a part of its body, and break the connection."""
        await self._start(reply)
        await self._body(reply.body[:sent], more=True)
        await self.hang_up(reset=reset)

    async def hang_up(self, *, reset: bool) -> None:
        """Break the connection and wait until it is gone.

        In process there is no connection: the error that a broken one would be is raised.
        """
        broken: Callable[[bool], None] | None = self.scope.get(HANG_UP)
        if broken is None:
            raise ConnectionResetError("the sandbox dropped the connection")
        broken(reset)
        await self._gone()

    async def _parts(self, parts: Iterable[bytes], seconds: float = 0.0) -> None:
        """Send part after part for as long as there is somebody to read them."""
        gone = asyncio.ensure_future(self._gone())
        try:
            for part in parts:
                await self.pause(seconds)
                await self._body(part, more=True)
                await asyncio.sleep(0)
                if gone.done():
                    return
            await self._body(b"", more=False)
        finally:
            gone.cancel()

    async def _gone(self) -> None:
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await self.receive()

    async def _start(self, reply: Reply) -> None:
        headers = {"content-type": reply.content_type, **reply.headers}
        headers["content-length"] = str(len(reply.body) * reply.repeat)
        encoded = [
            (name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
        ]
        start = {"type": "http.response.start", "status": reply.status, "headers": encoded}
        await self.send(start)

    async def _body(self, body: bytes, *, more: bool) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": more})
