"""Reading lists and applying plans through the real code, to a server that is slow and limited.

Only the network and the time are made up: `Line` is what stands in their place.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from reconciler import workflow
from reconciler.api.by_httpx import ByHttpx
from reconciler.api.listings import read_lists
from reconciler.api.read import open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.together import together
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Listing
from reconciler.sandbox.fleet import number
from reconciler.workflow import Options, Planned
from tests.api.pacing import Headers, Measured, Server, Shared
from tests.api.support import KEY
from tests.apply.account import Account
from tests.pace.virtual import VirtualClock

Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Conditions:
    """The server, what its answers say, and the seconds that a call takes there and back; what
    is measured is `seconds` after a warm-up."""

    server: Server
    headers: Headers
    latency: float
    warm_up: float = 60.0
    seconds: float = 60.0

    @property
    def end(self) -> float:
        return self.warm_up + self.seconds


class Line(httpx.AsyncBaseTransport):
    """The way to a server and back; each way takes half of the latency, a fifth more or less."""

    def __init__(self, conditions: Conditions, answer: Answer) -> None:
        self.measured = Measured(conditions.seconds)
        self.most_in_flight = 0
        self._conditions = conditions
        self._answer = answer
        self._rng = random.Random(1)
        self._in_flight = 0
        self._before = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await self._way()
            response = await self._served(request)
            await self._way()
        finally:
            self._in_flight -= 1
        return response

    async def _way(self) -> None:
        await asyncio.sleep(self._conditions.latency / 2 * self._rng.uniform(0.8, 1.2))

    async def _served(self, request: httpx.Request) -> httpx.Response:
        server, now = self._conditions.server, asyncio.get_running_loop().time()
        admitted = server.admits(now)
        strangers = server.strangers if isinstance(server, Shared) else 0
        if self._conditions.warm_up <= now < self._conditions.end:
            self.measured.count(admitted)
            self.measured.strangers = strangers - self._before
        else:
            self._before = strangers if now < self._conditions.warm_up else self._before
        headers = self._conditions.headers(server, admitted, now)
        if not admitted:
            return httpx.Response(429, headers=headers, content=b'{"errors": []}')
        response = await self._answer(request)
        for name in [each for each in response.headers if each.startswith("x-ratelimit")]:
            del response.headers[name]  # a sandbox has a limit of its own
        response.headers.update(headers)
        return response


_LISTS = (Listing.SLIM, Listing.VOICE, Listing.MESSAGING, Listing.NUMBERS)


async def _page(request: httpx.Request) -> httpx.Response:
    """A page of one row of a list that is long enough for every run."""
    place = int(request.url.params["page[number]"])
    row = b'{"id":"%d","phone_number":"+1312%07d","status":"active"}' % (place, place)
    meta = b'{"total_results":50000,"page_size":1}'
    body = b'{"data":[%s],"meta":%s}' % (row, meta)
    return httpx.Response(200, headers={"content-type": "application/json"}, content=body)


def read_at_full_speed(conditions: Conditions, limits: Limits | None = None) -> Line:
    """Read lists side by side, as a plan does, until the end of the measure."""
    clock, line = VirtualClock(), Line(conditions, _page)
    endpoint, rng = Endpoint("http://127.0.0.1:9/v2", KEY), random.Random(1)

    async def read() -> None:
        try:
            async with (
                asyncio.timeout(conditions.end),
                open_reader(
                    endpoint, limits or Limits(), clock, transport=ByHttpx(line), rng=rng
                ) as reader,
            ):
                await read_lists(reader, _LISTS, Needs(), page_size=1)
        except TimeoutError:
            return
        raise AssertionError("the lists were read before the end of the measure")

    clock.run(read())
    return line


class _FarAccount(Account):
    """An account behind a `Line`; its time goes on in a loop that is virtual too."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, count: int) -> None:
        self.virtual = VirtualClock()
        rows = [number(f"+1312{each:07d}") for each in range(count)]
        super().__init__(root, patch, rows)
        self.sandbox.world.clock = lambda: 1000 + self.virtual.monotonic()
        for room in ("applying", "planning"):
            patch.setattr(f"reconciler.workflow.{room}.SystemClock", lambda: self.virtual)
        patch.setattr("reconciler.journal.os.fsync", lambda _: None)


def write_at_full_speed(conditions: Conditions, root: Path, patch: pytest.MonkeyPatch) -> Line:
    """Apply a plan that gives each number a reference of its own, so that each is looked at and
    takes a PATCH, until the end of the measure; `root` is the current directory."""
    count = int(conditions.server.allowed * conditions.end) + 10
    account, planned, line = _planned(conditions, root, patch, count)

    async def apply() -> None:
        try:
            async with asyncio.timeout(conditions.end):
                await workflow.apply(planned, Options(), account.watched, account.stop)
        except TimeoutError:
            return
        raise AssertionError("everything was written before the end of the measure")

    account.virtual.run(apply())
    return line


def watch_to_the_end(
    conditions: Conditions, root: Path, patch: pytest.MonkeyPatch, count: int
) -> list[tuple[float, float | None]]:
    """Apply such a plan of `count` numbers to its end: each second, the seconds that were really
    left, and those that were told."""
    account, planned, _ = _planned(conditions, root, patch, count)
    seen: list[tuple[float, float | None]] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(1)
            if account.watched.standing:
                seen.append((account.virtual.monotonic(), account.watched.standing().seconds_left))

    async def apply() -> None:
        async with together([look()]):
            await workflow.apply(planned, Options(), account.watched, account.stop)

    account.virtual.run(apply())
    return [(account.virtual.time - at, told) for at, told in seen]


def _planned(
    conditions: Conditions, root: Path, patch: pytest.MonkeyPatch, count: int
) -> tuple[_FarAccount, Planned, Line]:
    account = _FarAccount(root, patch, count)
    account.declare(
        {f"+1312{each:07d}": {"customer_reference": f"desk-{each}"} for each in range(count)},
        limits={"rate_per_second": 5},
        safety={"max_changes_percent": 100},
    )
    planned = account.virtual.run(workflow.plan(root, Options()))
    sandbox = httpx.ASGITransport(account.sandbox.asgi)
    line = Line(conditions, sandbox.handle_async_request)
    patch.setattr("reconciler.workflow.applying.open_transport", lambda *_, **__: ByHttpx(line))
    account.virtual.time = 0.0
    return account, planned, line
