"""How some numbers are read out of a list: in no more calls than the best way found by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.fields import Listing
from reconciler.core.ways import Way, choose, digit_runs

SLIM, NUMBERS, VOICE, MESSAGING, MOBILE = (
    Listing.SLIM,
    Listing.NUMBERS,
    Listing.VOICE,
    Listing.MESSAGING,
    Listing.MOBILE,
)


def block(first: int, count: int, step: int = 1) -> list[str]:
    return [f"+1312555{each:04}" for each in range(first, first + count * step, step)]


def spread(count: int) -> list[str]:
    """Numbers that have nothing in common."""
    return [f"+1{each}5550000" for each in range(201, 201 + count)]


@pytest.mark.parametrize(
    ("listing", "numbers", "rows", "way", "calls"),
    [
        # A small account: a page is a page.
        (SLIM, block(0, 1), 200, Way.SCAN, 1),
        (VOICE, block(0, 200), 200, Way.SCAN, 1),
        # One number of many.
        (SLIM, block(0, 1), 10_000, Way.DIGITS, 1),
        (VOICE, block(0, 1), 10_000, Way.SINGLE, 1),
        (MESSAGING, block(0, 1), 10_000, Way.SINGLE, 1),
        # Numbers without a common beginning.
        (VOICE, spread(5), 10_000, Way.SINGLE, 5),
        (SLIM, spread(5), 10_000, Way.DIGITS, 5),
        (VOICE, spread(39), 10_000, Way.SINGLE, 39),
        (VOICE, spread(40), 10_000, Way.SCAN, 40),
        # A DID block comes in one filter.
        (SLIM, block(100, 100), 10_000, Way.DIGITS, 1),
        (VOICE, block(100, 100), 10_000, Way.DIGITS, 1),
        (VOICE, block(100, 200), 10_000, Way.DIGITS, 2),
        (VOICE, block(0, 1000), 100_000, Way.DIGITS, 4),
        # The messaging list takes a page of exact numbers in one call.
        (MESSAGING, spread(250), 10_000, Way.EXACT, 1),
        (MESSAGING, spread(251), 10_000, Way.EXACT, 2),
        (MESSAGING, block(0, 5_000), 100_000, Way.EXACT, 20),
        (MESSAGING, block(0, 10_000), 10_000, Way.SCAN, 40),
        # The mobile list has no filter.
        (MOBILE, block(0, 3), 10_000, Way.SINGLE, 3),
        (MOBILE, block(0, 300), 1_000, Way.SCAN, 4),
        # Everything that is there.
        (VOICE, block(0, 10_000), 10_000, Way.SCAN, 40),
    ],
)
def test_the_way_with_the_fewest_calls_is_taken(
    listing: Listing, numbers: list[str], rows: int, way: Way, calls: int
) -> None:
    choice = choose(listing, numbers, rows=rows, page_size=250)
    assert (choice.way, choice.calls) == (way, calls)


def test_without_ids_nothing_is_asked_for_by_id() -> None:
    choice = choose(MOBILE, block(0, 1), rows=10_000, page_size=250, with_ids=False)
    assert choice.way is Way.SCAN


def test_a_page_that_was_read_counts_for_the_whole_list() -> None:
    numbers = spread(3)
    assert choose(SLIM, numbers, rows=1000, page_size=250).way is Way.DIGITS
    assert choose(SLIM, numbers, rows=1000, page_size=250, pages_read=1).way is Way.SCAN


def test_on_a_tie_a_plan_reads_the_whole_list_and_an_apply_only_what_it_touches() -> None:
    numbers = spread(4)
    assert choose(VOICE, numbers, rows=1000, page_size=250).way is Way.SCAN
    tied = choose(VOICE, numbers, rows=1000, page_size=250, prefer_scan=False)
    assert tied.way is Way.SINGLE


def test_a_way_says_what_it_saves() -> None:
    assert str(choose(SLIM, block(0, 1), rows=10_000, page_size=250)) == (
        "only numbers that begin like the declared ones; the whole list would take 40 calls"
    )
    assert str(choose(SLIM, block(0, 1), rows=10, page_size=250)) == "the whole list"


def test_a_whole_list_says_what_the_numbers_alone_would_take() -> None:
    assert str(choose(SLIM, spread(40), rows=10_000, page_size=250, pages_read=1)) == (
        "the whole list; the declared numbers alone would take 41 calls"
    )
    assert str(choose(VOICE, block(0, 10_000), rows=10_000, page_size=250)) == "the whole list"


def test_a_part_of_a_list_says_how_it_came_together() -> None:
    nothing_more = choose(SLIM, [], rows=10_000, page_size=250, pages_read=1)
    assert nothing_more.told(first_page=True) == (
        "the first page, which tells how many numbers there are; the whole list would take 40 calls"
    )
    mixed = choose(VOICE, [*block(0, 100), *spread(2)], rows=10_000, page_size=250)
    assert mixed.told(apart=2) == (
        "only numbers that begin like the declared ones, and 2 one by one; "
        "the whole list would take 40 calls"
    )


E164 = st.builds(
    lambda head, tail, long: f"+{head}{tail:0{5 if long else 4}}",
    st.sampled_from(["1312555", "1312556", "4420794", "49301"]),
    st.integers(0, 9999),
    st.booleans(),
)


@settings(max_examples=200)
@given(st.lists(E164, min_size=1, max_size=60, unique=True), st.integers(1, 40_000))
def test_filters_find_every_number_once_and_cost_no_more_than_asking_one_by_one(
    numbers: list[str], rows: int
) -> None:
    calls, runs = digit_runs(numbers, rows=rows, page_size=250)
    assert sorted(number for run in runs for number in run.numbers) == sorted(numbers)
    assert all(number.startswith("+" + run.digits) for run in runs for number in run.numbers)
    assert all(len(run.digits) >= 3 for run in runs)
    assert len(runs) <= calls <= len(numbers)


@pytest.mark.parametrize("seed", range(20))
def test_no_prefix_length_by_itself_is_cheaper_than_the_mixture(seed: int) -> None:
    rng = random.Random(seed)
    numbers = [f"+131255{each:05}" for each in rng.sample(range(30_000), rng.choice([5, 80, 900]))]
    calls, _ = digit_runs(numbers, rows=100_000, page_size=250)
    for open_digits in range(6):
        heads = {number[: len(number) - open_digits] for number in numbers}
        assert calls <= len(heads) * -(-(10**open_digits) // 250)
