"""Live numbers -> what a person would have written: shared settings in groups, the rest by number.

Every known value that is set is declared, so that drift shows; what is unset is left unmanaged.
What most numbers have is the group `common`. Above it, numbers are sorted by what they share, tag
and connection first: a value, or a set of voice settings, that several numbers have is a group.
Nothing depends on the order of the answers or on the time, so two exports are the same.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.model import LiveNumber, Settings, Snapshot
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED, FEATURES, broken_rules
from reconciler.core.scope import Section, section_of
from reconciler.core.validate import is_valid
from reconciler.core.values import ID, UNKNOWN, LiveValue, Value, show_json

FEWEST_IN_A_GROUP = 3
_COMMON = "common"
_LONGEST_NAME = 40

Pairs = tuple[tuple[str, Value], ...]
"""Settings, in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number as it is written. `notes` are remarks on what could not be declared."""

    phone_number: str
    kind: Kind
    groups: tuple[str, ...]
    settings: Pairs
    notes: tuple[str, ...]
    country: str
    tags: tuple[str, ...]
    connection: str


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group as it is written."""

    name: str
    settings: Pairs


@dataclass(frozen=True, slots=True)
class Exported:
    """Everything to write, and what was left out of it: numbers that cannot be declared."""

    groups: tuple[GroupEntry, ...]
    entries: tuple[Entry, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `may_stand` says whether a text can stand in a YAML file; `below` is what
    the defaults of an existing project give every number, by kind; `taken` are names of groups
    that exist."""

    may_stand: Callable[[str], bool]
    only: frozenset[Section] = frozenset()
    below: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


def export(snapshot: Snapshot, numbers: Iterable[LiveNumber], wanted: Wanted) -> Exported:
    """`numbers` of `snapshot`, sorted, as groups and entries."""
    left_out: dict[str, str] = {}
    groups: list[GroupEntry] = []
    entries: list[Entry] = []
    every = sorted(numbers, key=lambda live: live.phone_number)
    taken = set(wanted.taken)
    for kind in Kind:
        drafts: list[_Draft] = []
        for live in every:
            if live.kind is not kind:
                continue
            draft = _draft(snapshot, live, wanted)
            if isinstance(draft, str):
                left_out[live.phone_number] = draft
            else:
                drafts.append(draft)
        found, written = _factor(drafts, kind, taken)
        groups += found
        entries += written
    return Exported(tuple(groups), tuple(entries), left_out)


# ---- what of a number can be declared -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Draft:
    live: LiveNumber
    values: Mapping[str, Value]
    notes: tuple[str, ...]
    tags: tuple[str, ...]
    connection: str


def _draft(snapshot: Snapshot, live: LiveNumber, wanted: Wanted) -> _Draft | str:
    """What to declare of one number, or why it cannot be declared at all."""
    rows = BY_PATH[live.kind]
    read = dict(zip(snapshot.columns[live.kind], live.values, strict=True))
    if read and all(value is UNKNOWN for value in read.values()):
        return next(iter((live.reasons or {}).values()), "nothing of it could be read")
    values: dict[str, Value] = {}
    notes: list[str] = []
    for path, value in read.items():
        row = rows[path]
        if wanted.only and section_of(path) not in wanted.only:
            continue
        said = _why_not(row, value, wanted)
        if said:
            notes.append(said)
        elif value is not UNKNOWN and value not in (None, ()) and row.writes:
            values[path] = value
    _drop_broken_features(values, live.kind, notes)
    below = wanted.below.get(live.kind, {})
    for path, given in below.items():
        if path in values or given == read.get(path):
            continue
        cleared: Value = () if rows[path].type is Type.TAGS else None
        if not rows[path].null or read.get(path) not in (None, ()):
            return f"the project's defaults give it {path}, which cannot be taken back"
        values[path] = cleared
    tags, connection = read.get("tags"), read.get("connection_id")
    return _Draft(
        live,
        {path: values[path] for path in rows if path in values},
        tuple(notes),
        tags if isinstance(tags, tuple) else (),
        connection if isinstance(connection, str) else "",
    )


def _why_not(row: Field, value: LiveValue, wanted: Wanted) -> str:
    """A remark on why a value is not declared, "" where it is, or where it is not worth one."""
    if value is None or value == ():
        return ""
    leaf = row.path.rpartition(".")[2]
    if row.secret:
        return "" if value is UNKNOWN else "external_pin is set: add it as {env: NAME}"
    if not row.writes:
        quiet = value is UNKNOWN or not row.path.startswith("messaging.")
        return "" if quiet else f"{leaf} is {show_json(value)} (read only)"
    if row.write_only:
        return ""
    if value is UNKNOWN:
        return f"{row.path} could not be read"
    texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
    if not all(wanted.may_stand(text) for text in texts):
        return f"{row.path} holds characters that may not stand in a file"
    if not is_valid(row.kind.value, nested([(row.path, value)])):
        return f"{row.path} holds what cannot be declared"
    return ""


def _drop_broken_features(values: dict[str, Value], kind: Kind, notes: list[str]) -> None:
    """Leave out what the rules between fields would refuse, all of a link together."""
    if values.get(EMERGENCY_ENABLED) is not True:
        values.pop(EMERGENCY_ADDRESS, None)
    while True:
        paths = tuple(values)
        broken = dict(broken_rules(Settings(paths, tuple(values.values()), ()), kind))
        if not broken:
            return
        for pair in FEATURES[kind]:
            if broken.keys().isdisjoint(pair):
                continue
            # Forwarding is on from the start, with nowhere to forward to: not worth a remark.
            if not pair[1].endswith("forwards_to"):
                notes.append(f"{pair[0].rpartition('.')[0]} stands half configured: left out")
            for path in pair:
                values.pop(path, None)


def nested(pairs: Iterable[tuple[str, Value]]) -> dict[str, Any]:
    """Settings as the YAML nests them; ids of no usual form as `{id: …}`, braces doubled."""
    root: dict[str, Any] = {}
    for path, value in pairs:
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = _written(path, value)
    return root


_ID_LEAVES = frozenset(
    row.path.rpartition(".")[2]
    for kind in Kind
    for row in BY_PATH[kind].values()
    if row.type is Type.ID
)


def _written(path: str, value: Value) -> Any:
    if isinstance(value, tuple):
        return [_doubled(text) for text in value]
    if not isinstance(value, str):
        return value
    is_id = path.rpartition(".")[2] in _ID_LEAVES
    return {"id": _doubled(value)} if is_id and not ID.match(value) else _doubled(value)


def _doubled(text: str) -> str:
    """A literal brace is written twice: a single one begins a template."""
    return text.replace("{", "{{").replace("}", "}}")


# ---- what numbers share -------------------------------------------------------------------------


def _factor(
    drafts: Sequence[_Draft], kind: Kind, taken: set[str]
) -> tuple[list[GroupEntry], list[Entry]]:
    prefix = "mobile-" if kind is Kind.MOBILE else ""
    common = _common(drafts)
    groups: list[GroupEntry] = []
    common_name: tuple[str, ...] = ()
    if common:
        common_name = (_free(f"{prefix}{_COMMON}", taken),)
        groups.append(GroupEntry(common_name[0], tuple(common.items())))
    rest = {draft.live.phone_number: _beyond(draft, common) for draft in drafts}
    facets = [(_facet_of(name), name) for name in _FACETS]
    named: defaultdict[str, list[str]] = defaultdict(list)
    own: dict[str, dict[str, Value]] = {n: dict(found[1]) for n, found in rest.items()}
    for belongs, facet in facets:
        sharers: defaultdict[Pairs, list[str]] = defaultdict(list)
        for number, settings in own.items():
            part = tuple((path, value) for path, value in settings.items() if belongs(path))
            if part and all(value not in (None, ()) for _, value in part):
                sharers[part].append(number)
        for part, numbers in sorted(sharers.items(), key=lambda item: item[1][0]):
            if len(numbers) < FEWEST_IN_A_GROUP:
                continue
            name = _free(f"{prefix}{_name_of(facet, part)}", taken)
            groups.append(GroupEntry(name, part))
            for number in numbers:
                named[number].append(name)
                for path, _ in part:
                    del own[number][path]
    entries = []
    for draft in drafts:
        number = draft.live.phone_number
        uses = common_name if rest[number][0] else ()
        entries.append(
            Entry(
                number,
                kind,
                (*uses, *named[number]),
                tuple((path, own[number][path]) for path in BY_PATH[kind] if path in own[number]),
                draft.notes,
                draft.live.country,
                draft.tags,
                draft.connection,
            )
        )
    return groups, entries


def _common(drafts: Sequence[_Draft]) -> dict[str, Value]:
    """The switches that more than half of the numbers have alike."""
    if len(drafts) < FEWEST_IN_A_GROUP:
        return {}
    counts: defaultdict[str, Counter[Value]] = defaultdict(Counter)
    for draft in drafts:
        for path, value in draft.values.items():
            counts[path][value] += 1
    kind = drafts[0].live.kind
    found: dict[str, Value] = {}
    for path, row in BY_PATH[kind].items():
        if row.type not in {Type.BOOLEAN, Type.ENUM} or path not in counts:
            continue
        value, times = counts[path].most_common(1)[0]
        if times * 2 > len(drafts):
            found[path] = value
    return found


def _beyond(draft: _Draft, common: Mapping[str, Value]) -> tuple[bool, dict[str, Value]]:
    """Whether a number can use the common group, and what it says beside it.

    It cannot where the group would declare something that the number must not: then the number
    says everything itself.
    """
    kind_rows = BY_PATH[draft.live.kind]
    beside = {
        path: value
        for path, value in draft.values.items()
        if path not in common or common[path] != value
    }
    for path in common:
        if path not in draft.values:
            if not kind_rows[path].null:
                return False, dict(draft.values)
            beside[path] = None
    return bool(common), beside


_FACETS = ("tags", "connection", "billing", "messaging", "emergency", "voice", "number")


def _facet_of(facet: str) -> Callable[[str], bool]:
    """Which paths belong to a facet: what is likely to be shared together."""

    def belongs(path: str) -> bool:
        match facet:
            case "tags":
                return path == "tags"
            case "connection":
                return path == "connection_id"
            case "billing":
                return path == "billing_group_id"
            case "number":
                return path in {"hd_voice_enabled", "deletion_lock_enabled"}
            case _:
                return section_of(path).value == facet

    return belongs


def _name_of(facet: str, part: Pairs) -> str:
    path, value = part[0]
    if facet == "tags" and isinstance(value, tuple):
        return _slug("-".join(value)) or "tagged"
    if facet in {"connection", "billing", "messaging"} and isinstance(value, str):
        return f"{facet}-{_slug(value)[-4:] if value.isdigit() else _slug(value)[:8]}"
    if facet == "emergency":
        address = dict(part).get(EMERGENCY_ADDRESS)
        return f"emergency-{address[-4:]}" if isinstance(address, str) else "emergency-off"
    told = [f"{path.rpartition('.')[2]}"]
    told += [value] if isinstance(value, str) else [] if value is True else ["off"]
    return _slug("-".join(told).replace("_enabled", ""))


_NO_SLUG = re.compile(r"[^a-z0-9]+")


def _slug(text: str) -> str:
    return _NO_SLUG.sub("-", text.lower()).strip("-")[:_LONGEST_NAME].strip("-")


def _free(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name-2`, `name-3` … that is not taken; it is then."""
    chosen, at = name, 1
    while chosen in taken:
        at += 1
        chosen = f"{name}-{at}"
    taken.add(chosen)
    return chosen


# ---- which file ---------------------------------------------------------------------------------


def split(exported: Exported, by: str) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """The entries by file name (without its suffix): all in `numbers`, or by tag, country or
    connection."""
    files: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in exported.entries:
        files[_file_of(entry, by)].append(entry)
    for name in sorted(files):
        yield name, tuple(files[name])


def _file_of(entry: Entry, by: str) -> str:
    match by:
        case "tag":
            return _slug(entry.tags[0]) or "tag" if entry.tags else "untagged"
        case "country":
            return _slug(entry.country) or "no-country"
        case "connection":
            return f"connection-{_slug(entry.connection)}" if entry.connection else "no-connection"
        case _:
            return "mobile" if entry.kind is Kind.MOBILE else "numbers"
