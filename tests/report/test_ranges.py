"""Many numbers in few characters: nothing is lost, and counts add up."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.report.ranges import by_prefix, named, ranges
from tests.plan.world import e164

anything = settings(max_examples=100, derandomize=True, deadline=None)
numbers = st.lists(
    st.one_of(st.integers(0, 60).map(e164), st.integers(10**6, 10**14).map(lambda n: f"+{n}")),
    min_size=1,
)


def spelled(found: str) -> list[str]:
    """Every number of a range."""
    first, _, last = found.partition("..")
    return [f"+{at}" for at in range(int(first[1:]), int((last or first)[1:]) + 1)]


def test_neighbours_are_a_range_and_others_stand_alone() -> None:
    found = ranges([e164(3), e164(1), e164(2), e164(7)])
    assert found == [f"{e164(1)}..{e164(3)}", e164(7)]


def test_numbers_of_different_length_are_no_neighbours() -> None:
    assert ranges(["+9999999", "+10000000"]) == ["+9999999", "+10000000"]


def test_what_is_no_number_in_e164_comes_last_as_it_is() -> None:
    odd = ["12345", "+0013125550009", "abc"]
    assert ranges([*odd, e164(1)]) == [e164(1), "+0013125550009", "12345", "abc"]


@anything
@given(numbers)
def test_ranges_lose_no_number_and_add_none(given_numbers: list[str]) -> None:
    found = [number for each in ranges(given_numbers) for number in spelled(each)]
    assert sorted(found) == sorted(set(given_numbers))


@anything
@given(numbers)
def test_counts_by_first_digits_add_up(given_numbers: list[str]) -> None:
    found = by_prefix(given_numbers)
    assert sum(how_many for _, how_many in found) == len(set(given_numbers))
    for prefix, how_many in found:
        assert sum(each.startswith(prefix) for each in set(given_numbers)) == how_many


def test_names_that_are_too_long_are_counted() -> None:
    many = [e164(at * 2) for at in range(100)]
    assert named(many, str, 10_000) == ", ".join(many)
    counted = re.findall(r"\((\d+) number", named(many, str, 100))
    assert sum(map(int, counted)) == 100
