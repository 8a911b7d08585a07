"""What the API is asked about a plan before it is shown."""

from __future__ import annotations

from dataclasses import replace

from reconciler.api.ownership import ask_ownership
from reconciler.api.read import ReadClient
from reconciler.core.changes import Difference, UnknownField
from reconciler.core.fields import Kind
from reconciler.core.plan import JOB_CALLS
from reconciler.core.policy import Hold, hold_all
from reconciler.errors import ForbiddenError
from reconciler.workflow.common import Options
from reconciler.workflow.planning import Planned, with_plan


async def preflight(reader: ReadClient, planned: Planned, options: Options) -> Planned:
    """Ask the API whether it owns what no list showed, and lets us edit what goes by jobs."""
    difference = planned.plan.difference
    numbers = planned.project.desired.numbers
    unseen = [
        each.phone_number
        for each in difference.not_owned
        if numbers[each.phone_number].kind is Kind.NUMBER
    ]
    bulk = {
        number
        for operation in planned.plan.operations
        if operation.call in JOB_CALLS
        for number in operation.numbers
    }
    asked = [*unseen, *sorted(bulk)]
    if not asked or not planned.snapshot.live_numbers:
        return planned
    try:
        answer = await ask_ownership(reader, asked)
    except ForbiddenError as refusal:
        note = f"ownership could not be verified beforehand: {refusal}"
        return replace(planned, reads=reader.reads, notes=(*planned.notes, note))
    hidden = frozenset(unseen) - answer.not_found
    locked = frozenset(bulk) - answer.editable
    if not hidden and not locked:
        return replace(planned, reads=reader.reads)
    again = with_plan(
        planned.project,
        options,
        planned.snapshot,
        planned.secrets,
        _corrected(difference, planned, hidden, locked),
        planned.notes,
        for_drift=planned.for_drift,
    )
    return replace(
        again, reads=reader.reads, unmanaged=planned.unmanaged, unmatched=planned.unmatched
    )


def _corrected(
    difference: Difference, planned: Planned, hidden: frozenset[str], locked: frozenset[str]
) -> Difference:
    """`difference` with what ownership said: `hidden` are owned after all, `locked` are owned
    but not editable."""
    numbers = planned.project.desired.numbers
    reason = "the account owns it, but no list shows it"
    unknown = [
        UnknownField(each.phone_number, path, reason, each.source)
        for each in difference.not_owned
        if each.phone_number in hidden
        for path in numbers[each.phone_number].settings.paths or ("",)
    ]
    hold = Hold("not-editable", "the API says that it cannot be edited now")
    held = [
        each
        for change in difference.changes
        if change.phone_number in locked
        for each in hold_all(change, hold)
    ]
    return replace(
        difference,
        changes=tuple(each for each in difference.changes if each.phone_number not in locked),
        unknown=(*difference.unknown, *unknown),
        not_owned=tuple(e for e in difference.not_owned if e.phone_number not in hidden),
        withheld=(*difference.withheld, *held),
    )
