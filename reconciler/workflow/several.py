"""Several projects of one tree: each with its own account, and no failure stops another.

Projects of one account share its lock and its pace, so they go one after the other; those of
different accounts go side by side. A step takes the projects as the step before left them, in
the order of their paths, and passes over those that have failed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from reconciler.api.progress import Progress
from reconciler.api.settings import BASE_URL_ENV, DEFAULT_BASE_URL
from reconciler.apply import Stop, Watcher
from reconciler.core.model import Desired, DesiredNumber, Source
from reconciler.core.outcome import Outcome
from reconciler.core.overlaps import Overlap, overlaps
from reconciler.core.scope import by_target, unmatched
from reconciler.core.text import neutral
from reconciler.errors import (
    BugError,
    Exit,
    InputError,
    NotBegunError,
    NothingMatchedError,
    Problem,
    ReconcilerError,
    SafetyError,
    UsageError,
)
from reconciler.files.projects import find_projects
from reconciler.files.tree import PROJECT_FILE, holds_project
from reconciler.workflow import planning
from reconciler.workflow.applying import apply, one_apply
from reconciler.workflow.common import Options, Project, account, load
from reconciler.workflow.planning import Planned
from reconciler.workflow.validating import Validated, validate

T = TypeVar("T")
U = TypeVar("U")

_TOLD = 20
_AT_ONCE = 16
"""Accounts that are asked at the same time: they share the connections that this process can hold,
and each should have a few."""


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What a step came to in the project at `path` (as the user would type it): a value, or the
    error that ended it. Projects of one `account` have its number in common."""

    path: Path
    account: int
    value: T | None = None
    error: ReconcilerError | None = None

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return neutral(str(self.path))

    def failed(self, error: ReconcilerError) -> Step[Any]:
        """The same project, ended by `error`."""
        return Step(self.path, self.account, error=error)


Steps = tuple[Step[T], ...]


# ---- reading the YAML -------------------------------------------------------------------------


def validate_all(path: Path, *, secrets: bool = False) -> Steps[Validated]:
    """Every project at and below `path`, read and judged, with `secrets` those read too. Needs no
    key. UsageError where there is no project."""
    return tuple(_tried(each, partial(validate, secrets=secrets)) for each in _read_all(path))


def _read_all(path: Path) -> Steps[Project]:
    """Every project; what two of one account declare is an error of both."""
    places = enumerate(find_projects(path, Path.cwd()))
    one = partial(load, is_one_of_all=True)
    loaded = _explained(path, tuple(_tried(Step(place, at, place), one) for at, place in places))
    return _apart(_by_account(loaded, lambda project: _named_account(project.desired)), _declared)


def _explained(path: Path, steps: Steps[Project]) -> Steps[Project]:
    """`steps`, where YAML that lies about and is nobody's says why it was read at all."""
    first = steps[0]
    if (
        len(steps) == 1
        or first.path != path
        or not isinstance(first.error, InputError)
        or holds_project(Path.cwd() / path)
    ):
        return steps
    text = (
        "what lies outside of the projects below is a project too: name one further down, or leave "
        f"files out in a {PROJECT_FILE} here, by files: {{exclude: [glob]}}"
    )
    problem = Problem(first.name, 0, 0, text)
    return (first.failed(InputError([*first.error.problems, problem])), *steps[1:])


def load_all(path: Path, options: Options) -> Steps[Project]:
    """The same for a command that asks the accounts; a project whose key is not set has failed."""
    if options.live is not None:
        return _read_all(path)

    def whose(project: Project) -> tuple[str, str]:
        endpoint, _ = account(project.desired, options)
        return endpoint.base_url, endpoint.api_key

    return _apart(_by_account(_read_all(path), whose), _declared)


def _named_account(desired: Desired) -> tuple[str, str]:
    """The account as far as names tell it: where the key is not set, by its variable."""
    base_url = desired.base_url or os.environ.get(BASE_URL_ENV) or DEFAULT_BASE_URL
    return base_url.rstrip("/"), os.environ.get(desired.api_key_env) or desired.api_key_env


