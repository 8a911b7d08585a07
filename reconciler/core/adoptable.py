"""Which drifted fields the YAML can take over from the account, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS
from reconciler.core.changes import RELEASE, Action, Difference
from reconciler.core.declarable import why_not_declared
from reconciler.core.diff import live_value
from reconciler.core.emergency import FAILED, ON_ITS_WAY
from reconciler.core.fields import Field, Kind
from reconciler.core.model import DesiredNumber, Settings, Snapshot, Source
from reconciler.core.rules import EMERGENCY, EMERGENCY_ENABLED, FEATURES, broken_rules
from reconciler.core.values import UNKNOWN, LiveValue, Secret, Value

_HELD = frozenset({"out-of-scope", "status", "not-editable"})
"""Rules of which the live values are not for this project, or not now, to take over."""

_GIVEN_BACK = "it is declared to be given back, and the account still has it"
_NOT_OWNED = "the account does not have it"
_PIN = "a PIN is never written into the YAML: bring the secret up to date where it is kept"
_HALF = "{feature} stands half configured in the account, which cannot be declared"
_FAILED = "its emergency service failed to be provisioned, which is nothing to declare: apply again"
_ON_ITS_WAY = "its emergency service is not at its end status yet: run it again later"
_NULL = "null is live, which cannot be declared of it: take it out of the YAML, or apply"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One field of one number to take over: `before` is declared (for an edit of tags what it
    comes to), `after` live. `needed` says that it has not drifted itself, but belongs to one that
    has. `source` is the line that declares it, or of one that nothing declares the number's."""

    phone_number: str
    kind: Kind
    path: str
    before: Value
    after: Value
    source: Source
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A difference that is not adopted. `path` is empty where the number itself is meant."""

    phone_number: str
    path: str
    reason: str
    source: Source | None = None


def adoptable(
    found: Difference,
    snapshot: Snapshot,
    numbers: Mapping[str, DesiredNumber],
    may_stand: Callable[[str], bool],
    refused: Mapping[tuple[str, str], str],
) -> tuple[dict[str, list[Drifted]], list[Left]]:
    """The fields to take over, by number, and what is left. `refused` are fields that are left for
    a reason found elsewhere."""
    left = list(_left_anyway(found))
    wanted: dict[str, list[Drifted]] = {}
    for each in _drifted(found, numbers):
        row = BY_PATH[each.kind][each.path]
        reason = (
            refused.get((each.phone_number, each.path))
            or _why_not(row, each.after, may_stand)
            or _unsettled(snapshot, each)
        )
        if reason:
            left.append(Left(each.phone_number, each.path, reason, each.source))
        else:
            wanted.setdefault(each.phone_number, []).append(each)
    for name in list(wanted):
        features = _Features(numbers[name], snapshot, wanted[name], may_stand, refused)
        wanted[name], more = features.settled()
        left += more
        if not wanted[name]:
            del wanted[name]
    return wanted, left


def _drifted(found: Difference, numbers: Mapping[str, DesiredNumber]) -> Iterator[Drifted]:
    """What differs and may be taken over, whether or not a rule would let it be applied."""
    for change in found.changes:
        for field in change.fields:
            yield Drifted(
                change.phone_number,
                change.kind,
                field.path,
                field.after,
                field.before,  # type: ignore[arg-type]  # UNKNOWN is refused by _why_not
                field.source,
            )
    for held in found.withheld:
        if held.rule in _HELD or held.path in {"", RELEASE}:
            continue
        number = numbers[held.phone_number]
        source = held.source or number.source
        yield Drifted(
            held.phone_number,
            number.kind,
            held.path,
            held.after,
            held.before,  # type: ignore[arg-type]  # as above
            source,
        )


def _left_anyway(found: Difference) -> Iterator[Left]:
    for change in found.changes:
        if change.action is Action.RELEASE:
            yield Left(change.phone_number, "", _GIVEN_BACK, change.source)
    for held in found.withheld:
        if held.path == RELEASE:
            yield Left(held.phone_number, "", _GIVEN_BACK, held.source)
        elif held.rule in _HELD or not held.path:
            yield Left(held.phone_number, held.path, held.reason, held.source)
    for unknown in found.unknown:
        reason = f"its live value is not known: {unknown.reason}"
        yield Left(unknown.phone_number, unknown.path, reason, unknown.source)
    for missing in found.not_owned:
        yield Left(missing.phone_number, "", _NOT_OWNED, missing.source)


def _why_not(row: Field, value: LiveValue, may_stand: Callable[[str], bool]) -> str:
    """Why a live value cannot be declared; "" where it can."""
    if row.secret or isinstance(value, Secret):
        return _PIN
    if value is UNKNOWN:
        return "its live value is not known"
    if value is None and not row.null:
        return _NULL
    return why_not_declared(row, value, may_stand)


def _unsettled(snapshot: Snapshot, drifted: Drifted) -> str:
    """Why what is live of emergency service is nobody's wish; "" where it is settled."""
    if drifted.path not in EMERGENCY or drifted.kind is not Kind.NUMBER:
        return ""
    status = live_value(snapshot, snapshot.numbers[drifted.phone_number], EMERGENCY_STATUS)
    if status == FAILED:
        return _FAILED
    return _ON_ITS_WAY if status in ON_ITS_WAY else ""


