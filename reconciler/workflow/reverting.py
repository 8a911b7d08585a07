"""Undoing an apply: a plan that is the inverse of what its journal says was changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.listings import Progress, ignore_progress
from reconciler.api.read import open_reader
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import RELEASE, Action, Change, Difference, FieldChange
from reconciler.core.diff import diff, live_value
from reconciler.core.fields import Field
from reconciler.core.model import DesiredNumber, Settings, Snapshot
from reconciler.core.outcome import Left
from reconciler.core.replay import History
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, Value
from reconciler.errors import UsageError
from reconciler.files import find_project
from reconciler.workflow.common import Options, Project, account, account_here
from reconciler.workflow.planning import Planned, read_snapshot_for, with_plan
from reconciler.workflow.resuming import Found
from reconciler.workflow.saved import check_base_url


@dataclass(frozen=True, slots=True)
class Reverted:
    """The inverse plan, and what it cannot undo, with the why."""

    planned: Planned
    left: tuple[Left, ...]


async def revert(found: Found, options: Options, progress: Progress = ignore_progress) -> Reverted:
    """The plan that undoes what the apply of a journal changed, by the account as it is now.

    UsageError where the apply is not over: what it changed is not known then.
    """
    history = found.history
    if not history.finished:
        raise UsageError(f"{found.path} is not finished: `reconciler resume {found.path}` first")
    here = account_here()
    endpoint, limits = account(here, options)
    check_base_url(history.plan, endpoint.base_url)
    wanted, left = _inverse(history)
    root = find_project(Path(), Path.cwd()).root
    desired = replace(here, numbers=wanted)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        snapshot = await read_snapshot_for(reader, endpoint, desired, options, limits, progress)
        difference = diff(desired, snapshot, {})
        difference, moved = _without_moved(difference, history, snapshot)
        project = Project(root, desired, history.plan.origin.digest)
        planned = with_plan(project, options, snapshot, {}, difference, ())
        planned = replace(planned, reads=reader.reads)
    return Reverted(planned, (*left, *moved))


def _inverse(history: History) -> tuple[dict[str, DesiredNumber], tuple[Left, ...]]:
    """What every number held before, as if it were declared; and what cannot be had back."""
    written = {
        (number, path): id_
        for id_, past in history.operations.items()
        for number, path in past.applied
    }
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
        kept: list[FieldChange] = []
        for field in fields:
            if why := _why_not(BY_PATH[change.kind][field.path], field):
                left.append(Left(number, field.path, written[number, field.path], why))
            else:
                kept.append(field)
        if kept:
            numbers[number] = _as_declared(change, kept)
    return numbers, tuple(left)


def _why_not(row: Field, field: FieldChange) -> str:
    if row.secret:
        return "a PIN is never journalled: set it anew"
    if field.before is UNKNOWN:
        return "what it was before is not known"
    if field.before in (None, "") and not row.null:
        return "it was not set before, and cannot be cleared"
    return ""


def _as_declared(change: Change, fields: list[FieldChange]) -> DesiredNumber:
    """The number with its old values; an address counts for nothing where service goes off."""
    before: dict[str, Value] = {
        field.path: field.before for field in fields if field.before is not UNKNOWN
    }
    if before.get(EMERGENCY_ENABLED) is False:
        before.pop(EMERGENCY_ADDRESS, None)
    sources = {field.path: field.source for field in fields}
    paths = tuple(path for path in BY_PATH[change.kind] if path in before)
    settings = Settings(
        paths, tuple(before[path] for path in paths), tuple(sources[path] for path in paths)
    )
    return DesiredNumber(change.phone_number, change.kind, settings, fields[0].source)


def _without_moved(
    difference: Difference, history: History, snapshot: Snapshot
) -> tuple[Difference, tuple[Left, ...]]:
    """Only what is still as the apply left it is undone."""
    after = {
        (change.phone_number, field.path): field.after
        for change in history.plan.difference.changes
        for field in change.fields
    }
    changes: list[Change] = []
    left: list[Left] = []
    for change in difference.changes:
        kept: list[FieldChange] = []
        for field in change.fields:
            why = ""
            if field.before != after[change.phone_number, field.path]:
                why = "it was changed again since"
            elif _lacks_address(change, field, snapshot):
                why = "the emergency address it had is not known"
            if why:
                left.append(Left(change.phone_number, field.path, "", why))
            else:
                kept.append(field)
        if kept:
            changes.append(replace(change, fields=tuple(kept)))
    return replace(difference, changes=tuple(changes)), tuple(left)


def _lacks_address(change: Change, field: FieldChange, snapshot: Snapshot) -> bool:
    """Whether service would be switched on with no address to go with it."""
    if field.path != EMERGENCY_ENABLED or field.after is not True:
        return False
    planned = {each.path: each.after for each in change.fields}
    live = live_value(snapshot, snapshot.numbers[change.phone_number], EMERGENCY_ADDRESS)
    address = planned.get(EMERGENCY_ADDRESS, live)
    return address is None or address is UNKNOWN
