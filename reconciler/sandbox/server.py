"""The sandbox on loopback: blocking for the command line, in a thread for tests."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.sandbox.app import DEFAULT_KEY, Sandbox
from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.calls import BASE
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.control import Control
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.wire import CLOSING, HANG_UP

LOOPBACK = "127.0.0.1"
_START_SECONDS = 10.0


class _Lines:
    """The open connections by the client's address, so that one can be broken on purpose."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}
        self.closing = asyncio.Event()

    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's protocol, keeping this book."""
        book = self.open

        class Kept(H11Protocol):
            # the base class narrows asyncio's own signature in the same way
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client is not None:
                    book[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    book.pop(self.client, None)
                super().connection_lost(exc)

        return Kept

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, with the way to break its connection in every scope."""

        async def carried(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                transport = self.open.get(tuple(scope["client"]))
                scope = {
                    **scope,
                    HANG_UP: lambda reset: _break(transport, reset=reset),
                    CLOSING: self.closing,
                }
            await app(scope, receive, send)

        return carried


def _break(transport: asyncio.Transport | None, *, reset: bool) -> None:
    if transport is None:
        return
    if reset:
        # no lingering: the close is a RST, and what was not sent is thrown away
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()


class _Server(uvicorn.Server):
    """uvicorn, saying when it is ready; what waits inside a request ends when it stops."""

    def __init__(self, config: uvicorn.Config, lines: _Lines, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._lines = lines
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._lines.closing.set()
        await super().shutdown(sockets)


def _server(sandbox: Sandbox, on_ready: Callable[[], None]) -> _Server:
    lines = _Lines()
    config = uvicorn.Config(
        lines.around(sandbox.asgi),
        http=lines.protocol(),
        ws="none",
        lifespan="off",
        loop="asyncio",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, lines, on_ready)


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}{BASE}"


def serve(
    port: int = 0,
    numbers: int = 1000,
    seed: int = 0,
    *,
    api_key: str = DEFAULT_KEY,
    behaviour: Behaviour | None = None,
    job_seconds: float = 1.0,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a generated fleet on loopback until interrupted; `port` 0 is a free one.

    `on_ready` is called with the base URL once connections are accepted. Nothing is printed.
    Raises OSError when the port is taken, and KeyboardInterrupt after Ctrl-C, when the server has
    closed its connections.
    """
    with _listening(port) as listener:
        sandbox = Sandbox(make_fleet(numbers, seed), behaviour=behaviour, api_key=api_key)
        sandbox.control.timing(running=job_seconds, emergency=job_seconds)
        base_url = _address(listener)
        _server(sandbox, lambda: on_ready(base_url)).run(sockets=[listener])


class RunningSandbox:
    """A sandbox served from a thread of its own, for as long as the `with` block lasts."""

    def __init__(
        self,
        fleet: Fleet | None = None,
        *,
        behaviour: Behaviour | None = None,
        api_key: str = DEFAULT_KEY,
        clock: Clock = time.monotonic,
        port: int = 0,
    ) -> None:
        self.sandbox = Sandbox(
            Fleet() if fleet is None else fleet, behaviour=behaviour, api_key=api_key, clock=clock
        )
        self._port = port
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._server = _server(self.sandbox, self._ready.set)
        self.base_url = ""

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self.sandbox.api_key

    @property
    def control(self) -> Control:
        """The sandbox's levers."""
        return self.sandbox.control

    @property
    def fleet(self) -> Fleet:
        """The account; `control.state` is the safe way to read it while requests run."""
        return self.sandbox.fleet

    @property
    def root_url(self) -> str:
        """The host's root: the base URL without `/v2`."""
        return self.base_url.removesuffix(BASE)

    def __enter__(self) -> RunningSandbox:
        listener = _listening(self._port)
        self.base_url = _address(listener)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="sandbox", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the sandbox did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
