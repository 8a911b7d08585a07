"""The writing client: sent once, and what became of it told in one of four ways."""

from __future__ import annotations

import asyncio
import random
import ssl

import httpx
import pytest

from reconciler.api.by_httpx import ByHttpx
from reconciler.api.limiter import Limiter
from reconciler.api.message import Transport
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.write import Answered, NotSent, Refused, Sent, Unknown, open_writer
from reconciler.errors import (
    ConnectError,
    FatalNetworkError,
    ForbiddenError,
    KeyRefusedError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from tests.api.support import (
    KEY,
    Behave,
    Call,
    FakeClock,
    free_port,
    reply,
    run,
    saying,
    serving,
)

JOB = "/phone_numbers/jobs/update_phone_numbers"


def write(behave: Behave, limits: Limits | None = None) -> tuple[Sent, int]:
    """What became of one POST, and how often it reached the server."""

    async def go() -> tuple[Sent, int]:
        async with serving(behave) as server:
            sent, _ = await to(server.endpoint, limits)
            return sent, len(server.calls)

    return run(go())


async def to(
    endpoint: Endpoint,
    limits: Limits | None = None,
    transport: Transport | None = None,
) -> tuple[Sent, int]:
    limits, clock = limits or Limits(), FakeClock(real_pause=0.002)
    limiter = Limiter(limits, clock, random.Random(1))
    async with open_writer(
        endpoint, limits, clock, limiter=limiter, transport=transport, rng=random.Random(1)
    ) as client:
        sent = await client.send_once("POST", JOB, {"phone_numbers": ["1"]})
        return sent, client.writes


def test_a_2xx_with_json_is_answered() -> None:
    sent, calls = write(saying(reply(b'{"data":{"id":"j"}}', status="202 Accepted")))
    assert isinstance(sent, Answered)
    assert (sent.answer.status, sent.answer.body, calls) == (202, b'{"data":{"id":"j"}}', 1)


def test_204_without_a_body_is_answered() -> None:
    sent, _ = write(saying(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert isinstance(sent, Answered)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 No", KeyRefusedError),
        ("403 No", ForbiddenError),
        ("422 No", RejectedError),
        ("409 No", RejectedError),
    ],
)
def test_a_definite_4xx_is_refused_and_not_sent_again(status: str, kind: type) -> None:
    body = b'{"errors":[{"code":"10015","title":"Bad Request"}]}'
    sent, calls = write(saying(reply(body, status=status), reply()))
    assert isinstance(sent, Refused)
    assert type(sent.error) is kind
    assert calls == 1


@pytest.mark.parametrize("status", ["409 No", "422 No"])
def test_a_number_that_is_being_processed_is_written_when_it_is_free(status: str) -> None:
    body = b'{"errors":[{"code":"10036","title":"Being processed"}]}'
    sent, calls = write(saying(reply(body, status=status), reply(b'{"data":{}}')))
    assert isinstance(sent, Answered)
    assert calls == 2


def test_a_number_that_is_being_processed_for_ever_is_refused_in_the_end() -> None:
    body = b'{"errors":[{"code":"10036","title":"Being processed"}]}'
    sent, calls = write(saying(*[reply(body, status="409 No")] * 50))
    assert isinstance(sent, Refused)
    assert calls < 50


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        reply(status="500 Oops"),
        reply(status="503 Busy"),
        reply(status="408 Slow"),
        reply(status="302 Away", location="http://localhost/"),
        reply(b'{"data":', length=90),
        reply(b'{"data":'),
        reply(b""),
        reply(b"<html>", kind="text/html"),
        reply(b"{}", kind=""),
        reply(b"[" * 10_000),
        reply(b" " * 4096),
    ],
)
def test_a_write_whose_answer_is_lost_or_not_the_apis_is_unknown_and_never_sent_again(
    answer: bytes,
) -> None:
    sent, calls = write(saying(answer, reply()), Limits(max_body_bytes=2048))
    assert isinstance(sent, Unknown), sent
    assert calls == 1


