"""The one limiter that all workers share, in virtual time."""

from __future__ import annotations

import asyncio
import random

import pytest

from reconciler.api.clock import SystemClock
from reconciler.api.limiter import Limiter
from reconciler.api.settings import Limits
from reconciler.errors import RateLimitedError
from tests.api.pacing import Bucket, telling
from tests.api.support import FakeClock, run


def limiter(clock: FakeClock, limits: Limits | None = None) -> Limiter:
    return Limiter(limits or Limits(), clock, random.Random(1))


def test_calls_go_one_after_the_other_at_the_rate_they_start_with() -> None:
    async def go() -> list[float]:
        clock, times = FakeClock(), list[float]()
        shared = limiter(clock)

        async def call() -> None:
            async with shared.slot("GET /x"):
                times.append(clock.time)

        await asyncio.gather(*(call() for _ in range(6)))
        return times

    times = run(go())
    assert times == sorted(times)
    assert times[-1] == pytest.approx(5 / 5.0, abs=0.05)


def test_a_429_is_one_shared_pause_for_all_workers() -> None:
    async def go() -> list[float]:
        clock, times = FakeClock(), list[float]()
        shared = limiter(clock)
        async with shared.slot("GET /x") as slot:
            assert shared.answered(slot, 429, {"retry-after": "20"}) == 20

        async def call() -> None:
            async with shared.slot("GET /x"):
                times.append(clock.time)

        await asyncio.gather(*(call() for _ in range(10)))
        return times

    assert min(run(go())) >= 20


def test_a_pause_that_starts_while_others_wait_for_their_turn_holds_for_them_too() -> None:
    async def go() -> list[float]:
        clock, times = FakeClock(), list[float]()
        shared = limiter(clock)

        async def call(number: int) -> None:
            async with shared.slot("GET /x") as slot:
                times.append(clock.time)
                if number == 2:
                    shared.answered(slot, 429, {"retry-after": "50"})

        await asyncio.gather(*(call(number) for number in range(6)))
        return times

    times = run(go())
    assert [time < 1 for time in times] == [True, True, True, False, False, False]
    assert min(times[3:]) >= 50


def test_a_pause_longer_than_a_call_is_ready_to_wait_is_refused_at_once_naming_the_time() -> None:
    async def go() -> float:
        clock = FakeClock()
        shared = limiter(clock)
        shared.pause(100)
        with pytest.raises(RateLimitedError, match=r"14:01:40 UTC \(100 s\)") as caught:
            async with shared.slot("GET /x", patience=99):
                raise AssertionError("no call goes during a pause")
        assert caught.value.wait_seconds == pytest.approx(100)
        async with shared.slot("GET /x", patience=101):
            return clock.time

    assert run(go()) == pytest.approx(100)


def test_nothing_but_429_for_longer_than_max_wait_ends_every_call() -> None:
    async def go() -> float:
        clock = FakeClock()
        shared = limiter(clock)

        async def calls() -> None:
            while True:
                async with shared.slot("GET /x") as slot:
                    shared.answered(slot, 429, {"retry-after": "70"})

        with pytest.raises(RateLimitedError, match="of nothing but 429"):
            await calls()
        return clock.time

    assert 230 <= run(go()) <= 300


def test_a_call_that_was_cancelled_leaves_its_place_to_the_next() -> None:
    async def go() -> float:
        clock = FakeClock()
        shared = limiter(clock, Limits(concurrency=1))
        entered = asyncio.Event()

        async def hold() -> None:
            async with shared.slot("GET /x"):
                entered.set()
                await asyncio.Event().wait()

        async def call() -> None:
            async with shared.slot("GET /x"):
                pass

        holder = asyncio.create_task(hold())
        await entered.wait()
        queued = [asyncio.create_task(call()) for _ in range(3)]
        await asyncio.sleep(0)
        queued[0].cancel()
        holder.cancel()
        outcomes = await asyncio.gather(holder, *queued, return_exceptions=True)
        assert [type(outcome).__name__ for outcome in outcomes] == [
            "CancelledError",
            "CancelledError",
            "NoneType",
            "NoneType",
        ]
        return clock.time

    assert run(go()) < 1


def test_with_a_concurrency_of_one_calls_never_overlap() -> None:
    async def go() -> int:
        clock = FakeClock()
        shared = limiter(clock, Limits(concurrency=1, rate_per_second=1000))
        inside = most = 0

        async def call() -> None:
            nonlocal inside, most
            async with shared.slot("GET /x") as slot:
                inside += 1
                most = max(most, inside)
                await clock.sleep(0.2)
                shared.answered(slot, 200, {})
                inside -= 1

        await asyncio.gather(*(call() for _ in range(20)))
        return most

    assert run(go()) == 1


def test_calls_overlap_so_that_the_latency_is_hidden() -> None:
    async def go() -> float:
        clock = FakeClock()
        shared = limiter(clock)
        server = Bucket(50, 50)
        refused = 0

        async def worker(calls: list[int]) -> None:
            nonlocal refused
            while calls:
                calls.pop()
                async with shared.slot("GET /x") as slot:
                    await clock.sleep(0.15)
                    good = server.admits(clock.time)
                    refused += not good
                    await clock.sleep(0.15)
                    shared.answered(slot, 200 if good else 429, telling(server, good, clock.time))

        todo = [0] * 2000
        await asyncio.gather(*(worker(todo) for _ in range(40)))
        assert refused == 0
        return 2000 / clock.time

    assert run(go()) >= 0.85 * 50


def test_the_real_clock_tells_utc_goes_forward_and_sleeps() -> None:
    async def go() -> tuple[float, float]:
        clock = SystemClock()
        before = clock.monotonic()
        await clock.sleep(-1)
        await clock.sleep(0.01)
        offset = clock.now().utcoffset()
        assert offset is not None
        return clock.monotonic() - before, offset.total_seconds()

    took, offset = run(go())
    assert took >= 0.009
    assert offset == 0
