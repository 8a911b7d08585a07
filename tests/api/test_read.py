"""The reading client: patient with what may pass, soon done with what is dead, unable to write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from reconciler.api.by_httpx import ByHttpx
from reconciler.api.http import Answer
from reconciler.api.limiter import Limiter
from reconciler.api.message import Request
from reconciler.api.read import ReadClient, open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.transport import ReadOnlyTransport, WriteAttemptError
from reconciler.errors import (
    ApiError,
    ConnectError,
    RateLimitedError,
    UnavailableError,
)
from tests.api.support import (
    KEY,
    Behave,
    Call,
    FakeClock,
    free_port,
    http_to,
    reply,
    run,
    saying,
    serving,
)

PLACE = Endpoint("https://api.example/v2", KEY)
TOO_MANY = reply(b"{}", status="429 Too Many")
BROKEN = reply(b"{}", status="503 Busy")


def reader(
    endpoint: Endpoint, clock: FakeClock, limits: Limits | None = None
) -> AbstractAsyncContextManager[ReadClient]:
    return open_reader(endpoint, limits or Limits(), clock, rng=random.Random(1))


def reads(behave: Behave, limits: Limits | None = None) -> tuple[Answer, int, FakeClock]:
    """The answer to one read, the calls it took, and the clock after it."""

    async def go() -> tuple[Answer, int, FakeClock]:
        clock = FakeClock(real_pause=0.002)
        async with serving(behave) as server, reader(server.endpoint, clock, limits) as client:
            answer = await client.get("/phone_numbers")
            assert client.reads == len(server.calls)
            return answer, client.reads, clock

    return run(go())


def mocked(respond: Callable[[httpx.Request], httpx.Response]) -> ByHttpx:
    return ByHttpx(httpx.MockTransport(respond))


@pytest.mark.parametrize("trouble", [BROKEN, b"", reply(b"{", length=9), reply(status="500 Oops")])
def test_5xx_timeout_reset_on_a_read_is_tried_up_to_six_times(trouble: bytes) -> None:
    answer, calls, clock = reads(saying(*[trouble] * 5, reply(b'{"data":[]}')))
    assert (answer.body, calls) == (b'{"data":[]}', 6)
    assert 0 < clock.time < 16
    with pytest.raises(UnavailableError):
        reads(saying(*[trouble] * 6, reply()))


def test_a_timeout_on_a_read_is_tried_again() -> None:
    slow = [True]

    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        if slow.pop() if slow else False:
            await asyncio.sleep(5)
        writer.write(reply())

    assert reads(behave, Limits(call_timeout_seconds=0.3))[1] == 2


def test_an_answer_that_is_no_such_json_is_read_again_like_a_lost_one() -> None:
    async def go(*answers: bytes) -> tuple[dict[str, int], int]:
        clock = FakeClock(real_pause=0.002)
        async with serving(saying(*answers)) as server, reader(server.endpoint, clock) as client:
            return await client.read("/phone_numbers", dict[str, int]), client.reads

    html, cut = reply(b"<html>", kind="text/html"), reply(b'{"a":')
    assert run(go(html, cut, reply(b'{"a":1}'))) == ({"a": 1}, 3)
    with pytest.raises(UnavailableError, match="captive portal"):
        run(go(html))


@pytest.mark.parametrize("status", ["401 No", "403 No", "404 No", "422 No", "302 Away"])
def test_a_refusal_is_not_tried_again(status: str) -> None:
    with pytest.raises(ApiError) as caught:
        reads(saying(reply(status=status), reply()))
    assert caught.value.status == int(status[:3])


def test_a_dead_server_gives_a_clear_error_soon_however_many_calls_are_queued() -> None:
    async def go() -> tuple[int, float]:
        clock = FakeClock()
        calls = 0

        def respond(_request: httpx.Request) -> httpx.Response:
            nonlocal calls
            calls += 1
            return httpx.Response(500)

        async with open_reader(
            PLACE, Limits(), clock, transport=mocked(respond), rng=random.Random(1)
        ) as client:
            gets = [client.get("/phone_numbers") for _ in range(20)]
            outcomes = await asyncio.gather(*gets, return_exceptions=True)
        assert all(isinstance(outcome, UnavailableError) for outcome in outcomes)
        return calls, clock.time

    calls, seconds = run(go())
    assert calls <= 20 + 20
    assert seconds < 30


def test_one_call_in_five_failing_is_outlasted_by_the_retry_budget() -> None:
    async def go(seed: int) -> float:
        clock, rng = FakeClock(), random.Random(seed)
        calls = 0

        def respond(_request: httpx.Request) -> httpx.Response:
            nonlocal calls
            calls += 1
            return httpx.Response(500 if rng.random() < 0.2 else 200, json={})

        async with open_reader(
            PLACE, Limits(), clock, transport=mocked(respond), rng=random.Random(seed)
        ) as client:
            for _ in range(100):
                await client.get("/phone_numbers")
        return calls / 100

    assert max(run(go(seed)) for seed in range(10)) < 1.6


def test_429_with_retry_after_in_seconds_is_waited_out() -> None:
    busy = reply(status="429 Too Many", retry_after="7")
    _, calls, clock = reads(saying(busy, reply()))
    assert calls == 2
    assert 7 <= clock.time < 8


def test_429_with_retry_after_as_a_date_is_waited_out() -> None:
    busy = reply(status="429 Too Many", retry_after="Wed, 01 Jul 2026 14:00:09 GMT")
    assert 9 <= reads(saying(busy, reply()))[2].time < 10


def test_429_with_a_date_is_counted_from_the_servers_own_clock() -> None:
    busy = reply(
        status="429 Too Many",
        date="Wed, 01 Jul 2020 00:00:00 GMT",
        retry_after="Wed, 01 Jul 2020 00:00:05 GMT",
    )
    assert 5 <= reads(saying(busy, reply()))[2].time < 6


def test_429_without_it_waits_for_the_reset_else_a_jitter_from_one_second() -> None:
    told = reply(status="429 Too Many", x_ratelimit_reset="4")
    assert 4 <= reads(saying(told, reply()))[2].time < 5
    assert 1 <= reads(saying(TOO_MANY, reply()))[2].time <= 2
    assert 1 <= reads(saying(TOO_MANY, TOO_MANY, reply()))[2].time <= 6


def test_429_is_waited_out_for_more_than_six_tries() -> None:
    busy = reply(status="429 Too Many", retry_after="1")
    assert reads(saying(*[busy] * 20, reply()))[1] == 21


def test_429_beyond_max_wait_is_an_error_that_names_the_time_and_sends_nothing_more() -> None:
    busy = reply(status="429 Too Many", retry_after="437")

    async def go() -> tuple[RateLimitedError, int, float]:
        clock = FakeClock(real_pause=0.002)
        async with serving(saying(busy)) as server, reader(server.endpoint, clock) as client:
            with pytest.raises(RateLimitedError) as caught:
                await client.get("/phone_numbers")
            with pytest.raises(RateLimitedError):
                await client.get("/phone_numbers")
            return caught.value, len(server.calls), clock.time

    error, calls, seconds = run(go())
    assert "wait until 2026-07-01 14:07:17 UTC (437 s); --max-wait is 300 s" in str(error)
    assert error.gave_up
    assert not error.retryable
    assert calls == 1
    assert seconds < 1


def test_429_again_and_again_ends_when_all_pauses_together_pass_max_wait() -> None:
    async def go() -> tuple[int, float]:
        clock = FakeClock(real_pause=0.002)
        busy = saying(reply(status="429 Too Many", retry_after="60"))
        async with serving(busy) as server, reader(server.endpoint, clock) as client:
            with pytest.raises(RateLimitedError, match="--max-wait is 300 s"):
                await client.get("/phone_numbers")
            return len(server.calls), clock.time

    calls, seconds = run(go())
    assert calls == 6
    assert 300 <= seconds < 301


def test_503_with_retry_after_holds_every_call_back() -> None:
    busy = reply(status="503 Busy", retry_after="11")
    assert 11 <= reads(saying(busy, reply()))[2].time < 13


@pytest.mark.parametrize("value", ["-5", "NaN", "1e308", "junk", "Wed, 01 Jul 1970 00:00:00 GMT"])
def test_a_header_that_is_negative_nan_or_past_is_ignored(value: str) -> None:
    busy = reply(status="429 Too Many", retry_after=value, x_ratelimit_reset=value)
    assert 1 <= reads(saying(busy, reply()))[2].time <= 2


def test_a_connection_refused_before_a_byte_was_sent_is_a_safe_retry_for_a_read() -> None:
    async def go() -> float:
        clock = FakeClock(real_pause=0.002)
        endpoint = Endpoint(f"http://127.0.0.1:{free_port()}/v2", KEY)
        async with reader(endpoint, clock) as client:
            with pytest.raises(ConnectError):
                await client.get("/phone_numbers")
            assert client.reads == 6
        return clock.time

    assert run(go()) > 0


def test_waiting_for_a_server_that_fails_stays_within_max_wait() -> None:
    async def go() -> tuple[int, float]:
        clock = FakeClock(real_pause=0.002)
        limits = Limits(max_wait_seconds=0.001)
        async with (
            serving(saying(BROKEN)) as server,
            reader(server.endpoint, clock, limits) as client,
        ):
            with pytest.raises(UnavailableError):
                await client.get("/phone_numbers")
            return client.reads, clock.time

    assert run(go()) == (1, 0)


def test_verify_ownership_is_the_one_post_that_reads() -> None:
    async def go() -> Call:
        async with (
            serving(saying(reply())) as server,
            reader(server.endpoint, FakeClock(real_pause=0.002)) as client,
        ):
            await client.verify_ownership(["+13125550001"], dict)
            await client.verify_ownership(["+13125550001"] * 1000, dict)
            for wrong in ([], ["+1"] * 1001):
                with pytest.raises(ValueError, match="1 to 1000"):
                    await client.verify_ownership(wrong, dict)
            return server.calls[0]

    call = run(go())
    assert (call.method, call.target) == ("POST", "/v2/phone_numbers/actions/verify_ownership")
    assert call.body == b'{"phone_numbers":["+13125550001"]}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/phone_numbers/jobs/update_phone_numbers"),
        ("POST", "/phone_numbers/actions/verify_ownership/x"),
        ("POST", "/messaging_numbers_bulk_updates"),
        ("PATCH", "/phone_numbers/1"),
        ("PATCH", "/phone_numbers/actions/verify_ownership"),
        ("DELETE", "/phone_numbers/1"),
        ("PUT", "/phone_numbers/1"),
        ("HEAD", "/phone_numbers/1"),
    ],
)
def test_the_reading_client_cannot_write_even_by_mistake(method: str, path: str) -> None:
    async def go() -> int:
        sent = 0

        def respond(_request: httpx.Request) -> httpx.Response:
            nonlocal sent
            sent += 1
            return httpx.Response(200)

        guard = ReadOnlyTransport(mocked(respond), PLACE)
        async with http_to(PLACE, transport=guard) as http:
            with pytest.raises(WriteAttemptError, match="is not a read of this API"):
                await http.send(method, path)
        return sent

    assert run(go()) == 0


def _asking(method: str, url: str) -> Request:
    origin = "/".join(url.split("/")[:3])
    return Request(method, origin, url.removeprefix(origin), (), b"", 5.0)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v2/phone_numbers",
        "http://api.example/v2/phone_numbers",
        "https://api.example:8443/v2/phone_numbers",
    ],
)
def test_the_guard_lets_nothing_go_to_another_place(url: str) -> None:
    guard = ReadOnlyTransport(mocked(lambda _: httpx.Response(200)), PLACE)
    with pytest.raises(WriteAttemptError):
        run(guard.send(_asking("GET", url)))


def test_a_method_in_another_spelling_is_no_read() -> None:
    request = _asking("get", PLACE.url_for("/phone_numbers"))
    guard = ReadOnlyTransport(mocked(lambda _: httpx.Response(200)), PLACE)
    with pytest.raises(WriteAttemptError):
        run(guard.send(request))


def test_readers_and_writers_of_a_run_can_share_one_limiter() -> None:
    async def go() -> list[float]:
        clock, limits = FakeClock(), Limits()
        shared = Limiter(limits, clock, random.Random(1))
        answers = [httpx.Response(429, headers={"retry-after": "30"})]
        times: list[float] = []

        def respond(_request: httpx.Request) -> httpx.Response:
            times.append(clock.time)
            return answers.pop() if answers else httpx.Response(200, json={})

        async with (
            open_reader(PLACE, limits, clock, limiter=shared, transport=mocked(respond)) as one,
            open_reader(PLACE, limits, clock, limiter=shared, transport=mocked(respond)) as two,
        ):
            await asyncio.gather(one.get("/phone_numbers"), two.get("/phone_numbers"))
        return times

    first, second, third = run(go())
    assert (first, 30 <= second < third < 31) == (0, True)  # the pause of one holds the other
