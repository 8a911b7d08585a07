"""The way to the API by httpx: for all that is written, and for everything through a proxy."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpx

from reconciler.api.message import (
    LineError,
    NotConnectedError,
    ProxyRefusedError,
    Reply,
    Request,
    Transport,
    headers_of,
)
from reconciler.errors import UsageError


def httpx_line(context: ssl.SSLContext | None, proxy: str | None, keep_alive: float) -> Transport:
    """One connection, kept `keep_alive` seconds, by TLS where there is a `context`, and by way of
    the proxy at that URL; nothing is opened yet. UsageError for a proxy of no supported kind."""
    alone = httpx.Limits(
        max_connections=1, max_keepalive_connections=1, keepalive_expiry=keep_alive
    )
    # Without TLS none is made ready: what httpx makes by itself takes 10 ms a connection.
    verify = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ByHttpx(httpx.AsyncHTTPTransport(verify=verify, limits=alone, proxy=proxy))
    except httpx.InvalidURL:
        raise UsageError("the proxy that the environment names is no usable URL") from None
    except (ValueError, ImportError):  # a scheme httpx does not have, or socks without its package
        raise UsageError("the proxy that the environment names is of no supported kind") from None


class ByHttpx(Transport):
    """A transport of httpx, in the words of this room."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def send(self, request: Request) -> Reply:
        """Send it on."""
        asked = httpx.Request(
            request.method,
            request.origin + request.target,
            headers=list(request.headers),
            content=request.body,
            extensions={
                "timeout": {
                    "connect": request.connect_seconds,
                    "read": None,
                    "write": None,
                    "pool": None,
                }
            },
        )
        try:
            return _Reply(await self._inner.handle_async_request(asked))
        except httpx.HTTPError as error:
            raise _in_our_words(error) from error

    async def aclose(self) -> None:
        """Close its connections."""
        await self._inner.aclose()


class _Reply(Reply):
    """An answer of httpx."""

    __slots__ = ("_parts", "_response")

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code, headers_of(response.headers.raw))
        self._response = response
        self._parts = self._coming()

    async def part(self) -> bytes:
        return await anext(self._parts, b"")

    async def aclose(self) -> None:
        await self._response.aclose()

    async def _coming(self) -> AsyncIterator[bytes]:
        stream = self._response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an async transport answers with an async stream")
        try:
            async for part in stream:
                if part:
                    yield part
        except httpx.HTTPError as error:
            raise _in_our_words(error) from error


def _in_our_words(error: httpx.HTTPError) -> LineError | TimeoutError:
    if isinstance(error, httpx.ProxyError):
        return ProxyRefusedError(str(error))
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return NotConnectedError("timed out")
    if isinstance(error, httpx.ConnectError):
        return NotConnectedError(str(error))
    if isinstance(error, httpx.TimeoutException):
        return TimeoutError(str(error))
    return LineError(str(error) or type(error).__name__)
