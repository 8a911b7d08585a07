"""The live account as YAML: a new project, or what an existing one does not declare yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from reconciler.api.progress import Progress, ignore_progress
from reconciler.core.declarable import Wanted
from reconciler.core.desired import build, project_defaults
from reconciler.core.diff import live_value
from reconciler.core.exporting import Exported, Layout, export
from reconciler.core.model import Desired, LiveNumber, Snapshot
from reconciler.core.policy import outside_of
from reconciler.core.scope import Scope
from reconciler.core.starter import IGNORE, numbers_schema_text
from reconciler.errors import InputError, UsageError
from reconciler.files import Loaded, holds_project, load_documents, nearest_project
from reconciler.files.emit import Shared, may_stand, yaml_text
from reconciler.files.globs import matches_any
from reconciler.files.tree import PROJECT_FILE
from reconciler.workflow.common import Options, account_here
from reconciler.workflow.snapshots import fetch_everything, load_snapshot

_HEAD = (
    "Exported from the live account. What is not written here is not managed; PINs are left out.",
)
_DIRECTORY = "numbers"
_GROUPS = "groups"
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


def export_new(
    snapshot: Snapshot,
    scope: Scope,
    by: str,
    *,
    one_file: bool = False,
    account: Mapping[str, str] | None = None,
) -> Export:
    """A whole project, of this `account` if it has to be named; `one_file` for a pipe: everything
    in one document. UsageError where the scope means no live number."""
    meant = list(_meant(snapshot, scope))
    layout = Layout(by, one=one_file, project=not one_file)
    exported = export(snapshot, meant, Wanted(may_stand, frozenset(scope.only)), layout)
    left_out = {**exported.left_out, **_in_conflict(snapshot, scope)}
    if one_file:
        files = {"": _one_file(exported)}
    else:
        shared = Shared(
            _HEAD,
            _SCHEMA,
            account=account or {},
            groups=exported.groups,
            defaults=exported.defaults,
        )
        files = {PROJECT_FILE: yaml_text(shared)}
        for part in exported.parts:
            shared = Shared(schema=f"../{_SCHEMA}", defaults=part.defaults)
            files[f"{_DIRECTORY}/{part.name}.yaml"] = yaml_text(shared, part.entries)
        files |= {_SCHEMA: numbers_schema_text(), ".gitignore": IGNORE}
    return Export(files, exported.numbers, left_out, snapshot)


def _one_file(exported: Exported) -> str:
    """All parts in one document; the export laid them out as one."""
    defaults = {path: said for part in exported.parts for path, said in part.defaults.items()}
    shared = Shared(_HEAD, groups=exported.groups, defaults=defaults)
    return yaml_text(shared, [entry for part in exported.parts for entry in part.entries])


def export_into(base: Base, snapshot: Snapshot, scope: Scope, by: str) -> Export:
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
    exported = export(snapshot, numbers, wanted, Layout(by, project=False))
    conflicts = _in_conflict(snapshot, scope).items()
    left_out |= exported.left_out
    left_out |= {number: why for number, why in conflicts if not base.declares(number)}
    return Export(_new_files(exported, base), exported.numbers, left_out, snapshot)


def _new_files(exported: Exported, base: Base) -> dict[str, str]:
    """Beside what is there: groups of several new files have a file of their own."""
    files: dict[str, str] = {}
    parts, groups = exported.parts, exported.groups
    if len(parts) > 1 and groups:
        name = _read_name(_GROUPS, base, files)
        files[name] = yaml_text(Shared(_HEAD, _schema_from(name, base), groups=groups))
        groups = ()
    for part in parts:
        name = _read_name(part.name, base, files)
        shared = Shared(_HEAD, _schema_from(name, base), groups=groups, defaults=part.defaults)
        files[name] = yaml_text(shared, part.entries)
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
    place, at = f"{start}.yaml", 1
    while place in chosen or (directory / place).exists() or (directory / place).is_symlink():
        at += 1
        place = f"{start}-{at}.yaml"
    return place


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
