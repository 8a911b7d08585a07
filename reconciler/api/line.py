"""One connection to read by: HTTP/1.1 as h11 speaks it, over asyncio's own TCP and TLS.

httpx does the same by way of httpcore and anyio, which take longer to load than a hundred calls,
and several times the CPU of each. Writes, and the way through a proxy, are left to it.
"""

from __future__ import annotations

import asyncio
import select
import ssl

import h11

from reconciler.api.message import (
    LineError,
    NotConnectedError,
    Reply,
    Request,
    Transport,
    headers_of,
)

KEEP_ALIVE_SECONDS = 5.0
_NEXT_ADDRESS_SECONDS = 0.25
"""How long one address of a name is tried alone: a dead IPv6 must not stand in the way of IPv4."""
_MOST_UNREAD = 1024 * 1024
_MOST_OF_A_HEAD = 100 * 1024


class Line(Transport):
    """A connection to `host`, by TLS where there is a `context`; one call at a time.

    It is opened for the first call, and anew for one that finds it closed, broken off, idle for
    long, or with something on it that nobody asked for.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._wire: _Wire | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0

    async def send(self, request: Request) -> Reply:
        """Send, and give the answer as soon as its head is there; its body has still to come."""
        wire = await self._opened(request)
        try:
            wire.send(self._written(request))
            head = await self._head(wire)
        except (h11.ProtocolError, OSError) as error:
            raise LineError(str(error)) from error
        return _Answer(self, head)

    async def part(self) -> bytes:
        """The next part of the answer's body; nothing at its end."""
        if self._wire is None:
            raise LineError("the connection was closed meanwhile")
        try:
            event = await self._event(self._wire)
        except (h11.ProtocolError, OSError) as error:
            raise LineError(str(error)) from error
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def release(self) -> None:
        """The answer is done with: keep the connection if all of it was read, else close it."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._idle_since = asyncio.get_running_loop().time()
        else:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
            await asyncio.sleep(0)  # the socket is closed by the loop's next step

    async def _opened(self, request: Request) -> _Wire:
        if self._wire is not None and await self._is_usable(self._wire):
            return self._wire
        await self.aclose()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(request.connect_seconds):
                _, self._wire = await loop.create_connection(
                    _Wire,
                    self._host,
                    self._port,
                    ssl=self._context,
                    happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                )
        except TimeoutError as error:
            raise NotConnectedError("timed out") from error
        except OSError as error:
            raise NotConnectedError(str(error)) from error
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_OF_A_HEAD)
        return self._wire

    async def _is_usable(self, wire: _Wire) -> bool:
        if wire.has_news:
            # The loop's next step notices what has come, and the one after is past being told: a
            # server that has hung up while we were busy must not be sent a write.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        idle = asyncio.get_running_loop().time() - self._idle_since
        return wire.is_quiet and not self._http.trailing_data[0] and idle < KEEP_ALIVE_SECONDS

    def _written(self, request: Request) -> bytes:
        events: list[h11.Event] = [
            h11.Request(
                method=request.method, target=request.target, headers=list(request.headers)
            ),
            *([h11.Data(data=request.body)] if request.body else []),
            h11.EndOfMessage(),
        ]
        return b"".join(self._http.send(event) or b"" for event in events)

    async def _head(self, wire: _Wire) -> h11.Response:
        while True:
            event = await self._event(wire)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the server left off HTTP")

    async def _event(self, wire: _Wire) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await wire.receive()
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise h11.RemoteProtocolError("the server closed it without an answer")
            self._http.receive_data(data)
        return event


class _Answer(Reply):
    """An answer over a line, its body as it comes."""

    __slots__ = ("_line",)

    def __init__(self, line: Line, head: h11.Response) -> None:
        super().__init__(head.status_code, headers_of(head.headers.raw_items()))
        self._line = line

    async def part(self) -> bytes:
        return await self._line.part()

    async def aclose(self) -> None:
        await self._line.release()


class _Wire(asyncio.Protocol):
    """What comes over one connection, until somebody takes it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._came = asyncio.Event()
        self._ended = False
        self._failure: Exception | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether it is open, and nothing has come that was not taken."""
        return not self._ended and not self._unread

    @property
    def has_news(self) -> bool:
        """Whether something is on its way to it from the network: data, or its end."""
        if self._transport is None or self._ended:
            return True
        look = select.poll()
        look.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(look.poll(0))

    def send(self, data: bytes) -> None:
        """Send; whether it arrived only an answer tells."""
        if self._transport is not None:
            self._transport.write(data)

    async def receive(self) -> bytes:
        """What has come, at least a byte; nothing at the end. OSError where it broke off."""
        while not self._unread and not self._ended:
            self._came.clear()
            await self._came.wait()
        if self._unread:
            data = bytes(self._unread)
            self._unread.clear()
            if self._transport is not None and not self._ended:
                self._transport.resume_reading()
            return data
        if self._failure is not None:
            raise OSError(str(self._failure)) from self._failure
        return b""

    def close(self) -> None:
        """Close it at once: nothing that was sent waits any more."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's word that it is open."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio hands over what has come; more than a megabyte waits in the network."""
        self._unread += data
        if len(self._unread) > _MOST_UNREAD and self._transport is not None:
            self._transport.pause_reading()
        self._came.set()

    def eof_received(self) -> None:
        """Nothing more will come; asyncio closes it then."""
        self._ended = True
        self._came.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by `exc` where it broke."""
        self._ended = True
        self._failure = self._failure or exc
        self._came.set()
