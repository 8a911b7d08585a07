"""Where every setting of one number comes from: all layers that speak of it, lowest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.assigning import Assigning
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Withheld
from reconciler.core.documents import Document
from reconciler.core.fields import Kind
from reconciler.core.judging import Ruling
from reconciler.core.layering import Layered, layered, layers_of
from reconciler.core.layers import MARKS, drops
from reconciler.core.model import DesiredNumber, LiveNumber, Snapshot, Source
from reconciler.core.templates import Filler
from reconciler.core.values import UNKNOWN, LiveValue, TagEdit


@dataclass(frozen=True, slots=True)
class Step:
    """What one layer says of a field; `wins` marks the one that gives the value in the end (of
    tags, every edit over the last list does)."""

    layer: str
    value: Any
    source: Source
    wins: bool


@dataclass(frozen=True, slots=True)
class FieldExplained:
    """One field of a number. `value` is what is declared, also a Secret or a TagEdit; `live` is
    what the account holds, None where it was not looked at."""

    path: str
    managed: bool
    value: Any
    chain: tuple[Step, ...]
    live: tuple[LiveValue] | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One number: declared or not, live or not, and each of its fields."""

    phone_number: str
    kind: Kind
    declared_at: Source | None
    assigned_at: Source | None
    """The rule of `assign` that manages it, the last of them, where no file declares it."""
    release: bool
    live: LiveNumber | None
    live_was_read: bool
    fields: tuple[FieldExplained, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One number explained; what the rules would withhold of it; what the policies that look at it
    say of it, as it would be after an apply; and remarks."""

    explained: Explained
    withheld: tuple[Withheld, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    notes: tuple[str, ...] = ()


def explain(
    number: DesiredNumber | None,
    phone_number: str,
    project: Document | None,
    documents: Sequence[Document],
    snapshot: Snapshot | None,
    by: Assigning | None = None,
) -> Explained:
    """Everything there is to say of one number. The project has to be right in itself. `by` are
    the rules that manage it, where no file declares it."""
    live = snapshot.numbers.get(phone_number) if snapshot else None
    kind = number.kind if number else live.kind if live else Kind.NUMBER
    values = _live_values(snapshot, live)
    declared: Mapping[str, Any] = (number.settings.as_dict() | _marks(number)) if number else {}
    chains: Mapping[str, tuple[Step, ...]] = {}
    if number and by and snapshot and live:
        filler = Filler(phone_number)
        chains = _chains(number, (layered(*each, filler) for each in by.layers_of(snapshot, live)))
    elif number and not number.release:
        chains = _chains(number, layers_of(project, documents, number))
    fields = [
        FieldExplained(
            path,
            path in declared,
            declared.get(path),
            chains.get(path, ()),
            (values[path],) if path in values else None,
        )
        for path in (*BY_PATH[kind], *MARKS)
        if path in declared or values.get(path, UNKNOWN) not in (UNKNOWN, None, ())
    ]
    return Explained(
        phone_number,
        kind,
        number.source if number and not by else None,
        number.source if number and by else None,
        bool(number and number.release),
        live,
        snapshot is not None,
        tuple(fields),
    )


def _marks(number: DesiredNumber) -> dict[str, Any]:
    """What is said of it besides its settings."""
    said = {"protect": number.protect, "when_owned": number.when_owned}
    return {mark: True for mark in MARKS if said[mark]}


def _live_values(snapshot: Snapshot | None, live: LiveNumber | None) -> dict[str, LiveValue]:
    if snapshot is None or live is None:
        return {}
    return dict(zip(snapshot.columns[live.kind], live.values, strict=True))


def _chains(number: DesiredNumber, layers: Iterable[Layered]) -> dict[str, tuple[Step, ...]]:
    """The steps of every path, the winning ones marked."""
    chains: dict[str, list[Step]] = {}
    for layer in layers:
        for path, below in chains.items():
            if drops(layer.dropped, path):
                below[:] = [Step(s.layer, s.value, s.source, wins=False) for s in below]
        for path, (value, source) in layer.entries.items():
            below = chains.setdefault(path, [])
            if not isinstance(value, TagEdit):
                below[:] = [Step(s.layer, s.value, s.source, wins=False) for s in below]
            below.append(Step(layer.name, value, source, wins=True))
    managed = {*number.settings.paths, *_marks(number)}
    return {
        path: tuple(
            step if path in managed else Step(step.layer, step.value, step.source, wins=False)
            for step in steps
        )
        for path, steps in chains.items()
    }
