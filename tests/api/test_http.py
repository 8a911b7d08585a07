"""One attempt: what each answer, and each way of not answering, becomes."""

from __future__ import annotations

import asyncio
import gzip
import traceback

import msgspec
import pytest

from reconciler import __version__
from reconciler.api.http import Answer, decode
from reconciler.api.settings import Endpoint, Limits
from reconciler.errors import (
    ApiError,
    ConnectError,
    FatalNetworkError,
    ForbiddenError,
    KeyRefusedError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from tests.api.support import (
    KEY,
    Behave,
    Call,
    free_port,
    http_to,
    reply,
    run,
    saying,
    serving,
)

QUICK = Limits(call_timeout_seconds=0.25)


def get(behave: Behave, limits: Limits | None = None) -> Answer:
    """The answer to one GET of /phone_numbers, or the error it raises."""

    async def go() -> Answer:
        async with serving(behave) as server, http_to(server.endpoint, limits) as http:
            return await http.send("GET", "/phone_numbers")

    return run(go())


def failing(behave: Behave, limits: Limits | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        get(behave, limits)
    assert caught.value.__context__ is None, "the context could hold the request, and the key in it"
    assert caught.value.__cause__ is None
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_call_says_who_it_is_and_carries_the_key_and_its_parameters() -> None:
    async def go() -> tuple[Answer, Call]:
        async with serving(saying(reply(x_request_id="r-1"))) as server:
            async with http_to(server.endpoint) as http:
                answer = await http.send("GET", "/phone_numbers", {"page[size]": 250, "a": True})
            return answer, server.calls[0]

    answer, call = run(go())
    assert call.target == "/v2/phone_numbers?page%5Bsize%5D=250&a=true"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["user-agent"] == f"telnyx-reconciler/{__version__}"
    assert call.headers["accept"] == "application/json"
    assert (answer.status, answer.body, answer.request_id) == (200, b"{}", "r-1")
    assert answer.call == "GET /phone_numbers"
    assert "r-1" in repr(answer)
    assert "b'{}'" not in repr(answer), "a body can hold a PIN"


def test_a_body_is_sent_as_json_and_bytes_as_they_are() -> None:
    async def go() -> list[Call]:
        async with serving(saying(reply())) as server, http_to(server.endpoint) as http:
            await http.send("PATCH", "/phone_numbers/1", body={"tags": ["a"]})
            await http.send("PATCH", "/phone_numbers/1", body=b'{"tags":  []}')
            return server.calls

    first, second = run(go())
    assert first.body == b'{"tags":["a"]}'
    assert second.body == b'{"tags":  []}'
    assert {first.headers["content-type"], second.headers["content-type"]} == {"application/json"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", RejectedError),
        ("401 Unauthorized", KeyRefusedError),
        ("403 Forbidden", ForbiddenError),
        ("404 Not Found", NotFoundError),
        ("408 Request Timeout", UnavailableError),
        ("409 Conflict", RejectedError),
        ("418 Teapot", RejectedError),
        ("422 Unprocessable", RejectedError),
        ("429 Too Many", RateLimitedError),
        ("500 Oops", UnavailableError),
        ("503 Busy", UnavailableError),
    ],
)
def test_each_status_has_its_error_and_a_broken_body_does_not_change_it(
    status: str, kind: type[ApiError]
) -> None:
    body = b'{"errors":[{"code":"10015","title":"Bad","detail":"No","source":{"pointer":"/base"}}]}'
    whole = failing(saying(reply(body, status=status, x_request_id="r-2")))
    assert type(whole) is kind
    assert whole.status == int(status[:3])
    assert "10015 Bad: No at /base" in str(whole)
    assert "(x-request-id r-2)" in str(whole)
    cut = failing(saying(reply(body[:20], status=status, length=500)))
    assert type(cut) is kind


def test_a_refusal_whose_body_never_ends_is_still_that_refusal() -> None:
    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"{", status="422 No", length=100))
        await writer.drain()
        await asyncio.sleep(5)

    assert type(failing(behave, QUICK)) is RejectedError


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ('{"code":10036,"title":"Busy","source":"/x"}', "10036 Busy at /x"),
        ('{"code":"1","source":{"parameter":"page[size]"}}', "1 no detail given at page[size]"),
        ('{"code":1.5,"title":"T","detail":"T"}', "1.5 T"),
        ('"only text"', "error only text"),
        ('{"code":true,"title":["x"],"detail":{},"source":[]}', "error no detail given"),
        ("null", "422: the request was refused"),
        ("17", "422: the request was refused"),
    ],
)
def test_odd_errors_are_read_as_far_as_they_go(entry: str, text: str) -> None:
    body = f'{{"errors":[{entry}]}}'.encode()
    assert text in str(failing(saying(reply(body, status="422 No"))))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"17",
        b'{"errors":7}',
        b'{"errors":',
        b"\xff\xfe",
        b"[" * 100_000,
        b"NaN",
    ],
)
def test_an_error_body_that_is_no_error_document_is_passed_over(body: bytes) -> None:
    error = failing(saying(reply(body, status="422 No")))
    assert type(error) is RejectedError
    assert error.items == ()


