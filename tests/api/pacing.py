"""A server that allows R calls a second and a client that wants as many as it can get, replayed.

Events in virtual time, no event loop: an hour at 5 a second takes moments.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.api.headers import hint_from
from reconciler.api.pace import Pace

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)

_SEND, _ARRIVE, _ANSWER = 0, 1, 2


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


Server = FixedWindows | Bucket
Headers = Callable[[Server, bool], dict[str, str]]


def silent(_server: Server, _admitted: bool) -> dict[str, str]:
    return {}


def telling(server: Server, _admitted: bool) -> dict[str, str]:
    return {
        "x-ratelimit-limit": f"{server.allowed}, {server.allowed};w=1",
        "x-ratelimit-remaining": str(server.remaining),
        "x-ratelimit-reset": "1",
    }


def retry_after_only(_server: Server, admitted: bool) -> dict[str, str]:
    return {} if admitted else {"retry-after": "1"}


@dataclass(frozen=True)
class Measured:
    """Calls after the first minute, by their answer, and the rate reached."""

    answered: int
    refused: int
    per_second: float

    @property
    def refused_share(self) -> float:
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
    in_flight = answered = refused = 0
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
            heapq.heappush(events, (back, _ANSWER, sent_at, headers(server, good), good))
        else:
            in_flight -= 1
            hint = hint_from(told, NOW)
            (pace.answered if good else pace.refused)(now, sent_at, hint)
            if now >= warm_up:
                answered, refused = answered + good, refused + (not good)
            if waiting:
                waiting = False
                heapq.heappush(events, (now, _SEND, 0.0, {}, True))
    return Measured(answered, refused, answered / (seconds - warm_up))
