"""The live account as YAML: a new project, or what an existing one does not declare yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from reconciler.api.progress import Progress, ignore_progress
from reconciler.core.declarable import Aliases, Wanted, aliases_by_id
from reconciler.core.desired import build, project_defaults
from reconciler.core.diff import live_value
from reconciler.core.exporting import Entry, Exported, Layout, export
from reconciler.core.model import Desired, LiveNumber, Snapshot
from reconciler.core.names import collect_aliases
from reconciler.core.naming import propose_aliases
from reconciler.core.policy import outside_of
from reconciler.core.scope import Scope
from reconciler.core.starter import IGNORE, numbers_schema_text
from reconciler.errors import InputError, UsageError
from reconciler.files import Loaded, holds_project, load_documents, nearest_project
from reconciler.files.emit import Shared, may_stand, yaml_text
from reconciler.files.globs import matches_any
from reconciler.files.sheetout import sheet_text
from reconciler.files.tree import PROJECT_FILE
from reconciler.workflow.common import Options, account_here
from reconciler.workflow.snapshots import fetch_everything, load_snapshot

_HEAD = (
    "Exported from the live account. What is not written here is not managed; PINs are left out.",
)
_DIRECTORY = "numbers"
_GROUPS = "groups"
_UNFIT = "no sheet can hold what it has: -o or --into writes it as YAML"
_SCHEMA = "schemas/numbers.schema.json"


@dataclass(frozen=True, slots=True)
class Export:
    """The files to write, by their names below the directory; what was left out, and why; and
    the snapshot they come from."""

    files: Mapping[str, str]
    numbers: int
    left_out: Mapping[str, str]
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Base:
    """The project that an export adds to, right in itself."""

    directory: Path
    loaded: Loaded
    desired: Desired

    def declares(self, number: str) -> bool:
        """Whether some file of the project declares `number`."""
        return number in self.desired.numbers or number in self.desired.declared_elsewhere


def open_base(directory: Path) -> Base:
    """The project in `directory`. InputError with everything that is wrong with it; UsageError
    where the directory is only a part of one."""
    real = directory.resolve()
    root = nearest_project(real) or real
    if root != real:
        raise UsageError(f"{directory}: is a part of the project in {root}: name that")
    loaded = load_documents(directory, Path.cwd())
    desired, problems = build(loaded.project, loaded.documents, unread=loaded.incomplete)
    if wrong := loaded.all_problems(problems):
        raise InputError(wrong)
    return Base(directory, loaded, desired)


async def snapshot_for_export(
    options: Options, base: Base | None, progress: Progress = ignore_progress
) -> Snapshot:
    """The snapshot that --live names, else the account of the project that is added to, or of
    the one here."""
    if options.live is not None:
        return load_snapshot(options.live)
    return await fetch_everything(options, progress, base.desired if base else None)


def account_for_export(options: Options) -> dict[str, str]:
    """What the project here says of its account, for the new one to say too; nothing of a
    snapshot, which may be of any."""
    if options.live is not None:
        return {}
    here = account_here()
    named = {"base_url": here.base_url}
    if here.api_key_env != Desired(numbers={}).api_key_env:
        named["api_key_env"] = here.api_key_env
    return {key: value for key, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Manner:
    """How to write: a file for each of what `by` says, numbers in `csv` sheets, and `aliases` for
    the ids that the account has names for."""

    by: str = ""
    csv: bool = False
    aliases: bool = False


def export_new(
    snapshot: Snapshot,
    scope: Scope,
    manner: Manner,
    *,
    one_file: bool = False,
    account: Mapping[str, str] | None = None,
) -> Export:
    """A whole project, of this `account` if it has to be named; `one_file` for a pipe: everything
    in one document, or one sheet. UsageError where the scope means no live number."""
    meant = list(_meant(snapshot, scope))
    one_sheet = one_file and manner.csv
    layout = Layout(manner.by, one=one_file, project=not one_file, rows=manner.csv, alone=one_sheet)
    exported = export(snapshot, meant, Wanted(may_stand, frozenset(scope.only)), layout)
    left_out = {**exported.left_out, **_in_conflict(snapshot, scope)}
    made = propose_aliases(exported.ids(), snapshot.names, {}) if manner.aliases else {}
    files: dict[str, str] = {}
    unfit: list[Entry] = []
    if one_sheet:
        entries = [entry for part in exported.parts for entry in part.entries]
        files[""], unfit = sheet_text(entries, {})
        left_out |= dict.fromkeys((entry.key for entry in unfit), _UNFIT)
    elif one_file:
        files[""] = _one_file(exported, made)
    else:
        shared = Shared(_HEAD, _SCHEMA, account or {}, made, exported.groups, exported.defaults)
        files[PROJECT_FILE] = yaml_text(shared)
        for part in exported.parts:
            shared = Shared(schema=f"../{_SCHEMA}", defaults=part.defaults)
            name = f"{_DIRECTORY}/{part.name}.yaml"
            files |= _part(name, shared, part.entries, made, csv=manner.csv)
        files |= {_SCHEMA: numbers_schema_text(), ".gitignore": IGNORE}
    return Export(files, exported.numbers - len(unfit), left_out, snapshot)


def _one_file(exported: Exported, aliases: Aliases) -> str:
    """All parts in one document; the export laid them out as one."""
    defaults = {path: said for part in exported.parts for path, said in part.defaults.items()}
    shared = Shared(_HEAD, aliases=aliases, groups=exported.groups, defaults=defaults)
    return yaml_text(shared, [entry for part in exported.parts for entry in part.entries])


def _part(
    name: str, shared: Shared, entries: Sequence[Entry], aliases: Aliases, *, csv: bool
) -> dict[str, str]:
    """The file `name` with these entries; with `csv` those that can be are in a sheet beside it."""
    if not csv:
        return {name: yaml_text(shared, entries, aliases)}
    text, unfit = sheet_text(entries, aliases)
    kept = {entry.key for entry in unfit}
    sheet = PurePosixPath(name).with_suffix(".csv")
    if len(kept) == len(entries):
        return {name: yaml_text(shared, entries, aliases)}
    remarks = _remarks(entry for entry in entries if entry.key not in kept)
    shared = replace(shared, head=(*shared.head, *remarks), sheet=sheet.name)
    return {name: yaml_text(shared, unfit, aliases), str(sheet): text}


def _remarks(entries: Iterable[Entry]) -> Iterator[str]:
    """What could not be declared of numbers in a sheet, where nothing can be said beside them."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        for note in entry.notes:
            found.setdefault(note, []).append(entry.key)
    for note, keys in found.items():
        more = f" and {len(keys) - 1:,} more" if len(keys) > 1 else ""
        yield f"{keys[0]}{more}: {note}"