def test_code_10036_being_processed_is_retryable_and_other_refusals_are_not() -> None:
    def refusal(code: str) -> ApiError:
        return failing(saying(reply(f'{{"errors":[{{"code":{code}}}]}}'.encode(), status="422 No")))

    assert refusal('"10036"').retryable
    assert refusal("10036").retryable
    assert not refusal('"10015"').retryable


def test_a_key_echoed_in_an_error_is_redacted_and_its_controls_are_neutral() -> None:
    echoed = (
        f'{{"errors":[{{"code":"{KEY}","title":"\\u001b[31mBad {KEY}",'
        f'"detail":"Bearer abc.def \\u202e {{\\"external_pin\\": \\"4711\\"}}",'
        f'"source":{{"pointer":"/{KEY}"}}}}]}}'
    )
    error = failing(saying(reply(echoed.encode(), status="401 No", x_request_id=f"r {KEY}")))
    text = str(error) + repr(error) + repr(error.items) + repr(error.__dict__)
    assert KEY not in text
    assert "abc.def" not in text
    assert "4711" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mBad" in str(error)


def test_a_long_error_is_cut_and_many_are_counted() -> None:
    entries = [{"code": "1", "detail": "x" * 100_000} for _ in range(500)]
    long = failing(saying(reply(msgspec.json.encode({"errors": entries[:3]}), status="422 No")))
    assert len(str(long)) < 2_000
    many = [{"code": str(n)} for n in range(500)]
    counted = failing(saying(reply(msgspec.json.encode({"errors": many}), status="422 No")))
    assert len(counted.items) == 100
    assert "and 95 more" in str(counted)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temp", "308 Perm", "304 Same"])
def test_3xx_is_never_followed_and_the_error_names_the_host(status: str) -> None:
    async def go() -> tuple[ApiError, int]:
        async with serving(saying(reply())) as other:
            port = other.endpoint.base_url.split(":")[2]
            away = reply(status=status, location=f"http://localhost:{port}/{KEY}")
            async with serving(saying(away)) as server, http_to(server.endpoint) as http:
                with pytest.raises(FatalNetworkError) as caught:
                    await http.send("GET", "/phone_numbers")
            return caught.value, len(other.calls)

    error, followed = run(go())
    assert followed == 0
    assert "a redirect to localhost," in str(error)
    assert error.status == int(status[:3])
    assert KEY not in str(error)


@pytest.mark.parametrize("location", ["", "/elsewhere", "http://[", "\xe9\xe8", "//evil.example/x"])
def test_a_redirect_to_nowhere_in_particular_is_an_error_too(location: str) -> None:
    error = failing(saying(reply(status="302 Found", location=location)))
    assert type(error) is FatalNetworkError


def test_a_timeout_is_one_total_deadline() -> None:
    async def silent(_call: Call, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    error = failing(silent, QUICK)
    assert type(error) is UnavailableError
    assert "127.0.0.1 did not answer in time" in str(error)


def test_a_body_that_drips_is_cut_by_the_deadline() -> None:
    async def drip(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", length=10_000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    error = failing(drip, QUICK)
    assert type(error) is FatalNetworkError
    assert "the answer of 127.0.0.1 drips" in str(error)


def test_a_body_that_stops_is_a_lost_answer_and_does_not_drip() -> None:
    async def stop(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b" ", length=10_000))
        await writer.drain()
        await asyncio.sleep(5)

    assert type(failing(stop, QUICK)) is UnavailableError


def test_headers_that_drip_are_cut_by_the_deadline() -> None:
    async def drip(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x-a: b\r\n")
            await writer.drain()
            await asyncio.sleep(0.005)

    assert type(failing(drip, QUICK)) is UnavailableError


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-x\r\n\r\n",
        reply(b'{"data":', length=100),
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"da',
        reply(b"junk", content_encoding="gzip"),
        reply(gzip.compress(gzip.compress(b"{}")), content_encoding="gzip, gzip"),
        reply(b"{}", content_encoding="br"),
    ],
)
def test_a_connection_that_breaks_or_a_truncated_body_is_unavailable(said: bytes) -> None:
    assert type(failing(saying(said))) is UnavailableError


