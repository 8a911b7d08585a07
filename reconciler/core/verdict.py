"""What became of each field: what the API said of it, and what reading it back showed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.core.changes import RELEASE, Action
from reconciler.core.operations import Operation, covered
from reconciler.core.outcome import Applied, Failed, Left
from reconciler.core.plan import Plan
from reconciler.core.rules import EMERGENCY
from reconciler.core.values import UNKNOWN, LiveValue, show_json
from reconciler.errors import ApiError, ApiErrorItem


@dataclass(slots=True)
class Record:
    """What is known of one operation, filled in while it is carried out.

    `numbers` are those it was sent for last, `touched` those it was ever sent for. `left_out` are
    numbers it was not sent for, and why; `already` those that were as declared before; `closed`
    all that it is not to be sent for any more.
    """

    operation: Operation
    numbers: tuple[str, ...] = ()
    touched: set[str] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    already: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    """Those left out because what the plan knew of them could not be read, and why."""
    skipped: str = ""
    """Why none of it was sent."""
    failures: dict[str, tuple[ApiErrorItem, ...]] = field(default_factory=dict)
    doubt: str = ""
    """Why nothing but reading can tell: a lost answer, a job past its time."""
    given_up: frozenset[str] = frozenset()
    """Numbers that a job left open when it ended or its time was up, and those for which a call
    was not carried out however often it was sent: they are read once."""
    not_sent: ApiError | None = None
    """Why the API was never reached."""
    is_open: bool = False
    """Whether a resume can still bring it to an end: nothing refused it, and nothing says that
    it is over."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What reading back showed: the last values read, by number and path; the fields that are
    as expected; the numbers that are gone as they should be; those whose emergency service
    could not be provisioned."""

    values: Mapping[str, Mapping[str, LiveValue]] = field(default_factory=dict)
    seen: frozenset[tuple[str, str]] = frozenset()
    gone: frozenset[str] = frozenset()
    emergency_failed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Fates:
    """Every field of a plan in one of six lists."""

    applied: list[Applied] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    unconfirmed: list[Left] = field(default_factory=list)
    unverifiable: list[Left] = field(default_factory=list)
    skipped: list[Left] = field(default_factory=list)
    already: list[Left] = field(default_factory=list)


Records = Mapping[str, Mapping[str, Record]]
"""By number and path: the record of the operation that writes it."""


def records_by_path(plan: Plan, records: Mapping[str, Record]) -> dict[str, dict[str, Record]]:
    """Which operation writes which path of which number; a release stands under RELEASE."""
    changes = {change.phone_number: change for change in plan.difference.changes}
    found: dict[str, dict[str, Record]] = {number: {} for number in changes}
    for operation in plan.operations:
        for number in operation.numbers:
            change = changes[number]
            release = change.action is Action.RELEASE
            for path in (RELEASE,) if release else covered(operation, change):
                found[number][path] = records[operation.id]
    return found


def judge(plan: Plan, records: Records, back: Confirmation, redact: Callable[[str], str]) -> Fates:
    """The fate of every field. `redact` takes secrets out of what the API said."""
    blind = {
        (change.phone_number, each.path)
        for change in plan.difference.changes
        for each in change.fields
        if each.before is UNKNOWN
    }
    fates = Fates()
    for number, by_path in records.items():
        for path, record in by_path.items():
            _judge_one(fates, number, path, record, back, (number, path) in blind, redact)
    # A number without its emergency service is what has to be seen first.
    fates.failed.sort(key=lambda each: each.path not in EMERGENCY)
    return fates


def _judge_one(
    fates: Fates,
    number: str,
    path: str,
    record: Record,
    back: Confirmation,
    blind: bool,
    redact: Callable[[str], str],
) -> None:
    id_ = record.operation.id
    got = back.values.get(number, {}).get(path, UNKNOWN)
    if (number, path) in back.seen or (path == RELEASE and number in back.gone):
        fates.applied.append(Applied(number, path, id_))
    elif number in back.emergency_failed and path in EMERGENCY:
        text = "emergency service could not be provisioned: provisioning-failed"
        fates.failed.append(Failed(number, path, id_, "", text))
    elif items := record.failures.get(number):
        fates.failed += [
            Failed(number, path, id_, item.code, redact(_detail(item))) for item in items
        ]
    elif number in record.already:
        fates.already.append(Left(number, path, id_, "it was live already"))
    elif number in record.left_out:
        fates.skipped.append(Left(number, path, id_, redact(record.left_out[number])))
    elif number not in record.touched:
        fates.skipped.append(Left(number, path, id_, redact(record.skipped or record.doubt)))
    elif got is UNKNOWN and blind and not record.doubt:
        fates.unverifiable.append(Left(number, path, id_, "no answer shows it"))
    else:
        reason = redact(record.doubt or _unconfirmed(path, got))
        fates.unconfirmed.append(Left(number, path, id_, reason))


def _unconfirmed(path: str, got: LiveValue) -> str:
    if path == RELEASE:
        return "it was sent, but the number is still in the account"
    if got is UNKNOWN:
        return "it was sent, but could not be read back"
    shown = "another value" if path == "external_pin" else json.dumps(show_json(got))
    return f"it was sent, but still reads {shown}"


def _detail(item: ApiErrorItem) -> str:
    text = ": ".join(part for part in (item.title, item.detail) if part)
    return f"{text} ({item.pointer})" if item.pointer else text
