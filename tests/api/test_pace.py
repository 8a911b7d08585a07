"""The pace against servers that allow R calls a second, replayed in virtual time."""

from __future__ import annotations

import random

import pytest

from reconciler.api.headers import Hint
from reconciler.api.pace import Pace
from tests.api.pacing import NOW, Bucket, FixedWindows, Server, Shared, replay, silent
from tests.pace.conditions import HEADERS, LATENCIES, LEAST_REACHED, SERVERS, most_refused


@pytest.mark.parametrize(
    ("allowed", "latency"), [*((5, latency) for latency in LATENCIES), (50, 0.3)]
)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("server", SERVERS)
def test_85_percent_of_the_rate_is_reached_and_1_percent_at_most_is_429_after_the_first_minute(
    allowed: int, server: str, headers: str, latency: float
) -> None:
    measured = replay(
        SERVERS[server](allowed),
        HEADERS[headers],
        seconds=360.0 if allowed == 5 else 120.0,
        latency=(0.4 * latency, 0.6 * latency),
    )
    assert measured.per_second >= LEAST_REACHED * allowed, measured
    assert measured.refused_share <= most_refused(server, allowed), measured


@pytest.mark.parametrize("allowed", [5, 50])
def test_a_stranger_who_comes_and_goes_costs_few_calls(allowed: int) -> None:
    """What is free while the stranger is away is found slowly; the 429s when he is back are few."""
    server = Shared(FixedWindows(allowed), 0.5, spell=20.0)
    measured = replay(server, silent, seconds=300)
    assert measured.per_second >= 0.6 * allowed
    assert measured.refused_share <= 0.015


@pytest.mark.parametrize(("before", "after"), [(50, 5), (5, 50)])
def test_a_server_that_changes_what_it_allows_is_followed(before: int, after: int) -> None:
    class Changing(Bucket):
        def admits(self, now: float) -> bool:
            self.allowed = before if now < 100 else after
            self.capacity = self.allowed
            return super().admits(now)

    measured = replay(Changing(before, before), silent, seconds=600, warm_up=300)
    assert measured.per_second >= 0.85 * after
    assert measured.refused_share <= 0.01


