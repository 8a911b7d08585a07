"""desired × live -> Difference.

A number is compared as one row first; only rows that differ are looked at field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress, count, repeat
from operator import attrgetter, is_, itemgetter, ne
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import (
    Action,
    Change,
    Difference,
    FieldChange,
    NotOwned,
    UnknownField,
)
from reconciler.core.declared import Batch, Declared, compact
from reconciler.core.fields import Field, Kind, Listing
from reconciler.core.live import NAMES
from reconciler.core.model import (
    Desired,
    DesiredNumber,
    LiveNumber,
    Settings,
    Snapshot,
    Source,
)
from reconciler.core.values import LIVE_SECRET, UNKNOWN, LiveValue, Secret, TagEdit, Value
from reconciler.errors import InputError, Problem

Getter = Callable[[tuple[Any, ...]], tuple[Any, ...]]
_NOT_IN_SNAPSHOT = object()
_KIND, _VALUES = attrgetter("kind"), attrgetter("values")
NUMBER_LISTS = {
    Kind.NUMBER: (Listing.NUMBERS, Listing.SLIM),
    Kind.MOBILE: (Listing.MOBILE,),
}


class Differ:
    """Compares numbers of one project with one snapshot.

    `secrets` are the resolved PINs by ref. A PIN is compared in clear and reported by ref.
    With `write_unread`, what cannot be read is a change too, from UNKNOWN; a write-only field
    always is, for a rule to hold back.
    """

    def __init__(
        self, snapshot: Snapshot, secrets: Mapping[str, str], *, write_unread: bool = False
    ) -> None:
        self._snapshot = snapshot
        self._secrets = secrets
        self._write_unread = write_unread
        self._getters: dict[tuple[Kind, tuple[str, ...]], Getter] = {}
        self._shared: dict[tuple[Any, ...], FieldChange] = {}
        self._links = {kind: linked_columns(snapshot, kind) for kind in snapshot.columns}

    def getter(self, kind: Kind, paths: tuple[str, ...]) -> Getter:
        """How to get the values of `paths`, in that order, out of those of a live number."""
        key = (kind, paths)
        getter = self._getters.get(key)
        if getter is None:
            getter = self._getters[key] = _getter(self._snapshot.columns[kind], paths)
        return getter

    def compare(
        self, settings: Settings, live: LiveNumber
    ) -> tuple[tuple[FieldChange, ...], tuple[UnknownField, ...]]:
        """What differs between `settings` and a live number, and what cannot be told."""
        row = self.getter(live.kind, settings.paths)(live.values)
        changes: list[FieldChange] = []
        unknown: list[UnknownField] = []
        rows = BY_PATH[live.kind]
        for at in compress(count(), map(ne, settings.values, row)):
            path, wanted, before = settings.paths[at], settings.values[at], row[at]
            source = settings.sources[at]  # made when asked for, so not of what is alike
            if before is UNKNOWN or before is _NOT_IN_SNAPSHOT:
                if self._may_write_unread(rows[path], wanted, live):
                    changes.append(self._change(rows[path], UNKNOWN, wanted, source))
                    continue
                reason = self._reason(live, path, before)
                unknown.append(UnknownField(live.phone_number, path, reason, source))
                continue
            try:
                after = self._after(wanted, before)
            except KeyError:
                reason = "the snapshot does not hold PINs; plan against the account to compare"
                unknown.append(UnknownField(live.phone_number, path, reason, source))
                continue
            if after is not _SAME:
                changes.append(self._change(rows[path], before, after, source))
        return self._hold_broken_links(live, changes, unknown)

    def _may_write_unread(self, row: Field, wanted: Any, live: LiveNumber) -> bool:
        """Never an edit of tags that are not known, a part of a nested object, or a number that
        the lists disagree about."""
        if isinstance(wanted, TagEdit) or row.linked:
            return False
        disputed = all(value is UNKNOWN for value in live.values)
        return row.write_only or (self._write_unread and not disputed)

    def _after(self, wanted: Any, before: Any) -> Any:
        """The value to write in place of `before`, which is not `wanted`; _SAME where it is live
        already. KeyError: cannot be told."""
        if isinstance(wanted, TagEdit):
            edited = wanted.apply(before)
            return _SAME if edited == before else edited
        if isinstance(wanted, Secret):
            if isinstance(before, Secret):
                raise KeyError(wanted.ref)
            return _SAME if before == self._secrets[wanted.ref] else wanted
        return wanted

    def _change(self, row: Field, before: Any, after: Any, source: Source) -> FieldChange:
        if row.secret and before is not None:
            before = LIVE_SECRET
        key = (row.path, before, after, source)
        change = self._shared.get(key)
        if change is None:
            change = FieldChange(row.path, before, after, source, risks(row, before, after))
            self._shared[key] = change
        return change

    def _reason(self, live: LiveNumber, path: str, value: object) -> str:
        if value is not _NOT_IN_SNAPSHOT and live.reasons:
            return live.reasons[path]
        return why_not_read(self._snapshot, live.kind, path)

    def _hold_broken_links(
        self, live: LiveNumber, changes: list[FieldChange], unknown: list[UnknownField]
    ) -> tuple[tuple[FieldChange, ...], tuple[UnknownField, ...]]:
        """A nested object is written whole: with a part of it unread, none of it is written."""
        rows = BY_PATH[live.kind]
        for change in changes:
            if rows[change.path].linked:
                break
        else:
            return tuple(changes), tuple(unknown)
        kept: list[FieldChange] = []
        for change in changes:
            link = rows[change.path].linked
            siblings = self._links[live.kind][link] if link else ()
            blind = [p for p, at in siblings if at is None or live.values[at] is UNKNOWN]
            if blind:
                reason = f"{blind[0]} cannot be read, and {link} is written as a whole"
                unknown.append(UnknownField(live.phone_number, change.path, reason, change.source))
            else:
                kept.append(change)
        return tuple(kept), tuple(unknown)


_SAME: Any = object()


def _getter(columns: tuple[str, ...], paths: tuple[str, ...]) -> Getter:
    places = [columns.index(path) if path in columns else -1 for path in paths]
    if not places:
        return lambda _: ()
    if -1 in places:
        return lambda values: tuple(
            values[place] if place >= 0 else _NOT_IN_SNAPSHOT for place in places
        )
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)


def linked_columns(snapshot: Snapshot, kind: Kind) -> dict[str, list[tuple[str, int | None]]]:
    """Each link of `kind`: its paths and their columns, None where the snapshot has none."""
    columns = {path: place for place, path in enumerate(snapshot.columns[kind])}
    links: dict[str, list[tuple[str, int | None]]] = {}
    for path, row in BY_PATH[kind].items():
        if row.linked:
            links.setdefault(row.linked, []).append((path, columns.get(path)))
    return links


def why_not_read(snapshot: Snapshot, kind: Kind, path: str) -> str:
    """Why the snapshot has no column for `path`."""
    reads = {read.listing for read in BY_PATH[kind][path].reads if not read.check}
    if not reads:
        return "no documented answer shows this field"
    for listing in snapshot.listings:
        if listing.listing in reads and listing.refused:
            return f"{NAMES[listing.listing]} could not be read: {listing.refused}"
    return "the snapshot does not hold " + " or ".join(sorted(NAMES[each] for each in reads))


def risks(row: Field, before: LiveValue, after: Value) -> tuple[str, ...]:
    """The risk labels of one change."""
    found = row.risk
    if row.path == "deletion_lock_enabled" and after is False:
        found += ("unlock",)
    if after is None and row.path in {"connection_id", "messaging.messaging_profile_id"}:
        found += ("unassign",)
    if row.cost and before != after:
        found += ("cost",)
    return found


def diff(
    desired: Desired,
    snapshot: Snapshot,
    secrets: Mapping[str, str],
    *,
    write_unread: bool = False,
) -> Difference:
    """Compare everything that is declared with the account. The order is the YAML's.

    `write_unread` as for Differ. InputError where a number is declared as another kind than it
    is.
    """
    declared = compact(desired.numbers)
    differ = Differ(snapshot, secrets, write_unread=write_unread)
    unlike = sorted(_unlike(declared, snapshot, differ), key=_PLACE)
    found = _Found(len(declared) - len(unlike))
    if misplaced := tuple(_misplaced(declared, unlike, snapshot)):
        raise InputError(misplaced)
    for at, name, live, batch in unlike:
        if live is None or live.kind is not batch.kind:
            number = declared.run(at).at(int(name[1:]))
            found.lacking(number, tuple(_blind(snapshot, number)), listed=live is not None)
            continue
        found.owned += 1
        if batch.released:
            found.changes.append(_release(live, declared.run(at).source))
            continue
        fields, blind = differ.compare(declared.settings_of(at, name), live)
        found.unknown += blind
        if fields:
            found.changes.append(_update(live, fields, protected=batch.protected))
        elif not blind:
            found.unchanged += 1
    return Difference(
        changes=tuple(found.changes),
        unknown=tuple(found.unknown),
        not_owned=tuple(found.not_owned),
        withheld=(),
        declared=len(declared),
        unchanged=found.unchanged + len(found.awaited),
        unmanaged=_unmanaged(desired, snapshot, found.owned),
        awaited=tuple(found.awaited),
        numbers=desired.numbers,
    )


class _Found:
    """What a comparison has come to so far, beginning with `alike` numbers that are as declared."""

    def __init__(self, alike: int) -> None:
        self.owned = self.unchanged = alike
        self.changes: list[Change] = []
        self.unknown: list[UnknownField] = []
        self.not_owned: list[NotOwned] = []
        self.awaited: list[str] = []

    def lacking(
        self, number: DesiredNumber, blind: tuple[UnknownField, ...], *, listed: bool
    ) -> None:
        """A number that is not live as its kind; `blind` is what cannot be told of it where that
        is for want of a list, `listed` whether it is live as another kind."""
        self.owned += listed
        self.unknown += blind
        if blind:
            return
        if number.release:
            self.unchanged += 1  # given back already: done
        elif number.when_owned:
            self.awaited.append(number.phone_number)
        else:
            self.not_owned.append(NotOwned(number.phone_number, number.source))


_Unlike = tuple[int, str, LiveNumber | None, Batch]
"""The place of a run, a number of it, what is live of it, and those it was compared with."""
_PLACE = itemgetter(0)
"""The numbers of a run come in their order."""


def _unlike(declared: Declared, snapshot: Snapshot, differ: Differ) -> Iterator[_Unlike]:
    """The numbers that are not in every field as declared, or that this cannot tell of.

    Without an object or a step of the interpreter for each: that would take four times as long.
    """
    find = snapshot.numbers.get
    for batch in declared.batches():
        kind = batch.kind
        found = list(map(find, batch.names))
        rows: Iterable[tuple[Any, ...] | None] = repeat(None)
        if kind in snapshot.columns and not (batch.released or batch.templated):
            get = differ.getter(kind, batch.paths)
            if all(found) and all(map(is_, map(_KIND, found), repeat(kind))):
                rows = map(get, map(_VALUES, found))
            else:
                rows = (get(each.values) if each and each.kind is kind else None for each in found)
        unlike = zip(batch.runs, batch.names, found, repeat(batch))
        yield from compress(unlike, map(ne, rows, batch.values))


def _unmanaged(desired: Desired, snapshot: Snapshot, owned: int) -> int:
    """Live numbers that nobody declares; of an account that was not read whole, at the least.

    `owned` of `desired.numbers` are live.
    """
    few, many = sorted((desired.declared_elsewhere, snapshot.numbers), key=len)
    elsewhere = sum(number in many for number in few)
    unread = snapshot.live_numbers - len(snapshot.numbers)
    unseen = len(desired.numbers) + len(desired.declared_elsewhere) - owned - elsewhere
    here = len(snapshot.numbers) - owned - elsewhere
    return here + max(unread - unseen, 0)


def _update(live: LiveNumber, fields: tuple[FieldChange, ...], *, protected: bool) -> Change:
    number, kind = live.phone_number, live.kind
    return Change(number, live.id, kind, Action.UPDATE, fields, None, protected)


def _release(live: LiveNumber, source: Source) -> Change:
    return Change(live.phone_number, live.id, live.kind, Action.RELEASE, (), source=source)


def _misplaced(
    declared: Declared, unlike: Iterable[_Unlike], snapshot: Snapshot
) -> Iterator[Problem]:
    for at, _, live, batch in unlike:
        kind = batch.kind
        if live is not None and live.kind is not kind and kind in snapshot.columns:
            text = f"{live.phone_number} is not one of {kind.yaml_key} in the account: "
            where = declared.run(at).source
            yield Problem(
                where.path, where.line, where.column, f"{text}declare it under {live.kind.yaml_key}"
            )


def _blind(snapshot: Snapshot, number: DesiredNumber) -> Iterator[UnknownField]:
    """What cannot be told of a number that is missing because the lists contradict each other,
    or because the number list itself could not be read."""
    reason = snapshot.conflicts.get(number.phone_number, "")
    if number.kind not in snapshot.columns:
        lists = NUMBER_LISTS[number.kind]
        refused = [each.refused for each in snapshot.listings if each.listing in lists]
        why = refused[0] if refused else "it is not in the snapshot"
        reason = f"{NAMES[lists[0]]} could not be read: {why}"
    if reason:
        for path in number.settings.paths or ("",):
            yield UnknownField(number.phone_number, path, reason, number.source)


def live_value(snapshot: Snapshot, live: LiveNumber, path: str) -> LiveValue:
    """The live value of `path`, UNKNOWN where the snapshot did not look for it."""
    columns = snapshot.columns[live.kind]
    return live.values[columns.index(path)] if path in columns else UNKNOWN
