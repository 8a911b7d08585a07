"""One live number -> what the YAML can say of it, and remarks on what it cannot.

Whatever is not known, or the loader would not take back as it is, is left out with a remark: a
declaration that differs from the account is a change, and export makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS
from reconciler.core.emergency import FAILED
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.model import LiveNumber, Settings, Snapshot
from reconciler.core.naming import Pairs, Said
from reconciler.core.rules import (
    EMERGENCY_ADDRESS,
    EMERGENCY_ENABLED,
    FEATURES,
    RULED,
    broken_rules,
)
from reconciler.core.scope import Section, section_of
from reconciler.core.templates import Text
from reconciler.core.validate import is_valid
from reconciler.core.values import E164, ID, UNKNOWN, LiveValue, Value, canonical_id, show_json


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `may_stand` says whether a text can stand in a YAML file; `below` is what
    the defaults of an existing project give every number, by kind; `taken` are names of groups
    that exist."""

    may_stand: Callable[[str], bool]
    only: frozenset[Section] = frozenset()
    below: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()

    def means(self, kind: Kind, path: str) -> bool:
        """Whether to declare `path`: also where a default of the project would set it."""
        return not self.only or section_of(path) in self.only or path in self.below.get(kind, {})


@dataclass(frozen=True, slots=True)
class Draft:
    """What to declare of a number: `values` in the order of the catalogue, and the paths that
    are known to be `unset`, for which null would be no change."""

    live: LiveNumber
    values: Mapping[str, Said]
    unset: frozenset[str]
    notes: tuple[str, ...]
    tags: tuple[str, ...]
    connection: str


class _Column:
    """What a snapshot holds of one field, and the judgement of each distinct value of it."""

    __slots__ = ("_judged", "_wanted", "at", "is_meant", "is_plain", "path", "row")

    def __init__(self, at: int, row: Field, wanted: Wanted) -> None:
        self.at, self.row, self.path = at, row, row.path
        self.is_plain = bool(row.writes) and not row.secret
        self.is_meant = wanted.means(row.kind, row.path)
        self._wanted = wanted
        self._judged: dict[Value, str] = {}

    def remark(self, value: Value) -> str:
        """Why a known value is not declared, "" where it is, or where that is not worth one."""
        found = self._judged.get(value)
        if found is None:
            found = self._judged[value] = _judge(self.row, value, self._wanted)
        return found

    def unknown(self, live: LiveNumber) -> str:
        """The same of one that could not be read."""
        if not self.is_plain or self.row.write_only:
            return ""
        reason = (live.reasons or {}).get(self.path)
        return f"{self.path} could not be read" + (f": {reason}" if reason else "")


class Drafter:
    """Makes the drafts of one export. Each distinct value is judged once."""

    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self._wanted = wanted
        self._columns = {
            kind: [
                _Column(paths.index(path), row, wanted)
                for path, row in BY_PATH[kind].items()
                if path in paths
            ]
            for kind, paths in snapshot.columns.items()
        }
        self._looked_at = {
            kind: [column for column in columns if column.path in _LOOKED_AT]
            for kind, columns in self._columns.items()
        }
        self._sets: dict[tuple[str, ...], frozenset[str]] = {}
        self._broken: dict[tuple[Kind, Pairs], tuple[frozenset[str], tuple[str, ...]]] = {}

    def draft(self, live: LiveNumber) -> Draft | str:
        """What to declare of one number, or why it cannot be declared at all."""
        if not E164.match(live.phone_number):
            return "it is no number in E.164"
        if live.values and all(value is UNKNOWN for value in live.values):
            return next(iter((live.reasons or {}).values()), "nothing of it could be read")
        values: dict[str, Said] = {}
        unset: list[str] = []
        notes: list[str] = []
        columns = self._columns[live.kind]
        for column in columns:
            value = live.values[column.at]
            if value is None or value == ():
                if column.is_plain:
                    unset.append(column.path)
            elif not column.is_meant:
                continue
            elif note := column.unknown(live) if value is UNKNOWN else column.remark(value):
                notes.append(note)
            elif value is not UNKNOWN and column.is_plain:
                values[column.path] = value
        read = {column.path: live.values[column.at] for column in self._looked_at[live.kind]}
        if read.get(EMERGENCY_STATUS) == FAILED and EMERGENCY_ENABLED in values:
            notes.append("emergency_status is provisioning-failed: the service counts as off")
        self._drop_broken_features(values, live.kind, notes)
        if below := self._wanted.below.get(live.kind, {}):
            every = {column.path: live.values[column.at] for column in columns}
            if refusal := _stand_above(below, values, every, live.kind):
                return refusal
            values = {path: values[path] for path in BY_PATH[live.kind] if path in values}
        tags, connection = read.get("tags"), read.get("connection_id")
        return Draft(
            live,
            values,
            self._sets.setdefault(key := tuple(unset), frozenset(key)),
            tuple(notes),
            tags if isinstance(tags, tuple) else (),
            connection if isinstance(connection, str) else "",
        )

    def _drop_broken_features(self, values: dict[str, Said], kind: Kind, notes: list[str]) -> None:
        """Leave out what the rules between fields would refuse, all of a link together."""
        ruled = tuple((path, values[path]) for path in _RULED[kind] if path in values)
        found = self._broken.get((kind, ruled))
        if found is None:
            found = self._broken[kind, ruled] = _half_features(dict(ruled), kind)
        for path in found[0]:
            del values[path]
        notes += found[1]


