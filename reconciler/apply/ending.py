"""The end of a run: everything is read back, and what became of it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.api.confirm import Reading, confirm
from reconciler.apply.control import INTERRUPTED, Stop
from reconciler.apply.desk import Desk
from reconciler.apply.readback import expected_of, moved_connections, released_of
from reconciler.core.changes import RELEASE
from reconciler.core.outcome import Left, Outcome
from reconciler.core.plan import Plan
from reconciler.core.rules import EMERGENCY, FORWARDING_ENABLED, FORWARDS_TO
from reconciler.core.verdict import Confirmation, Fates, Record, Records, judge
from reconciler.errors import KeyRefusedError

_TOO_LATE = "the interrupt came when nothing was left to be sent or read back"


async def read_back(plan: Plan, desk: Desk, records: Records) -> Confirmation:
    """Read back everything that was sent and not refused."""
    context = desk.context
    changes = plan.difference.changes
    reading = Reading(
        desk.reader,
        desk.clock,
        account_size=plan.live_numbers,
        page_size=context.limits.page_size,
        emergency_seconds=context.limits.job_timeout_seconds,
        hurry=desk.in_a_hurry,
    )
    seen = {(n, path) for n, path in _applied_before(desk) if n not in context.connections}
    expected = expected_of(changes, records, seen)
    released = released_of(desk.ids, records)
    released = {n: id_ for n, id_ in released.items() if (n, RELEASE) not in seen}
    desk.forecast.reading_back(len(expected) + len(released), desk.reader.reads)
    try:
        return await confirm(
            reading,
            expected,
            released,
            secrets=context.secrets.by_ref,
            also=dict.fromkeys(context.connections, ("connection_id",)),
            refused=[n for n in released if n in records[n][RELEASE].failures],
        )
    except KeyRefusedError as error:
        desk.refused(error)
        return Confirmation()


def outcome_of(
    plan: Plan, desk: Desk, by_id: Mapping[str, Record], records: Records, back: Confirmation
) -> Outcome:
    """What became of every field; the counts and the time are the caller's to fill in."""
    context, stop, difference = desk.context, desk.stop, plan.difference
    back = replace(back, seen=back.seen | _applied_before(desk))
    fates = judge(plan, records, back, context.redactor.redact)
    moved = dict(moved_connections(context.connections, back))
    fates.unconfirmed += [
        Left(number, "connection_id", _forwarding_operation(records, number), how)
        for number, how in moved.items()
        if number in context.pinned
    ]
    still_open = _still_open(fates, by_id, stopped=bool(stop.reason))
    too_late = _came_too_late(stop, still_open)
    notes = [f"{number}: {how}" for number, how in moved.items()]
    return Outcome(
        applied=tuple(fates.applied),
        failed=tuple(fates.failed),
        unconfirmed=tuple(fates.unconfirmed),
        unverifiable=tuple(fates.unverifiable),
        skipped=tuple(fates.skipped),
        withheld=difference.withheld,
        not_owned=difference.not_owned,
        unknown=difference.unknown,
        calls={},
        reads=0,
        seconds=0.0,
        stopped="" if too_late else context.redactor.redact(stop.reason),
        key_refused=stop.key_refused,
        interrupted=stop.interrupted,
        notes=(*notes, _TOO_LATE) if too_late else tuple(notes),
        already=tuple(fates.already),
        stale=frozenset(n for numbers in context.stale.values() for n in numbers),
        open=still_open,
    )


def _came_too_late(stop: Stop, still_open: tuple[str, ...]) -> bool:
    """Whether the user's interrupt, and nothing else, asked for a stop when there was nothing left
    to stop."""
    return stop.interrupted and stop.reason == INTERRUPTED and not still_open


def _applied_before(desk: Desk) -> set[tuple[str, str]]:
    """The fields that an earlier run read back as declared."""
    return {each for past in desk.context.past.values() for each in past.applied}


def _still_open(fates: Fates, by_id: Mapping[str, Record], *, stopped: bool) -> tuple[str, ...]:
    """What a resume can bring to an end: operations that are not over, and those of which
    something is still on its way, or was not looked at for long."""
    waiting = {each.operation for each in fates.unconfirmed if stopped or each.path in EMERGENCY}
    return tuple(id_ for id_, r in by_id.items() if r.is_open or id_ in waiting)


def _forwarding_operation(records: Records, number: str) -> str:
    paths = (FORWARDING_ENABLED, FORWARDS_TO)
    by_path = records[number]
    return next(by_path[path].operation.id for path in paths if path in by_path)
