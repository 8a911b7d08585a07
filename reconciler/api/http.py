"""One HTTP call, done safely: one attempt, one deadline, a bounded answer, an error of the tree."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from reconciler import __version__
from reconciler.api.clock import Clock
from reconciler.api.failures import drips, network_error, status_error
from reconciler.api.headers import retry_after
from reconciler.api.limiter import Limiter, Slot
from reconciler.api.message import LineError, Reply, Request, Transport
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.transport import open_transport, way_to
from reconciler.core.text import Redactor
from reconciler.errors import ApiError, UnavailableError

T = TypeVar("T")

Value = str | int | float | bool | None
Params = Mapping[str, Value] | Sequence[tuple[str, Value]]
Body = Mapping[str, object] | bytes

_MOST_OF_AN_ERROR = 1024 * 1024
_SECONDS_FOR_AN_ERROR = 5.0
# Before the call's own deadline: what the status tells must not be lost to it on a busy machine.
_SECONDS_TO_TELL_IT = 0.1
_QUOTED_VALUE = re.compile(r"(Invalid \w+ value) .*?( - at `|$)", re.DOTALL)
_PLAIN = frozenset({"", "identity"})
_GZIP = "gzip"
# A connection that takes long counts as none made: well below the deadline of the whole call.
_CONNECT_SECONDS = 10.0
_WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer, whole.

    `body` as it came, decompressed; it can hold PINs, so it is in no `repr`. `request_id` is
    `x-request-id`, neutral, "" without one. `call` is the method and path: `GET /phone_numbers`.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str
    call: str
    shown_kind: str = ""
    """The content type as it may be shown."""

    @property
    def is_json(self) -> bool:
        """Whether the content type says JSON."""
        return self.kind == "application/json" or self.kind.endswith("+json")

    @property
    def kind(self) -> str:
        """The content type without its parameters, in lower case; "" without one."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


class Http:
    """One client for a run, to one endpoint; `async with Http(...) as http`.

    `transport` stands in for the network (the guard of the read client, a test). `attempts`
    counts the calls that passed the limiter, whatever became of them. `secrets`, and the key, are
    taken out of every error.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limits: Limits,
        clock: Clock,
        limiter: Limiter,
        transport: Transport | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.attempts = 0
        self.redactor = Redactor((endpoint.api_key, *secrets))
        self._endpoint = endpoint
        self._way = way_to(endpoint)
        self.limiter = limiter
        self._transport = transport
        self._open: Transport | None = None
        self._origin = endpoint.origin
        self._headers = (
            ("host", urlsplit(endpoint.base_url).netloc),
            ("accept", "application/json"),
            ("accept-encoding", "gzip"),
            ("authorization", f"Bearer {endpoint.api_key}"),
            ("user-agent", f"telnyx-reconciler/{__version__}"),
        )

    async def __aenter__(self) -> Self:
        self._open = self._transport or open_transport(self._endpoint)
        return self

    async def __aexit__(self, *_: object) -> None:
        transport, self._open = self._open, None
        if transport is not None:
            await transport.aclose()

    async def send(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Body | None = None,
        *,
        patience: float | None = None,
    ) -> Answer:
        """Send once and give the 2xx answer; no retry, no redirect.

        `path` starts with `/`, its ids through `settings.segment`; `body` is sent as JSON (bytes
        as they are); `patience` as for `Limiter.slot`. Raises an ApiError: RateLimitedError for a
        429 (with its pause, which holds for all), ConnectError and FatalNetworkError with status
        0 when nothing was sent, UnavailableError when the answer was lost, cut or not usable.
        """
        request = self._request(method, path, params, body)
        call = f"{method} {path}"
        async with self.limiter.slot(call, patience) as slot:
            self.attempts += 1
            outcome = await self._attempt(request, call, slot)
        # Raised out here, the error has no context: that would hold the request and the key.
        if isinstance(outcome, ApiError):
            raise outcome
        return outcome

    def _request(self, method: str, path: str, params: Params | None, body: Body | None) -> Request:
        target = self._endpoint.target_of(path)
        if params:
            target += f"?{urlencode(_pairs(params))}"
        content = b""
        headers: tuple[tuple[str, str], ...] = self._headers
        if body is not None:
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
            headers = (*headers, ("content-type", "application/json"))
        if content or method in _WITH_A_BODY:
            headers = (*headers, ("content-length", str(len(content))))
        connect = min(_CONNECT_SECONDS, self.limits.call_timeout_seconds / 2)
        return Request(method, self._origin, target, headers, content, connect)

    async def _attempt(self, request: Request, call: str, slot: Slot) -> Answer | ApiError:
        if self._open is None:
            raise RuntimeError("an Http is used inside `async with`")
        seconds, trickle = self.limits.call_timeout_seconds, _Trickle()
        try:
            async with asyncio.timeout(seconds) as deadline:
                reply = await self._open.send(request)
                try:
                    return await self._take(reply, call, slot, deadline.when(), trickle)
                finally:
                    await reply.aclose()
        # OSError: what the TLS layer raises while reading reaches here as it is.
        except (LineError, OSError) as failure:
            if isinstance(failure, TimeoutError) and trickle.runs(seconds / 2):
                return drips(call, self._way, seconds)
            return network_error(failure, call, self._way, self.redactor)

    async def _take(
        self,
        reply: Reply,
        call: str,
        slot: Slot,
        due: float | None,
        trickle: _Trickle,
    ) -> Answer | ApiError:
        status, headers = reply.status, reply.headers
        wait = self.limiter.answered(slot, status, headers)
        if status == 503:
            after = retry_after(
                headers.get("retry-after", ""), headers.get("date", ""), self.clock.now()
            )
            if after:
                self.limiter.pause(after)
        if not 200 <= status < 300:
            body = await self._read_error(reply, due)
            return status_error(
                call,
                status,
                headers,
                body,
                self.redactor,
                self._endpoint.host,
                wait_seconds=wait,
                key_name=self._endpoint.key_name,
            )
        request_id = self.redactor.clean(headers.get("x-request-id", ""), 80)
        body, whole = await _read(reply, self.limits.max_body_bytes, trickle)
        if not whole:
            most = self.limits.max_body_bytes // 1024
            reason = f"the answer is over {most} KiB, or packed in a way that was not asked for"
            return UnavailableError(call, reason, status=status, request_id=request_id)
        kind = self.redactor.clean(headers.get("content-type", "").partition(";")[0], 80)
        return Answer(status, headers, body, request_id, call, kind)

    async def _read_error(self, reply: Reply, due: float | None) -> bytes:
        """The body of a refusal: the status is known, so a broken or slow body changes nothing."""
        until = asyncio.get_running_loop().time() + _SECONDS_FOR_AN_ERROR
        if due is not None:
            until = min(until, due - _SECONDS_TO_TELL_IT)
        try:
            async with asyncio.timeout_at(until):
                body, whole = await _read(reply, _MOST_OF_AN_ERROR, _Trickle())
                return body if whole else b""
        except (LineError, OSError):
            return b""


class _Trickle:
    """When a part of a body last came: one that drips is told from one that has stopped."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: float | None = None

    def came(self) -> None:
        """A part came now."""
        self._last = asyncio.get_running_loop().time()

    def runs(self, seconds: float) -> bool:
        """Whether a part came within the last `seconds`."""
        now = asyncio.get_running_loop().time()
        return self._last is not None and now - self._last < seconds


