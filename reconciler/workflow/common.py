"""What every command starts from: its options, the project, and which account it is about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.api.settings import Endpoint, Limits, endpoint_from
from reconciler.core.alike import FOLDABLE
from reconciler.core.declared import compact
from reconciler.core.desired import build
from reconciler.core.hints import quoted
from reconciler.core.model import Desired
from reconciler.core.policies import Policy
from reconciler.core.safety import Allowance
from reconciler.core.scope import Scope
from reconciler.core.text import neutral, shortened
from reconciler.core.values import ID
from reconciler.errors import ForbiddenError, InputError, KeyRefusedError, Problem
from reconciler.files import (
    Loaded,
    find_project,
    holds_project,
    load_documents,
    nearest_project,
    open_source,
    read_document,
)
from reconciler.files.secrets import resolve_secrets


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; None where it said nothing."""

    scope: Scope = field(default_factory=Scope)
    live: Path | None = None
    max_wait: float | None = None
    job_timeout: float | None = None
    concurrency: int | None = None
    allow: frozenset[Allowance] = frozenset()
    journal: Path | None = None
    show_unmanaged: bool = False
    accounts: int = 1
    """How many accounts are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project that is right in itself."""

    root: Path
    desired: Desired
    digest: str
    is_whole: bool = False
    """Whether all of its numbers are meant, and not those of one file."""


def load(path: Path, *, is_one_of_all: bool = False) -> Project:
    """Read and check the project at `path`. InputError with everything that is wrong.

    Where it declares nothing and has projects below it, which are not read, it warns of them,
    unless they are read too (`is_one_of_all`)."""
    loaded = load_documents(path, Path.cwd(), fold=FOLDABLE)
    desired, problems = build(
        loaded.project,
        loaded.documents,
        selected=loaded.selected,
        unread=loaded.incomplete,
        name_of=name_in(loaded),
    )
    if wrong := loaded.all_problems(problems):
        raise InputError(wrong)
    if loaded.nested and not desired.numbers and not is_one_of_all:
        desired = replace(desired, warnings=(*desired.warnings, _passed_over(path, loaded.nested)))
    return Project(loaded.root, desired, loaded.digest, is_whole=loaded.selected is None)


def idle_warnings(policies: Iterable[Policy], desired: Desired) -> list[Problem]:
    """A word on each of the `policies` that mean none of all numbers of a project. Where none is
    declared, but to be given back, there is nothing to say."""
    if all(run.release for run in compact(desired.numbers).runs()):
        return []
    text = "judges nothing: none of the declared numbers is one that it means"
    return [
        Problem(at.path, at.line, at.column, f"policy {quoted(each.name)} {text}")
        for each in policies
        for at in [each.source]
    ]


def _passed_over(path: Path, nested: Sequence[str]) -> Problem:
    many = "a project of its own is" if len(nested) == 1 else f"{len(nested)} projects are"
    names = shortened(neutral(", ".join(sorted(nested))), 200)
    text = f"no number is declared here, and {many} below, passed over: {names} (--all takes all)"
    return Problem(neutral(str(path)), 0, 0, text)


def name_in(loaded: Loaded) -> Callable[[str], str]:
    """What makes of the path of a file, as shown, the name by which a PIN in it is known: that
    from the root of its project, the same from every directory."""
    return partial(_from_root, loaded.root) if loaded.project else str


def _from_root(root: Path, shown: str) -> str:
    path = Path(os.path.normpath(Path.cwd() / shown))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else shown


def check_secrets(project: Project) -> None:
    """InputError with every secret that a number uses and that cannot be read here."""
    resolve_secrets(project.desired, project.root, os.environ)


def account(desired: Desired, options: Options) -> tuple[Endpoint, Limits]:
    """Where and how hard to call: the project file's word, else the environment's."""
    endpoint = endpoint_from(
        os.environ, api_key_env=desired.api_key_env, base_url=desired.base_url or None
    )
    return endpoint, limits_of(desired, options)


def limits_of(desired: Desired, options: Options) -> Limits:
    """The limits of the project file with those of the command line over them."""
    given: dict[str, Any] = {**desired.limits, "accounts": options.accounts}
    if options.max_wait is not None:
        given["max_wait_seconds"] = options.max_wait
    if options.job_timeout is not None:
        given["job_timeout_seconds"] = options.job_timeout
    if options.concurrency is not None:
        given["concurrency"] = options.concurrency
    return Limits(**given)


def lists_undeclared(desired: Desired, options: Options) -> bool:
    """Whether it matters which live numbers nobody declares."""
    return options.show_unmanaged or desired.safety.undeclared != "ignore"


def key_refused(refusal: ForbiddenError) -> KeyRefusedError:
    """The same refusal, where nothing can go on without what was refused."""
    return KeyRefusedError(
        refusal.call,
        refusal.reason,
        status=refusal.status,
        items=refusal.items,
        request_id=refusal.request_id,
    )


def root_here() -> Path:
    """The root of the project that the current directory is in: the nearest one upwards that has
    a reconciler.yaml. Where none has, the current directory itself."""
    here = Path.cwd().resolve()
    return nearest_project(here) or here


def account_here() -> Desired:
    """What the project of the current directory says of account and limits, if there is one."""
    return account_of(root_here())


def account_of(root: Path) -> Desired:
    """What the reconciler.yaml in `root` says of account and limits, if it is there.

    Only that file is read: a mistake in a file of numbers does not stand in the way of `fetch`,
    and what it takes from other files, a group or an alias, is not missed.
    """
    if not holds_project(root):
        return Desired(numbers={})
    file = find_project(Path(os.path.relpath(root)), Path.cwd()).project_file
    if file is None:
        return Desired(numbers={})
    raw = open_source(file)
    if isinstance(raw, Problem):
        raise InputError([raw])
    document, problems = read_document(file.path, raw)
    desired, more = build(document, (), unread=True)
    if problems or more:
        raise InputError([*problems, *more])
    return desired


def rules_of(root: Path) -> Desired:
    """The same with its safety rules and policies. Where the scope names a connection that another
    file knows, or a policy could, all files are read, and have to be right: what may be written is
    not guessed."""
    desired = account_of(root)
    known = all(ID.match(each) for each in desired.safety.select.connection_ids)
    if known and not desired.policies:
        return desired
    return load(root).desired
