"""As many at work as the pace has use for, whatever it is by now."""

from __future__ import annotations

import asyncio
import random
import resource
from collections.abc import Coroutine

import pytest

from reconciler.api import sockets
from reconciler.api.limiter import Limiter
from reconciler.api.message import Reply, Request, Transport
from reconciler.api.places import Places, in_places
from reconciler.api.settings import Limits
from reconciler.api.transport import Lanes
from tests.api.support import FakeClock, run
from tests.pace.virtual import VirtualClock


class Rising(Limiter):
    """A limiter whose pace has use for `use` at work."""

    def __init__(self, use: int) -> None:
        super().__init__(Limits(), FakeClock(), random.Random(1))
        self.use = use

    @property
    def at_work(self) -> int:
        return self.use


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_places_follow_the_pace_up_and_down() -> None:
    async def go() -> list[int]:
        limiter = Rising(2)
        places, leave, inside, seen = Places(limiter), asyncio.Semaphore(0), 0, list[int]()

        async def work() -> None:
            nonlocal inside
            await places.take()
            inside += 1
            await leave.acquire()
            inside -= 1
            places.free()

        tasks = [asyncio.create_task(work()) for _ in range(10)]
        for use in (2, 5, 1):
            limiter.use = use
            leave.release()
            await _settle()
            seen.append(inside)
        for _ in tasks:
            leave.release()
            await _settle()
        await asyncio.gather(*tasks)
        return [*seen, inside]

    assert run(go()) == [2, 5, 4, 0]


def test_whoever_is_cancelled_while_waiting_or_just_when_a_place_is_free_leaves_it() -> None:
    async def go() -> str:
        places, leave = Places(Rising(1)), asyncio.Event()

        async def work() -> str:
            await places.take()
            try:
                await leave.wait()
                return "worked"
            finally:
                places.free()

        first, waiting, given, last = (asyncio.create_task(work()) for _ in range(4))
        await _settle()
        waiting.cancel()
        await _settle()
        leave.set()
        await asyncio.sleep(0)  # the first has left, and its place is given to the next
        await asyncio.sleep(0)
        given.cancel()
        await asyncio.gather(first, waiting, given, return_exceptions=True)
        return await last

    assert run(go()) == "worked"


def test_work_is_begun_when_there_is_a_place_and_comes_as_it_is_done() -> None:
    async def go() -> tuple[list[int], int]:
        begun = most = 0
        gates = [asyncio.Event() for _ in range(6)]

        async def work(number: int) -> int:
            nonlocal begun, most
            begun += 1
            most = max(most, begun)
            await gates[number].wait()
            begun -= 1
            return number

        came = []
        async with in_places(Rising(3), (work(n) for n in range(6))) as done:
            for number in (2, 0, 1, 5, 3, 4):
                asyncio.get_running_loop().call_soon(gates[number].set)
                came.append(await anext(done))
        return came, most

    assert run(go()) == ([2, 0, 1, 5, 3, 4], 3)


def test_the_first_that_raises_ends_all_of_it() -> None:
    async def go() -> int:
        cancelled = 0

        async def wait() -> None:
            nonlocal cancelled
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                raise

        async def fail() -> None:
            raise ValueError

        async def all_of_it() -> None:
            work: list[Coroutine[None, None, None]] = [wait(), fail(), wait()]
            async with in_places(Rising(3), work) as done:
                async for _ in done:
                    raise AssertionError("nothing is done")

        with pytest.raises(ValueError, match=r"^$"):
            await all_of_it()
        return cancelled

    assert run(go()) == 2


@pytest.mark.parametrize(
    ("soft", "hard", "becomes", "connections"),
    [
        (1024, 524288, 4096, 2016),
        (256, 1000, 1000, 468),
        (8192, 8192, None, 4064),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, 2016),
        (1024, resource.RLIM_INFINITY, 4096, 2016),
        (10, 10, 10, 1),
    ],
)
def test_connections_are_bounded_by_the_files_that_may_be_open(
    soft: int, hard: int, becomes: int | None, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[int] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits[0]))
    assert sockets.most_connections() == connections
    assert raised == ([] if becomes is None else [becomes])


@pytest.mark.parametrize(
    ("files", "accounts", "each"), [(4096, 2, 1007), (4096, 16, 125), (256, 16, 5), (64, 16, 1)]
)
def test_accounts_that_are_asked_at_the_same_time_share_the_connections(
    files: int, accounts: int, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    monkeypatch.setattr(resource, "setrlimit", lambda _, _limits: None)
    assert sockets.most_connections(accounts) == each


def test_a_limit_that_cannot_be_raised_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_what: int, _limits: tuple[int, int]) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 524288))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert sockets.most_connections() == 96


def test_connections_that_nobody_needed_for_a_while_are_closed() -> None:
    closed = 0

    class Empty(Reply):
        async def part(self) -> bytes:
            return b""

        async def aclose(self) -> None:
            pass

    class Lane(Transport):
        async def send(self, request: Request) -> Reply:
            del request
            await asyncio.sleep(0)
            return Empty(200, {})

        async def aclose(self) -> None:
            nonlocal closed
            closed += 1

    async def go() -> tuple[int, int]:
        lanes, request = Lanes(Lane), Request("GET", "http://127.0.0.1", "/", (), b"", 5.0)

        async def call() -> None:
            await (await lanes.send(request)).aclose()

        for _ in range(2):
            await asyncio.gather(*(call() for _ in range(5)))
        before = closed
        await asyncio.sleep(6)
        await call()
        return before, closed

    assert VirtualClock().run(go()) == (0, 4)