def _by_account(
    steps: Steps[Project], whose: Callable[[Project], tuple[str, str]]
) -> Steps[Project]:
    """`steps` with the numbers of their accounts, which begin with that of the first project."""
    numbers: dict[tuple[str, str], int] = {}
    placed = []
    for each in steps:
        found = _tried(each, whose)
        number = numbers.setdefault(found.value, each.account) if found.value else each.account
        error = each.error or found.error
        placed.append(Step(each.path, number, None if error else each.value, error))
    return tuple(placed)


def _apart(steps: Steps[T], declared: Callable[[T], Mapping[str, DesiredNumber]]) -> Steps[T]:
    """`steps` where those that declare the same numbers of one account have failed: each would
    undo what the other does."""
    problems: dict[Path, list[Problem]] = {}
    for group in _groups(steps):
        values = [(each, each.value) for each in group if each.value is not None]
        if len(values) > 1:
            for overlap in overlaps([declared(value) for _, value in values]):
                one, other = (values[claim.project][0] for claim in overlap.claims)
                problems.setdefault(one.path, []).append(_clash(overlap, 0, other.name))
                problems.setdefault(other.path, []).append(_clash(overlap, 1, one.name))
    return tuple(
        each.failed(InputError(list(_first(problems[each.path]))))
        if each.path in problems
        else each
        for each in steps
    )


def _declared(project: Project) -> Mapping[str, DesiredNumber]:
    return project.desired.numbers


def _clash(overlap: Overlap, mine: int, project: str) -> Problem:
    here, there = overlap.claims[mine].source, overlap.claims[1 - mine].source
    more = f" and {overlap.size - 1:,} more" if overlap.size > 1 else ""
    text = (
        f"{overlap.first}{more}: declared at {there} too, in the project {project} of the same "
        "account: leave it to one of them"
    )
    return _at(here, text)


def _at(source: Source, text: str) -> Problem:
    return Problem(source.path, source.line, source.column, text)


def _first(problems: Sequence[Problem]) -> Iterator[Problem]:
    """So many problems that each is read, and how many there are besides."""
    yield from problems[:_TOLD]
    if (more := len(problems) - _TOLD) > 0:
        yield replace(problems[_TOLD], message=f"and {more:,} more such places")


# ---- plan, drift ------------------------------------------------------------------------------


async def compare_all(
    steps: Steps[Project],
    options: Options,
    progress: Callable[[str], Progress],
    *,
    for_drift: bool = False,
) -> Steps[Planned]:
    """plan or drift of each project. Where --target, --tag and --only match in some, those in
    which nothing matches have neither a value nor an error."""
    compare = planning.drift if for_drift else planning.plan
    options = _sharing(steps, options)

    async def work(step: Step[Project], project: Project) -> Planned:
        return await compare(project, options, progress(step.name))

    # Once more: `assign` can give a project numbers that another one declares.
    planned = _apart(await _side_by_side(steps, work), lambda each: each.project.desired.numbers)
    if not any(each.value for each in planned):
        return planned
    return tuple(
        Step(each.path, each.account) if isinstance(each.error, NothingMatchedError) else each
        for each in planned
    )


def unmatched_targets(
    steps: Steps[Project], planned: Steps[Planned], options: Options
) -> tuple[str, ...]:
    """What --target asked for, besides what it found, and no number of any project matches; none
    where that of some project cannot be told."""
    left = options.scope.targets
    for project, compared in zip(steps, planned, strict=True):
        found = compared.value.project if compared.value else project.value
        if found is None or (found.desired.assigning and not compared.value):
            return ()
        targeted = by_target(found.desired, options.scope.targets)
        missing = unmatched(targeted.numbers, options.scope.targets)
        left = tuple(each for each in left if each in missing)
    return left


# ---- apply ------------------------------------------------------------------------------------


def lock_all(steps: Steps[Project], options: Options, held: ExitStack) -> Steps[Project]:
    """Be the one apply on every account until `held` is closed. Where another apply has one, its
    projects have failed."""
    errors: dict[int, ReconcilerError] = {}
    for group in _groups(steps):
        first = next((each for each in group if each.value is not None), None)
        if first is None or first.value is None:
            continue
        lock = one_apply(first.value.desired, first.value.root, options)
        taken = _tried(Step(first.path, first.account, lock), held.enter_context)
        if taken.error:
            errors[first.account] = taken.error
    return tuple(
        each.failed(errors[each.account]) if each.value and each.account in errors else each
        for each in steps
    )