def export_into(base: Base, snapshot: Snapshot, scope: Scope, manner: Manner) -> Export:
    """New files for the live numbers that the project does not declare and its `select` does not
    leave out. UsageError where the scope means no live number."""
    loaded, select = base.loaded, base.desired.safety.select
    every = [each for each in (loaded.project, *loaded.documents) if each is not None]
    taken = {
        name
        for each in every
        if isinstance(each.data, dict)
        for name in (each.data.get("groups") or ())
    }
    below = project_defaults(loaded.project, loaded.documents) if loaded.project else {}
    numbers = []
    left_out: dict[str, str] = {}
    for live in _meant(snapshot, scope):
        if base.declares(live.phone_number):
            continue
        if outside_of(select, snapshot, live):
            left_out[live.phone_number] = "the project's select leaves it out"
        else:
            numbers.append(live)
    wanted = Wanted(may_stand, frozenset(scope.only), below, frozenset(taken))
    layout = Layout(manner.by, project=False, rows=manner.csv)
    exported = export(snapshot, numbers, wanted, layout)
    conflicts = _in_conflict(snapshot, scope).items()
    left_out |= exported.left_out
    left_out |= {number: why for number, why in conflicts if not base.declares(number)}
    there, made = _aliases(exported, base, snapshot) if manner.aliases else ({}, {})
    files = _new_files(exported, base, there, made, csv=manner.csv)
    return Export(files, exported.numbers, left_out, snapshot)


