"""Live numbers -> what a person would have written: shared settings in groups, the rest by number.

Every known value that is set is declared, so that drift shows; what is unset is left unmanaged.
Nothing depends on the order of the answers or on the time, so two exports are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.declarable import Draft, Drafter, Wanted
from reconciler.core.fields import Kind
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.sharing import GroupEntry, Names, Pairs, share, slug

MOST_IN_A_FILE = 10_000
_PROJECT_FILE_STEM = "reconciler"
"""A file of this name in a directory would make a project of it."""


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
class Exported:
    """Everything to write, and what was left out of it: numbers that cannot be declared."""

    groups: tuple[GroupEntry, ...]
    entries: tuple[Entry, ...]
    left_out: Mapping[str, str]


def export(snapshot: Snapshot, numbers: Iterable[LiveNumber], wanted: Wanted) -> Exported:
    """`numbers` of `snapshot`, sorted, as groups and entries."""
    left_out: dict[str, str] = {}
    drafts: dict[Kind, list[Draft]] = {kind: [] for kind in Kind}
    drafter = Drafter(snapshot, wanted)
    for live in sorted(numbers, key=lambda live: live.phone_number):
        draft = drafter.draft(live)
        if isinstance(draft, str):
            left_out[live.phone_number] = draft
        else:
            drafts[live.kind].append(draft)
    names = Names(wanted.taken)
    groups: list[GroupEntry] = []
    entries: list[Entry] = []
    for kind, found in drafts.items():
        made, shares = share(found, kind, names)
        groups += made
        for draft in found:
            live, its = draft.live, shares[draft.live.phone_number]
            entries.append(
                Entry(
                    live.phone_number,
                    kind,
                    its.groups,
                    its.settings,
                    draft.notes,
                    live.country,
                    draft.tags,
                    draft.connection,
                )
            )
    return Exported(tuple(groups), tuple(entries), left_out)


def split(exported: Exported, by: str) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """The entries by file name (without its suffix): all in `numbers`, or by tag, country or
    connection; more than a person would want in one file go into several."""
    files: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in exported.entries:
        files[_file_of(entry, by)].append(entry)
    names = Names({_PROJECT_FILE_STEM})
    chosen = {name: names.free(name) for name in sorted(files)}
    for name, first in chosen.items():
        entries = files[name]
        for at in range(0, len(entries), MOST_IN_A_FILE):
            part = tuple(entries[at : at + MOST_IN_A_FILE])
            yield names.free(name) if at else first, part


def _file_of(entry: Entry, by: str) -> str:
    match by:
        case "tag":
            return slug(entry.tags[0]) or "tag" if entry.tags else "untagged"
        case "country":
            return slug(entry.country) or "no-country"
        case "connection":
            if not entry.connection:
                return "no-connection"
            return f"connection-{slug(entry.connection)}".strip("-")
        case _:
            return "mobile" if entry.kind is Kind.MOBILE else "numbers"
