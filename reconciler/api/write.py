"""Writing: sent once, and what became of it told in one of four ways, never guessed."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from reconciler.api.clock import Clock
from reconciler.api.http import Answer, Body, Http, Params
from reconciler.api.limiter import Limiter
from reconciler.api.message import Transport
from reconciler.api.retry import backoff
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.transport import open_transport
from reconciler.errors import (
    ApiError,
    ConnectError,
    FatalNetworkError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)

_METHODS = frozenset({"PATCH", "POST", "DELETE"})
_CONNECT_TRIES = 4
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Answered:
    """2xx with JSON, or 204: the API took the request."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite 4xx: nothing was written. KeyRefusedError and ForbiddenError end all writing."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was written: no connection, or 429 for longer than the user waits."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been written or not: the answer was lost, cut, or not the API's."""

    error: ApiError


Sent = Answered | Refused | NotSent | Unknown


class WriteClient:
    """PATCH, POST and DELETE. Made by `open_writer`."""

    def __init__(self, http: Http, rng: random.Random | None = None) -> None:
        self._http = http
        self._rng = rng or random.SystemRandom()

    @property
    def writes(self) -> int:
        """Calls made so far; those answered 429 or without a connection count too."""
        return self._http.attempts

    async def send_once(
        self, method: str, path: str, body: Body | None, query: Params | None = None
    ) -> Sent:
        """Send one write; it reaches the API's logic at most once.

        Sent again only where it surely was not carried out: after 429 or 10036 (the number is
        being processed), within max_wait, and after a connection that was never made, up to four
        tries. A connection that broke, even one kept
        alive and closed by the server while idle, may have carried the request: Unknown.
        """
        if method not in _METHODS:
            raise ValueError(f"not a write: {method}")
        longest = self._http.limits.max_wait_seconds
        waited, pause, failures = 0.0, 0.0, 0
        while True:
            patience = longest - waited
            try:
                answer = await self._http.send(method, path, query, body, patience=patience)
            except RateLimitedError as error:
                if error.gave_up:
                    return NotSent(error)
                waited, pause = waited + pause, error.wait_seconds
                continue
            except ConnectError as error:
                failures += 1
                delay = backoff(failures, self._rng)
                waited, pause = waited + pause + delay, 0.0
                if failures >= _CONNECT_TRIES or waited > longest:
                    return NotSent(error)
            except RejectedError as error:
                failures += 1
                delay = backoff(failures, self._rng)
                waited, pause = waited + pause + delay, 0.0
                if not error.retryable or waited > longest:
                    return Refused(error)
            except ApiError as error:
                return _failed(error)
            else:
                return _settled(answer)
            await self._http.clock.sleep(delay)


def _failed(error: ApiError) -> Sent:
    if isinstance(error, UnavailableError):
        return Unknown(error)
    if isinstance(error, FatalNetworkError):
        return Unknown(error) if error.status else NotSent(error)
    return Refused(error)


def _settled(answer: Answer) -> Sent:
    """A 2xx counts as the API's own only when it is whole JSON, or 204 with nothing."""
    if answer.status == _NO_CONTENT and not answer.body:
        return Answered(answer)
    reason = "" if answer.is_json else "the answer is not JSON"
    if not reason:
        try:
            msgspec.json.decode(answer.body, type=msgspec.Raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            reason = "the answer is JSON that is broken or cut short"
    if not reason:
        return Answered(answer)
    return Unknown(
        UnavailableError(
            answer.call,
            f"{answer.status}, but {reason}: whether it was written is not known",
            status=answer.status,
            request_id=answer.request_id,
        )
    )


@asynccontextmanager
async def open_writer(
    endpoint: Endpoint,
    limits: Limits,
    clock: Clock,
    *,
    limiter: Limiter,
    transport: Transport | None = None,
    rng: random.Random | None = None,
    secrets: Iterable[str] = (),
) -> AsyncIterator[WriteClient]:
    """A WriteClient on connections of its own, held to the limiter that the run shares; no error
    of it holds one of `secrets`."""
    way = transport or open_transport(endpoint, writes=True)
    async with Http(endpoint, limits, clock, limiter, way, secrets) as http:
        yield WriteClient(http, rng)