def _aliases(exported: Exported, base: Base, snapshot: Snapshot) -> tuple[Aliases, Aliases]:
    """The aliases that the project has, and new ones for other ids."""
    loaded = base.loaded
    documents = [each for each in (loaded.project, *loaded.documents) if each is not None]
    tables = collect_aliases(documents, []).tables
    there = aliases_by_id(tables)
    used = {leaf: ids - there.get(leaf, {}).keys() for leaf, ids in exported.ids().items()}
    return there, propose_aliases(used, snapshot.names, tables)


def _new_files(
    exported: Exported, base: Base, there: Aliases, made: Aliases, *, csv: bool
) -> dict[str, str]:
    """Beside what is there: what several new files share has a file of its own."""
    known = {leaf: {**there.get(leaf, {}), **made.get(leaf, {})} for leaf in {*there, *made}}
    files: dict[str, str] = {}
    groups = exported.groups
    if len(exported.parts) > 1 and (groups or made):
        name = _read_name(_GROUPS, base, files)
        shared = Shared(_HEAD, _schema_from(name, base), aliases=made, groups=groups)
        files[name] = yaml_text(shared, aliases=known)
        groups, made = (), {}
    for part in exported.parts:
        name = _read_name(part.name, base, files)
        shared = Shared(_HEAD, _schema_from(name, base), {}, made, groups, part.defaults)
        files |= _part(name, shared, part.entries, known, csv=csv)
    return files


def _schema_from(name: str, base: Base) -> str:
    """The way from the file `name` to the schema, where the project has one."""
    has_one = (base.directory / _SCHEMA).is_file()
    return "../" * name.count("/") + _SCHEMA if has_one else ""


def _read_name(name: str, base: Base, chosen: Mapping[str, str]) -> str:
    """A free name that the project reads. UsageError where it leaves out what is new."""
    free = _free_name(name, base.directory, chosen)
    if not _is_read(base.loaded, free):
        raise UsageError(
            f"{base.directory / PROJECT_FILE}: files.include or files.exclude leaves out "
            f"{free}, where the exported numbers would go"
        )
    return free


def _free_name(name: str, directory: Path, chosen: Mapping[str, str]) -> str:
    """A name that nothing has; at the root where the usual directory is not one of the project."""
    usual = directory / _DIRECTORY
    foreign = usual.is_symlink() or (usual.exists() and not usual.is_dir()) or holds_project(usual)
    start = name if foreign else f"{_DIRECTORY}/{name}"
    place, at = start, 1
    while any(
        each in chosen or (directory / each).exists() or (directory / each).is_symlink()
        for each in (f"{place}.yaml", f"{place}.csv")
    ):
        at += 1
        place = f"{start}-{at}"
    return f"{place}.yaml"


def _is_read(loaded: Loaded, name: str) -> bool:
    files = loaded.project.data.get("files") if loaded.project else None
    if not isinstance(files, dict):
        return True
    include = files.get("include")
    included = include is None or matches_any(include, name)
    return included and not matches_any(files.get("exclude") or (), name)


def _meant(snapshot: Snapshot, scope: Scope) -> Iterator[LiveNumber]:
    """The live numbers that --target and --tag mean, judged by what is live. UsageError where
    they mean none."""
    nothing = True
    for live in snapshot.numbers.values():
        tags = live_value(snapshot, live, "tags")
        has_tag = isinstance(tags, tuple) and not set(scope.tags).isdisjoint(tags)
        if (has_tag or not scope.tags) and _is_target(live.phone_number, scope):
            nothing = False
            yield live
    if nothing and (scope.targets or scope.tags):
        options = [*["--target"] * bool(scope.targets), *["--tag"] * bool(scope.tags)]
        raise UsageError(f"no live number matches {' and '.join(options)}")


def _is_target(number: str, scope: Scope) -> bool:
    return not scope.targets or any(fnmatchcase(number, glob) for glob in scope.targets)


def _in_conflict(snapshot: Snapshot, scope: Scope) -> dict[str, str]:
    """Numbers of which the lists contradict each other; their tags are not known."""
    return {
        number: why
        for number, why in snapshot.conflicts.items()
        if not scope.tags and _is_target(number, scope)
    }