def without_refused(steps: Steps[Planned]) -> Steps[Planned]:
    """`steps` where those that a safety rule refuses have failed."""
    return tuple(
        each.failed(SafetyError("nothing was written: " + "; ".join(each.value.refusals)))
        if each.value and each.value.refusals
        else each
        for each in steps
    )


async def apply_all(
    steps: Steps[Planned],
    options: Options,
    watcher: Callable[[Step[Planned]], Watcher],
    stops: Mapping[Path, Stop],
    done: Callable[[Step[Outcome]], None],
) -> Steps[Outcome]:
    """Carry out the plan of each project. What stops all writing to an account, or the user,
    keeps its later projects from beginning. `done` is told of each as it ends, well or not."""
    stopped: dict[int, NotBegunError] = {}
    options = _sharing(steps, options)

    async def work(step: Step[Planned], planned: Planned) -> Outcome:
        if stops[step.path].interrupted:
            raise NotBegunError("interrupted before its turn", Exit.INTERRUPTED)
        if planned.plan.operations and step.account in stopped:
            raise stopped[step.account]
        try:
            outcome = await apply(planned, options, watcher(step), stops[step.path])
        except ReconcilerError as error:
            if error.exit_code is Exit.KEY_REFUSED:
                stopped[step.account] = _not_begun(step, str(error), error.exit_code)
            raise
        if outcome.stopped:
            code = Exit.KEY_REFUSED if outcome.key_refused else Exit.ERROR
            stopped[step.account] = _not_begun(step, outcome.stopped, code)
        return outcome

    return await _side_by_side(steps, work, done)


def _not_begun(step: Step[Planned], why: str, code: Exit) -> NotBegunError:
    return NotBegunError(f"writing to this account stopped in {step.name}: {why}", code)


# ---- what every step shares -------------------------------------------------------------------


def _groups(steps: Iterable[Step[T]]) -> list[list[Step[T]]]:
    """The projects of each account."""
    groups: dict[int, list[Step[T]]] = {}
    for each in steps:
        groups.setdefault(each.account, []).append(each)
    return list(groups.values())


def _sharing(steps: Steps[T], options: Options) -> Options:
    """`options` for accounts that are at work at the same time."""
    at_work = {each.account for each in steps if each.value is not None}
    return replace(options, accounts=max(min(len(at_work), _AT_ONCE), 1))


def _nobody(step: Step[Any]) -> None:
    """Nobody waits to hear how a project ended."""


async def _side_by_side(
    steps: Steps[T],
    work: Callable[[Step[T], T], Awaitable[U]],
    done: Callable[[Step[U]], None] = _nobody,
) -> Steps[U]:
    """Do `work` in every project that has not failed: the accounts side by side, the projects of
    one in turns. `done` is told of each as it ends."""

    places = asyncio.Semaphore(_AT_ONCE)

    async def one_by_one(group: list[Step[T]]) -> list[Step[U]]:
        ended = []
        async with places:
            for each in group:
                ended.append(await _attempt(each, work))
                done(ended[-1])
        return ended

    ended = await asyncio.gather(*map(one_by_one, _groups(steps)))
    by_path = {each.path: each for group in ended for each in group}
    return tuple(by_path[each.path] for each in steps)


async def _attempt(step: Step[T], work: Callable[[Step[T], T], Awaitable[U]]) -> Step[U]:
    if step.value is None:
        return Step(step.path, step.account, error=step.error)
    try:
        return Step(step.path, step.account, await work(step, step.value))
    except Exception as error:  # noqa: BLE001 - no failure of one project stops another
        return step.failed(_as_ours(error))


def _tried(step: Step[T], work: Callable[[T], U]) -> Step[U]:
    if step.value is None:
        return Step(step.path, step.account, error=step.error)
    try:
        return Step(step.path, step.account, work(step.value))
    except Exception as error:  # noqa: BLE001 - as above
        return step.failed(_as_ours(error))


def _as_ours(error: Exception) -> ReconcilerError:
    """The error as the command line would say it."""
    if isinstance(error, ReconcilerError):
        return error
    if isinstance(error, OSError):
        return UsageError(f"{neutral(str(error.filename or ''))}: {error.strerror or error}")
    return BugError(error)