@pytest.mark.parametrize("base", [0, int(NOW.timestamp())])
def test_a_quota_of_a_minute_is_spread_over_the_minute(base: int) -> None:
    """Whether the reset is told as seconds that are left, or as a moment."""

    class Minutes(FixedWindows):
        at = 0.0

        def admits(self, now: float) -> bool:
            self.at = now
            window = int(now // 60)
            if window != self.window:
                self.window, self.count = window, 0
            self.count += 1
            return self.count <= self.allowed

    def headers(server: Server, _admitted: bool, now: float) -> dict[str, str]:
        assert isinstance(server, Minutes)
        left = 60 - int(server.at % 60)
        return {
            "x-ratelimit-limit": str(server.allowed),
            "x-ratelimit-remaining": str(server.remaining),
            "x-ratelimit-reset": str(base + int(now) + left if base else left),
        }

    measured = replay(Minutes(600), headers, seconds=660)
    assert measured.per_second >= 0.85 * 10
    assert measured.refused_share <= 0.01


def steady(rate: float = 10.0, concurrency: int = 8) -> tuple[Pace, float]:
    """A pace whose calls queued for two seconds, and the time after them."""
    pace, now = Pace(rate, concurrency, random.Random(1)), 100.0
    for _ in range(20):
        now += pace.wait(now)
        pace.sent(now)
    return pace, now


def test_after_a_429_calls_go_on_at_nine_tenths_of_the_rate_at_which_it_came() -> None:
    pace, now = steady()
    pause = pace.refused(now, now)
    assert 1 <= pause <= 2
    assert pace.rate == pytest.approx(9)


def test_429s_for_calls_in_flight_together_are_one_event() -> None:
    pace, now = steady()
    for late in range(10):
        pace.refused(now + late / 100, now)
    assert pace.rate == pytest.approx(9)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    pace, now = steady()
    assert pace.refused(now, now, Hint(pause=30)) == pytest.approx(30)
    assert pace.refused(now + 1, now, Hint(pause=2)) == pytest.approx(29)
    pace.pause(now + 1, 1)
    assert pace.pause_left(now + 1) == pytest.approx(29)


def test_a_429_for_a_call_in_flight_that_asks_for_a_longer_pause_gets_it() -> None:
    pace, now = steady()
    pace.refused(now, now, Hint(pause=2))
    assert pace.refused(now, now - 1, Hint(pause=30)) == pytest.approx(30)
    assert pace.refused(now, now - 1) == pytest.approx(30)


def test_without_a_429_there_is_no_pause_and_nothing_stalls() -> None:
    pace, now = steady()
    assert (pace.pause_left(now), pace.stalled(now)) == (0, 0)
    pace.refused(now, now, Hint(pause=2))
    assert (pace.pause_left(now + 1), pace.stalled(now + 1)) == pytest.approx((1, 1))
    pace.answered(now + 3, now + 2)
    assert (pace.pause_left(now + 3), pace.stalled(now + 3)) == (0, 0)


def test_a_429_while_few_calls_are_made_is_judged_by_what_was_really_sent() -> None:
    """The pace would have allowed ten times as many: that rate was never tried."""
    pace, now = steady(5)
    for _ in range(200):
        now += pace.wait(now)
        pace.sent(now)
        pace.answered(now, now, Hint(rate=2000, trusted=True))
    assert pace.rate > 100
    for _ in range(100):  # ten a second
        now += 0.1
        pace.sent(now)
    pace.refused(now, now, Hint(pause=1))
    assert pace.rate == pytest.approx(0.9 * 10, rel=0.1)


def test_the_rate_is_halved_only_when_a_429_repeats_soon_after_the_pause() -> None:
    pace, now = steady()
    now += pace.refused(now, now, Hint(pause=1)) + 0.1
    pace.sent(now)
    pace.refused(now + 0.1, now, Hint(pause=1))
    assert pace.rate == pytest.approx(4.5)
    pace, now = steady()
    now += pace.refused(now, now, Hint(pause=1)) + 60
    pace.sent(now)
    pace.refused(now + 0.1, now, Hint(pause=1))
    assert pace.rate == pytest.approx(8.1)


def test_pauses_without_a_header_grow_with_each_repeat_to_a_minute_at_most() -> None:
    longest = 0.0
    for seed in range(50):
        pace, now = Pace(10, 8, random.Random(seed)), 0.0
        for repeat in range(12):
            pace.sent(now)
            pause = pace.refused(now + 0.05, now)
            assert 1 <= pause <= min(2 ** (repeat + 1), 60)
            longest = max(longest, pause)
            now += 0.05 + pause
    assert longest > 30


def test_the_rate_grows_only_while_calls_queue_for_their_turn() -> None:
    idle, now = Pace(5, 8, random.Random(1)), 0.0
    for _ in range(100):
        now += 10
        idle.sent(now)
        idle.answered(now + 0.05, now, Hint(rate=2000, trusted=True))
    assert idle.rate == 5
    busy, now = steady(5)
    for _ in range(100):
        now += busy.wait(now)
        busy.sent(now)
        busy.answered(now, now, Hint(rate=2000, trusted=True))
    assert busy.rate > 100


def test_a_limit_in_the_headers_that_is_lower_holds_at_once() -> None:
    pace, now = steady(100)
    pace.answered(now, now - 0.05, Hint(rate=10, trusted=True))
    assert pace.rate == pytest.approx(9.2)


def test_calls_in_flight_follow_the_latency_within_bounds() -> None:
    pace, now = steady(100)
    assert pace.room() == 8
    pace.answered(now, now - 0.5)
    assert pace.room() == 76
    for _ in range(1000):
        pace.answered(now, now - 5000)
    assert pace.room() == 8 * 128
    alone, now = steady(100, concurrency=1)
    alone.answered(now, now - 5)
    assert alone.room() == alone.at_work() == 1


def test_calls_in_flight_are_never_more_than_this_machine_can_hold() -> None:
    few, now = Pace(1000, 8, random.Random(1), connections=100), 0.0
    few.sent(now)
    few.answered(now + 1, now)
    assert few.room() == 100
    fewer = Pace(1000, 8, random.Random(1), connections=3)
    assert fewer.room() == 3


def test_there_is_work_for_twice_as_many_as_are_in_flight() -> None:
    pace, now = steady(100)
    assert pace.at_work() == 32
    pace.answered(now, now - 0.5)
    assert pace.at_work() == 2 * pace.room() == 152


def test_a_late_waker_makes_up_for_a_few_calls_only() -> None:
    pace = Pace(1000, 8, random.Random(1))
    pace.sent(10.0)
    burst, now = 0, 60.0
    while not pace.wait(now):
        pace.sent(now)
        burst += 1
    assert burst == 26
