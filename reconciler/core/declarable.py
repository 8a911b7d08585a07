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
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED, FEATURES, broken_rules
from reconciler.core.scope import Section, section_of
from reconciler.core.validate import is_valid
from reconciler.core.values import E164, ID, UNKNOWN, LiveValue, Value, show_json


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
    values: Mapping[str, Value]
    unset: frozenset[str]
    notes: tuple[str, ...]
    tags: tuple[str, ...]
    connection: str


class Drafter:
    """Makes the drafts of one export. Each distinct value is judged once."""

    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self._snapshot = snapshot
        self._wanted = wanted
        self._judged: dict[tuple[Kind, str, LiveValue], str] = {}

    def draft(self, live: LiveNumber) -> Draft | str:
        """What to declare of one number, or why it cannot be declared at all."""
        if not E164.match(live.phone_number):
            return "it is no number in E.164"
        rows = BY_PATH[live.kind]
        read = dict(zip(self._snapshot.columns[live.kind], live.values, strict=True))
        if read and all(value is UNKNOWN for value in read.values()):
            return next(iter((live.reasons or {}).values()), "nothing of it could be read")
        values: dict[str, Value] = {}
        notes: list[str] = []
        for path, value in read.items():
            if not self._wanted.means(live.kind, path):
                continue
            note = self._why_not(rows[path], value, live)
            if note:
                notes.append(note)
            elif value is not UNKNOWN and value not in (None, ()) and _is_plain(rows[path]):
                values[path] = value
        if read.get(EMERGENCY_STATUS) == FAILED and EMERGENCY_ENABLED in values:
            notes.append("emergency_status is provisioning-failed: the service counts as off")
        _drop_broken_features(values, live.kind, notes)
        refusal = _stand_above(self._wanted.below.get(live.kind, {}), values, read, live.kind)
        if refusal:
            return refusal
        tags, connection = read.get("tags"), read.get("connection_id")
        return Draft(
            live,
            {path: values[path] for path in rows if path in values},
            frozenset(path for path, value in read.items() if value in (None, ())),
            tuple(notes),
            tags if isinstance(tags, tuple) else (),
            connection if isinstance(connection, str) else "",
        )

    def _why_not(self, row: Field, value: LiveValue, live: LiveNumber) -> str:
        """A remark on why a value is not declared, "" where it is, or where it is not worth one."""
        if value is not UNKNOWN:
            key = (row.kind, row.path, value)
            found = self._judged.get(key)
            if found is None:
                found = self._judged[key] = _judge(row, value, self._wanted)
            return found
        if row.secret or row.write_only or not row.writes:
            return ""
        reason = (live.reasons or {}).get(row.path)
        return f"{row.path} could not be read" + (f": {reason}" if reason else "")


def _is_plain(row: Field) -> bool:
    return bool(row.writes) and not row.secret


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


def _drop_broken_features(values: dict[str, Value], kind: Kind, notes: list[str]) -> None:
    """Leave out what the rules between fields would refuse, all of a link together."""
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


def _broken(values: Mapping[str, Any], kind: Kind) -> set[str]:
    """The paths at which `values` break a rule between fields."""
    settings = Settings(tuple(values), tuple(values.values()), ())
    return {path for path, _ in broken_rules(settings, kind)}


def _stand_above(
    below: Mapping[str, Any], values: dict[str, Value], read: Mapping[str, LiveValue], kind: Kind
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


def nested(pairs: Iterable[tuple[str, Value]]) -> dict[str, Any]:
    """Settings as the YAML nests them; ids of no usual form as `{id: …}`, braces doubled."""
    root: dict[str, Any] = {}
    for path, value in pairs:
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = written(path, value)
    return root


_ID_LEAVES = frozenset(
    row.path.rpartition(".")[2]
    for kind in Kind
    for row in BY_PATH[kind].values()
    if row.type is Type.ID
)


def written(path: str, value: Value) -> Any:
    """A value as the YAML holds it: an id of no usual form as `{id: …}`, braces doubled."""
    if isinstance(value, tuple):
        return [doubled(text) for text in value]
    if not isinstance(value, str):
        return value
    is_id = path.rpartition(".")[2] in _ID_LEAVES
    return {"id": doubled(value)} if is_id and not ID.match(value) else doubled(value)


def doubled(text: str) -> str:
    """A literal brace is written twice: a single one begins a template."""
    return text.replace("{", "{{").replace("}", "}}")
