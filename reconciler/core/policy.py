"""Safety rules: what a Difference may not do, and why.

Each rule looks at one number and says which of its changes are held back; the first rule that
holds a change back names it. What refuses a whole apply stands in `refusing`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS
from reconciler.core.changes import (
    RELEASE,
    Action,
    Change,
    Difference,
    FieldChange,
    UnknownField,
    Withheld,
)
from reconciler.core.diff import live_value
from reconciler.core.fields import Wire
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.rules import CNAM_DETAILS, DELETION_LOCK, EMERGENCY_ENABLED, FEATURES
from reconciler.core.safety import Allowance, Ignore, Safety, Select
from reconciler.core.values import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class Subject:
    """A change, the number it is on, and what is allowed."""

    change: Change
    live: LiveNumber
    snapshot: Snapshot
    safety: Safety
    allowed: frozenset[Allowance]
    ignored: tuple[Ignore, ...]

    def value(self, path: str) -> Value:
        """The live value of `path`; None also where it is not known."""
        value = live_value(self.snapshot, self.live, path)
        return None if value is UNKNOWN else value

    def ignores(self, path: str) -> bool:
        """Whether `path` of this number is ignored today."""
        return any(rule.covers(self.change.phone_number, path) for rule in self.ignored)

    def is_known(self, path: str) -> bool:
        """Whether the live value of `path` is known."""
        return live_value(self.snapshot, self.live, path) is not UNKNOWN


@dataclass(frozen=True, slots=True)
class Hold:
    """Why something is held back, under the name of the rule."""

    rule: str
    reason: str


WholeRule = Callable[[Subject], Hold | None]
FieldRule = Callable[[Subject, FieldChange], Hold | None]


def withhold(
    difference: Difference,
    snapshot: Snapshot,
    safety: Safety,
    allowed: frozenset[Allowance],
    today: date,
) -> Difference:
    """Drop what is ignored and hold back what the rules do not allow; everything else stays."""
    ignored = safety.ignored_on(today)
    difference = _without_ignored(difference, ignored)
    kept: list[Change] = []
    held: list[Withheld] = list(difference.withheld)
    for change in difference.changes:
        live = snapshot.numbers[change.phone_number]
        rest, back = _judge(Subject(change, live, snapshot, safety, allowed, ignored))
        held += back
        if rest is not None:
            kept.append(rest)
    return replace(difference, changes=tuple(kept), withheld=tuple(held))


def _without_ignored(difference: Difference, rules: Collection[Ignore]) -> Difference:
    if not rules:
        return difference

    def is_ignored(number: str, path: str) -> bool:
        return any(rule.covers(number, path) for rule in rules)

    changes: list[Change] = []
    for change in difference.changes:
        fields = tuple(
            field for field in change.fields if not is_ignored(change.phone_number, field.path)
        )
        if fields or change.action is Action.RELEASE:
            changes.append(change._replace(fields=fields))
    unknown = tuple(
        each for each in difference.unknown if not is_ignored(each.phone_number, each.path)
    )
    touched = _numbers_of(difference.changes, difference.unknown)
    left = _numbers_of(changes, unknown)
    return replace(
        difference,
        changes=tuple(changes),
        unknown=unknown,
        unchanged=difference.unchanged + len(touched - left),
        partly_ignored=frozenset(
            each.phone_number
            for each in changes
            if any(rule.meets(each.phone_number) for rule in rules)
        ),
    )


def _numbers_of(changes: Iterable[Change], unknown: Iterable[UnknownField]) -> set[str]:
    return {each.phone_number for each in changes} | {each.phone_number for each in unknown}


def _judge(subject: Subject) -> tuple[Change | None, list[Withheld]]:
    """What is left of a change, and what is held back of it."""
    change = subject.change
    for rule in _WHOLE_RULES:
        if hold := rule(subject):
            return None, list(hold_all(change, hold))
    kept: list[FieldChange] = []
    held: list[Withheld] = []
    for field in change.fields:
        holds = (rule(subject, field) for rule in _FIELD_RULES)
        if hold := next((each for each in holds if each), None):
            held.append(_one(change, field, hold))
        else:
            kept.append(field)
    if change.action is Action.UPDATE and not kept:
        return None, held
    return change._replace(fields=tuple(kept)), held


def hold_all(change: Change, hold: Hold) -> Iterator[Withheld]:
    """All of a change held back, a release included."""
    if change.action is Action.RELEASE:
        yield Withheld(
            change.phone_number, RELEASE, None, None, hold.rule, hold.reason, change.source
        )
    for field in change.fields:
        yield _one(change, field, hold)


def _one(change: Change, field: FieldChange, hold: Hold) -> Withheld:
    return Withheld(
        change.phone_number,
        field.path,
        field.before,
        field.after,
        hold.rule,
        hold.reason,
        field.source,
    )


# ---- rules for a whole number -----------------------------------------------------------------


def _protected(subject: Subject) -> Hold | None:
    if not subject.change.protected:
        return None
    return Hold("protected", "protect: true holds it back: take that out in the YAML first")


def _out_of_scope(subject: Subject) -> Hold | None:
    outside = outside_of(subject.safety.select, subject.snapshot, subject.live)
    return Hold("out-of-scope", f"select leaves it out: {outside}") if outside else None


def outside_of(select: Select, snapshot: Snapshot, live: LiveNumber) -> str:
    """Why a live number is outside the scope of a project, "" where it is inside."""
    tags = live_value(snapshot, live, "tags")
    if select.tags and not select.tags.intersection(tags if isinstance(tags, tuple) else ()):
        return "it has none of the tags"
    connection = live_value(snapshot, live, "connection_id")
    if select.connection_ids and connection not in select.connection_ids:
        return "it is on none of the connections"
    if select.statuses and live.status not in select.statuses:
        return f"its status is {live.status or 'not given'}"
    return ""


def _inactive(subject: Subject) -> Hold | None:
    status = subject.live.status
    if status == "active":
        return None
    return Hold("status", f"its status is {status or 'not given'}; only active numbers are written")


def _locked(subject: Subject) -> Hold | None:
    if subject.change.action is not Action.RELEASE or subject.value(DELETION_LOCK) is False:
        return None
    known = "is" if subject.is_known(DELETION_LOCK) else "may be"
    return Hold(
        "deletion-lock",
        f"it {known} deletion-locked; unlock it first, in an apply of its own",
    )


def _release(subject: Subject) -> Hold | None:
    if subject.change.action is not Action.RELEASE:
        return None
    return _unless(subject, Allowance.RELEASE, "it would be given back")


def _release_with_emergency(subject: Subject) -> Hold | None:
    if subject.change.action is not Action.RELEASE:
        return None
    off = subject.value(EMERGENCY_STATUS) == "disabled" and not subject.value(EMERGENCY_ENABLED)
    if off:
        return None
    return _unless(
        subject, Allowance.EMERGENCY_OFF, "it has emergency service, which would end with it"
    )


def _unless(subject: Subject, allowance: Allowance, reason: str) -> Hold | None:
    if allowance in subject.allowed:
        return None
    return Hold(allowance.value, f"{reason}: {allowance.option} allows it")


_WHOLE_RULES: tuple[WholeRule, ...] = (
    _protected,
    _out_of_scope,
    _inactive,
    _locked,
    _release,
    _release_with_emergency,
)


# ---- rules for one field ----------------------------------------------------------------------


def _emergency_off(subject: Subject, field: FieldChange) -> Hold | None:
    if field.path != EMERGENCY_ENABLED or field.after is not False:
        return None
    return _unless(subject, Allowance.EMERGENCY_OFF, "emergency service would be switched off")


def _unlock(subject: Subject, field: FieldChange) -> Hold | None:
    if field.path != DELETION_LOCK or field.after is not False:
        return None
    return _unless(subject, Allowance.UNLOCK, "the deletion lock would be taken off")


def _unreadable(subject: Subject, field: FieldChange) -> Hold | None:
    if field.before is not UNKNOWN:
        return None
    return _unless(subject, Allowance.UNREADABLE, "its live value cannot be read")


def _unreachable(subject: Subject, field: FieldChange) -> Hold | None:
    """A field read as an enum and written as on or off: one kind of on cannot become another."""
    row = BY_PATH[subject.change.kind][field.path]
    if not any(write.wire is Wire.ON_OFF for write in row.writes):
        return None
    if "disabled" in (field.before, field.after) or field.before is UNKNOWN:
        return None
    return Hold(
        "unreachable",
        f"the API can only switch it on or off, so {field.before} cannot become {field.after}",
    )


def _address_alone(subject: Subject, field: FieldChange) -> Hold | None:
    """An address is set by switching emergency on, which nobody declared here."""
    if field.path != "emergency.emergency_address_id" or field.after is None:
        return None
    turned_on = any(
        each.path == EMERGENCY_ENABLED and each.after is True for each in subject.change.fields
    )
    if turned_on or subject.value(EMERGENCY_ENABLED) is True:
        return None
    return Hold(
        "unreachable",
        "emergency is off on it, and the API sets an address only by switching emergency on: "
        "declare emergency_enabled: true as well",
    )


def _incomplete(subject: Subject, field: FieldChange) -> Hold | None:
    """What is declared is complete, but a part of it may be ignored: no feature is switched on
    without what it needs."""
    for switch, detail in FEATURES[subject.change.kind]:
        missing = field.after is True and not subject.value(detail)
        if field.path == switch and subject.ignores(detail) and missing:
            return Hold("unreachable", f"{detail} is ignored, and it cannot go without it")
        unlike = bool(subject.value(switch)) is not bool(field.after)
        both = detail.endswith(CNAM_DETAILS) and subject.ignores(switch)
        if field.path == detail and both and unlike:
            return Hold("unreachable", f"{switch} is ignored, and it cannot go without it")
    return None


_FIELD_RULES: tuple[FieldRule, ...] = (
    _emergency_off,
    _unlock,
    _unreadable,
    _unreachable,
    _address_alone,
    _incomplete,
)