class _Features:
    """The switches of one number that need a detail beside them: what is declared in the end has
    to keep the rules between fields."""

    def __init__(
        self,
        number: DesiredNumber,
        snapshot: Snapshot,
        fields: list[Drifted],
        may_stand: Callable[[str], bool],
        refused: Mapping[tuple[str, str], str],
    ) -> None:
        self._number = number
        self._live = snapshot.numbers[number.phone_number]
        self._snapshot = snapshot
        self._fields = {each.path: each for each in fields}
        self._may_stand = may_stand
        self._refused = refused
        self._declared = number.settings.as_dict()
        self._left: list[Left] = []

    def settled(self) -> tuple[list[Drifted], list[Left]]:
        """What can be taken over, details that are needed for it included."""
        for switch, detail in FEATURES[self._number.kind]:
            if switch not in self._fields and detail not in self._fields:
                continue
            if switch == EMERGENCY_ENABLED and self._value(switch) is False:
                self._switch_off(switch, detail)
                continue
            if self._value(switch) is True and not self._value(detail):
                self._need(detail, live_value(self._snapshot, self._live, detail))
            if self._is_broken(switch, detail):
                self._leave(switch, detail)
        return list(self._fields.values()), self._left

    def _switch_off(self, switch: str, detail: str) -> None:
        """No address is declared then; one that is left over in the account is no drift."""
        if self._declared.get(detail) is None:
            self._fields.pop(detail, None)
            return
        self._need(detail, None)
        if self._value(detail) is not None:
            self._leave(switch, detail)

    def _value(self, path: str) -> Any:
        drifted = self._fields.get(path)
        return drifted.after if drifted else self._declared.get(path)

    def _need(self, path: str, value: LiveValue) -> None:
        """Take over a detail as well, if it can be declared."""
        if path in self._fields and self._fields[path].after == value:
            return
        row = BY_PATH[self._number.kind][path]
        name = self._number.phone_number
        if (name, path) in self._refused or value is UNKNOWN:
            return
        if _why_not(row, value, self._may_stand):
            return
        self._fields[path] = Drifted(
            name,
            self._number.kind,
            path,
            self._declared.get(path),
            value,
            self._source(path),
            needed=path not in self._fields,
        )

    def _source(self, path: str) -> Source:
        settings = self._number.settings
        if path not in settings.paths:
            return self._number.source
        return settings.sources[settings.paths.index(path)]

    def _is_broken(self, switch: str, detail: str) -> bool:
        values = {**self._declared, **{path: each.after for path, each in self._fields.items()}}
        settings = Settings(tuple(values), tuple(values.values()), ())
        broken = {path for path, _ in broken_rules(settings, self._number.kind)}
        return not broken.isdisjoint((switch, detail))

    def _leave(self, switch: str, detail: str) -> None:
        feature = switch.rpartition(".")[0]
        for path in (switch, detail):
            drifted = self._fields.pop(path, None)
            if drifted is not None and not drifted.needed:
                name = drifted.phone_number
                reason = _HALF.format(feature=feature)
                self._left.append(Left(name, path, reason, drifted.source))
