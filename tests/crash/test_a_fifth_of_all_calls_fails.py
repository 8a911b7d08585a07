"""A fifth of all calls fails in mixed ways; `python -m tests.crash faults` takes many seeds."""

from __future__ import annotations

import pytest

from reconciler.errors import Exit
from tests.crash import faulty

SEEDS = range(6)


@pytest.fixture(scope="module")
def undisturbed() -> faulty.Result:
    """The same apply where nothing fails."""
    return faulty.run(0, failing=0.0)


def test_without_faults_every_call_is_made_once(undisturbed: faulty.Result) -> None:
    assert (undisturbed.exit_code, undisturbed.twice, undisturbed.wrong) == (Exit.OK, 0, ())


def test_it_converges_or_names_the_rest_and_is_never_wrong_for_few_more_calls(
    undisturbed: faulty.Result,
) -> None:
    results = [faulty.run(seed) for seed in SEEDS]
    assert [each.wrong for each in results] == [()] * len(SEEDS)
    assert {each.exit_code for each in results} <= {Exit.OK, Exit.INCOMPLETE}
    calls = sum(each.calls for each in results)
    assert calls <= faulty.MOST_CALLS * undisturbed.calls * len(SEEDS)


@pytest.mark.parametrize("name", ["single calls", "messaging", "emergency"])
def test_other_work_is_never_wrong_either(name: str) -> None:
    assert faulty.run(1, shape=faulty.SHAPES[name]).wrong == ()
