"""Policies against numbers: what breaks one, and of what it cannot be told.

A policy is judged once for all numbers that are alike in what it looks at. Of what is declared
only some is known: the account has the rest, and what depends on that is left to be judged there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

from reconciler.core.callingcodes import code_of, countries_of
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Change
from reconciler.core.conditions import Answer, Condition, Fact
from reconciler.core.declared import compact
from reconciler.core.diff import why_not_read
from reconciler.core.fields import Kind
from reconciler.core.matching import Facts, country_of, is_one_of, types_of
from reconciler.core.model import DesiredNumber, LiveNumber, Settings, Snapshot, Source
from reconciler.core.policies import Policy, Unjudged, Violation
from reconciler.core.policy import outside_of
from reconciler.core.runs import Run
from reconciler.core.safety import Select
from reconciler.core.scope import Section, section_of
from reconciler.core.templates import Template
from reconciler.core.values import UNKNOWN, LiveValue, TagEdit

_NOWHERE: frozenset[str] = frozenset()
_Values = tuple[Fact, ...]
_Known = tuple[str, frozenset[str], frozenset[str], _Values]
"""A number, its countries and types as in `Facts`, and what it holds of what a judge looks at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting of a number that is not as a policy wants it, with its `value`; or, where there
    are `unknown` facts, of which that cannot be told for want of them."""

    policy: Policy
    condition: Condition
    value: LiveValue
    unknown: tuple[str, ...] = ()


class Ruling(NamedTuple):
    """What a policy says of a number that it means, or may mean: that it is `exempt` (None where
    that cannot be told), and what is not as it wants it."""

    policy: Policy
    exempt: Answer
    findings: tuple[Finding, ...]


class Judge:
    """Judges numbers of one kind; those alike in what its policies look at but once."""

    def __init__(self, policies: Iterable[Policy], kind: Kind) -> None:
        self.kind = kind
        self.policies = tuple(each for each in policies if each.concerns(kind))
        looked = (path for policy in self.policies for path in policy.paths(kind))
        self.paths = tuple(sorted(set(looked)))
        """The settings it looks at, in the order in which it is given their values."""
        matches = [m for each in self.policies for m in (each.match, each.unless) if m]
        self.globs = tuple(dict.fromkeys(m.numbers for m in matches if m.numbers))
        self.asks_country = any(m.countries for m in matches)
        self.met: set[str] = set()
        """The names of the policies that mean some number that was judged, or may mean it."""
        self._known: dict[tuple[Any, ...], tuple[Finding, ...]] = {}
        self._looked: dict[tuple[Any, ...], frozenset[str]] = {}

    def findings(
        self, number: str, countries: frozenset[str], types: frozenset[str], values: _Values
    ) -> tuple[Finding, ...]:
        """What there is to say of a number; countries and types as in `Facts`."""
        key = (countries, types, values, *(is_one_of(number, globs) for globs in self.globs))
        found = self._known.get(key)
        if found is None:
            ruled = self.rulings(number, countries, types, values)
            found = self._known[key] = tuple(each for one in ruled for each in one.findings)
        return found

    def rulings(
        self, number: str, countries: frozenset[str], types: frozenset[str], values: _Values
    ) -> list[Ruling]:
        """The same by policy, and of those that find nothing too."""
        ruled = list(self._rule(self._facts(number, countries, types, values)))
        self.met.update(each.policy.name for each in ruled)
        return ruled

    def looks(self, number: str, countries: frozenset[str], values: _Values) -> frozenset[str]:
        """The settings that the policies look at which may mean the number."""
        key = (countries, values, *(is_one_of(number, globs) for globs in self.globs))
        found = self._looked.get(key)
        if found is None:
            facts = self._facts(number, countries, _NOWHERE, values)
            found = self._looked[key] = frozenset[str]().union(*self._may_look(facts))
        return found

    def _facts(
        self, number: str, countries: frozenset[str], types: frozenset[str], values: _Values
    ) -> Facts:
        value = dict(zip(self.paths, values, strict=True)).__getitem__
        return Facts(number, self.kind, countries, types, value)

    def _may_look(self, facts: Facts) -> Iterator[frozenset[str]]:
        for policy in self.policies:
            exempt = policy.unless.answer(facts) if policy.unless else False
            if policy.match.answer(facts) is not False and not exempt:
                yield policy.paths(self.kind)

    def _rule(self, facts: Facts) -> Iterator[Ruling]:
        for policy in self.policies:
            meant = policy.match.answer(facts)
            if meant is False:
                continue
            exempt = policy.unless.answer(facts) if policy.unless else False
            whose = [] if meant else [*policy.match.unknown(facts)]
            if exempt is None and policy.unless:
                whose += policy.unless.unknown(facts)
            found = () if exempt else tuple(self._judge(policy, facts, whose))
            yield Ruling(policy, exempt, found)

    def _judge(self, policy: Policy, facts: Facts, whose: Sequence[str]) -> Iterator[Finding]:
        """What is not as the policy wants it, or cannot be told: for want of what it is to say
        `whose` settings it is about, too."""
        for condition in policy.require:
            if not condition.concerns(self.kind):
                continue
            value = facts.value(condition.path)
            holds = condition.holds(value)
            if not holds:
                unknown = [*whose, *([condition.path] if holds is None else [])]
                known = UNKNOWN if isinstance(value, TagEdit) else value
                yield Finding(policy, condition, known, tuple(dict.fromkeys(unknown)))


def judges_of(policies: Iterable[Policy]) -> dict[Kind, Judge]:
    """A judge for each kind of numbers."""
    known = tuple(policies)
    return {kind: Judge(known, kind) for kind in Kind}


def idle(policies: Iterable[Policy], judges: Mapping[Kind, Judge]) -> tuple[Policy, ...]:
    """The policies that mean none of all the numbers that were put before `judges`."""
    met = frozenset[str]().union(*(judge.met for judge in judges.values()))
    return tuple(each for each in policies if each.name not in met)


def narrowed(policies: Iterable[Policy], only: Iterable[Section]) -> tuple[Policy, ...]:
    """What the policies require of the settings of these sections (none: of all)."""
    wanted = frozenset(only)
    if not wanted:
        return tuple(policies)
    cut = (
        replace(each, require=tuple(c for c in each.require if section_of(c.path) in wanted))
        for each in policies
    )
    return tuple(each for each in cut if each.require)


# ---- what is declared ---------------------------------------------------------------------------


class Left(NamedTuple):
    """What a policy cannot say of `numbers` (how many) before `unknown` facts of them are known."""

    policy: str
    numbers: int
    unknown: tuple[str, ...]


class Declaration(NamedTuple):
    """A finding about declared numbers that are alike, and where its setting is declared; where
    the number is, if the setting is not."""

    finding: Finding
    numbers: Sequence[str]
    source: Source


def judge_declared(
    judges: Mapping[Kind, Judge], numbers: Mapping[str, DesiredNumber]
) -> Iterator[Declaration]:
    """What can be said without an account of all that is declared and not given back."""
    for judge, part, settings in _parts(judges, numbers):
        found = judge.findings(*_declared_of(judge, f"+{part.first}", settings))
        numbers_of = list(part.numbers()) if found else []
        for finding in found:
            source = source_of(settings, finding.condition.path) or part.source
            yield Declaration(finding, numbers_of, source)


Looked = tuple[Kind, frozenset[str], Sequence[str]]
"""Settings by path, and the numbers of one kind of which they are looked at."""


def looked_at(policies: Sequence[Policy], numbers: Mapping[str, DesiredNumber]) -> list[Looked]:
    """Which settings of which declared numbers the policies look at: of those that, as far as is
    known without an account, they may mean."""
    judges = judges_of(policies)
    found: dict[tuple[Kind, frozenset[str]], list[str]] = {}
    for judge, part, settings in _parts(judges, numbers):
        name = f"+{part.first}"
        looked = judge.looks(name, _possible(judge, name), declared_values(judge, settings))
        if looked:
            found.setdefault((judge.kind, looked), []).extend(part.numbers())
    return [(kind, paths, names) for (kind, paths), names in found.items()]


def _parts(
    judges: Mapping[Kind, Judge], numbers: Mapping[str, DesiredNumber]
) -> Iterator[tuple[Judge, Run, Settings]]:
    """All that is declared, in parts of numbers that their judge sees alike."""
    if not any(judge.policies for judge in judges.values()):
        return
    for run in compact(numbers).runs():
        judge = judges[run.kind]
        if judge.policies and not run.release:
            for part, settings in _alike(judge, run):
                yield judge, part, settings


def _declared_of(judge: Judge, number: str, settings: Settings) -> _Known:
    """A number as far as it is known without an account."""
    return number, _possible(judge, number), _NOWHERE, declared_values(judge, settings)


def _possible(judge: Judge, number: str) -> frozenset[str]:
    return countries_of(number) if judge.asks_country else _NOWHERE


def _alike(judge: Judge, run: Run) -> Iterator[tuple[Run, Settings]]:
    """A run in parts of which the judge can see no two numbers apart, with their settings."""
    ends = f"+{run.first}", f"+{run.first + run.size - 1}"
    one_code = not judge.asks_country or code_of(ends[0]) == code_of(ends[1])
    filled = run.templated and any(
        isinstance(value, Template) for value in declared_values(judge, run.settings)
    )
    if run.size == 1 and not filled:
        yield run, run.settings
    elif filled or judge.globs or not one_code:
        for at in range(run.size):
            part = run.part(at, at + 1)
            yield part, part.at(part.first).settings if filled else run.settings
    else:
        yield run, run.settings


def declared_values(judge: Judge, settings: Settings) -> _Values:
    """What is declared of the settings that the judge looks at; what is not, is not known."""
    declared = dict(zip(settings.paths, settings.values, strict=True))
    return tuple(declared.get(path, UNKNOWN) for path in judge.paths)


def source_of(settings: Settings, path: str) -> Source | None:
    """Where `path` is declared, None where it is not."""
    return settings.sources[settings.paths.index(path)] if path in settings.paths else None


# ---- what is live -------------------------------------------------------------------------------


def rulings(
    policies: Sequence[Policy],
    number: DesiredNumber,
    snapshot: Snapshot | None = None,
    changes: Iterable[Change] = (),
) -> list[Ruling]:
    """What each policy says that means a declared number, or may mean it: by what the account
    holds of it once `changes` are made, or without a snapshot, or where the account lacks it, by
    what is declared."""
    live = snapshot.numbers.get(number.phone_number) if snapshot else None
    if snapshot is not None and live is not None and live.kind is number.kind:
        by_number = {each.phone_number: each for each in changes}
        return _Court(policies, snapshot, by_number).rulings(live)
    judge = Judge(policies, number.kind)
    return judge.rulings(*_declared_of(judge, number.phone_number, number.settings))


class Judged(NamedTuple):
    """What breaks a policy, and what could not be told; and the policies that mean no number."""

    violations: tuple[Violation, ...]
    unjudged: tuple[Unjudged, ...]
    idle: tuple[Policy, ...] = ()


def judge_live(
    policies: Sequence[Policy],
    numbers: Mapping[str, DesiredNumber],
    snapshot: Snapshot,
    select: Select,
    changes: Iterable[Change] = (),
) -> Judged:
    """Judge declared numbers by what the account holds of them once `changes` are made. Those that
    are not in it, are outside of `select` or are to be given back are left out, and what no
    answer of the API ever shows is passed over."""
    if not policies:
        return Judged((), ())
    court = _Court(policies, snapshot, {each.phone_number: each for each in changes})
    scoped = select != Select()
    violations: list[Violation] = []
    unjudged: list[Unjudged] = []
    for run in compact(numbers).runs():
        if run.release or not court.judges[run.kind].policies:
            continue
        for name in run.numbers():
            live = snapshot.numbers.get(name)
            if live is None or live.kind is not run.kind:
                court.hear(run.at(int(name[1:])))
                continue
            found = court.findings(live)
            if found and not (scoped and outside_of(select, snapshot, live)):
                number = run.at(int(name[1:]))
                violations += court.violations(number, found)
                unjudged += court.unjudged(number, live, found)
    return Judged(tuple(violations), tuple(unjudged), idle(policies, court.judges))


class _Court:
    """The judges of one account, by kind, and how to put a number before them."""

    def __init__(
        self, policies: Sequence[Policy], snapshot: Snapshot, changes: Mapping[str, Change]
    ) -> None:
        self.judges = judges_of(policies)
        self._snapshot = snapshot
        self._changes = changes
        self._rows = {
            kind: _row(snapshot.columns[kind], judge.paths)
            for kind, judge in self.judges.items()
            if kind in snapshot.columns
        }

    def hear(self, number: DesiredNumber) -> None:
        """Of a number that the account lacks only whether a policy means it is of interest."""
        judge = self.judges[number.kind]
        judge.findings(*_declared_of(judge, number.phone_number, number.settings))

    def findings(self, live: LiveNumber) -> tuple[Finding, ...]:
        """What there is to say of a live number."""
        return self.judges[live.kind].findings(*self._known_of(live))

    def rulings(self, live: LiveNumber) -> list[Ruling]:
        """The same by policy."""
        return self.judges[live.kind].rulings(*self._known_of(live))

    def _known_of(self, live: LiveNumber) -> _Known:
        judge = self.judges[live.kind]
        values: _Values = self._rows[live.kind](live.values)
        if change := self._changes.get(live.phone_number):
            after = {field.path: field.after for field in change.fields}
            values = tuple(
                after.get(path, value) for path, value in zip(judge.paths, values, strict=True)
            )
        return live.phone_number, country_of(live.country), types_of(live.type), values

    def violations(self, number: DesiredNumber, found: Iterable[Finding]) -> Iterator[Violation]:
        """Those of `found` that are sure."""
        for each in found:
            if not each.unknown:
                policy, path = each.policy, each.condition.path
                yield Violation(
                    number.phone_number,
                    policy.name,
                    policy.level,
                    path,
                    each.value,
                    each.condition.written,
                    self._source(number, path),
                    policy.source,
                )

    def unjudged(
        self, number: DesiredNumber, live: LiveNumber, found: Iterable[Finding]
    ) -> Iterator[Unjudged]:
        """Those of `found` of which it cannot be told, but for what never can."""
        for each in found:
            if each.unknown and not all(map(partial(_never_shown, live.kind), each.unknown)):
                policy, path = each.policy, each.condition.path
                yield Unjudged(
                    number.phone_number,
                    policy.name,
                    policy.level,
                    path,
                    "; ".join(self._why(live, fact) for fact in each.unknown),
                    self._source(number, path),
                    policy.source,
                )

    def _source(self, number: DesiredNumber, path: str) -> Source:
        return source_of(number.settings, path) or number.source

    def _why(self, live: LiveNumber, fact: str) -> str:
        if fact in {"country", "type"}:
            return f"the account does not tell its {fact}"
        if live.reasons and fact in live.reasons:
            return live.reasons[fact]
        return why_not_read(self._snapshot, live.kind, fact)


def _never_shown(kind: Kind, fact: str) -> bool:
    return fact in BY_PATH[kind] and BY_PATH[kind][fact].write_only


@cache
def _row(
    columns: Sequence[str], paths: Sequence[str]
) -> Callable[[tuple[LiveValue, ...]], tuple[LiveValue, ...]]:
    """How to get the values of `paths` out of those of a live number."""
    places = [columns.index(path) if path in columns else -1 for path in paths]
    return lambda values: tuple([values[at] if at >= 0 else UNKNOWN for at in places])
