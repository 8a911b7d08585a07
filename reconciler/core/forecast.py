"""What is left of an apply and how long it will take, learnt from the apply itself. Pure.

Everything takes `now` in seconds of a monotonic clock. What was never seen is not guessed: until
a few single calls were carried out, and a job has ended or said how long it takes, there is no
end to tell. How it is reckoned:

- Single calls: at the rate at which such operations were brought to their end lately, with the
  reads before each; pauses and refusals are in it as they are in the run.
- Jobs: as long as those took that have ended, so many side by side as may run. One that takes
  longer than they did may take a while yet: a quarter of its age.
- Both go on at the same time; then everything is read back, at the rate that the API lets calls go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from reconciler.core.eta import JOB_CALLS, calls_of, reads_after
from reconciler.core.plan import Plan

_LATELY = 20.0
"""Seconds over which what was seen of single calls loses weight."""
_FEW = 3
_SILENCE = 60.0
"""After so many seconds in which no single call came to its end, its rate is not known any more."""
_STILL = 0.25


@dataclass(frozen=True, slots=True)
class Share:
    """What one operation has a part in: about so many `calls`, its `numbers` (E.164)."""

    calls: float
    numbers: Sequence[str]
    in_background: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How an apply stands. `numbers_left` are those that an operation is left for, `calls_left`
    about so many reads and writes, `reading_back` the numbers that are being read back (0 before
    that), `seconds_left` None where it is not known."""

    operations: int
    operations_left: int
    numbers_left: int
    calls_left: int
    reading_back: int
    seconds_left: float | None

    @property
    def is_open(self) -> bool:
        """Whether something is left to be sent, waited for or read back."""
        return bool(self.operations_left or self.reading_back)


class Forecast:
    """One run of one plan. `after` are the calls that read everything back, `side_by_side` the
    jobs that may run at a time, `over` the operations that were at their end before it began."""

    def __init__(
        self, shares: Mapping[str, Share], after: int, side_by_side: int, over: int = 0
    ) -> None:
        self._open = dict(shares)
        self._operations = len(shares) + over
        self._after = after
        self._side_by_side = side_by_side
        self._numbers = Counter(_numbers_of(shares.values()))
        self._singles_left = sum(s.calls for s in shares.values() if not s.in_background)
        self._jobs_left = sum(s.in_background for s in shares.values())
        self._job_calls_left = sum(s.calls for s in shares.values() if s.in_background)
        self._sent_at: dict[str, float] = {}
        self._running: dict[str, float] = {}
        self._earlier: set[str] = set()
        self._durations: list[float] = []
        self._seen = _Lately()
        self._reading_back = 0
        self._reads_before = 0

    def sent(self, id_: str, now: float) -> None:
        """An operation is being sent."""
        self._sent_at.setdefault(id_, now)
        if not self._open[id_].in_background:
            self._seen.begin(now)

    def runs(self, id_: str, now: float, estimate: float) -> None:
        """A job was accepted, or found running; it says that it takes so many seconds, 0 where it
        does not."""
        if id_ not in self._sent_at:  # in an earlier run: how long it took will not be known
            self._earlier.add(id_)
            self._sent_at[id_] = now
        self._running[id_] = estimate

    def settled(self, id_: str, now: float) -> None:
        """An operation has come to its end, sent or not; one that was over before is passed by."""
        share = self._open.pop(id_, None)
        if share is None:
            return
        self._numbers.subtract(share.numbers)
        for number in share.numbers:
            if self._numbers[number] <= 0:
                del self._numbers[number]
        sent_at = self._sent_at.pop(id_, None)
        if share.in_background:
            self._jobs_left -= 1
            self._job_calls_left -= share.calls
            ran = self._running.pop(id_, None) is not None
            if ran and sent_at is not None and id_ not in self._earlier:
                self._durations.append(now - sent_at)
        else:
            self._singles_left -= share.calls
            if sent_at is not None:
                self._seen.came(now, share.calls)

    def reading_back(self, numbers: int, reads: int) -> None:
        """So many numbers are being read back from now on; so many reads were made before."""
        self._reading_back, self._reads_before = numbers, reads

    def standing(self, now: float, *, reads: int, rate: float) -> Standing:
        """How it stands after so many reads, at a `rate` at which the API lets calls go."""
        after = float(self._after)
        if self._reading_back:
            after = max(after - (reads - self._reads_before), 0.0)
        left = self._singles_left + self._job_calls_left + after
        return Standing(
            self._operations,
            len(self._open),
            len(self._numbers),
            max(round(left), 0),
            self._reading_back,
            self._seconds_left(now, after / rate),
        )

    def _seconds_left(self, now: float, reading: float) -> float | None:
        if self._reading_back:
            return reading or None  # all was read once: what does not show yet is waited for
        seconds = 0.0
        if any(not share.in_background for share in self._open.values()):
            rate = self._seen.rate(now)
            if rate is None:
                return None
            seconds = max(self._singles_left, 0.0) / rate
        if self._jobs_left:
            jobs = self._jobs_seconds(now)
            if jobs is None:
                return None
            seconds = max(seconds, jobs)
        return seconds + reading

    def _jobs_seconds(self, now: float) -> float | None:
        typical = self._typical()
        rests: list[float] = []
        for id_, estimate in self._running.items():
            expected = estimate or typical
            if expected is None:
                return None
            age = now - self._sent_at[id_]
            rests.append(max(expected - age, _STILL * age if age > expected else 0.0))
        unsent = self._jobs_left - len(rests)
        if not unsent:
            return max(rests)
        if typical is None:
            return None
        side_by_side = min(self._side_by_side, self._jobs_left)
        spread = (sum(rests) + unsent * typical) / side_by_side
        return max(spread, *rests, min(rests, default=0.0) + typical)

    def _typical(self) -> float | None:
        """How long a job takes: those that ended, or what those that run say."""
        told = self._durations or [each for each in self._running.values() if each]
        return sum(told) / len(told) if told else None


class _Lately:
    """How many calls a second came to their end, what is long ago counting less."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._last = 0.0
        self._weight = 0.0
        self._count = 0

    def begin(self, now: float) -> None:
        if self._began is None:
            self._began = now

    def came(self, now: float, calls: float) -> None:
        self._weight = self._weight * exp((self._last - now) / _LATELY) + calls
        self._last = now
        self._count += 1

    def rate(self, now: float) -> float | None:
        """Calls a second; None while too little is known."""
        if self._began is None or self._count < _FEW or now - self._last > _SILENCE:
            return None
        watched = 1.0 - exp((self._began - now) / _LATELY)
        if watched <= 0.0:
            return None
        return self._weight * exp((self._last - now) / _LATELY) / (_LATELY * watched)


def forecast_of(
    plan: Plan, *, page_size: int, jobs_in_flight: int, over: Collection[str] = ()
) -> Forecast:
    """The forecast of an apply of `plan` that has not begun, or of which the operations `over`
    came to their end in an earlier run."""
    operations = [each for each in plan.operations if each.id not in over]
    size = plan.live_numbers
    kinds = {change.phone_number: change.kind for change in plan.difference.changes}
    calls = calls_of(operations, kinds, size, page_size, jobs_in_flight)
    shares = {
        each.id: Share(calls[each.id], each.numbers, each.call in JOB_CALLS) for each in operations
    }
    after = reads_after(operations, kinds, size, page_size)
    return Forecast(shares, after, jobs_in_flight, len(plan.operations) - len(operations))


def _numbers_of(shares: Iterable[Share]) -> Iterable[str]:
    for share in shares:
        yield from share.numbers
