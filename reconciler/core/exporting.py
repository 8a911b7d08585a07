"""Live numbers -> what a person would have written: defaults, groups, blocks, the rest by number.

Every known value that is set is declared, so that drift shows; what is unset is left unmanaged.
Nothing depends on the order of the answers or on the time, so two exports are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.common import common
from reconciler.core.declarable import Aliases, Draft, Drafter, Wanted, nested
from reconciler.core.fields import Kind
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.naming import Names, Pairs, Said, slug
from reconciler.core.schema import ALIAS_FIELDS
from reconciler.core.sharing import GroupEntry, Naming, Share, share
from reconciler.core.units import Unit, units_of

MOST_IN_A_FILE = 10_000
_PROJECT_FILE_STEM = "reconciler"
"""A file of this name in a directory would make a project of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number, or a block, as it is written. `drops` are paths that it does not manage, `notes`
    remarks on what could not be declared; `overrides` says that a block holds it too."""

    key: str
    kind: Kind
    groups: tuple[str, ...]
    settings: Pairs
    drops: tuple[str, ...] = ()
    overrides: bool = False
    notes: tuple[str, ...] = ()

    def data(self, aliases: Aliases) -> dict[str, Any]:
        """The entry as data, in canonical order."""
        data: dict[str, Any] = {"overrides": True} if self.overrides else {}
        if self.groups:
            data["groups"] = list(self.groups)
        data |= nested(self.settings, aliases)
        if self.drops:
            data["unmanage"] = list(self.drops)
        return data


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name without a suffix, its own defaults and its entries."""

    name: str
    defaults: Mapping[str, Said]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """Everything to write, and what was left out of it: numbers that cannot be declared."""

    defaults: Mapping[str, Said]
    groups: tuple[GroupEntry, ...]
    parts: tuple[Part, ...]
    numbers: int
    left_out: Mapping[str, str]

    def ids(self) -> dict[str, set[str]]:
        """The ids in it, by field."""
        said = [self.defaults.items(), *(group.settings for group in self.groups)]
        for part in self.parts:
            said += [part.defaults.items(), *(entry.settings for entry in part.entries)]
        found: dict[str, set[str]] = {}
        for pairs in said:
            for path, value in pairs:
                leaf = path.rpartition(".")[2]
                if leaf in ALIAS_FIELDS and isinstance(value, str):
                    found.setdefault(leaf, set()).add(value)
        return found


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files are laid out: a file for each tag, country or connection, as `by` says, else
    `numbers` and `mobile`, or `one` for all; and whether there is a project file, whose defaults
    hold for all of them. `rows`: every number gets an entry of its own, as in a sheet; `alone`: it
    says everything itself, for there is no place for defaults and groups."""

    by: str = ""
    one: bool = False
    project: bool = True
    rows: bool = False
    alone: bool = False

    def file_of(self, draft: Draft) -> str:
        """The file that a number goes into."""
        if self.one:
            return "all"
        match self.by:
            case "tag":
                return slug(draft.tags[0]) or "tag" if draft.tags else "untagged"
            case "country":
                return slug(draft.live.country) or "no-country"
            case "connection":
                if not draft.connection:
                    return "no-connection"
                return f"connection-{slug(draft.connection)}".strip("-")
            case _:
                return "mobile" if draft.live.kind is Kind.MOBILE else "numbers"


def export(
    snapshot: Snapshot,
    numbers: Iterable[LiveNumber],
    wanted: Wanted,
    layout: Layout,
) -> Exported:
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
    if layout.rows:
        units = [Unit(each) for found in drafts.values() for each in found]
    else:
        units = [each for found in drafts.values() for each in units_of(found, layout.file_of)]
    files = _in_files(units, layout.file_of)
    naming = Naming(Names(wanted.taken), snapshot.names)
    defaults: dict[str, Said] = {}
    own: dict[str, dict[str, Said]] = {name: {} for name in files}
    if layout.alone:
        shares = {unit.key: Share((), tuple(unit.draft.values.items()), ()) for unit in units}
    else:
        defaults = common(units, {}) if layout.project else {}
        own = {name: common(found, defaults) for name, found in files.items()}
        below = {name: {**defaults, **each} for name, each in own.items()}
        shares = _shares(files, below, naming)
    used = {name for each in shares.values() for name in each.groups}
    return Exported(
        defaults,
        tuple(group for group in naming.groups if group.name in used),
        tuple(
            Part(name, own[file], tuple(_entry(unit, shares[unit.key]) for unit in part))
            for file, name, part in _parts(files)
        ),
        sum(map(len, drafts.values())),
        left_out,
    )


def _in_files(units: Iterable[Unit], file_of: Callable[[Draft], str]) -> dict[str, list[Unit]]:
    """The units by file, and an exception with its block."""
    files: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        files[file_of((unit.block or unit).draft)].append(unit)
    return dict(sorted(files.items()))


def _shares(
    files: Mapping[str, list[Unit]], defaults: Mapping[str, Mapping[str, Said]], naming: Naming
) -> dict[str, Share]:
    """The share of each unit, by its key; the groups are searched for over all files."""
    shares: dict[str, Share] = {}
    for kind in Kind:
        pairs = [
            (unit, defaults[name])
            for name, units in files.items()
            for unit in units
            if unit.draft.live.kind is kind
        ]
        units = [unit for unit, _ in pairs]
        found = share(units, [below for _, below in pairs], kind, naming)
        shares |= {unit.key: each for unit, each in zip(units, found, strict=True)}
    return shares


def _parts(files: Mapping[str, list[Unit]]) -> Iterable[tuple[str, str, list[Unit]]]:
    """The files by their names; more than a person would want in one go into several."""
    names = Names({_PROJECT_FILE_STEM})
    chosen = {name: names.free(name) for name in files}
    for file, first in chosen.items():
        units = files[file]
        for at in range(0, len(units), MOST_IN_A_FILE):
            yield file, names.free(file) if at else first, units[at : at + MOST_IN_A_FILE]


def _entry(unit: Unit, its: Share) -> Entry:
    return Entry(
        unit.key,
        unit.draft.live.kind,
        its.groups,
        its.settings,
        its.drops,
        unit.block is not None,
        unit.draft.notes,
    )
