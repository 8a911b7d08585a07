"""A clock that takes no time, and small raw servers on loopback that misbehave on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from reconciler.api.http import Http
from reconciler.api.limiter import Limiter
from reconciler.api.message import Transport
from reconciler.api.settings import Endpoint, Limits

T = TypeVar("T")

KEY = "KEY0123456789ABCDEF_made_up"
START = datetime(2026, 7, 1, 14, 0, 0, tzinfo=UTC)


class FakeClock:
    """Virtual time: once nothing else runs, it jumps to the earliest sleeper.

    "Nothing else" means that the event loop went round `quiet` times without anybody calling
    `sleep`. With sockets in play pass `real_pause`, seconds of real time that the network gets
    before each jump.
    """

    def __init__(self, *, quiet: int = 8, real_pause: float = 0.0) -> None:
        self.time = 0.0
        self.slept: list[float] = []
        self._quiet = quiet
        self._real_pause = real_pause
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._rounds = 0
        self._driving = False

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        wake: asyncio.Future[None] = loop.create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.time + seconds, self._count, wake))
        self._rounds = 0
        if not self._driving:
            self._driving = True
            loop.call_soon(self._drive, loop)
        await wake

    def _drive(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rounds += 1
        if self._rounds >= self._quiet:
            self._rounds = 0
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                self._driving = False
                return
            due, _, wake = heapq.heappop(self._sleepers)
            self.time = max(self.time, due)
            wake.set_result(None)
            if self._real_pause:
                loop.call_later(self._real_pause, self._drive, loop)
                return
        loop.call_soon(self._drive, loop)


@dataclass
class Call:
    """One request as the server saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Behave = Callable[[Call, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """What a test sees of the server: where it is, and the calls that reached it."""

    endpoint: Endpoint
    calls: list[Call] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def serving(behave: Behave, *, keep_alive: bool = False) -> AsyncIterator[RawServer]:
    """Serve on a free port of 127.0.0.1; `behave` writes what it likes, then the server closes."""
    served = RawServer(Endpoint("http://localhost/v2", KEY))
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        served.connections += 1
        try:
            while True:
                call = await _request(reader)
                served.calls.append(call)
                await behave(call, writer)
                await writer.drain()
                if not keep_alive:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    served.endpoint = Endpoint(f"http://127.0.0.1:{port}/v2", KEY)
    try:
        yield served
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:-2])
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(method, target, headers, body)


def reply(
    body: bytes = b"{}",
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    """An answer's bytes; `length` lies about the body's, `headers` take `_` for `-`."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body) if length is None else length}"]
    if kind:
        lines.append(f"content-type: {kind}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def saying(*answers: bytes) -> Behave:
    """Each answer once, in turn, then the last one for ever."""
    left = list(answers)

    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return behave


@asynccontextmanager
async def http_to(
    endpoint: Endpoint,
    limits: Limits | None = None,
    clock: FakeClock | None = None,
    transport: Transport | None = None,
) -> AsyncIterator[Http]:
    """An Http in virtual time with a limiter of its own."""
    limits = limits or Limits(call_timeout_seconds=5)
    clock = clock or FakeClock()
    limiter = Limiter(limits, clock, random.Random(1))
    async with Http(endpoint, limits, clock, limiter, transport) as http:
        yield http


@asynccontextmanager
async def never_more_than(seconds: float) -> AsyncIterator[None]:
    """Fail, rather than hang, when the block takes longer in real time."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise AssertionError(f"took more than {seconds} s") from None


def run(test: Coroutine[object, object, T]) -> T:
    """`asyncio.run`, with a bound, so that a hang is a failure."""

    async def bounded() -> T:
        async with never_more_than(10):
            return await test

    return asyncio.run(bounded())


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port
