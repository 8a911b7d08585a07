"""Numbers that several projects of one account declare, however they are written down."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.declared import Declared
from reconciler.core.fields import Kind
from reconciler.core.model import Settings, Source
from reconciler.core.overlaps import overlaps
from reconciler.core.runs import Run

_NO_SETTINGS = Settings((), (), ())
_FIRST = 13125550000


def declared(project: int, *spans: tuple[int, int]) -> Declared:
    """One run for each span: how far from the first number it begins, and its size."""
    return Declared(
        Run(_FIRST + start, size, Kind.NUMBER, _NO_SETTINGS, Source(f"{project}.yaml", line, 1))
        for line, (start, size) in enumerate(spans, start=1)
    )


def test_projects_that_share_nothing_have_no_overlap() -> None:
    assert list(overlaps([declared(0, (0, 10)), declared(1, (10, 10))])) == []


def test_an_overlap_names_both_places_in_the_order_of_the_projects() -> None:
    (found,) = overlaps([declared(0, (50, 1), (5, 1)), declared(1, (0, 10))])
    assert (found.first, found.size) == ("+13125550005", 1)
    assert [(claim.project, str(claim.source)) for claim in found.claims] == [
        (0, "0.yaml:2"),
        (1, "1.yaml:1"),
    ]


def test_two_blocks_overlap_where_both_are() -> None:
    (found,) = overlaps([declared(0, (0, 100_000)), declared(1, (99_990, 100_000))])
    assert (found.first, found.size) == ("+13125649990", 10)


def _apart(ends: list[int]) -> list[tuple[int, int]]:
    """Spans that do not touch one another, from numbers in any order."""
    edges = sorted(set(ends))
    return [(start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=False)]


SPANS = st.lists(st.integers(0, 40), max_size=10).map(_apart)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(SPANS, min_size=2, max_size=4))
def test_every_project_that_shares_a_number_is_in_an_overlap(
    projects: list[list[tuple[int, int]]],
) -> None:
    all_declared = [declared(at, *spans) for at, spans in enumerate(projects)]
    sharing = {
        at
        for at, one in enumerate(all_declared)
        for other in all_declared
        if one is not other and set(one) & set(other)
    }
    found = list(overlaps(all_declared))
    assert {claim.project for each in found for claim in each.claims} == sharing
    for each in found:
        numbers = {f"+{int(each.first[1:]) + more}" for more in range(each.size)}
        assert all(numbers <= set(all_declared[claim.project]) for claim in each.claims)
