"""A fifth of all calls fails in mixed ways; `python -m tests.crash faults` takes many seeds."""

from __future__ import annotations

import pytest

from reconciler.errors import Exit
from tests.crash import faulty

MOST_CALLS = 1.6


@pytest.fixture(scope="module")
def undisturbed() -> faulty.Result:
    """The same apply where nothing fails."""
    return faulty.run(0, failing=0.0)


def test_without_faults_every_call_is_made_once(undisturbed: faulty.Result) -> None:
    assert (undisturbed.exit_code, undisturbed.twice, undisturbed.wrong) == (Exit.OK, 0, ())


@pytest.mark.parametrize("seed", range(6))
def test_it_converges_or_names_the_rest_and_is_never_wrong(
    undisturbed: faulty.Result, seed: int
) -> None:
    result = faulty.run(seed)
    assert result.wrong == ()
    assert result.exit_code in {Exit.OK, Exit.INCOMPLETE}
    assert result.calls <= MOST_CALLS * undisturbed.calls
