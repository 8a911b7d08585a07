"""The live account as YAML: a new project, or what an existing one does not declare yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from reconciler.api.listings import Progress, ignore_progress
from reconciler.core.desired import build, project_defaults
from reconciler.core.diff import live_value
from reconciler.core.exporting import Exported, Wanted, export, split
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.scope import Scope
from reconciler.errors import InputError, UsageError
from reconciler.files import Loaded, load_documents
from reconciler.files.emit import may_stand, numbers_text, project_text
from reconciler.files.globs import matches_any
from reconciler.files.tree import PROJECT_FILE
from reconciler.workflow.common import Options
from reconciler.workflow.snapshots import fetch_everything, load_snapshot

_HEAD = (
    "Exported from the live account. What is not written here is not managed; PINs are left out.",
)


@dataclass(frozen=True, slots=True)
class Export:
    """The files to write, by their names below the directory; what was left out, and why; and
    the snapshot they come from."""

    files: Mapping[str, str]
    numbers: int
    left_out: Mapping[str, str]
    snapshot: Snapshot


async def snapshot_for_export(options: Options, progress: Progress = ignore_progress) -> Snapshot:
    """The account, or the snapshot that --live names."""
    if options.live is not None:
        return load_snapshot(options.live)
    return await fetch_everything(options, progress)


def export_new(snapshot: Snapshot, scope: Scope, by: str, *, one_file: bool = False) -> Export:
    """A whole project; `one_file` for a pipe: everything in one document."""
    wanted = Wanted(may_stand, frozenset(scope.only))
    exported = export(snapshot, _meant(snapshot, scope), wanted)
    if one_file:
        files = {"": numbers_text(_HEAD, exported.entries, exported.groups)}
    else:
        files = {PROJECT_FILE: project_text(_HEAD, exported.groups)}
        for name, entries in split(exported, by):
            files[f"numbers/{name}.yaml"] = numbers_text((), entries)
    return Export(files, len(exported.entries), exported.left_out, snapshot)


def export_into(directory: Path, snapshot: Snapshot, scope: Scope, by: str) -> Export:
    """New files for the live numbers that the project in `directory` does not declare."""
    loaded = load_documents(directory, Path.cwd())
    desired, problems = build(loaded.project, loaded.documents, unread=loaded.incomplete)
    if problems or loaded.problems:
        raise InputError([*loaded.problems, *problems])
    declared = desired.numbers.keys() | desired.declared_elsewhere
    every = [each for each in loaded.documents if isinstance(each.data, dict)]
    if loaded.project:
        every.append(loaded.project)
    taken = {name for each in every for name in (each.data.get("groups") or ())}
    below = project_defaults(loaded.project, loaded.documents) if loaded.project else {}
    wanted = Wanted(may_stand, frozenset(scope.only), below, frozenset(taken))
    numbers = (live for live in _meant(snapshot, scope) if live.phone_number not in declared)
    exported = export(snapshot, numbers, wanted)
    return Export(
        _new_files(exported, by, loaded, directory),
        len(exported.entries),
        exported.left_out,
        snapshot,
    )


def _new_files(exported: Exported, by: str, loaded: Loaded, directory: Path) -> dict[str, str]:
    """Beside what is there: the groups go into the first new file."""
    files: dict[str, str] = {}
    groups = exported.groups
    for name, entries in split(exported, by):
        free = _free_name(name, directory, files)
        if not _is_read(loaded, free):
            raise UsageError(
                f"{directory / PROJECT_FILE}: files.include or files.exclude leaves out {free}, "
                "where the exported numbers would go"
            )
        files[free] = numbers_text(_HEAD, entries, groups)
        groups = ()
    return files


def _free_name(name: str, directory: Path, chosen: Mapping[str, str]) -> str:
    place, at = f"numbers/{name}.yaml", 1
    while place in chosen or (directory / place).exists() or (directory / place).is_symlink():
        at += 1
        place = f"numbers/{name}-{at}.yaml"
    return place


def _is_read(loaded: Loaded, name: str) -> bool:
    files = loaded.project.data.get("files") if loaded.project else None
    if not isinstance(files, dict):
        return True
    include = files.get("include")
    included = include is None or matches_any(include, name)
    return included and not matches_any(files.get("exclude") or (), name)


def _meant(snapshot: Snapshot, scope: Scope) -> Iterable[LiveNumber]:
    """The live numbers that --target and --tag mean, judged by what is live."""
    for live in snapshot.numbers.values():
        tags = live_value(snapshot, live, "tags")
        has_tag = isinstance(tags, tuple) and not set(scope.tags).isdisjoint(tags)
        named = any(fnmatchcase(live.phone_number, glob) for glob in scope.targets)
        if (has_tag or not scope.tags) and (named or not scope.targets):
            yield live
