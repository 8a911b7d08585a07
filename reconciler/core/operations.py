"""An operation: one call as data.

Which call, which numbers, which body, which live values it restates (guards), and what must be
done before it. `compiler` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Change
from reconciler.core.fields import Channel, Clear, Field, Wire, Write
from reconciler.core.rules import DELETION_LOCK, EMERGENCY_ENABLED
from reconciler.core.values import Secret, Value

Body = Mapping[str, Any]


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


def restated(operation: Operation, change: Change) -> dict[str, Value]:
    """The live values of one number that have to be as they were: `operation` sends them again
    without changing them, or, for a release, was allowed because of them."""
    changed = {field.path for field in change.fields}
    return {path: value for path, value in operation.guards.items() if path not in changed}


def leaves_bundle(operation: Operation) -> bool:
    """Whether it is the first of the two calls that move a number to another bundle."""
    return operation.call is Channel.BUNDLE and set(operation.body.values()) == {None}


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
    values = {path: after[path] for path in paths} | restated(operation, change)
    try:
        settings = [(rows[path], value) for path, value in values.items()]
        return bool(paths) and body_of(operation.call, settings) == operation.body
    except (KeyError, ValueError):
        return False


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
