"""Whether what a plan was made from still holds: live values now, against `before` and guards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS
from reconciler.core.changes import RELEASE, Action, Change
from reconciler.core.emergency import effective
from reconciler.core.fingerprint import fingerprint_of
from reconciler.core.operations import (
    Operation,
    covered,
    leaves_bundle,
    left_unset,
    restated,
)
from reconciler.core.rules import EMERGENCY, EMERGENCY_ENABLED
from reconciler.core.text import neutral, shortened
from reconciler.core.values import UNKNOWN, LiveValue, Secret, Value, show_json


class State(Enum):
    """How one number stands to one operation."""

    FRESH = "fresh"
    """As the plan found it: the operation may be sent."""
    DONE = "done"
    """As the operation would make it: there is nothing to send."""
    MOVED = "moved"
    """Somebody else changed it since: it is not written over."""
    UNREAD = "unread"
    """What the plan knew cannot be read now."""
    BLIND = "blind"
    """Nothing of it can be read, as the plan knew: it may be sent, but whether it was is not
    to be seen."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one number stands to one operation, and the words for it."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What PINs are compared by: the values by ref, and the key of fingerprints, "" without."""

    by_ref: Mapping[str, str]
    binding_key: str = ""


def paths_to_read(operation: Operation, change: Change) -> tuple[str, ...]:
    """The live values that decide whether `operation` may still be sent for this number."""
    paths = {
        *covered(operation, change),
        *restated(operation, change),
        *left_unset(operation, change),
    }
    if not EMERGENCY.isdisjoint(paths):
        paths.add(EMERGENCY_STATUS)
    if change.action is Action.RELEASE:
        paths.add("tags")  # anything at all, to see that it is there
    return tuple(path for path in BY_PATH[change.kind] if path in paths)


def standing(
    operation: Operation,
    change: Change,
    live: Mapping[str, LiveValue] | None,
    secrets: Secrets,
    *,
    half_moved: bool = False,
    excused: frozenset[str] = frozenset(),
) -> Standing:
    """How a number stands to `operation`; `live` is None where the id is not in the account.

    `half_moved` says that an operation before this one has taken the number out of its bundle;
    `excused` are paths that an operation of this run may itself have moved: what they hold now is
    as good as what they held before.
    """
    if change.action is Action.RELEASE:
        return _release(operation, change, live)
    if live is None:
        return Standing(State.MOVED, f"no number with the id {change.id} is in the account now")
    leaves = leaves_bundle(operation)
    judged = []
    for field in change.fields:
        if field.path in covered(operation, change):
            after = None if leaves else field.after
            before = field.before
            now = _now(field.path, live)
            if field.path in excused and now is not UNKNOWN:
                before = now
            if half_moved and before is not UNKNOWN:
                before = None
            judged.append(_field(field.path, before, after, live, change.phone_number, secrets))
    states = {each.state for each in judged}
    guards = _guards(operation, change, live)
    for each in (*judged, *guards):
        if each.state in {State.MOVED, State.UNREAD}:
            return each
    if states <= {State.BLIND}:
        return Standing(State.BLIND)
    if states <= {State.DONE, State.BLIND}:
        return Standing(State.DONE)
    # What was not set, and is not sent, is set now: the call might drop it.
    unset = (_unless_same(path, None, _now(path, live)) for path in left_unset(operation, change))
    return next((each for each in unset if each.state is not State.FRESH), Standing(State.FRESH))


def _release(
    operation: Operation, change: Change, live: Mapping[str, LiveValue] | None
) -> Standing:
    if live is None:
        return Standing(State.DONE)
    if all(value is UNKNOWN for value in live.values()):
        return Standing(State.UNREAD, f"{RELEASE}: it cannot be read now")
    guards = _guards(operation, change, live)
    return next((each for each in guards if each.state is not State.FRESH), Standing(State.FRESH))


def _guards(
    operation: Operation, change: Change, live: Mapping[str, LiveValue]
) -> tuple[Standing, ...]:
    return tuple(
        _unless_same(path, guard, _now(path, live))
        for path, guard in restated(operation, change).items()
    )


def _field(
    path: str,
    before: LiveValue,
    after: Value,
    live: Mapping[str, LiveValue],
    number: str,
    secrets: Secrets,
) -> Standing:
    now = _now(path, live)
    wanted = secrets.by_ref.get(after.ref) if isinstance(after, Secret) else after
    if now is not UNKNOWN and now == wanted:
        return Standing(State.DONE)
    if before is UNKNOWN:
        return Standing(State.BLIND if now is UNKNOWN else State.FRESH)
    if isinstance(before, Secret) and isinstance(now, str):
        key = secrets.binding_key if before.fingerprint else ""
        same = not key or fingerprint_of(key, number, now) == before.fingerprint
        return Standing(State.FRESH) if same else Standing(State.MOVED, f"{path}: another value")
    return _unless_same(path, before, now)


def _unless_same(path: str, before: LiveValue, now: LiveValue) -> Standing:
    if now is UNKNOWN:
        return Standing(State.UNREAD, f"{path} cannot be read now")
    if now == before:
        return Standing(State.FRESH)
    return Standing(
        State.MOVED, f"{path} was {_shown(path, before)}, now it is {_shown(path, now)}"
    )


def _now(path: str, live: Mapping[str, LiveValue]) -> LiveValue:
    """The live value as the differ sees it: emergency service by its status."""
    value = live.get(path, UNKNOWN)
    if path == EMERGENCY_ENABLED and EMERGENCY_STATUS in live:
        return effective(value, live[EMERGENCY_STATUS])
    return value


def _shown(path: str, value: LiveValue) -> str:
    if path == "external_pin":
        return "not set" if value is None else "set"
    return shortened(neutral(json_of(value)), 100)


def json_of(value: LiveValue) -> str:
    """A value as JSON, on one line."""
    return json.dumps(show_json(value), ensure_ascii=False)
