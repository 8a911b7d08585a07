"""What a branch changes in the declared state, from Git alone: no key, no network, no checkout."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.core.declared import compact
from reconciler.core.declared_diff import (
    Comparison,
    DeclaredDiff,
    Revision,
    declared_diff,
    in_clear,
    only,
)
from reconciler.core.desired import build
from reconciler.core.model import Desired
from reconciler.core.scope import Scope, by_section, by_tag_declared, by_target, unmatched
from reconciler.core.text import neutral
from reconciler.errors import InputError, MissingPathError, Problem, UsageError
from reconciler.files import Loaded, load_documents
from reconciler.files.commit import Commit
from reconciler.files.repository import Objects, Repository, open_repository
from reconciler.report.grouping import examples


@dataclass(frozen=True, slots=True)
class _Side:
    """A project as one commit has it; `loaded` is None where there is nothing at PATH."""

    loaded: Loaded | None
    desired: Desired
    problems: tuple[Problem, ...] = ()


def diff_revisions(
    base: str, head: str, path: Path, scope: Scope, *, direct: bool = False
) -> Comparison:
    """What `head` changes since it left `base`; with `direct`, against `base` itself.

    `path` stands for a project, relative to the current directory, in the commits and not on the
    disk. InputError with everything that is wrong with `head`; what is wrong with `base` is a
    part of the result. UsageError for what is no commit, for a path that neither side has, and
    for a scope that means no declared number.
    """
    cwd = Path.cwd()
    repository, given = open_repository(cwd, path)
    old = Revision(base, _commit(repository, base, cwd))
    new = Revision(head, _commit(repository, head, cwd))
    start, notes = _start(repository, old, new, direct=direct)
    with repository.objects() as objects:
        before, after = _sides(repository, objects, given, (start, new.commit))
    if before.loaded is None and after.loaded is None:
        raise UsageError(f"{neutral(str(path))}: neither {_named(old)} nor {_named(new)} has it")
    if after.problems:
        raise InputError(after.problems)
    known = [each.loaded for each in (after, before) if each.loaded]
    remarks = (*_remarks(before, after, given, old, new), *_unmatched(before, after, scope))
    comparison = Comparison(
        base=old,
        start=start,
        head=new,
        project=_project(known[0].root, repository),
        diff=DeclaredDiff(declared_after=len(after.desired.numbers)),
        problems=before.problems,
        notes=(*notes, *remarks),
    )
    if before.problems:
        return comparison
    before, after = _meant(before, after, scope)
    found = declared_diff(
        before.desired,
        after.desired,
        project_before=before.loaded.project if before.loaded else None,
        project_after=after.loaded.project if after.loaded else None,
    )
    if not scope.is_everything:
        found = replace(only(found, scope.only), settings=())
    return replace(comparison, diff=found, notes=(*comparison.notes, *_other_pins(found)))


# ---- revisions ----------------------------------------------------------------------------------


def _commit(repository: Repository, revision: str, cwd: Path) -> str:
    found = repository.commit(revision)
    if found:
        return found
    hint = "fetch it first, or see `git branch --all`"
    if ".." in revision:
        hint = "name the two apart: reconciler diff BASE HEAD"
    elif repository.commit(f"origin/{revision}"):
        hint = f"did you mean origin/{revision}?"
    elif (cwd / revision).exists():
        hint = "a PATH comes third: reconciler diff BASE HEAD PATH"
    elif repository.shallow:
        hint = "this clone is shallow: fetch more of the history, such as git fetch --unshallow"
    raise UsageError(neutral(f"'{revision}' is no commit of this repository: {hint}"))


def _start(
    repository: Repository, old: Revision, new: Revision, *, direct: bool
) -> tuple[str, list[str]]:
    """The commit to compare with, and what is to be said of it."""
    if direct:
        return old.commit, []
    found = repository.ancestors(old.commit, new.commit)
    if not found:
        why = "no common ancestor is known"
        if repository.shallow:
            why += " in this shallow clone (git fetch --unshallow)"
        why += f", so this compares with {_named(old)} itself: what only that has shows as undone"
        return old.commit, [why]
    start = found[0]
    notes = []
    if len(found) > 1:
        notes.append(f"of {len(found)} common ancestors {start[:10]} is compared with")
    if start == new.commit and new.commit != old.commit:
        notes.append(
            f"{_named(new)} is an ancestor of {_named(old)}, so it changes nothing; --direct "
            "compares with BASE itself"
        )
    elif repository.shallow and start != old.commit:
        notes.append(
            "this clone is shallow: a later common ancestor may be missing, and then what it "
            "holds shows as changed"
        )
    return start, notes


def _named(revision: Revision) -> str:
    return f"{neutral(revision.name)} ({revision.commit[:10]})"


# ---- both sides ---------------------------------------------------------------------------------


def _sides(
    repository: Repository, objects: Objects, path: Path, commits: tuple[str, str]
) -> tuple[_Side, _Side]:
    """The project in both commits, whole. Where PATH is a file that one side lacks, that side is
    the rest of the project: a number that came from another file has not come from nowhere."""
    stores = [Commit(objects, repository.top, repository.tree(each)) for each in commits]
    loaded = [_load(path, repository, each) for each in stores]
    for at, other in ((0, 1), (1, 0)):
        there = loaded[other]
        if loaded[at] is None and there is not None and there.project is not None:
            root = Path(os.path.relpath(there.root, repository.here))
            loaded[at] = _load(root, repository, stores[at])
    before, after = map(_built, loaded)
    return before, after


def _load(path: Path, repository: Repository, store: Commit) -> Loaded | None:
    try:
        return load_documents(path, repository.here, store)
    except MissingPathError:
        return None


def _built(loaded: Loaded | None) -> _Side:
    if loaded is None:
        return _Side(None, Desired(numbers={}))
    desired, problems = build(loaded.project, loaded.documents, unread=loaded.incomplete)
    return _Side(loaded, desired, loaded.all_problems(problems))


def _meant(before: _Side, after: _Side, scope: Scope) -> tuple[_Side, _Side]:
    """Both sides with only the numbers that PATH (a file) and the scope mean on either of them."""
    sides = before, after
    names: set[str] | None = None
    files = {file for each in sides if each.loaded for file in each.loaded.selected or ()}
    if files:
        names = {
            name
            for each in sides
            for name, number in each.desired.numbers.items()
            if number.source.path in files
        }
    if not scope.is_everything:
        scoped = {name for each in sides for name in _scoped(each.desired, scope)}
        names = scoped if names is None else names & scoped
        if not names:
            raise UsageError("no declared number matches --target, --tag and --only")
    if names is None:
        return sides
    old, new = (replace(each, desired=_kept(each.desired, names)) for each in sides)
    return old, new


def _kept(desired: Desired, names: Set[str]) -> Desired:
    kept = compact(desired.numbers).filtered(lambda number: number.phone_number in names)
    return replace(desired, numbers=kept)


def _scoped(desired: Desired, scope: Scope) -> Iterable[str]:
    targeted = by_target(desired, scope.targets)
    return by_section(by_tag_declared(targeted, scope.tags), scope.only).numbers


def _unmatched(before: _Side, after: _Side, scope: Scope) -> Iterator[str]:
    """What of --target matches on neither side, where another does."""
    sides = (before.desired, after.desired)
    missing = [
        frozenset(unmatched(by_target(each, scope.targets).numbers, scope.targets))
        for each in sides
    ]
    for each in dict.fromkeys(scope.targets):
        if all(each in one for one in missing):
            yield f"no declared number matches --target {neutral(shlex.quote(each))}"


def _project(root: Path, repository: Repository) -> str:
    if not root.is_relative_to(repository.top):
        return ""
    name = root.relative_to(repository.top).as_posix()
    return "" if name == "." else neutral(name)


def _other_pins(diff: DeclaredDiff) -> Iterator[str]:
    """A PIN in clear is told by its place alone, which may be the same."""
    changed = [
        each.phone_number
        for each in diff.numbers
        for field in each.fields
        if in_clear(field.before) and in_clear(field.after)
    ]
    if changed:
        yield (
            f"external_pin of {examples(changed)} stands in clear, and is another one than before; "
            "no PIN is shown"
        )


def _remarks(
    before: _Side, after: _Side, path: Path, old: Revision, new: Revision
) -> Iterator[str]:
    for side, revision in ((before, old), (after, new)):
        if side.loaded is None:
            yield f"{_named(revision)} has nothing at {neutral(str(path))}"
    inside = {each for side in (before, after) if side.loaded for each in side.loaded.submodules}
    for each in sorted(inside):
        yield f"{each} is a submodule: its files are in another repository, and not compared"
