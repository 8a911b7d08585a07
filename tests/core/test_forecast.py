"""What is left of an apply, and when it ends, as the apply itself tells."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.forecast import Forecast, Share


def singles(count: int, calls: float = 2.0) -> dict[str, Share]:
    return {f"op-{n}": Share(calls, (f"+1312{n:07d}",), False) for n in range(count)}


def jobs(count: int) -> dict[str, Share]:
    return {f"job-{n}": Share(1.0, (f"+1415{n:07d}",), True) for n in range(count)}


def seconds_left(forecast: Forecast, now: float, rate: float = 10.0) -> float | None:
    return forecast.standing(now, reads=0, rate=rate).seconds_left


def at_a_steady_pace(
    forecast: Forecast, count: int, between: float, latency: float = 0.3
) -> Iterator[float]:
    """Carry out `count` single operations, one every `between` seconds; the times they end."""
    for n in range(count):
        forecast.sent(f"op-{n}", n * between)
        forecast.settled(f"op-{n}", n * between + latency)
        yield n * between + latency


def test_before_anything_was_seen_no_end_is_told() -> None:
    standing = Forecast({**singles(10), **jobs(2)}, 4, 20).standing(0.0, reads=0, rate=5.0)
    assert standing.seconds_left is None
    assert (standing.operations, standing.operations_left, standing.numbers_left) == (12, 12, 12)
    assert standing.calls_left == 10 * 2 + 2 + 4


def test_two_calls_tell_no_rate() -> None:
    forecast = Forecast(singles(10), 0, 20)
    ends = at_a_steady_pace(forecast, 3, 1.0)
    next(ends)
    assert seconds_left(forecast, next(ends)) is None
    assert seconds_left(forecast, next(ends)) is not None


@pytest.mark.parametrize("between", [0.02, 0.5, 4.0])
def test_the_estimate_comes_to_the_truth_at_a_steady_pace(between: float) -> None:
    forecast, count = Forecast(singles(400), 10, 20), 400
    end = (count - 1) * between + 0.3 + 10 / 10.0
    for n, now in enumerate(at_a_steady_pace(forecast, count, between)):
        told = seconds_left(forecast, now)
        if n >= count // 2:
            assert told == pytest.approx(end - now, rel=0.1, abs=0.5 + 2 * between)


def test_the_estimate_follows_a_pace_that_doubles() -> None:
    forecast, now, told = Forecast(singles(1000), 0, 20), 0.0, list[float]()
    for n in range(900):
        now += 1.0 if n < 100 else 0.5
        forecast.sent(f"op-{n}", now)
        forecast.settled(f"op-{n}", now)
        told.append(now + (seconds_left(forecast, now) or 0.0))
    assert told[99] == pytest.approx(1000, rel=0.05)
    assert told[250] == pytest.approx(550, rel=0.05)


def test_while_nothing_comes_to_its_end_the_end_moves_away_and_then_is_not_told() -> None:
    forecast = Forecast(singles(100), 0, 20)
    *_, now = at_a_steady_pace(forecast, 50, 0.5)
    before, later = seconds_left(forecast, now), seconds_left(forecast, now + 20)
    assert before is not None
    assert later is not None
    assert later > before
    assert seconds_left(forecast, now + 61) is None


def test_what_an_earlier_run_did_says_nothing_of_the_pace() -> None:
    forecast = Forecast(singles(100), 0, 20)
    for n in range(50):
        forecast.settled(f"op-{n}", 0.01 * n)
    assert seconds_left(forecast, 1.0) is None


def test_jobs_take_as_long_as_those_that_ended() -> None:
    forecast = Forecast(jobs(50), 20, 20)
    for n in range(20):
        forecast.sent(f"job-{n}", 0.0)
        forecast.runs(f"job-{n}", 0.2, 0.0)
    assert seconds_left(forecast, 5.0) is None
    for n in range(20):
        forecast.settled(f"job-{n}", 10.0)
    for n in range(20, 40):
        forecast.sent(f"job-{n}", 10.0)
        forecast.runs(f"job-{n}", 10.2, 0.0)
    assert seconds_left(forecast, 14.0) == pytest.approx(6 + 10 + 20 / 10.0)
    for n in range(20, 40):
        forecast.settled(f"job-{n}", 20.0)
    for n in range(40, 50):
        forecast.sent(f"job-{n}", 20.0)
        forecast.runs(f"job-{n}", 20.2, 0.0)
    assert seconds_left(forecast, 21.0) == pytest.approx(9 + 20 / 10.0)


def test_a_job_that_says_how_long_it_takes_is_believed_until_it_is_late() -> None:
    forecast = Forecast(jobs(1), 0, 20)
    forecast.sent("job-0", 0.0)
    forecast.runs("job-0", 0.0, 120.0)
    assert seconds_left(forecast, 20.0) == pytest.approx(100.0)
    assert seconds_left(forecast, 119.0) == pytest.approx(1.0)
    assert seconds_left(forecast, 160.0) == pytest.approx(40.0)


def test_a_job_of_an_earlier_run_says_nothing_of_how_long_one_takes() -> None:
    forecast = Forecast(jobs(2), 0, 20)
    forecast.runs("job-0", 0.0, 0.0)
    forecast.settled("job-0", 1.0)
    forecast.sent("job-1", 1.0)
    forecast.runs("job-1", 1.0, 0.0)
    assert seconds_left(forecast, 2.0) is None


def test_single_calls_and_jobs_go_on_at_the_same_time() -> None:
    forecast = Forecast({**singles(100), **jobs(1)}, 0, 20)
    forecast.sent("job-0", 0.0)
    forecast.runs("job-0", 0.0, 300.0)
    *_, now = at_a_steady_pace(forecast, 90, 0.5)
    assert seconds_left(forecast, now) == pytest.approx(300.0 - now)


def test_reading_back_takes_its_calls_at_the_rate_of_the_api_and_then_has_no_end_to_tell() -> None:
    forecast = Forecast(singles(1), 30, 20)
    forecast.sent("op-0", 0.0)
    forecast.settled("op-0", 1.0)
    forecast.reading_back(61, reads=7)
    standing = forecast.standing(2.0, reads=17, rate=5.0)
    assert (standing.reading_back, standing.calls_left, standing.seconds_left) == (61, 20, 4.0)
    waiting = forecast.standing(9.0, reads=40, rate=5.0)
    assert (waiting.calls_left, waiting.seconds_left) == (0, None)


def test_a_number_of_two_operations_is_left_until_both_are_done() -> None:
    shares = {each: Share(1.0, ("+13125550001",), False) for each in ("op-a", "op-b")}
    forecast = Forecast(shares, 0, 20)
    forecast.settled("op-a", 0.0)
    assert forecast.standing(0.0, reads=0, rate=5.0).numbers_left == 1
    forecast.settled("op-b", 0.0)
    assert forecast.standing(0.0, reads=0, rate=5.0).numbers_left == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12), st.integers(0, 6), st.integers(0, 50))
def test_whatever_happens_nothing_is_ever_below_zero(
    seed: int, single: int, background: int, after: int
) -> None:
    rng = random.Random(seed)
    shares = {**singles(single, 1.7), **jobs(background)}
    forecast, now, reads = Forecast(shares, after, 2), 0.0, 0
    waiting = list(shares)
    rng.shuffle(waiting)
    sent: list[str] = []
    while waiting or sent:
        now += rng.choice((0.0, 0.01, 1.0, 70.0, 4000.0))
        reads += rng.randrange(3)
        if waiting and rng.random() < 0.6:
            id_ = waiting.pop()
            sent.append(id_)
            if rng.random() < 0.8:
                forecast.sent(id_, now)
            if shares[id_].in_background and rng.random() < 0.8:
                forecast.runs(id_, now, rng.choice((0.0, 5.0, 500.0)))
        elif sent:
            forecast.settled(sent.pop(rng.randrange(len(sent))), now)
        standing = forecast.standing(now, reads=reads, rate=rng.choice((0.05, 5.0, 2000.0)))
        assert standing.calls_left >= 0
        assert standing.seconds_left is None or 0 <= standing.seconds_left < 1e9
    forecast.reading_back(1, reads)
    left = forecast.standing(now, reads=reads + after, rate=5.0)
    assert (left.operations_left, left.calls_left, left.seconds_left) == (0, 0, None)
