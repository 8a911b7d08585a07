"""What is to be read back of an apply, and what the provider did on its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reconciler.api.confirm import Expected
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import RELEASE, Change
from reconciler.core.plan import JOB_CALLS
from reconciler.core.values import UNKNOWN, LiveValue, Value
from reconciler.core.verdict import Confirmation, Records


def expected_of(
    changes: Iterable[Change], records: Records, seen: Collection[tuple[str, str]]
) -> list[Expected]:
    """Everything that was sent and not refused, as it should read now; but for what an earlier
    run has `seen`."""
    return [
        Expected(change.phone_number, change.id, after, patient, change.kind)
        for change in changes
        for patient in (True, False)
        if (after := _to_confirm(change, records, patient, seen))
    ]


def _to_confirm(
    change: Change, records: Records, patient: bool, seen: Collection[tuple[str, str]]
) -> dict[str, Value]:
    """The fields to read back: with patience what should show, without it what a job lists as
    failed or left open, and what was not carried out as far as is known (a refused PATCH has
    nothing to show)."""
    number = change.phone_number
    rows = BY_PATH[change.kind]
    after = {
        field.path: field.after
        for field in change.fields
        if not rows[field.path].write_only or field.before is not UNKNOWN
    }
    return {
        path: after[path]
        for path, record in records[number].items()
        if path in after
        and (number, path) not in seen
        and number in record.touched
        and (number in record.failures or number in record.given_up) is not patient
        and (patient or number in record.given_up or record.operation.call in JOB_CALLS)
    }


def released_of(ids: Mapping[str, str], records: Records) -> dict[str, str]:
    """The numbers that should be gone, with their ids."""
    return {
        number: ids[number]
        for number, by_path in records.items()
        if (record := by_path.get(RELEASE)) and number in record.touched
    }


def moved_connections(
    before: Mapping[str, LiveValue], back: Confirmation
) -> Iterator[tuple[str, str]]:
    """Switching forwarding on may attach a connection of the provider's own: the numbers it
    happened to, and how."""
    for number, old in before.items():
        new = back.values.get(number, {}).get("connection_id", UNKNOWN)
        if UNKNOWN not in (old, new) and new != old:
            way = f"from {old or 'none'} to {new or 'none'}"
            yield number, f"the provider moved connection_id {way} when forwarding was switched on"
