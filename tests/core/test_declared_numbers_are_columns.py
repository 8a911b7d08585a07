"""What is declared is kept as columns, and is in every way the mapping that it stands for."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declared import Declared, Rest
from reconciler.core.fields import Kind
from reconciler.core.model import NO_SETTINGS, DesiredNumber, Settings, Source
from reconciler.core.runs import Run
from tests.core.project import ONE, TWO
from tests.core.project import Declared as Project
from tests.core.test_layers_hold_in_general import steady

SETTINGS = [NO_SETTINGS, Settings(("customer_reference",), ("x",), (Source("a.yaml", 9),))]
NUMBERS = st.lists(
    st.builds(
        DesiredNumber,
        st.one_of(
            st.integers(13125550000, 13125550009).map("+{}".format),
            st.sampled_from(["+1000000", "+999999999999999", "+4930123456", "+131255500001"]),
        ),
        st.sampled_from(Kind),
        st.sampled_from(SETTINGS),
        st.builds(
            Source,
            st.sampled_from(["a.yaml", "b.yaml"]),
            st.integers(1, 3),
            st.just(1),
            st.just(""),
        ),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    unique_by=lambda each: each.phone_number,
    max_size=12,
)
ABSENT = ["", "+", "13125550001", "+013125550001", "+1312555", "+1312٥٥٥٠٠٠١", "+" + "9" * 5000]


@steady
@given(NUMBERS)
def test_it_is_the_mapping_of_its_numbers_in_their_order(numbers: list[DesiredNumber]) -> None:
    found = Declared.of(numbers)
    assert list(found.values()) == numbers
    assert list(found.items()) == [(each.phone_number, each) for each in numbers]
    assert list(found) == [each.phone_number for each in numbers]
    assert len(found) == len(numbers)
    assert found == {each.phone_number: each for each in numbers}


@steady
@given(NUMBERS)
def test_it_holds_its_numbers_and_no_other(numbers: list[DesiredNumber]) -> None:
    found = Declared.of(numbers)
    assert all(found[each.phone_number] == each for each in numbers)
    inside = {each.phone_number for each in numbers}
    around = [f"+{value}" for value in range(13125550000, 13125550010)]
    assert [number in found for number in around] == [number in inside for number in around]


@pytest.mark.parametrize("number", ABSENT)
def test_what_is_no_number_is_not_in_it(number: str) -> None:
    found = Declared.of([DesiredNumber(ONE, Kind.NUMBER, NO_SETTINGS, Source("a.yaml", 1))])
    assert number not in found
    with pytest.raises(KeyError):
        found[number]


@steady
@given(NUMBERS, st.sets(st.integers(0, 9)))
def test_a_part_of_it_is_what_the_same_numbers_come_to(
    numbers: list[DesiredNumber], last: set[int]
) -> None:
    def keep(number: DesiredNumber) -> bool:
        return int(number.phone_number[-1]) in last

    whole = Declared.of(numbers)
    part = whole.filtered(keep)
    assert list(part.values()) == list(filter(keep, numbers))
    assert set(Rest(whole, part)) == {e.phone_number for e in numbers if not keep(e)}


@steady
@given(NUMBERS, st.sets(st.integers(0, 9)))
def test_a_part_by_name_is_the_same_part_whichever_way_it_is_found(
    numbers: list[DesiredNumber], last: set[int]
) -> None:
    def keep(name: str) -> bool:
        return int(name[-1]) in last

    whole = Declared.of(numbers)
    meant = [each for each in numbers if keep(each.phone_number)]
    assert list(whole.matching(keep).values()) == meant
    names = {each.phone_number for each in meant}
    assert list(whole.named([*sorted(names), *ABSENT]).values()) == meant


@steady
@given(NUMBERS)
def test_neighbours_that_are_alike_are_one_run(numbers: list[DesiredNumber]) -> None:
    runs = list(Declared.of(numbers).runs())
    assert [name for run in runs for name in run.numbers()] == [e.phone_number for e in numbers]
    again = list(Declared(runs).runs())
    assert again == runs
    for run, _ in groupby(runs):
        alike = {(e.kind, id(e.settings), e.source, e.release) for e in run.each()}
        assert len(alike) == 1


def test_a_run_of_a_hundred_thousand_is_one_row() -> None:
    run = Run(13120000000, 100_000, Kind.NUMBER, NO_SETTINGS, Source("a.yaml", 1), offset=0)
    found = Declared([run])
    assert (len(found), len(list(found.runs()))) == (100_000, 1)
    assert found["+13120099999"].phone_number == "+13120099999"
    assert "+13120100000" not in found


def test_a_part_of_a_block_keeps_the_places_of_its_numbers() -> None:
    run = Run(13120000000, 10, Kind.NUMBER, NO_SETTINGS, Source("a.yaml", 1), offset=0)
    part = Declared([run]).filtered(lambda each: each.phone_number[-1] in "45")
    assert [(e.first, e.size, e.offset) for e in part.runs()] == [(13120000004, 2, 4)]
    (one,) = Declared([run]).named(["+13120000007"]).runs()
    assert (one.first, one.size, one.offset) == (13120000007, 1, 7)


def test_numbers_written_alike_share_where_their_settings_stand(declared: Project) -> None:
    text = f"""
numbers:
  "{ONE}":
    customer_reference: a
  "{TWO}":
    customer_reference: b
"""
    numbers = declared.load({"a.yaml": text}).numbers
    found = [number.settings.sources for number in numbers.values()]
    assert [list(sources) for sources in found] == [
        [Source("a.yaml", 4, 5)],
        [Source("a.yaml", 6, 5)],
    ]
    assert found[1][0] == Source("a.yaml", 6, 5)
    assert found[1][:1] == (Source("a.yaml", 6, 5),)
