"""How long an apply is said to take, before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.changes import Action, Change
from reconciler.core.eta import (
    EXPECTED,
    LATEST,
    NO_TIME,
    SOONEST,
    Eta,
    Outlook,
    Work,
    eta_of,
    seconds,
    time_for,
    work_of,
)
from reconciler.core.fields import Channel, Kind, Listing
from reconciler.core.operations import Body, Operation
from reconciler.core.ways import at_most, choose

SCREEN: Body = {"inbound_call_screening": "flag_calls"}
ANY = st.sampled_from([SOONEST, EXPECTED, LATEST])


def numbers(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"+1312{5_550_000 + each}" for each in range(first, first + count))


def patches(count: int) -> list[Operation]:
    return [
        Operation(f"op-{at}", Channel.PATCH_VOICE, numbers(at, 1), SCREEN, {})
        for at in range(count)
    ]


def jobs(count: int, size: int = 1, *, after: bool = False) -> list[Operation]:
    """So many update jobs; each `after` the one before it."""
    return [
        Operation(
            f"op-{at}",
            Channel.UPDATE_JOB,
            numbers(at * size, size),
            {"tags": ["a"], "voice": SCREEN},
            {},
            (f"op-{at - 1}",) if after and at else (),
        )
        for at in range(count)
    ]


def changes(operations: list[Operation]) -> list[Change]:
    every = {number for each in operations for number in each.numbers}
    return [Change(number, number[1:], Kind.NUMBER, Action.UPDATE, ()) for number in every]


def work(operations: list[Operation], account: int = 10_000, in_flight: int = 20) -> Work:
    return work_of(operations, changes(operations), account, 250, in_flight)


def eta(operations: list[Operation], **limits: float) -> Eta:
    given = {"account_size": 10_000, **limits}
    return eta_of(operations, changes(operations), **given)  # type: ignore[arg-type]  # all numbers


def test_nothing_to_do_takes_no_time() -> None:
    assert eta([]) == NO_TIME


def test_a_single_write_is_a_read_a_write_and_a_read() -> None:
    assert work(patches(1)) == Work(before=2, after=1)
    assert work(patches(3)) == Work(before=4, after=1)  # by the digits they have in common


def test_some_single_writes_are_read_at_a_time_before_them_and_all_of_them_after() -> None:
    before = 200 + 26  # writes, and eight read by the digits they have in common, or by two tens
    assert work(patches(200)) == Work(before=before, after=2)  # two blocks of 100
    assert work(patches(200), account=200) == Work(before=200 + 25, after=1)  # a page each


def test_jobs_that_go_together_are_read_together_and_by_every_list_they_write() -> None:
    assert work(jobs(3, 1000), 3000) == Work(before=3 + 2 * 12, after=2 * 12, waves=1)
    assert work(jobs(40, 10), 10_000).waves == 2
    assert work(jobs(40, 10), 10_000, in_flight=5).waves == 8


def test_jobs_that_wait_for_each_other_run_one_after_the_other() -> None:
    chain = work(jobs(3, after=True))
    assert (chain.waves, chain.steps) == (3, 3)
    assert eta(jobs(3, after=True)).expected >= 3 * EXPECTED.job


def test_a_number_list_is_read_for_what_is_released() -> None:
    release = [Operation("op-1", Channel.DELETE_JOB, numbers(0, 500), {}, {})]
    assert work(release, 1000) == Work(before=1 + 4, after=4, waves=1)


def test_a_range_stands_around_what_is_expected() -> None:
    found = eta(jobs(13, 1000) + patches(41))
    assert found.soonest < found.expected < found.latest
    assert Eta(5, 9, 20).around(3) == Eta(3, 3, 20)
    assert Eta(5, 9, 20).around(40) == Eta(5, 40, 40)


def test_emergency_service_takes_its_minutes_to_be_provisioned() -> None:
    body = {"emergency_enabled": True, "emergency_address_id": "1"}
    job = [Operation("op-1", Channel.EMERGENCY_JOB, numbers(0, 10), body, {})]
    assert eta(job).expected >= 60
    assert eta(job).latest >= 600


def test_calls_that_start_faster_take_less() -> None:
    assert eta(patches(1000), rate_per_second=50).expected < eta(patches(1000)).expected


def test_without_growth_calls_take_their_gaps() -> None:
    assert time_for(11, LATEST, 5.0) == pytest.approx(2.0)
    assert time_for(0, LATEST, 5.0) == time_for(1, LATEST, 5.0) == 0


def test_a_climbing_rate_makes_as_many_calls_as_its_area() -> None:
    steps = Outlook(0.15, 50.0, 0.0, 1.0, 0.0)
    rate, made, at, step = 5.0, 0.0, 0.0, 0.001
    while made < 1000:
        made += rate * step
        rate = min(rate * (1 + 0.15 * step), 50.0)
        at += step
    assert time_for(1001, steps, 5.0) == pytest.approx(at, rel=0.01)


WORK = st.builds(
    Work,
    before=st.integers(1, 10**6),
    after=st.integers(0, 10**5),
    waves=st.integers(0, 100),
    orders=st.integers(0, 20),
    steps=st.integers(1, 6),
    emergency=st.booleans(),
)
RATE = st.floats(0.1, 3000)


@given(WORK, RATE)
def test_the_outlooks_are_in_their_order(what: Work, rate: float) -> None:
    soonest, expected, latest = (seconds(what, each, rate) for each in (SOONEST, EXPECTED, LATEST))
    assert 0 <= soonest <= expected <= latest


@given(ANY, st.integers(0, 10**6), st.integers(0, 10**4), RATE)
def test_more_calls_never_take_less(outlook: Outlook, calls: int, more: int, rate: float) -> None:
    assert time_for(calls, outlook, rate) <= time_for(calls + more, outlook, rate) + 1e-6


@given(
    st.sampled_from([Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING, Listing.MOBILE]),
    st.sets(st.integers(0, 3000), min_size=1, max_size=120),
    st.integers(1, 20_000),
)
def test_the_calls_to_read_again_are_no_fewer_than_the_cheapest_way_takes(
    listing: Listing, places: set[int], more: int
) -> None:
    wanted = [f"+1312{5_550_000 + each}" for each in sorted(places)]
    rows = len(wanted) + more
    about = at_most(listing, wanted, rows=rows, page_size=250)
    exact = choose(listing, wanted, rows=rows, page_size=250, prefer_scan=False).calls
    assert exact <= about <= 4 * exact
