"""The rows of the tables that can be searched: everything that a plan or an outcome names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.changes import (
    RELEASE,
    RISKS,
    Action,
    FieldChange,
    NotOwned,
    UnknownField,
    Withheld,
)
from reconciler.core.fields import CALL_NAMES
from reconciler.core.model import Source
from reconciler.core.operations import Operation
from reconciler.core.outcome import Applied, Failed, Left, Outcome
from reconciler.core.plan import Plan
from reconciler.core.text import neutral, shortened
from reconciler.core.values import LiveValue, Secret
from reconciler.report.htmlpage import Cell, Column, Rows
from reconciler.report.ranges import named
from reconciler.report.view import View
from reconciler.report.words import shown

_LONGEST = 2_000
"""Characters of one cell; what is longer stands whole in the JSON."""

_NUMBER = Column("number", "Number", "head")
_FIELD = Column("field", "Field", "path")
_SOURCE = Column("source", "Where", "path")


def tags_of(plan: Plan, view: View) -> Mapping[str, tuple[str, ...]]:
    """The tags of each number that changes: as declared, or, for a plan that was saved, as the
    plan makes them."""
    if view.labels.tags:
        return view.labels.tags
    return {
        change.phone_number: field.after
        for change in plan.difference.changes
        for field in change.fields
        if field.path == "tags" and isinstance(field.after, tuple)
    }


@dataclass(frozen=True, slots=True)
class _Item:
    """What is said of one field of one number; all of it neutral."""

    number: str
    state: str
    path: str = ""
    before: str = ""
    after: str = ""
    risk: tuple[str, ...] = ()
    place: str = ""
    why: str = ""


def plan_rows(plan: Plan, view: View) -> Rows:
    """A row for each field of each number: what changes, and what is declared and does not."""
    tags, groups = tags_of(plan, view), view.labels.groups
    items = list(_items(plan, view))
    alike = len({item.state for item in items}) == 1
    rows: list[tuple[Cell, ...]] = [
        (
            *(item.number, "" if alike else item.state, item.path, item.before, item.after),
            *(item.why, item.risk, item.place),
            _all(tags.get(item.number, ())),
            _all(groups.get(item.number, ())),
        )
        for item in items
    ]
    before, after = ("Live", "Declared") if view.drift else ("Before", "After")
    of_tags = "Tags" if view.labels.tags else "Tags after"
    columns = (
        *(_NUMBER, Column("state", "State", "words"), _FIELD),
        *(Column("before", before, "code"), Column("after", after, "code")),
        *(Column("why", "Why", "text"), Column("risk", "Risk", "labels"), _SOURCE),
        *(Column("tag", of_tags, "labels"), Column("group", "Groups", "labels")),
    )
    filters = ("field", "risk", "tag", "group", "state")
    title = "Every difference" if view.drift else "Every change"
    return Rows("changes", title, "row", "rows", columns, rows, filters).trimmed()


def _items(plan: Plan, view: View) -> Iterator[_Item]:
    difference = plan.difference
    for change in difference.changes:
        number = _neutral(change.phone_number)
        if change.action is Action.RELEASE:
            place = _place(change.source)
            yield _Item(number, "to release", RELEASE, risk=(RELEASE,), place=place)
        for field in change.fields:
            yield _changed(number, field, "differs" if view.drift else "to change")
    yield from map(_held, difference.withheld)
    for unread in difference.unknown:
        why, place = _neutral(unread.reason), _place(unread.source)
        number, path = _neutral(unread.phone_number), _neutral(unread.path)
        yield _Item(number, "unknown", path, place=place, why=why)
    for lacking in difference.not_owned:
        number, place = _neutral(lacking.phone_number), _place(lacking.source)
        yield _Item(number, "not owned", place=place, why="the account lacks it")


def _changed(number: str, field: FieldChange, state: str) -> _Item:
    edit = _edit(field)
    return _Item(
        number,
        state,
        _neutral(field.path),
        _value(field.path, field.before),
        _value(field.path, field.after) + (f"  ({edit})" if edit else ""),
        tuple(risk for risk in RISKS if risk in field.risk),
        _place(field.source),
    )


def _held(held: Withheld) -> _Item:
    whole = held.path in {"", RELEASE}
    return _Item(
        _neutral(held.phone_number),
        "withheld",
        _neutral(held.path),
        "" if whole else _value(held.path, held.before),
        "" if whole else _value(held.path, held.after),
        (RELEASE,) if held.path == RELEASE else (),
        _place(held.source),
        _neutral(f"{held.rule}: {held.reason}"),
    )


def _value(path: str, value: LiveValue) -> str:
    """A value as text. A plan from elsewhere could hold a PIN in what was withheld: never shown."""
    if path == "external_pin" and isinstance(value, str):
        value = Secret("live")
    return shown(value, _LONGEST)


def _edit(field: FieldChange) -> str:
    """Which tags come and go: in long lists that hides."""
    if not (isinstance(field.before, tuple) and isinstance(field.after, tuple) and field.before):
        return ""
    before, after = set(field.before), set(field.after)
    signs = [f"+{tag}" for tag in sorted(after - before)]
    signs += [f"-{tag}" for tag in sorted(before - after)]
    return _neutral(", ".join(signs))


def _place(source: Source | None) -> str:
    return _neutral(str(source)) if source else ""


def _neutral(words: str) -> str:
    return shortened(neutral(words), _LONGEST)


def _all(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_neutral, labels))


def call_rows(operations: Sequence[Operation]) -> Rows:
    """A row for each call, in the order in which they are made."""
    columns = (
        Column("id", "Call", "head"),
        Column("call", "Kind", "words"),
        Column("count", "Numbers", "number"),
        Column("numbers", "Which", "code"),
        Column("body", "Writes", "code"),
        Column("after", "Only after", "code"),
    )
    rows = [
        (
            _neutral(each.id),
            CALL_NAMES[each.call][0],
            f"{len(each.numbers):,}",
            _neutral(named(each.numbers, str, 300)),
            _neutral(", ".join(_leaves(each.body))),
            _neutral(", ".join(each.depends_on)),
        )
        for each in operations
    ]
    return Rows("calls", "Every call", "call", "calls", columns, rows, ("call",)).trimmed()


def _leaves(body: Mapping[str, object], under: str = "") -> Iterator[str]:
    for key, value in body.items():
        if isinstance(value, Mapping) and value.keys() != {"secret"}:
            yield from _leaves(value, f"{under}{key}.")
        else:
            yield f"{under}{key}"


def outcome_rows(outcome: Outcome) -> Rows:
    """A row for each field of each number: what became of it, what is left first."""
    columns = (
        _NUMBER,
        Column("fate", "What became of it", "words"),
        _FIELD,
        Column("why", "Why", "text"),
        Column("operation", "Call", "code"),
        _SOURCE,
    )
    return Rows(
        "changes",
        "What became of every field",
        "row",
        "rows",
        columns,
        list(_outcome_rows(outcome)),
        ("fate", "field"),
    ).trimmed()


def _outcome_rows(outcome: Outcome) -> Iterator[tuple[Cell, ...]]:
    for state, each in fates(outcome):
        number = _neutral(each.phone_number)
        match each:
            case Failed():
                why = f"{each.code} {each.detail}".strip()
                yield number, state, _neutral(each.path), _neutral(why), each.operation, ""
            case Left():
                yield number, state, _neutral(each.path), _neutral(each.reason), each.operation, ""
            case Applied():
                yield number, state, _neutral(each.path), "", each.operation, ""
            case Withheld():
                why, place = _neutral(f"{each.rule}: {each.reason}"), _place(each.source)
                yield number, state, _neutral(each.path), why, "", place
            case UnknownField():
                place = _place(each.source)
                yield number, state, _neutral(each.path), _neutral(each.reason), "", place
            case NotOwned():
                yield number, state, "", "the account lacks it", "", _place(each.source)


Fate = Applied | Failed | Left | Withheld | UnknownField | NotOwned


def fates(outcome: Outcome) -> Iterator[tuple[str, Fate]]:
    """Everything an apply names with what it is called, what is left first."""
    yield from (("failed", each) for each in outcome.failed)
    yield from (("unconfirmed", each) for each in outcome.unconfirmed)
    yield from (("not tried", each) for each in outcome.skipped)
    yield from (("withheld", each) for each in outcome.withheld)
    yield from (("unknown", each) for each in outcome.unknown)
    yield from (("not owned", each) for each in outcome.not_owned)
    yield from (("cannot be verified", each) for each in outcome.unverifiable)
    yield from (("made already", each) for each in outcome.already)
    yield from (("applied", each) for each in outcome.applied)
