"""What breaks a policy, and what could not be told, in groups: the same in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.model import Source
from reconciler.core.plan import Plan
from reconciler.core.policies import ERROR, Unjudged, Violation
from reconciler.core.values import Shown
from reconciler.report.grouping import examples
from reconciler.report.words import count, grouped, shown


@dataclass(frozen=True, slots=True)
class Broken:
    """All numbers that break a policy in one setting; `values` are what they hold, the commonest
    first, and on how many."""

    policy: str
    level: str
    path: str
    requires: Any
    numbers: Sequence[str]
    values: Sequence[tuple[Shown, int]]
    sources: Sequence[Source]
    policy_source: Source


@dataclass(frozen=True, slots=True)
class Untold:
    """All numbers of which it cannot be told for one reason whether they break a policy."""

    policy: str
    level: str
    path: str
    reason: str
    numbers: Sequence[str]
    policy_source: Source


def broken(violations: Iterable[Violation]) -> list[Broken]:
    """The violations by policy and setting: errors first, else in the order found."""
    groups = grouped(violations, lambda each: (each.policy, each.path)).values()
    found = [
        Broken(
            each[0].policy,
            each[0].level,
            each[0].path,
            each[0].requires,
            [one.phone_number for one in each],
            Counter(one.value for one in each).most_common(),
            list(dict.fromkeys(one.source for one in each)),
            each[0].policy_source,
        )
        for each in groups
    ]
    return sorted(found, key=lambda each: each.level != ERROR)


def untold(unjudged: Iterable[Unjudged]) -> list[Untold]:
    """What could not be told, by policy, setting and reason."""
    groups = grouped(unjudged, lambda each: (each.policy, each.path, each.reason)).values()
    return [
        Untold(
            each[0].policy,
            each[0].level,
            each[0].path,
            each[0].reason,
            [one.phone_number for one in each],
            each[0].policy_source,
        )
        for each in groups
    ]


def whom(numbers: Sequence[str]) -> str:
    """`+13125550001`, `12 numbers (+13125550001, +13125550002, +13125550003 and 9 more)`."""
    if len(numbers) == 1:
        return numbers[0]
    return f"{count(len(numbers), 'number')} ({examples(numbers)})"


def wanted(requires: Any, say: Callable[[Any], str] = shown) -> str:
    """`must be true`, `must match {"pattern": "^[+]1"}`, the value through `say`."""
    how = "match" if isinstance(requires, dict) else "be"
    return f"must {how} {say(requires)}"


def judged_counts(plan: Plan) -> Iterator[str]:
    """`2 policy violations`, `1 policy warning`, `3 not judged by policies`, of what there is."""
    errors = sum(each.level == ERROR for each in plan.violations)
    warnings = len(plan.violations) - errors
    if errors:
        yield count(errors, "policy violation")
    if warnings:
        yield count(warnings, "policy warning")
    if plan.unjudged:
        yield f"{count(len(plan.unjudged), 'field')} not judged by policies"
