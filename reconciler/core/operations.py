"""An operation: one call as data.

Which call, which numbers, which body, which live values it restates (guards), and what must be
done before it. `compiler` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Change
from reconciler.core.fields import Channel, Clear, Field, Kind, Wire, Write
from reconciler.core.rules import DELETION_LOCK, EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import Secret, Value

Body = Mapping[str, Any]


def _links(kind: Kind) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path, row in BY_PATH[kind].items():
        if row.linked:
            found[row.linked] = (*found.get(row.linked, ()), path)
    return found


LINKS = {kind: _links(kind) for kind in Kind}
"""The fields of each link, which travel in one call."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `body` holds neither the numbers nor a secret (that stands by its ref).

    `numbers` are E.164 and never empty: a job without numbers, or with a filter in their place,
    would update every number that matches. `guards` are live values, by path, that the body
    restates for numbers on which that path does not change.
    """

    id: str
    call: Channel
    numbers: tuple[str, ...]
    body: Body
    guards: Mapping[str, Value]
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.numbers:
            raise ValueError("an operation names the numbers it is for")


def body_of(call: Channel, settings: Sequence[tuple[Field, Value]]) -> Body:
    """The body by which `call` gives a number these settings; ValueError where it cannot."""
    body: dict[str, Any] = {}
    for row, value in settings:
        write = row.write_by(call)
        if write is None:
            raise ValueError(f"{call} cannot write {row.path}")
        level = body
        for step in write.at[:-1]:
            level = level.setdefault(step, {})
        level[write.at[-1]] = _on_the_wire(write, value)
    if call is Channel.MESSAGING_BULK and body["messaging_profile_id"]:
        # It defaults to false, which may change what nobody reviewed; with "", which
        # unassigns, there is nothing to assign only.
        body["assign_only"] = True
    return body


def _on_the_wire(write: Write, value: Value) -> Any:
    if isinstance(value, Secret):
        return {"secret": value.ref}
    if value is None or value == ():
        match write.clear:
            case Clear.EMPTY_LIST:
                return []
            case Clear.NULL:
                return None
            case Clear.EMPTY_STRING:
                return ""
            case _:
                raise ValueError(f"{write.channel} has no way to clear {'.'.join(write.at)}")
    if write.wire is Wire.ON_OFF:
        return value != "disabled"
    return list(value) if isinstance(value, tuple) else value


def covered(operation: Operation, change: Change) -> tuple[str, ...]:
    """The changed paths of one number that `operation` writes."""
    rows = BY_PATH[change.kind]
    return tuple(field.path for field in change.fields if _in_body(rows[field.path], operation))


def sent_paths(operation: Operation, kind: Kind) -> tuple[str, ...]:
    """The paths that `operation` sends, changed or restated, for numbers of a kind."""
    return tuple(path for path, row in BY_PATH[kind].items() if _in_body(row, operation))


def restated(operation: Operation, change: Change) -> dict[str, Value]:
    """The live values of one number that have to be as they were: `operation` sends them again
    without changing them, or, for a release, was allowed because of them."""
    changed = {field.path for field in change.fields}
    return {path: value for path, value in operation.guards.items() if path not in changed}


def leaves_bundle(operation: Operation) -> bool:
    """Whether it is the first of the two calls that move a number to another bundle."""
    return operation.call is Channel.BUNDLE and operation.body == {"bundle_id": None}


def is_made_of(operation: Operation, change: Change) -> bool:
    """Whether `operation` does to this number what `change` says, and nothing else."""
    if operation.call in _RELEASES or change.action is Action.RELEASE:
        return (
            operation.call in _RELEASES
            and change.action is Action.RELEASE
            and not operation.body
            and operation.guards.keys() <= RELEASE_GUARDS
        )
    rows = BY_PATH[change.kind]
    after = {field.path: field.after for field in change.fields}
    paths = covered(operation, change)
    if leaves_bundle(operation):
        after = dict.fromkeys(paths, None)
    again = restated(operation, change)
    if (
        not paths
        or not again.keys() <= rows.keys()
        or not _links_are_whole(operation, change, again)
    ):
        return False
    values = {path: after[path] for path in paths} | again
    try:
        settings = [(rows[path], value) for path, value in values.items()]
        return _is_same(body_of(operation.call, settings), operation.body)
    except (KeyError, ValueError):
        return False


def _links_are_whole(operation: Operation, change: Change, again: Mapping[str, Value]) -> bool:
    """Whether `operation` sends again (`again`) the rest of each link that it sends any of, which
    would be lost else; and besides only what jobs can send to numbers that hold it already."""
    rows = BY_PATH[change.kind]
    after = {field.path: field.after for field in change.fields}
    paths = covered(operation, change)
    changed = _rest_of_links(change.kind, paths)
    rest = changed | _rest_of_links(change.kind, again)
    unset = set(left_unset(operation, change))
    if after.get(EMERGENCY_ENABLED) is False:
        unset |= rest & {EMERGENCY_ADDRESS}  # "must be null or omitted"
    besides = again.keys() - changed
    may = operation.call is Channel.UPDATE_JOB and not any(rows[each].secret for each in besides)
    return rest - unset - set(paths) <= again.keys() and (may or not besides)


def _rest_of_links(kind: Kind, paths: Iterable[str]) -> set[str]:
    """All paths of the links that `paths` are of."""
    links = {BY_PATH[kind][path].linked for path in paths} - {""}
    return {path for link in links for path in LINKS[kind][link]}


def left_unset(operation: Operation, change: Change) -> tuple[str, ...]:
    """What is missing in a link that `operation` writes, because it was not set before and no
    call can say so: a forwarding type without its target."""
    rows = BY_PATH[change.kind]
    changed = {field.path for field in change.fields}
    sent = (*covered(operation, change), *restated(operation, change))
    return tuple(
        path
        for path in sorted(_rest_of_links(change.kind, sent))
        if rows[path].meaningless_without and path not in changed and path not in operation.guards
    )


def _is_same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: to Python, 1 is True."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


_RELEASES = frozenset({Channel.DELETE_JOB, Channel.DELETE_NUMBER})
RELEASE_GUARDS = frozenset({DELETION_LOCK, EMERGENCY_ENABLED})
"""What must still be off when a number is given back."""


def _in_body(row: Field, operation: Operation) -> bool:
    write = row.write_by(operation.call)
    level: Any = operation.body
    for step in write.at if write else ("",):
        if not isinstance(level, Mapping) or step not in level:
            return False
        level = level[step]
    return True
