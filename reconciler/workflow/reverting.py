"""Undoing an apply: a plan that is the inverse of what its journal says was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.api.clock import SystemClock
from reconciler.api.progress import Progress, ignore_progress
from reconciler.api.read import open_reader
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import RELEASE, Action, Change, Difference, FieldChange
from reconciler.core.diff import diff, live_value
from reconciler.core.fields import Field
from reconciler.core.freshness import json_of
from reconciler.core.model import NO_SETTINGS, Desired, DesiredNumber, Settings, Snapshot
from reconciler.core.operations import covered
from reconciler.core.outcome import Left
from reconciler.core.replay import History
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, LiveValue, Value
from reconciler.errors import UsageError
from reconciler.workflow.common import Options, Project, account, root_here, rules_of
from reconciler.workflow.planning import Planned, with_plan
from reconciler.workflow.reading import read_snapshot_for
from reconciler.workflow.resuming import Found
from reconciler.workflow.saved import check_base_url

CONNECTION = "connection_id"


@dataclass(frozen=True, slots=True)
class Reverted:
    """The inverse plan, and what it cannot undo, with the why."""

    planned: Planned
    left: tuple[Left, ...]


async def revert(found: Found, options: Options, progress: Progress = ignore_progress) -> Reverted:
    """The plan that undoes what the apply of a journal changed, by the account as it is now.

    UsageError where the apply is not over: what it changed is not known then; and where none of
    the numbers that it wrote to is in the account, which then is another one.
    """
    history = found.history
    if not history.finished:
        raise UsageError(f"{found.path} is not finished: `reconciler resume {found.path}` first")
    root = root_here()
    here = rules_of(root)
    endpoint, limits = account(here, options)
    check_base_url(history.plan, endpoint.base_url)
    wanted, left = _inverse(history)
    # What it undoes is all it declares: a share of that would always be too much.
    safety = replace(here.safety, max_changes_percent=100.0, undeclared="ignore")
    desired = replace(here, numbers=wanted, safety=safety, assigning=None)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        seen = replace(desired, numbers=_touched(history) | wanted)
        snapshot = await read_snapshot_for(reader, endpoint, seen, options, limits, progress)
        _check_account(history, seen, snapshot)
        difference = diff(desired, snapshot, {})
        difference, moved = _without_moved(difference, history, snapshot)
        project = Project(root, desired, history.plan.origin.digest)
        planned = with_plan(project, options, snapshot, {}, difference, ())
        made = replace(planned.plan, origin=history.plan.origin)
        planned = replace(planned, plan=made, reads=reader.reads)
    return Reverted(planned, (*left, *moved))


def _touched(history: History) -> dict[str, DesiredNumber]:
    """The numbers that were written to and are still in the account, with no wish for them: even
    where nothing can be had back, they show whose account it is."""
    written = {number for number, _ in _written(history)}
    return {
        change.phone_number: DesiredNumber(
            change.phone_number, change.kind, NO_SETTINGS, change.fields[0].source
        )
        for change in history.plan.difference.changes
        if change.action is Action.UPDATE and change.phone_number in written
    }


def _check_account(history: History, seen: Desired, snapshot: Snapshot) -> None:
    ids = _ids(history)
    live = snapshot.numbers
    if seen.numbers and not any(n in live and live[n].id == ids[n] for n in seen.numbers):
        raise UsageError(
            "none of the numbers that the apply changed is in this account under its id: it is "
            "another account's journal; no plan was made"
        )


def _ids(history: History) -> dict[str, str]:
    return {change.phone_number: change.id for change in history.plan.difference.changes}


def _inverse(history: History) -> tuple[dict[str, DesiredNumber], tuple[Left, ...]]:
    """What every number held before, as if it were declared; and what cannot be had back."""
    written = _written(history)
    numbers: dict[str, DesiredNumber] = {}
    left: list[Left] = []
    for change in history.plan.difference.changes:
        number = change.phone_number
        if change.action is Action.RELEASE:
            if (number, RELEASE) in written:
                id_ = written[number, RELEASE]
                left.append(Left(number, RELEASE, id_, "it was given back: it has to be bought"))
            continue
        fields = [field for field in change.fields if (number, field.path) in written]
        service_goes_off = any(f.path == EMERGENCY_ENABLED and f.before is False for f in fields)
        kept: list[FieldChange] = []
        for field in fields:
            why = _why_not(BY_PATH[change.kind][field.path], field)
            if field.path == EMERGENCY_ADDRESS and field.before and service_goes_off:
                why = "an address can only be set together with service"
            if why:
                left.append(Left(number, field.path, written[number, field.path], why))
            else:
                kept.append(field)
        if kept:
            beside = {CONNECTION: history.connections[number]} if _moves(history, number) else {}
            numbers[number] = _as_declared(change, kept, beside)
    return numbers, tuple(left)


def _written(history: History) -> dict[tuple[str, str], str]:
    """The operation that wrote, or may have written, each path of each number: what was read
    back, and what was sent, not refused, and never seen."""
    written: dict[tuple[str, str], str] = {}
    changes = {change.phone_number: change for change in history.plan.difference.changes}
    for operation in history.plan.operations:
        past = history.operations[operation.id]
        for number in past.touched - past.failed.keys():
            paths = covered(operation, changes[number]) or (RELEASE,)
            written |= {(number, path): operation.id for path in paths}
        written |= dict.fromkeys(past.applied, operation.id)
    return written


def _why_not(row: Field, field: FieldChange) -> str:
    if row.secret:
        return "a PIN is never journalled: set it anew"
    if field.before is UNKNOWN:
        return "what it was before is not known"
    if field.before in (None, "") and not row.null:
        return "it was not set before, and cannot be cleared"
    return ""


def _moves(history: History, number: str) -> bool:
    """Whether the provider may have moved the number to another connection, with forwarding."""
    return history.connections.get(number, UNKNOWN) is not UNKNOWN


def _as_declared(
    change: Change, fields: list[FieldChange], beside: Mapping[str, LiveValue]
) -> DesiredNumber:
    """The number with its old values, and those `beside` what was changed; an address counts for
    nothing where service goes off."""
    given = {**{field.path: field.before for field in fields}, **beside}
    before: dict[str, Value] = {
        path: value for path, value in given.items() if value is not UNKNOWN
    }
    if before.get(EMERGENCY_ENABLED) is False:
        before.pop(EMERGENCY_ADDRESS, None)
    sources = dict.fromkeys(beside, fields[0].source) | {f.path: f.source for f in fields}
    paths = tuple(path for path in BY_PATH[change.kind] if path in before)
    settings = Settings(
        paths, tuple(before[path] for path in paths), tuple(sources[path] for path in paths)
    )
    return DesiredNumber(change.phone_number, change.kind, settings, fields[0].source)


def _without_moved(
    difference: Difference, history: History, snapshot: Snapshot
) -> tuple[Difference, tuple[Left, ...]]:
    """Only what is still as the apply left it is undone; of a link all or nothing."""
    planned = {change.phone_number: change for change in history.plan.difference.changes}
    changes: list[Change] = []
    left: list[Left] = []
    for change in difference.changes:
        rows = BY_PATH[change.kind]
        moved = {
            field.path: why
            for field in change.fields
            if (why := _why_moved(planned[change.phone_number], change, field, snapshot))
        }
        links = {rows[path].linked: path for path in moved if rows[path].linked}
        for field in change.fields:
            if (other := links.get(rows[field.path].linked)) and field.path not in moved:
                moved[field.path] = f"it goes with {other}: {moved[other]}"
        left += [Left(change.phone_number, path, "", why) for path, why in moved.items()]
        kept = tuple(field for field in change.fields if field.path not in moved)
        if kept:
            changes.append(change._replace(fields=kept))
    return replace(difference, changes=tuple(changes)), tuple(left)


def _why_moved(planned: Change, change: Change, field: FieldChange, snapshot: Snapshot) -> str:
    """Why `field` is not as the apply of `planned` left it, or cannot go back; "" where it can."""
    after = {each.path: each.after for each in planned.fields}
    if change.id != planned.id:
        return "it is in the account under another id now"
    if field.path not in after:
        return _moved_along(field)
    if field.before is not UNKNOWN and field.before != after[field.path]:
        return "it was changed again since"
    if _lacks_address(change, field, snapshot):
        return "the emergency address it had is not known"
    return ""


def _moved_along(field: FieldChange) -> str:
    """What was not in the plan and is not as it was: the journal cannot tell whose doing it is."""
    was, now = json_of(field.after), json_of(field.before)
    return f"it was {was} before forwarding was switched on, now it is {now}: set it anew"


def _lacks_address(change: Change, field: FieldChange, snapshot: Snapshot) -> bool:
    """Whether service would be switched on with no address to go with it."""
    if field.path != EMERGENCY_ENABLED or field.after is not True:
        return False
    planned = {each.path: each.after for each in change.fields}
    live = live_value(snapshot, snapshot.numbers[change.phone_number], EMERGENCY_ADDRESS)
    address = planned.get(EMERGENCY_ADDRESS, live)
    return address is None or address is UNKNOWN
