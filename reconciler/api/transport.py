"""The way out of this machine: TLS, proxies, connections; and the guard that cannot write."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler.api.line import KEEP_ALIVE_SECONDS, Line
from reconciler.api.settings import Endpoint, Limits
from reconciler.core.text import neutral
from reconciler.errors import UsageError

VERIFY_OWNERSHIP = "/phone_numbers/actions/verify_ownership"

_CONNECT_SECONDS = 10.0


class WriteAttemptError(AssertionError):
    """A bug: something tried to write through the client that cannot."""


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Lets through GET, and POST to verify_ownership, to the one endpoint; nothing else.

    It stands below the client, so that no code above it, right or wrong, can write.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, endpoint: Endpoint) -> None:
        self._inner = inner
        self._base = httpx.URL(endpoint.base_url)
        self._verify = httpx.URL(endpoint.url_for(VERIFY_OWNERSHIP)).raw_path

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a read on; WriteAttemptError for anything else, with nothing sent."""
        url = request.url
        reads = request.method == "GET" or (
            request.method == "POST" and url.raw_path == self._verify
        )
        home = (url.scheme, url.host, url.port) == (
            self._base.scheme,
            self._base.host,
            self._base.port,
        )
        if not (reads and home):
            raise WriteAttemptError(f"{request.method} {url.path} is not a read of this API")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Lanes(httpx.AsyncBaseTransport):
    """Connections to one place, each a transport of its own; the one used last is used first.

    A pool that looks at, and polls, every idle connection for every call, as httpx's does, costs
    milliseconds of CPU a call with a hundred of them. A stack of single connections costs the same
    for any number, and keeps few of them warm: those that nobody needed for a while are closed. The
    limiter bounds how many there are: no more than calls in flight.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._make = make
        self._idle: deque[tuple[httpx.AsyncBaseTransport, float]] = deque()
        self._all: set[httpx.AsyncBaseTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send on a free lane, which is free again once the answer is closed.

        A lane on which a call failed is closed, and never used again.
        """
        lane = self._idle.pop()[0] if self._idle else self._make()
        self._all.add(lane)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._all.discard(lane)
            await lane.aclose()
            raise
        response.stream = _Lent(response.stream, lambda: self._give_back(lane))
        return response

    async def _give_back(self, lane: httpx.AsyncBaseTransport) -> None:
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


class _Lent(httpx.AsyncByteStream):
    """The stream of an answer that gives its lane back when it is closed, once."""

    def __init__(self, inner: object, give_back: Callable[[], Awaitable[None]]) -> None:
        if not isinstance(inner, httpx.AsyncByteStream):
            raise TypeError("an async transport answers with an async stream")
        self._inner = inner
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            give_back, self._give_back = self._give_back, None
            if give_back is not None:
                await give_back()


def open_transport(endpoint: Endpoint) -> httpx.AsyncBaseTransport:
    """Connections to the endpoint, by way of the proxy and with the CAs that the environment names.

    httpx leaves the proxy variables out as soon as a transport is given to it, and every client
    here has one (the guard), so they are read here. Loopback never goes through a proxy: the key
    would leave the machine in clear. Raises UsageError for a proxy or a CA that cannot be used.
    """
    url = httpx.URL(endpoint.base_url)
    # http is for loopback alone
    context = tls_context() if url.scheme == "https" else None
    if context is not None:
        context.set_alpn_protocols(["http/1.1"])
    proxy = _proxy_for(endpoint)
    if proxy is None or context is None:
        port = url.port or (443 if context else 80)
        return Lanes(lambda: Line(url.host, port, context))
    return Lanes(_by_proxy(proxy, context))


def _by_proxy(
    proxy: httpx.Proxy, context: ssl.SSLContext
) -> Callable[[], httpx.AsyncBaseTransport]:
    """How to make a connection by way of `proxy`."""
    alone = httpx.Limits(
        max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE_SECONDS
    )

    def lane() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=context, limits=alone, proxy=proxy)

    try:
        lane()  # nothing is opened yet, but a proxy of no supported kind is found now
    except (ValueError, ImportError):  # a scheme httpx does not have, or socks without its package
        raise UsageError("the proxy that the environment names is of no supported kind") from None
    return lane


def timeouts(limits: Limits) -> httpx.Timeout:
    """Time-outs below the total deadline; a connection that takes long counts as none made."""
    whole = limits.call_timeout_seconds
    return httpx.Timeout(whole, connect=min(_CONNECT_SECONDS, whole / 2))


def tls_context() -> ssl.SSLContext:
    """What a server's certificate is checked against.

    With SSL_CERT_FILE or SSL_CERT_DIR those alone, as OpenSSL has it; else the bundle that comes
    with httpx and the system's own store, where companies put their CAs.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()
        return context
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (OSError, ssl.SSLError):
        raise UsageError(
            "SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read"
        ) from None


def way_to(endpoint: Endpoint) -> str:
    """The host, and the proxy on the way there, for messages: it may be the proxy that fails."""
    proxy = _proxy_for(endpoint)
    if proxy is None:
        return endpoint.host
    port = f":{proxy.url.port}" if proxy.url.port else ""
    return f"{endpoint.host} (by way of the proxy {neutral(proxy.url.host)}{port})"


def _proxy_for(endpoint: Endpoint) -> httpx.Proxy | None:
    if endpoint.is_loopback:
        return None
    found = getproxies()
    url = found.get(urlsplit(endpoint.base_url).scheme) or found.get("all")
    if not url or proxy_bypass(urlsplit(endpoint.base_url).netloc):
        return None
    try:
        return httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        raise UsageError("the proxy that the environment names is no usable URL") from None