def test_a_reset_is_unavailable_not_a_failed_connection() -> None:
    async def reset(_call: Call, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.abort()

    assert type(failing(reset)) is UnavailableError


def test_a_body_of_gigabytes_is_cut_off_at_the_cap() -> None:
    written = 0

    async def flood(_call: Call, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(reply(b"", length=8 * 1024**3))
        while True:
            writer.write(b" " * 65_536)
            written += 65_536
            await writer.drain()

    error = failing(flood, Limits(max_body_bytes=1024 * 1024))
    assert "the answer is over 1024 KiB" in str(error)
    assert written < 32 * 1024 * 1024


def test_a_small_body_that_unpacks_to_more_than_the_cap_is_cut_off() -> None:
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    error = failing(
        saying(reply(bomb, content_encoding="gzip")), Limits(max_body_bytes=1024 * 1024)
    )
    assert "the answer is over 1024 KiB" in str(error)


def test_a_body_that_is_gzipped_is_unpacked() -> None:
    answer = get(saying(reply(gzip.compress(b'{"data":[]}'), content_encoding="gzip")))
    assert answer.body == b'{"data":[]}'


def test_a_connection_refused_before_a_byte_was_sent_is_a_connect_error() -> None:
    async def go() -> None:
        async with http_to(Endpoint(f"http://127.0.0.1:{free_port()}/v2", KEY)) as http:
            await http.send("GET", "/phone_numbers")

    with pytest.raises(ConnectError, match=r"no connection to 127\.0\.0\.1") as caught:
        run(go())
    assert caught.value.__context__ is None


def test_a_dns_failure_is_fatal_with_the_host_named() -> None:
    async def go() -> None:
        async with http_to(Endpoint("https://no-such-host.invalid/v2", KEY)) as http:
            await http.send("GET", "/phone_numbers")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            patch.delenv(name, raising=False)
        with pytest.raises(
            FatalNetworkError, match=r"the name no-such-host\.invalid was not found"
        ):
            run(go())


def test_a_path_that_leads_elsewhere_is_never_called() -> None:
    async def go(path: str) -> int:
        async with serving(saying(reply())) as server, http_to(server.endpoint) as http:
            with pytest.raises(ValueError, match="not a path"):
                await http.send("GET", path)
            return len(server.calls)

    for path in (
        "phone_numbers",
        "/a/../b",
        "/a//b",
        "/a?b=1",
        "/a#b",
        "//evil.example",
        "/a b",
        "",
    ):
        assert run(go(path)) == 0


def answer_of(body: bytes, kind: str = "application/json") -> Answer:
    return Answer(200, {"content-type": kind}, body, "r-3", "GET /phone_numbers")


class Row(msgspec.Struct):
    id: str


def test_decode_gives_the_type_asked_for_and_tolerates_extra_fields() -> None:
    assert decode(answer_of(b'{"id":"1","new":[1]}'), Row) == Row("1")
    assert decode(answer_of(b"{}", "application/vnd.api+json; charset=utf-8"), dict) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"id":NaN}',
        b'{"id":Infinity}',
        b'{"id":"\xff"}',
        b'{"id":1}',
        b"[]",
        b"{}{}",
        b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
)
def test_json_that_is_bad_deep_nan_or_of_another_shape_is_unavailable(body: bytes) -> None:
    with pytest.raises(UnavailableError):
        decode(answer_of(body), Row)


def test_deep_json_of_any_shape_does_not_crash() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(UnavailableError, match="nested too deep"):
        decode(answer_of(deep), list)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/plain", ""])
def test_200_with_html_is_an_error_never_an_empty_account(kind: str) -> None:
    answer = get(saying(reply(b"<html>Log in</html>", kind=kind)))
    with pytest.raises(UnavailableError, match="captive portal"):
        decode(answer, dict)


def test_a_refused_key_is_told_with_the_variable_to_check_and_never_shown() -> None:
    said = str(failing(saying(reply(b"", status="401 No"))))
    assert "(check TELNYX_API_KEY)" in said
    assert KEY not in said
