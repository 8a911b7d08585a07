"""When the next call may go: the adaptive pace, as a state machine without a clock. Pure.

Everything takes `now` in seconds of a monotonic clock, so that an hour of pacing can be replayed
in a moment. How the rate moves, in calls a second:

- It starts at the configured rate and grows with each answer while calls queue for their turn:
  fast where headers say that there is room, at 15 % a second where nothing is known.
- Headers that name a limit cap it at 92 %: the rest absorbs the jitter of the way there, which
  squeezes evenly spaced calls into one window of the server.
- A 429 is one shared pause and 0.9 of the rate at which it came. That rate becomes the ceiling:
  growth is fast up to 0.9 of it, then takes a minute for the next tenth, so that the search for
  room costs well under one call in a hundred. One that repeats soon after the pause halves.
- A tenth above the ceiling without a 429, the ceiling is forgotten: the server has more now.
"""

from __future__ import annotations

import math
import random

from reconciler.api.headers import NO_HINT, Hint

_HEADROOM = 0.92
_GROWTH_UNKNOWN = 0.15
_GROWTH_TOLD = 1.0
_BACK_OFF = 0.9
_PROBE_SECONDS = 60.0
_FORGET_CEILING = 1.1
_REPEATS_WITHIN = 5.0
_LONGEST_JITTER = 60.0
_SHORTEST_PAUSE = 0.25
# A waker that comes late may make up for this much, so coarse timers do not cost throughput.
_SLACK_SECONDS = 0.025
_MEASURED_OVER = 2.0
# However often a 429 repeats, pauses do the rest; only a header can ask for less than this.
_SLOWEST_AFTER_429 = 0.5
_SLOWEST = 0.05
# 1024 in flight at the usual concurrency: 2000 a second at a latency of half a second.
_MOST_IN_FLIGHT_FACTOR = 128
_AT_WORK_FACTOR = 4


