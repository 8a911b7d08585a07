"""What goes by calls of its own: messaging, emergency, bundles, mobile numbers, releases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Change
from reconciler.core.compiler.drafts import Draft, chunks, draft_of, in_call_order, shared
from reconciler.core.compiler.units import Cut, Cuts, Pair, Unit
from reconciler.core.diff import live_value
from reconciler.core.fields import Channel, Kind
from reconciler.core.model import Snapshot
from reconciler.core.operations import RELEASE_GUARDS
from reconciler.core.rules import EMERGENCY_ENABLED


def messaging_calls(needs: Cuts, size: int) -> list[Draft]:
    """A number whose product changes is patched anyway, and its profile rides along."""
    profiles: defaultdict[Unit, list[str]] = defaultdict(list)
    drafts: list[Draft] = []
    for number, cuts in needs.items():
        if all(Channel.MESSAGING_BULK in cut.unit.channels for cut in cuts):
            (cut,) = cuts
            profiles[cut.unit].append(number)
        else:
            drafts.append(draft_of(Channel.PATCH_MESSAGING, (number,), cuts))
    many, one = Channel.MESSAGING_BULK, Channel.PATCH_MESSAGING
    for unit, numbers in profiles.items():
        drafts += shared(many, one, numbers, (Cut(unit, ()),), size)
    return in_call_order(drafts)


def emergency_calls(needs: Cuts, size: int) -> list[Draft]:
    """One call a number sets the address and switches on together, so that no number that keeps
    its service is ever without an address. Off goes by the job only."""
    alike: defaultdict[Unit, dict[str, Cut]] = defaultdict(dict)
    for number, (cut,) in needs.items():
        # What one number changes another may restate: the body is the same.
        alike[cut.unit][number] = cut
    drafts: list[Draft] = []
    for unit, cuts in alike.items():
        off = any(row.path == EMERGENCY_ENABLED and value is False for row, value in unit.settings)
        one = Channel.EMERGENCY_JOB if off else Channel.ENABLE_EMERGENCY
        for part in chunks(list(cuts), size):
            call = Channel.EMERGENCY_JOB if len(part) > 1 else one
            drafts.append(draft_of(call, part, [cuts[number] for number in part]))
    return in_call_order(drafts)


def bundle_calls(changes: Sequence[Change], needs: Cuts) -> Iterator[Draft]:
    """ "You cannot assign a number from one bundle to another directly": it leaves first."""
    row = BY_PATH[Kind.NUMBER]["bundle_id"]
    for change in changes if needs else ():
        field = next((each for each in change.fields if each.path == row.path), None)
        if field is None:
            continue
        number = (change.phone_number,)
        # Where the live bundle cannot be read the number may be in one; leaving first is safe.
        if field.before is not None and field.after is not None:
            yield Draft(Channel.BUNDLE, number, ((row, None),))
        yield Draft(Channel.BUNDLE, number, ((row, field.after),))


def mobile_calls(needs: Cuts) -> Iterator[Draft]:
    """A mobile number is written by PATCH, all of it at once."""
    return (draft_of(Channel.PATCH_MOBILE, (number,), cuts) for number, cuts in needs.items())


def release_calls(changes: Sequence[Change], snapshot: Snapshot, size: int) -> Iterator[Draft]:
    """What spoke for a release is guarded: a number that was locked, or got emergency service,
    since the plan is not given back."""
    alike: defaultdict[tuple[Pair, ...], list[str]] = defaultdict(list)
    for change in changes:
        if change.action is Action.RELEASE:
            live = snapshot.numbers[change.phone_number]
            off = tuple(
                (BY_PATH[change.kind][path], False)
                for path in sorted(RELEASE_GUARDS)
                if live_value(snapshot, live, path) is False
            )
            alike[off].append(change.phone_number)
    for guards, numbers in alike.items():
        for part in chunks(numbers, size):
            call = Channel.DELETE_JOB if len(part) > 1 else Channel.DELETE_NUMBER
            yield Draft(call, tuple(part), (), guards)