async def _read(reply: Reply, most: int, trickle: _Trickle) -> tuple[bytes, bool]:
    """The body, decompressed, and whether it is whole: reading stops once `most` is passed."""
    coding = reply.headers.get("content-encoding", "").strip().lower()
    if coding not in _PLAIN and coding != _GZIP:
        return b"", False
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress if coding == _GZIP else None
    body = bytearray()
    while part := await reply.part():
        trickle.came()
        try:
            # A few bytes can unfold into gigabytes: no more of them than shows that it is too much.
            body += unpack(part, most - len(body) + 1) if unpack else part
        except zlib.error as error:
            raise LineError(f"what it sent cannot be unpacked: {error}") from error
        if len(body) > most:
            return b"", False
    return bytes(body), True


def _pairs(params: Params) -> list[tuple[str, str]]:
    pairs = params.items() if isinstance(params, Mapping) else params
    return [(name, _in_a_query(value)) for name, value in pairs]


def _in_a_query(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def decode(answer: Answer, kind: type[T]) -> T:
    """The body as `kind`, by msgspec. Raises UnavailableError for anything but such JSON."""
    reason = _not_json(answer)
    if not reason:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.ValidationError as error:
            # An unknown enum value is quoted in the text: it could be anything, so it goes.
            said = _QUOTED_VALUE.sub(r"\1\2", str(error))
            reason = f"answered with JSON of another shape: {Redactor(()).clean(said, 200)}"
        except (msgspec.DecodeError, ValueError):
            reason = "answered with JSON that is broken or cut short"
        except RecursionError:
            reason = "answered with JSON that is nested too deep"
    raise UnavailableError(answer.call, reason, status=answer.status, request_id=answer.request_id)


def _not_json(answer: Answer) -> str:
    if answer.is_json:
        return ""
    shown = answer.shown_kind or "no content type"
    return f"answered with {shown} instead of JSON: is there a captive portal or proxy between?"
