"""Servers that allow R calls a second, the headers they may send, and the pace replayed alone.

The replay is events in virtual time, without an event loop: an hour at 5 a second takes moments.
`tests.api.senders` has the real code make the same calls.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Protocol

from reconciler.api.headers import hint_from
from reconciler.api.pace import Pace

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)

_SEND, _ARRIVE, _ANSWER = 0, 1, 2


class Server(Protocol):
    """Decides on each call at the moment it arrives; moments never go back."""

    @property
    def allowed(self) -> int:
        """Calls a second."""

    def admits(self, now: float) -> bool:
        """Whether a call that arrives now is answered, and not refused."""

    @property
    def remaining(self) -> int:
        """Calls that would be admitted at the moment of the last one."""


@dataclass
class FixedWindows:
    """Counts calls in windows of a second that start at `phase`."""

    allowed: int
    phase: float = 0.37
    window: int = -1
    count: int = 0

    def admits(self, now: float) -> bool:
        window = int(now - self.phase + 1)
        if window != self.window:
            self.window, self.count = window, 0
        self.count += 1
        return self.count <= self.allowed

    @property
    def remaining(self) -> int:
        return max(self.allowed - self.count, 0)


@dataclass
class SlidingWindow:
    """Admits a call when fewer than `allowed` were admitted in the second before it."""

    allowed: int
    admitted: deque[float] = field(default_factory=deque)

    def admits(self, now: float) -> bool:
        while self.admitted and self.admitted[0] <= now - 1.0:
            self.admitted.popleft()
        if len(self.admitted) >= self.allowed:
            return False
        self.admitted.append(now)
        return True

    @property
    def remaining(self) -> int:
        return self.allowed - len(self.admitted)


@dataclass
class Bucket:
    """A token bucket that fills at `allowed` a second."""

    allowed: int
    capacity: float
    tokens: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    def admits(self, now: float) -> bool:
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.allowed)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    @property
    def remaining(self) -> int:
        return int(self.tokens)


@dataclass
class Shared:
    """A server of whose calls a stranger takes `share`, evenly; with `spell` only every other so
    many seconds."""

    server: Server
    share: float
    spell: float = 0.0
    strangers: int = 0
    at: float = 0.0

    @property
    def allowed(self) -> int:
        return self.server.allowed

    @property
    def remaining(self) -> int:
        return self.server.remaining

    def admits(self, now: float) -> bool:
        between = 1.0 / (self.share * self.server.allowed)
        while self.at + between <= now:
            self.at += between
            if not self.spell or int(self.at / self.spell) % 2 == 0:
                self.strangers += self.server.admits(self.at)
        return self.server.admits(now)


Headers = Callable[[Server, bool, float], dict[str, str]]
"""What a server says with an answer: admitted or not, at this moment."""


def silent(_server: Server, _admitted: bool, _now: float) -> dict[str, str]:
    return {}


def telling(server: Server, _admitted: bool, _now: float) -> dict[str, str]:
    """As the API was seen to: the window with the limit, the reset in seconds."""
    return {
        "x-ratelimit-limit": f"{server.allowed}, {server.allowed};w=1",
        "x-ratelimit-remaining": str(server.remaining),
        "x-ratelimit-reset": "1",
    }


def telling_the_hour(server: Server, _admitted: bool, now: float) -> dict[str, str]:
    """The limit alone, and the reset as seconds since 1970, as many servers have it."""
    return {
        "x-ratelimit-limit": str(server.allowed),
        "x-ratelimit-remaining": str(server.remaining),
        "x-ratelimit-reset": str(ceil(NOW.timestamp() + now + 0.001)),
    }


def telling_when_refused(server: Server, admitted: bool, now: float) -> dict[str, str]:
    return {} if admitted else telling(server, admitted, now)


def retry_after_only(_server: Server, admitted: bool, _now: float) -> dict[str, str]:
    return {} if admitted else {"retry-after": "1"}


def retry_at_only(_server: Server, admitted: bool, now: float) -> dict[str, str]:
    """An HTTP date, of whole seconds as these are, and the date it is."""
    if admitted:
        return {}
    here = NOW + timedelta(seconds=int(now))
    return {
        "date": format_datetime(here, usegmt=True),
        "retry-after": format_datetime(here + timedelta(seconds=1), usegmt=True),
    }


@dataclass
class Measured:
    """Calls after the first minute, by their answer, and what the stranger got meanwhile."""

    seconds: float
    answered: int = 0
    refused: int = 0
    strangers: int = 0

    def count(self, admitted: bool) -> None:
        """One more call."""
        self.answered += admitted
        self.refused += not admitted

    @property
    def per_second(self) -> float:
        """Calls a second that were answered, those of a stranger included."""
        return (self.answered + self.strangers) / self.seconds

    @property
    def refused_share(self) -> float:
        """Of our own calls."""
        return self.refused / max(self.answered + self.refused, 1)


def replay(
    server: Server,
    headers: Headers,
    *,
    seconds: float = 120.0,
    seed: int = 0,
    latency: tuple[float, float] = (0.02, 0.05),
    warm_up: float = 60.0,
) -> Measured:
    """Run a client that always has a call to make; each way takes `latency` seconds, uniform."""
    rng = random.Random(seed)
    pace = Pace(5.0, 8, random.Random(seed + 1))
    events: list[tuple[float, int, float, dict[str, str], bool]] = [(0.0, _SEND, 0.0, {}, True)]
    in_flight = 0
    measured, strangers = Measured(seconds - warm_up), 0
    waiting = False
    while events:
        now, what, sent_at, told, good = heapq.heappop(events)
        if now > seconds:
            break
        if what == _SEND:
            delay = pace.wait(now)
            if delay > 0:
                heapq.heappush(events, (now + delay, _SEND, 0.0, {}, True))
            elif in_flight >= pace.room():
                waiting = True
            else:
                pace.sent(now)
                in_flight += 1
                heapq.heappush(events, (now + rng.uniform(*latency), _ARRIVE, now, {}, True))
                heapq.heappush(events, (now + pace.wait(now), _SEND, 0.0, {}, True))
        elif what == _ARRIVE:
            good = server.admits(now)
            back = now + rng.uniform(*latency)
            heapq.heappush(events, (back, _ANSWER, sent_at, headers(server, good, now), good))
        else:
            in_flight -= 1
            hint = hint_from(told, NOW + timedelta(seconds=now))
            (pace.answered if good else pace.refused)(now, sent_at, hint)
            if isinstance(server, Shared):
                strangers = server.strangers if now < warm_up else strangers
                measured.strangers = server.strangers - strangers
            if now >= warm_up:
                measured.count(good)
            if waiting:
                waiting = False
                heapq.heappush(events, (now, _SEND, 0.0, {}, True))
    return measured
