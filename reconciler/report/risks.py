"""What a reviewer has to look at: changes that put something at risk, and odd ones out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes import RISKS, Action, Change
from reconciler.core.model import Source
from reconciler.core.plan import Plan
from reconciler.core.values import Shown
from reconciler.report.grouping import FieldMove, NumberMove

Member = tuple[str, FieldMove]
"""A number and what changes on it."""


@dataclass(frozen=True, slots=True)
class Risky:
    """One field that becomes the same on these numbers, with the same risks."""

    labels: tuple[str, ...]
    path: str
    members: tuple[Member, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The phone numbers, in the order of the plan."""
        return tuple(number for number, _ in self.members)

    @property
    def example(self) -> FieldMove:
        """The change of the first number."""
        return self.members[0][1]

    @property
    def befores(self) -> list[tuple[Shown, int]]:
        """What was there and on how many numbers, the commonest first."""
        return Counter(field.before for _, field in self.members).most_common()

    @property
    def sources(self) -> list[Source]:
        """The lines of YAML that say so."""
        return list({field.source[:2]: field.source for _, field in self.members}.values())


@dataclass(frozen=True, slots=True)
class Outlier:
    """`numbers` go from `before` to `after`, unlike the `many` that go to `usual`."""

    path: str
    before: Shown
    usual: Shown
    many: int
    after: Shown
    members: tuple[Member, ...]


def risky(changes: Iterable[NumberMove]) -> list[Risky]:
    """Every change with a risk, alike ones together; the gravest and commonest first."""
    groups: defaultdict[tuple[tuple[str, ...], str, Shown], list[Member]] = defaultdict(list)
    for change in changes:
        for field in change.fields:
            if field.risk:
                groups[field.risk, field.path, field.after].append((change.phone_number, field))
    found = [Risky(risk, path, tuple(members)) for (risk, path, _), members in groups.items()]
    return sorted(found, key=lambda each: (gravity(each.labels), each.path, -len(each.members)))


def alike(members: Iterable[Member]) -> list[list[Member]]:
    """The members whose field goes from the same to the same, the commonest first."""
    found: defaultdict[tuple[str, Shown, Shown], list[Member]] = defaultdict(list)
    for number, field in members:
        found[field.path, field.before, field.after].append((number, field))
    return sorted(found.values(), key=len, reverse=True)


def gravity(labels: Sequence[str]) -> int:
    """0 for the gravest of the labels that there are."""
    return min((RISKS.index(label) for label in labels if label in RISKS), default=len(RISKS))


def released(plan: Plan) -> list[Change]:
    """The numbers that are given back."""
    return [each for each in plan.difference.changes if each.action is Action.RELEASE]


@dataclass(frozen=True, slots=True)
class Rest:
    """A part of what changes on a number."""

    phone_number: str
    fields: tuple[FieldMove, ...]


def without_risk(changes: Iterable[NumberMove]) -> list[Rest]:
    """The changes of fields that put nothing at risk."""
    rest = (
        Rest(each.phone_number, tuple(field for field in each.fields if not field.risk))
        for each in changes
    )
    return [change for change in rest if change.fields]


def outliers(changes: Iterable[NumberMove], *, fewest: int = 10) -> list[Outlier]:
    """Where at least `fewest` numbers with the same live value change and at least nine in ten
    of them become the same: those that do not."""
    starts: defaultdict[tuple[str, Shown], dict[Shown, list[Member]]] = defaultdict(dict)
    for change in changes:
        for field in change.fields:
            ends = starts[field.path, field.before]
            ends.setdefault(field.after, []).append((change.phone_number, field))
    found: list[Outlier] = []
    for (path, before), ends in starts.items():
        total = sum(map(len, ends.values()))
        usual, most = max(ends.items(), key=lambda end: len(end[1]))
        if total < fewest or len(ends) == 1 or len(most) * 10 < total * 9:
            continue
        found += [
            Outlier(path, before, usual, len(most), after, tuple(members))
            for after, members in ends.items()
            if after != usual
        ]
    return found
