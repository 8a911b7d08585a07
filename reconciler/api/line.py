"""One connection to the API: HTTP/1.1 as h11 speaks it, over asyncio's own TCP and TLS.

httpx's transport does the same by way of httpcore and anyio, which take longer to load than fifty
calls, and twice the CPU of each. What goes wrong is told by the exceptions of httpx, so that nobody
above has to know which of the two it was. A way through a proxy is left to httpx.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import h11
import httpx

KEEP_ALIVE_SECONDS = 5.0
_NEXT_ADDRESS_SECONDS = 0.25
"""How long one address of a name is tried alone: a dead IPv6 must not stand in the way of IPv4."""
_MOST_UNREAD = 1024 * 1024
_MOST_OF_A_HEAD = 100 * 1024


class Line(httpx.AsyncBaseTransport):
    """A connection to `host`, by TLS where there is a `context`; one call at a time.

    It is opened for the first call, and anew for one that finds it closed, broken off, idle for
    long, or with something on it that nobody asked for. ConnectError and ConnectTimeout say that
    nothing of the request was sent.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._wire: _Wire | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and give the answer as soon as its head is there; its body has still to come."""
        body = await request.aread()
        wire = await self._opened(request)
        try:
            wire.send(self._written(request, body))
            head = await self._head(wire)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        except OSError as error:
            raise httpx.ReadError(str(error), request=request) from error
        return httpx.Response(
            head.status_code, headers=head.headers.raw_items(), stream=_Body(self, request)
        )

    async def part(self, request: httpx.Request) -> bytes:
        """The next part of the answer's body; nothing at its end."""
        if self._wire is None:
            raise httpx.ReadError("the connection was closed meanwhile", request=request)
        try:
            event = await self._event(self._wire)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        except OSError as error:
            raise httpx.ReadError(str(error), request=request) from error
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

    async def _opened(self, request: httpx.Request) -> _Wire:
        if self._wire is not None:
            # The loop's next step notices what has come, and the one after is past being told: a
            # server that has hung up while we were busy must not be sent a write.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if self._is_usable(self._wire):
                return self._wire
        await self.aclose()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(request.extensions["timeout"]["connect"]):
                _, self._wire = await loop.create_connection(
                    _Wire,
                    self._host,
                    self._port,
                    ssl=self._context,
                    happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_OF_A_HEAD)
        return self._wire

    def _is_usable(self, wire: _Wire) -> bool:
        idle = asyncio.get_running_loop().time() - self._idle_since
        return wire.is_quiet and not self._http.trailing_data[0] and idle < KEEP_ALIVE_SECONDS

    def _written(self, request: httpx.Request, body: bytes) -> bytes:
        events: list[h11.Event] = [
            h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            ),
            *([h11.Data(data=body)] if body else []),
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


class _Body(httpx.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, line: Line, request: httpx.Request) -> None:
        self._line = line
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._line.part(self._request):
            yield part

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
