"""The short forms of `python -m tests.fuzz`."""

from __future__ import annotations

import pytest

from tests.fuzz import answers, journals, plans, yaml


@pytest.mark.parametrize("seed", [1, 20260701])
def test_yaml_that_is_bent_is_taken_or_refused_at_its_places(seed: int) -> None:
    assert "refused as text" in yaml.run(1500, seed)


def test_a_plan_file_that_is_bent_is_refused_in_a_line_or_is_still_that_plan() -> None:
    assert "refused" in plans.run(600, seed=20260701)


def test_a_small_plan_is_refused_whichever_bit_of_it_is_turned() -> None:
    assert plans.flip_every_bit() > 5000


def test_a_journal_that_is_bent_is_refused_in_a_line_or_leads_to_nothing_unplanned() -> None:
    assert "refused as damaged" in journals.run(200, seed=20260701)


def test_answers_that_are_bent_lead_to_nothing_unplanned_and_to_no_false_success() -> None:
    assert "exit 0" in answers.run(100, seed=20260701)