_LOOKED_AT = frozenset({"tags", "connection_id", EMERGENCY_STATUS})
_RULED = {kind: tuple(path for path in BY_PATH[kind] if path in RULED[kind]) for kind in Kind}


def _judge(row: Field, value: Value, wanted: Wanted) -> str:
    """The same of a known value."""
    if value is None or value == ():
        return ""
    leaf = row.path.rpartition(".")[2]
    if row.secret:
        return f"{leaf} is set: add it as {{env: NAME}}"
    if not row.writes:
        is_messaging = row.path.startswith("messaging.")
        return f"{leaf} is {show_json(value)} (read only)" if is_messaging else ""
    return why_not_declared(row, value, wanted.may_stand)


def why_not_declared(row: Field, value: Value, may_stand: Callable[[str], bool]) -> str:
    """Why a known live value cannot stand in the YAML, "" where it can."""
    texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
    if not all(may_stand(text) for text in texts):
        return f"{row.path} holds characters that may not stand in a file"
    if not is_valid(row.kind.value, nested([(row.path, value)])):
        return f"{row.path} holds what cannot be declared"
    return ""


def _half_features(values: dict[str, Said], kind: Kind) -> tuple[frozenset[str], tuple[str, ...]]:
    """The paths of `values` that the rules between fields would refuse, and remarks on them."""
    whole, notes = frozenset(values), []
    if values.get(EMERGENCY_ENABLED) is not True:
        values.pop(EMERGENCY_ADDRESS, None)
    while broken := _broken(values, kind):
        for pair in FEATURES[kind]:
            if broken.isdisjoint(pair):
                continue
            # Forwarding is on from the start, with nowhere to forward to: not worth a remark.
            if not pair[1].endswith("forwards_to"):
                notes.append(f"{pair[0].rpartition('.')[0]} stands half configured: left out")
            for path in pair:
                values.pop(path, None)
    return whole - values.keys(), tuple(notes)


def _broken(values: Mapping[str, Any], kind: Kind) -> set[str]:
    """The paths at which `values` break a rule between fields."""
    settings = Settings(tuple(values), tuple(values.values()), ())
    return {path for path, _ in broken_rules(settings, kind)}


def _stand_above(
    below: Mapping[str, Any], values: dict[str, Said], read: Mapping[str, LiveValue], kind: Kind
) -> str:
    """Add to `values` what keeps the defaults of a project from changing the number. Why that
    cannot be done, "" where it is.
    """
    off = values.get(EMERGENCY_ENABLED) is False  # an address below counts for nothing then
    for path, given in below.items():
        live = read.get(path, UNKNOWN)
        if path in values or given == live or (off and path == EMERGENCY_ADDRESS):
            continue
        row = BY_PATH[kind][path]
        if not row.null or live not in (None, ()):
            return f"the project's defaults give it {path}, and what is live cannot be declared"
        values[path] = () if row.type is Type.TAGS else None
    broken = _broken({**below, **values}, kind)
    if not broken:
        return ""
    feature = min(broken).rpartition(".")[0]
    return f"the project's defaults and what is live of {feature} do not go together"


Aliases = Mapping[str, Mapping[str, str]]
"""Names for ids: field -> id -> alias."""


def aliases_by_id(tables: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The alias of each id, as a value says it, from tables of field -> alias -> id; of several
    aliases for one id the first."""
    return {
        leaf: {canonical_id(id_): doubled(name) for name, id_ in reversed([*table.items()])}
        for leaf, table in tables.items()
    }


def nested(pairs: Iterable[tuple[str, Said]], aliases: Aliases | None = None) -> dict[str, Any]:
    """Settings as the YAML nests them; ids by their aliases, those of no usual form as
    `{id: …}`, braces doubled."""
    root: dict[str, Any] = {}
    for path, value in pairs:
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = written(leaf, value, (aliases or {}).get(leaf, {}))
    return root


_ID_LEAVES = frozenset(
    row.path.rpartition(".")[2]
    for kind in Kind
    for row in BY_PATH[kind].values()
    if row.type is Type.ID
)


def written(leaf: str, value: Said, aliases: Mapping[str, str]) -> Any:
    """A value of a field as the YAML holds it; `aliases` are those of that field, by id."""
    if isinstance(value, Text):
        return value.spelled
    if isinstance(value, tuple):
        return [doubled(text) for text in value]
    if not isinstance(value, str):
        return value
    if leaf not in _ID_LEAVES:
        return doubled(value)
    if value in aliases:
        return aliases[value]
    return doubled(value) if ID.match(value) else {"id": doubled(value)}


def doubled(text: str) -> str:
    """A literal brace is written twice: a single one begins a template."""
    return text.replace("{", "{{").replace("}", "}}")
