"""Reading: retried with patience, and unable to write by construction."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from reconciler.api.clock import Clock
from reconciler.api.http import Answer, Body, Http, Params, decode
from reconciler.api.limiter import Limiter
from reconciler.api.message import Transport
from reconciler.api.retry import RetryBudget, backoff
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.sockets import most_connections
from reconciler.api.transport import VERIFY_OWNERSHIP, ReadOnlyTransport, open_transport
from reconciler.core.text import Redactor
from reconciler.errors import RateLimitedError, UnavailableError

_TRIES = 6
MOST_TO_VERIFY = 1000

T = TypeVar("T")


class ReadClient:
    """GET, and the one POST that only asks. Made by `open_reader`, whose transport refuses more."""

    def __init__(self, http: Http, rng: random.Random | None = None) -> None:
        self._http = http
        self._rng = rng or random.SystemRandom()
        self._budget = RetryBudget()

    @property
    def redactor(self) -> Redactor:
        """Takes the key, and the secrets that are known, out of what an answer says."""
        return self._http.redactor

    @property
    def clock(self) -> Clock:
        """The clock of the run."""
        return self._http.clock

    @property
    def limiter(self) -> Limiter:
        """The pace that everything of a run shares."""
        return self._http.limiter

    @property
    def reads(self) -> int:
        """Calls made so far, every try counted."""
        return self._http.attempts

    async def get(self, path: str, params: Params | None = None) -> Answer:
        """One GET, retried: see `_ask`."""
        return await self._ask("GET", path, params, None, _as_it_is)

    async def read(self, path: str, kind: type[T], params: Params | None = None) -> T:
        """One GET decoded as `kind`; an answer that is no such JSON is retried like a lost one."""
        return await self.take(path, lambda answer: decode(answer, kind), params)

    async def read_once(self, path: str, kind: type[T], params: Params | None = None) -> T:
        """The same, tried again after a 429 only: for whoever will ask again before long."""
        return await self._ask("GET", path, params, None, lambda answer: decode(answer, kind), 1)

    async def take(self, path: str, take: Callable[[Answer], T], params: Params | None = None) -> T:
        """What `take` makes of one GET; where it raises UnavailableError, that is retried like a
        lost answer."""
        return await self._ask("GET", path, params, None, take)

    async def verify_ownership(self, phone_numbers: Sequence[str], kind: type[T]) -> T:
        """Which of the numbers (E.164, 1 to 1000) the account owns and may edit, as `kind`."""
        if not 1 <= len(phone_numbers) <= MOST_TO_VERIFY:
            raise ValueError(f"verify_ownership takes 1 to {MOST_TO_VERIFY} numbers")
        body = {"phone_numbers": list(phone_numbers)}
        return await self._ask(
            "POST", VERIFY_OWNERSHIP, None, body, lambda answer: decode(answer, kind)
        )

    async def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: Body | None,
        take: Callable[[Answer], T],
        tries: int = _TRIES,
    ) -> T:
        """Up to `tries` on what may pass, within the budget; 429 as long as max_wait lasts.

        All waiting of one call together stays within max_wait. Raises what the last try raised.
        """
        longest = self._http.limits.max_wait_seconds
        waited, pause, failures = 0.0, 0.0, 0
        self._budget.earn()
        while True:
            try:
                patience = longest - waited
                return take(await self._http.send(method, path, params, body, patience=patience))
            except RateLimitedError as error:
                if error.gave_up:
                    raise
                # This pause is yet to be waited: the limiter judges it against what is left.
                waited, pause = waited + pause, error.wait_seconds
                continue
            except UnavailableError:
                failures += 1
                delay = backoff(failures, self._rng)
                waited, pause = waited + pause + delay, 0.0
                if failures >= tries or waited > longest or not self._budget.spend():
                    raise
            await self._http.clock.sleep(delay)


def _as_it_is(answer: Answer) -> Answer:
    return answer


@asynccontextmanager
async def open_reader(
    endpoint: Endpoint,
    limits: Limits,
    clock: Clock,
    *,
    limiter: Limiter | None = None,
    transport: Transport | None = None,
    rng: random.Random | None = None,
    secrets: Iterable[str] = (),
) -> AsyncIterator[ReadClient]:
    """A ReadClient on connections of its own; `limiter` is the one that the run shares. No error
    of it holds one of `secrets`."""
    guard = ReadOnlyTransport(transport or open_transport(endpoint), endpoint)
    limiter = limiter or Limiter(limits, clock, rng, most_connections(limits.accounts))
    async with Http(endpoint, limits, clock, limiter, guard, secrets) as http:
        yield ReadClient(http, rng)