class Pace:
    """The pace of one run, shared by all its workers."""

    __slots__ = (
        "_cap",
        "_ceiling",
        "_concurrency",
        "_cut_at",
        "_fastest",
        "_latency",
        "_measured",
        "_measured_at",
        "_most",
        "_next",
        "_queued",
        "_repeats",
        "_resume",
        "_rng",
        "_stalled_since",
        "_start",
        "rate",
    )

    def __init__(
        self, rate: float, concurrency: int, rng: random.Random, connections: float = math.inf
    ) -> None:
        """`connections`: calls in flight that this machine can hold, at least one."""
        self.rate = rate
        self._most = max(min(concurrency * _MOST_IN_FLIGHT_FACTOR, connections), 1)
        self._start = rate
        self._concurrency = concurrency
        self._rng = rng
        self._next = -math.inf
        self._resume = -math.inf
        self._cut_at = -math.inf
        self._ceiling = math.inf
        self._cap = math.inf
        self._queued = False
        self._repeats = 0
        self._stalled_since: float | None = None
        self._latency = 0.0
        self._fastest = math.inf
        self._measured = 0.0
        self._measured_at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next call may go; 0 when it may go now."""
        return max(self._next - now, self._resume - now, 0.0)

    def pause_left(self, now: float) -> float:
        """Seconds of the shared pause that are still to come."""
        return max(self._resume - now, 0.0)

    def stalled(self, now: float) -> float:
        """Seconds since the first 429 that no answer of another kind has followed."""
        return 0.0 if self._stalled_since is None else max(now - self._stalled_since, 0.0)

    def room(self) -> int:
        """Calls that may be in flight: `concurrency`, or more where the latency asks for it.

        At R calls a second and a latency of L seconds R x L calls are in flight at any time, so a
        fixed number would cap the rate. Half as many again leaves room for slow answers; 128
        times `concurrency` is the bound, and a concurrency of 1 is kept to the letter.
        """
        if self._concurrency == 1:
            return 1
        wanted = math.ceil(1.5 * self.rate * self._latency)
        return int(min(max(self._concurrency, wanted), self._most))

    def at_work(self) -> int:
        """Workers that keep so many calls in flight, each with one at a time: twice as many, so
        that there is always one whose turn is next. With a `concurrency` of 1 one alone."""
        if self._concurrency == 1:
            return 1
        return max(_AT_WORK_FACTOR * self._concurrency, 2 * self.room())

    def sent(self, now: float) -> None:
        """A call goes now: `wait(now)` was 0."""
        # Growth asks whether the pace is what holds calls back: one that came well after its
        # turn found no queue.
        self._queued = now - max(self._next, self._resume) <= _SLACK_SECONDS
        self._next = max(self._next, now - _SLACK_SECONDS) + 1.0 / self.rate
        gone = math.exp((self._measured_at - now) / _MEASURED_OVER)
        self._measured = self._measured * gone + 1.0 / _MEASURED_OVER
        self._measured_at = now

    def answered(self, now: float, sent_at: float, hint: Hint = NO_HINT) -> None:
        """An answer other than 429 came for a call sent at `sent_at`."""
        self._stalled_since = None
        latency = max(now - sent_at, 1e-4)
        # Measured against the fastest: answers that are slow because too much is in flight, here
        # or there, must not call for still more in flight.
        self._fastest = min(self._fastest * 1.01, latency)
        latency = min(latency, 10.0 * self._fastest)
        self._latency += (latency - self._latency) * (0.05 if self._latency else 1.0)
        self._follow(hint)
        if self._queued and sent_at > self._cut_at:
            self._grow(hint)

    def refused(self, now: float, sent_at: float, hint: Hint = NO_HINT) -> float:
        """A 429 came for a call sent at `sent_at`: seconds until calls go on."""
        if self._stalled_since is None:
            self._stalled_since = now
        self._follow(hint)
        if sent_at > self._cut_at:
            self._cut(now)
            pause = hint.pause or self._jitter()
        else:  # in flight when the pause began: the same event, told once more
            pause = hint.pause or 0.0
        self.pause(now, pause)
        return self.pause_left(now)

    def pause(self, now: float, seconds: float) -> None:
        """Nothing goes for `seconds` from now, unless a longer pause runs already."""
        self._resume = max(self._resume, now + max(seconds, _SHORTEST_PAUSE))

    def _jitter(self) -> float:
        # From one second, the window that servers count in, so the pause never ends within it.
        return self._rng.uniform(1.0, min(2.0 * 2.0**self._repeats, _LONGEST_JITTER))

    def _cut(self, now: float) -> None:
        repeated = now - max(self._resume, self._cut_at) < _REPEATS_WITHIN
        self._repeats = min(self._repeats + 1, 10) if repeated else 0
        came_at = self.rate
        if not self._queued:
            # Few calls were made, so the rate allowed says little: take what was really sent.
            came_at = min(came_at, max(self._measured, self._start))
        self._ceiling = came_at
        slowest = min(self._start, _SLOWEST_AFTER_429)
        self.rate = max(came_at * (0.5 if repeated else _BACK_OFF), slowest)
        self._cut_at = now

    def _follow(self, hint: Hint) -> None:
        if hint.rate is not None:
            self._cap = max(hint.rate * _HEADROOM, _SLOWEST)
            self.rate = min(self.rate, self._cap)

    def _grow(self, hint: Hint) -> None:
        if self.rate > self._ceiling * _FORGET_CEILING:
            self._ceiling = math.inf
        safe = self._ceiling * _BACK_OFF
        if self.rate >= safe:
            gain = self._ceiling * (1.0 - _BACK_OFF) / _PROBE_SECONDS / self.rate
            self.rate = min(self.rate + gain, self._cap)
        else:
            gain = _GROWTH_TOLD if hint.rate is not None and hint.trusted else _GROWTH_UNKNOWN
            self.rate = min(self.rate + gain, safe, self._cap)
