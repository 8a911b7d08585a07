"""How soon again, and how often at most."""

from __future__ import annotations

import random

import pytest

from reconciler.api.retry import RetryBudget, backoff


class Longest(random.Random):
    """A die that always shows the most."""

    def uniform(self, a: float, b: float) -> float:
        assert a == 0.0
        return b


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (20, 30.0)]
)
def test_the_longest_wait_doubles_from_half_a_second_to_thirty(
    attempt: int, longest: float
) -> None:
    assert backoff(attempt, Longest()) == longest


def test_the_wait_is_anything_up_to_the_longest() -> None:
    rng = random.Random(1)
    waits = [backoff(3, rng) for _ in range(500)]
    assert 0.0 <= min(waits) < 0.1
    assert 1.9 < max(waits) <= 2.0


def test_a_budget_that_nothing_was_earned_for_lasts_for_ten_retries() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(12)] == [True] * 10 + [False] * 2


def test_two_calls_earn_one_retry() -> None:
    budget = RetryBudget(start=0.0)
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert (budget.spend(), budget.spend()) == (True, False)
