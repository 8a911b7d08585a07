"""`assign`: groups for live numbers that nobody declares, so that a purchase is managed at once.

The layers are those of a number in the project file: its defaults, then the groups of every rule
that matches, in the order of the rules, each group once and after what it extends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.core.declared import Declared, Rest, compact
from reconciler.core.diff import live_value
from reconciler.core.fields import Kind
from reconciler.core.groups import Groups
from reconciler.core.layers import PROTECT, WHEN_OWNED, Broken, Layer, marked, merge, settle
from reconciler.core.matching import Facts, Match, country_of, types_of
from reconciler.core.model import Desired, LiveNumber, Settings, Snapshot, Source
from reconciler.core.policy import outside_of
from reconciler.core.runs import Run
from reconciler.core.templates import Template, is_templated
from reconciler.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `assign`, and where it stands."""

    match: Match
    groups: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Assigning:
    """All rules of a project, with the layers that they take from it."""

    rules: tuple[Rule, ...]
    groups: Groups = field(repr=False)
    defaults: Mapping[Kind, Layer] = field(repr=False)
    layers: Mapping[tuple[Kind, str], Layer] = field(repr=False)

    def as_written(self) -> list[dict[str, object]]:
        """The rules as a project file would hold them, without their places."""
        return [{"match": rule.match.as_written(), "groups": [*rule.groups]} for rule in self.rules]

    def paths(self, kind: Kind) -> frozenset[str]:
        """Every setting that a rule looks at or may give."""
        names = self.groups.in_order([name for rule in self.rules for name in rule.groups])
        given = [self.defaults[kind], *(self.layers[kind, name] for name in names)]
        own = {path for layer in given for path in layer.entries} - {PROTECT, WHEN_OWNED}
        return frozenset(own).union(*(rule.match.paths(kind) for rule in self.rules))

    def meaning(self, snapshot: Snapshot, live: LiveNumber) -> list[Rule]:
        """The rules that mean `live`."""
        facts = live_facts(snapshot, live)
        return [rule for rule in self.rules if rule.match.answer(facts)]

    def layers_of(self, snapshot: Snapshot, live: LiveNumber) -> Iterator[tuple[str, Layer]]:
        """The layers of one live number that nobody declares, lowest first, and what each is."""
        yield "defaults of the project", self.defaults[live.kind]
        for name in self.groups.in_order(_groups_of(self.meaning(snapshot, live))):
            yield f"group {name} of assign", self.layers[live.kind, name]

    def layer(self, kind: Kind, names: tuple[str, ...]) -> Layer:
        """What `names` come to over the defaults."""
        layer = self.defaults[kind]
        for name in self.groups.in_order(names):
            layer = merge(layer, self.layers[kind, name])
        return layer


def _groups_of(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The groups of several rules, in their order, each once."""
    return tuple(dict.fromkeys(name for rule in rules for name in rule.groups))


def undeclared(desired: Desired, snapshot: Snapshot) -> Iterator[LiveNumber]:
    """The live numbers in the scope of the project that nobody declares."""
    for number, live in snapshot.numbers.items():
        if number in desired.numbers or number in desired.declared_elsewhere:
            continue
        if not outside_of(desired.safety.select, snapshot, live):
            yield live


def live_facts(snapshot: Snapshot, live: LiveNumber) -> Facts:
    """What the account says of a number; what cannot be read is not known."""
    return Facts(
        live.phone_number,
        live.kind,
        country_of(live.country),
        types_of(live.type),
        partial(live_value, snapshot, live),
    )


def assigned(desired: Desired, assigning: Assigning, snapshot: Snapshot) -> Desired:
    """`desired` with every live number that nobody declares and some rule means.

    InputError where what the rules give a number breaks a rule between fields.
    """
    made = _Made(assigning)
    runs = [run for live in undeclared(desired, snapshot) if (run := made.run(snapshot, live))]
    if made.broken:
        raise InputError(list(made.problems()))
    if not runs:
        return desired
    whole = Declared([*compact(desired.numbers).runs(), *runs])
    elsewhere = desired.declared_elsewhere
    if isinstance(elsewhere, Rest):
        elsewhere = Rest(Declared([*elsewhere.whole.runs(), *runs]), whole)
    return replace(desired, numbers=whole, declared_elsewhere=elsewhere)


class _Made:
    """The runs made so far; numbers that the same rules mean share their settings."""

    def __init__(self, assigning: Assigning) -> None:
        self._assigning = assigning
        self._settled: dict[tuple[Kind, tuple[str, ...]], tuple[Layer, Settings]] = {}
        self.broken: dict[Broken, str] = {}

    def run(self, snapshot: Snapshot, live: LiveNumber) -> Run | None:
        """The number as declared, None where no rule means it."""
        rules = self._assigning.meaning(snapshot, live)
        if not rules:
            return None
        names = _groups_of(rules)
        layer, settings = self._settle(live, names)
        return Run(
            int(live.phone_number[1:]),
            1,
            live.kind,
            settings,
            rules[-1].source,
            protect=marked(layer, PROTECT),
            when_owned=marked(layer, WHEN_OWNED),
            templated=is_templated(settings),
        )

    def _settle(self, live: LiveNumber, names: tuple[str, ...]) -> tuple[Layer, Settings]:
        found = self._settled.get((live.kind, names))
        if found is None:
            layer = self._assigning.layer(live.kind, names)
            settings, broken = settle(layer, live.kind, {})
            found = self._settled[live.kind, names] = (layer, settings)
            for rule in (*broken, *_needing_a_block(settings)):
                self.broken.setdefault(rule, live.phone_number)
        return found

    def problems(self) -> Iterator[Problem]:
        """What is wrong with what the rules give."""
        for (source, text), number in self.broken.items():
            yield Problem(source.path, source.line, source.column, f"{text} (for {number})")


def _needing_a_block(settings: Settings) -> Iterator[Broken]:
    for value, source in zip(settings.values, settings.sources, strict=True):
        if isinstance(value, Template) and value.needs_index():
            yield source, "{index} is a place in a block, and assign gives this to single numbers"
