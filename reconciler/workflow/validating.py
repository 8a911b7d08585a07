"""What is wrong with a project by itself, without an account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.hints import quoted
from reconciler.core.judging import Declaration, Left, idle, judge_declared, judges_of
from reconciler.core.policies import ERROR, WARN, Policy
from reconciler.errors import InputError, Problem
from reconciler.report.judged import wanted, whom
from reconciler.report.words import count, shown
from reconciler.workflow.common import Project, check_secrets, idle_warnings, load

_PLACES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Validated:
    """A project with nothing wrong in it. `left` is what only an account can tell."""

    project: Project
    warnings: tuple[Problem, ...]
    left: tuple[Left, ...]


class InvalidError(InputError):
    """A project that can be read and is wrong. `left` is what only an account can tell of it."""

    def __init__(
        self, problems: Sequence[Problem], warnings: Sequence[Problem], left: Sequence[Left]
    ) -> None:
        super().__init__(problems, warnings)
        self.left = tuple(left)


def validate(path: Path | Project, *, secrets: bool = False) -> Validated:
    """Judge what the project, or that at a path, declares by its own policies; with `secrets` read
    those too. InputError with everything that is wrong, InvalidError where it could be judged."""
    project = path if isinstance(path, Project) else load(path)
    problems: list[Problem] = []
    if secrets:
        try:
            check_secrets(project)
        except InputError as unread:
            problems += unread.problems
    policies = project.desired.policies
    found: dict[str, list[Declaration]] = {each.name: [] for each in policies}
    judges = judges_of(policies)
    for each in judge_declared(judges, project.desired.numbers):
        found[each.finding.policy.name].append(each)
    said: dict[str, list[Problem]] = {ERROR: problems, WARN: [*project.desired.warnings]}
    for policy in policies:
        said[policy.level] += _problems(policy, found[policy.name])
    if project.is_whole and project.desired.assigning is None:
        said[WARN] += idle_warnings(idle(policies, judges), project.desired)
    left = tuple(each for policy in policies for each in _left(policy, found[policy.name]))
    if problems:
        raise InvalidError(problems, said[WARN], left)
    return Validated(project, tuple(said[WARN]), left)


def _left(policy: Policy, found: Sequence[Declaration]) -> Iterator[Left]:
    if untold := [each for each in found if each.finding.unknown]:
        numbers = {number for each in untold for number in each.numbers}
        facts = dict.fromkeys(fact for each in untold for fact in each.finding.unknown)
        yield Left(policy.name, len(numbers), tuple(facts))


def _problems(policy: Policy, found: Sequence[Declaration]) -> Iterator[Problem]:
    """The first places that break the policy, and how many numbers do so at others."""
    places: dict[tuple[object, ...], list[Declaration]] = {}
    for each in found:
        if each.finding.unknown:
            continue
        key = (each.source, each.finding.condition.path, each.finding.value)
        places.setdefault(key, []).append(each)
    for alike in list(places.values())[:_PLACES_SHOWN]:
        yield _problem(policy, alike)
    rest = [each for alike in list(places.values())[_PLACES_SHOWN:] for each in alike]
    if rest:
        numbers = {number for each in rest for number in each.numbers}
        at = policy.source
        breaks = "breaks" if len(numbers) == 1 else "break"
        more = count(len(numbers), "more number")
        text = f"policy {quoted(policy.name)}: and {more} that {breaks} it"
        yield Problem(at.path, at.line, at.column, text)


def _problem(policy: Policy, alike: Sequence[Declaration]) -> Problem:
    """One line of YAML, and the numbers that it makes break a policy."""
    first = alike[0]
    numbers = [number for each in alike for number in each.numbers]
    finding, at = first.finding, first.source
    text = (
        f"{finding.condition.path} of {whom(numbers)} is {shown(finding.value)}: policy "
        f"{quoted(policy.name)} ({policy.source}) says that it {wanted(finding.condition.written)}"
    )
    return Problem(at.path, at.line, at.column, text)