def test_5xx_timeout_reset_on_a_write_is_unknown() -> None:
    async def silent(_call: Call, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async def reset(_call: Call, writer: asyncio.StreamWriter) -> None:
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.abort()

    for behave in (silent, reset):
        sent, calls = write(behave, Limits(call_timeout_seconds=0.08))
        assert isinstance(sent, Unknown)
        assert type(sent.error) is UnavailableError
        assert calls == 1


def test_a_kept_connection_that_the_server_drops_on_the_next_call_is_unknown() -> None:
    async def go() -> tuple[Sent, Sent, int]:
        count = 0

        async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
            nonlocal count
            count += 1
            if count == 2:
                assert isinstance(writer.transport, asyncio.Transport)
                writer.transport.abort()
            else:
                writer.write(reply())

        limits, clock = Limits(), FakeClock(real_pause=0.002)
        limiter = Limiter(limits, clock, random.Random(1))
        async with (
            serving(behave, keep_alive=True) as server,
            open_writer(server.endpoint, limits, clock, limiter=limiter) as client,
        ):
            first = await client.send_once("PATCH", "/phone_numbers/1", {"tags": []})
            second = await client.send_once("PATCH", "/phone_numbers/1", {"tags": []})
            return first, second, len(server.calls)

    first, second, calls = run(go())
    assert isinstance(first, Answered)
    assert isinstance(second, Unknown)
    assert calls == 2


def test_connection_refused_before_a_byte_was_sent_is_retried_then_not_sent() -> None:
    sent, tries = run(to(Endpoint(f"http://127.0.0.1:{free_port()}/v2", KEY)))
    assert isinstance(sent, NotSent)
    assert type(sent.error) is ConnectError
    assert tries == 4


def test_connection_refused_once_is_a_safe_retry() -> None:
    failures = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")]
    calls = 0

    def respond(_request: httpx.Request) -> httpx.Response:
        nonlocal calls
        if failures:
            raise failures.pop()
        calls += 1
        return httpx.Response(200, json={})

    sent, tries = run(
        to(Endpoint("https://api.example/v2", KEY), None, ByHttpx(httpx.MockTransport(respond)))
    )
    assert isinstance(sent, Answered)
    assert (calls, tries) == (1, 3)


def test_each_further_try_of_a_write_is_waited_for() -> None:
    async def go() -> list[float]:
        def refuse(_request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        limits, clock = Limits(rate_per_second=1000), FakeClock()
        limiter = Limiter(limits, clock, random.Random(1))
        transport = ByHttpx(httpx.MockTransport(refuse))
        async with open_writer(
            Endpoint("https://api.example/v2", KEY),
            limits,
            clock,
            limiter=limiter,
            transport=transport,
            rng=random.Random(1),
        ) as client:
            assert isinstance(await client.send_once("POST", JOB, None), NotSent)
        return [each for each in clock.slept if each > 0.01]

    assert len(run(go())) == 3


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadError("x"),
        httpx.WriteError("x"),
        httpx.ReadTimeout("x"),
        httpx.WriteTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.CloseError("x"),
        ssl.SSLError("x"),
        ConnectionResetError("x"),
    ],
)
def test_any_other_break_of_a_write_is_unknown_and_not_sent_again(failure: Exception) -> None:
    tries = 0

    def respond(_request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        raise failure

    sent, _ = run(
        to(Endpoint("https://api.example/v2", KEY), None, ByHttpx(httpx.MockTransport(respond)))
    )
    assert isinstance(sent, Unknown)
    assert tries == 1


@pytest.mark.parametrize("failure", [ssl.SSLError("bad certificate"), OSError("refused")])
def test_a_failed_tls_check_is_fatal_and_not_sent(failure: OSError) -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no") from failure

    sent, tries = run(
        to(Endpoint("https://api.example/v2", KEY), None, ByHttpx(httpx.MockTransport(respond)))
    )
    assert isinstance(sent, NotSent)
    fatal = isinstance(failure, ssl.SSLError)
    assert type(sent.error) is (FatalNetworkError if fatal else ConnectError)
    assert tries == (1 if fatal else 4)
    assert "api.example" in str(sent.error)


def test_429_on_a_write_is_waited_out_and_sent_again() -> None:
    busy = reply(status="429 Too Many", retry_after="3")
    sent, calls = write(saying(busy, busy, reply()))
    assert isinstance(sent, Answered)
    assert calls == 3


def test_429_on_a_write_that_outlasts_max_wait_is_not_sent() -> None:
    sent, calls = write(saying(reply(status="429 Too Many", retry_after="9000")))
    assert isinstance(sent, NotSent)
    assert isinstance(sent.error, RateLimitedError)
    assert "--max-wait is 300 s" in str(sent.error)
    assert calls == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "post", "HEAD"])
def test_only_patch_post_and_delete_are_writes(method: str) -> None:
    async def go() -> None:
        limits, clock = Limits(), FakeClock()
        limiter = Limiter(limits, clock)
        place = Endpoint("https://api.example/v2", KEY)
        silent = ByHttpx(httpx.MockTransport(lambda _: httpx.Response(200)))
        async with open_writer(place, limits, clock, limiter=limiter, transport=silent) as client:
            with pytest.raises(ValueError, match="not a write"):
                await client.send_once(method, "/phone_numbers/1", None)

    run(go())


def test_delete_goes_without_a_body_and_a_query_can_be_given() -> None:
    async def go() -> Call:
        limits, clock = Limits(), FakeClock(real_pause=0.002)
        async with (
            serving(saying(reply())) as server,
            open_writer(server.endpoint, limits, clock, limiter=Limiter(limits, clock)) as client,
        ):
            await client.send_once("DELETE", "/phone_numbers/1", None, {"a": "b"})
            return server.calls[0]

    call = run(go())
    assert (call.method, call.target, call.body) == ("DELETE", "/v2/phone_numbers/1?a=b", b"")
    assert "content-type" not in call.headers
