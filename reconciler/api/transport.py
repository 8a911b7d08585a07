"""The way out of this machine: TLS, proxies, connections; and the guard that cannot write."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from reconciler.api.line import KEEP_ALIVE_SECONDS, Line
from reconciler.api.message import Reply, Request, Transport
from reconciler.api.settings import Endpoint
from reconciler.core.text import neutral
from reconciler.errors import UsageError

VERIFY_OWNERSHIP = "/phone_numbers/actions/verify_ownership"


class WriteAttemptError(AssertionError):
    """A bug: something tried to write through the client that cannot."""


class ReadOnlyTransport(Transport):
    """Lets through GET, and POST to verify_ownership, to the one endpoint; nothing else.

    It stands below the client, so that no code above it, right or wrong, can write.
    """

    def __init__(self, inner: Transport, endpoint: Endpoint) -> None:
        self._inner = inner
        self._origin = endpoint.origin
        self._verify = endpoint.target_of(VERIFY_OWNERSHIP)

    async def send(self, request: Request) -> Reply:
        """Pass a read on; WriteAttemptError for anything else, with nothing sent."""
        reads = request.method == "GET" or (
            request.method == "POST" and request.target == self._verify
        )
        if not (reads and request.origin == self._origin):
            place = request.target.partition("?")[0]
            raise WriteAttemptError(f"{request.method} {place} is not a read of this API")
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Lanes(Transport):
    """Connections to one place, each a transport of its own; the one used last is used first.

    A pool that looks at, and polls, every idle connection for every call, as httpx's does, costs
    milliseconds of CPU a call with a hundred of them. A stack of single connections costs the same
    for any number, and keeps few of them warm: those that nobody needed for a while are closed. The
    limiter bounds how many there are: no more than calls in flight.
    """

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._idle: deque[tuple[Transport, float]] = deque()
        self._all: set[Transport] = set()

    async def send(self, request: Request) -> Reply:
        """Send on a free lane, which is free again once the answer is closed.

        A lane on which a call failed is closed, and never used again.
        """
        lane = self._idle.pop()[0] if self._idle else self._make()
        self._all.add(lane)
        try:
            reply = await lane.send(request)
        except BaseException:
            self._all.discard(lane)
            await lane.aclose()
            raise
        return _Lent(reply, lambda: self._give_back(lane))

    async def _give_back(self, lane: Transport) -> None:
        now = asyncio.get_running_loop().time()
        self._idle.append((lane, now))
        while self._idle and self._idle[0][1] < now - KEEP_ALIVE_SECONDS:
            old, _ = self._idle.popleft()
            self._all.discard(old)
            await old.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        self._idle.clear()
        while self._all:
            await self._all.pop().aclose()


class _Lent(Reply):
    """An answer that gives its lane back when it is closed, once."""

    __slots__ = ("_give_back", "_inner")

    def __init__(self, inner: Reply, give_back: Callable[[], Awaitable[None]]) -> None:
        super().__init__(inner.status, inner.headers)
        self._inner = inner
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    async def part(self) -> bytes:
        return await self._inner.part()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            give_back, self._give_back = self._give_back, None
            if give_back is not None:
                await give_back()


def open_transport(endpoint: Endpoint, *, writes: bool = False) -> Transport:
    """Connections to the endpoint, by way of the proxy and with the CAs that the environment names.

    Reads are by the thousand, and go by `Line`, at a fraction of the cost. Writes are few, and each
    of them matters: they go by httpx, which many depend on, as does everything through a proxy.
    Loopback never goes through one: the key would leave the machine in clear. Raises UsageError
    for a proxy or a CA that cannot be used.
    """
    url = urlsplit(endpoint.base_url)
    # http is for loopback alone
    context = tls_context() if url.scheme == "https" else None
    if context is not None:
        context.set_alpn_protocols(["http/1.1"])
    proxy = _proxy_for(endpoint)
    if proxy is None and not writes:
        port = url.port or (443 if context else 80)
        return Lanes(lambda: Line(endpoint.host, port, context))
    from reconciler.api.by_httpx import httpx_line  # it loads slowly, and a plan does without

    httpx_line(context, proxy, KEEP_ALIVE_SECONDS)  # a proxy that cannot be used is found now
    return Lanes(lambda: httpx_line(context, proxy, KEEP_ALIVE_SECONDS))


def tls_context() -> ssl.SSLContext:
    """What a server's certificate is checked against.

    With SSL_CERT_FILE or SSL_CERT_DIR those alone, as OpenSSL has it; else the bundle of certifi
    and the system's own store, where companies put their CAs.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        context = ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (OSError, ssl.SSLError):
        raise UsageError(
            "SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read"
        ) from None
    if not file and not folder:
        import certifi  # https alone needs it

        context.load_verify_locations(certifi.where())
    return context


def way_to(endpoint: Endpoint) -> str:
    """The host, and the proxy on the way there, for messages: it may be the proxy that fails."""
    proxy = _proxy_for(endpoint)
    if proxy is None:
        return endpoint.host
    parts = urlsplit(proxy)
    port = f":{parts.port}" if parts.port else ""
    return f"{endpoint.host} (by way of the proxy {neutral(parts.hostname or '')}{port})"


def _proxy_for(endpoint: Endpoint) -> str | None:
    """The URL of the proxy for calls to the endpoint; None where they go straight."""
    if endpoint.is_loopback:
        return None
    from urllib.request import getproxies, proxy_bypass  # loads as slowly as all else of a call

    found = getproxies()
    url = found.get(urlsplit(endpoint.base_url).scheme) or found.get("all")
    if not url or proxy_bypass(urlsplit(endpoint.base_url).netloc):
        return None
    proxy = url if "://" in url else f"http://{url}"
    try:
        _ = urlsplit(proxy).port  # what is no URL is found by reading it
    except ValueError:
        raise UsageError("the proxy that the environment names is no usable URL") from None
    return proxy
