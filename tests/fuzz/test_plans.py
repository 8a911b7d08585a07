"""The short form of `python -m tests.fuzz plans`."""

from __future__ import annotations

from tests.fuzz.plans import run


def test_a_plan_file_that_is_bent_is_refused_in_a_line_or_is_still_that_plan() -> None:
    assert "refused" in run(600, seed=20260701)
