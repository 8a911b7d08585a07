"""Comparing a project with its account: plan and drift. Nothing in here can write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.progress import Progress, ignore_progress
from reconciler.core.assigning import assigned, undeclared
from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS
from reconciler.core.changes import Difference
from reconciler.core.declared import compact
from reconciler.core.diff import diff, live_value
from reconciler.core.emergency import ON_ITS_WAY
from reconciler.core.fields import Kind
from reconciler.core.fingerprint import BINDING_KEY_ENV, bind
from reconciler.core.judging import judge_live, narrowed
from reconciler.core.model import Desired, Snapshot
from reconciler.core.plan import Origin, Plan, make_plan
from reconciler.core.policy import withhold
from reconciler.core.refusing import EMPTY_ACCOUNT, refusals, rule_of
from reconciler.core.rules import EMERGENCY_ENABLED
from reconciler.core.safety import Allowance
from reconciler.core.scope import (
    by_section,
    by_tag,
    by_target,
    unmatched,
)
from reconciler.core.text import neutral
from reconciler.core.values import UNKNOWN
from reconciler.errors import NothingMatchedError, Problem, SafetyError
from reconciler.files.origin import commit_of
from reconciler.files.reader import collector_paused
from reconciler.files.secrets import resolve_secrets
from reconciler.report.grouping import examples
from reconciler.report.words import count
from reconciler.workflow.common import (
    Options,
    Project,
    account,
    idle_warnings,
    limits_of,
    lists_undeclared,
    load,
)
from reconciler.workflow.snapshots import load_snapshot


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made from. `reads` is the number of calls it took."""

    plan: Plan
    snapshot: Snapshot
    project: Project
    secrets: Mapping[str, str] = field(repr=False)
    reads: int = 0
    notes: tuple[str, ...] = ()
    for_drift: bool = False
    """Whether the account is looked at as it is, and not as it would be."""
    unmanaged: tuple[str, ...] = ()
    """Live numbers in scope that nobody declares, where they were asked for."""
    unmatched: tuple[str, ...] = ()
    """What --target asked for, besides what it found, and no number matches."""
    warnings: tuple[Problem, ...] = ()
    """What the comparison found odd about the project."""

    @property
    def refusals(self) -> tuple[str, ...]:
        """The rules that refuse the whole apply, and why."""
        return self.plan.refusals

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """The files that its secrets were read from."""
        names = (ref.removeprefix("file:") for ref in self.secrets if ref.startswith("file:"))
        return tuple(self.project.root / name for name in names)


async def plan(
    path: Path | Project, options: Options, progress: Progress = ignore_progress
) -> Planned:
    """What would make the account as the project, or that at a path, declares it. Sends no
    write."""
    project = path if isinstance(path, Project) else load(path)
    return await _compare(project, options, progress, for_drift=False)


async def drift(
    path: Path | Project, options: Options, progress: Progress = ignore_progress
) -> Planned:
    """How the account differs from the project, or that at a path; what no answer can show is
    passed over, with a note. SafetyError for an empty account: every number gone at once is no
    drift to report, but the wrong key."""
    project = path if isinstance(path, Project) else load(path)
    planned = await _compare(project, options, progress, for_drift=True)
    if empty := [each for each in planned.refusals if rule_of(each) == EMPTY_ACCOUNT]:
        raise SafetyError(empty[0])
    return planned


async def _compare(
    project: Project, options: Options, progress: Progress, *, for_drift: bool
) -> Planned:
    targeted = by_target(project.desired, options.scope.targets)
    if options.scope.targets and not targeted.numbers and project.desired.assigning is None:
        raise NothingMatchedError("no declared number matches --target")
    if options.live is not None:
        snapshot = load_snapshot(options.live)
        return _planned(project, targeted, options, snapshot, for_drift=for_drift)
    from reconciler.api.read import open_reader  # a file needs no HTTP
    from reconciler.workflow.preflight import preflight
    from reconciler.workflow.reading import read_snapshot_for

    endpoint, limits = account(project.desired, options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        snapshot = await read_snapshot_for(
            reader, endpoint, project.desired, options, limits, progress, targeted=targeted
        )
        first = _planned(project, targeted, options, snapshot, for_drift=for_drift)
        return await preflight(reader, first, options)


def _planned(
    project: Project,
    targeted: Desired,
    options: Options,
    snapshot: Snapshot,
    *,
    for_drift: bool,
) -> Planned:
    if assigning := project.desired.assigning:
        project = replace(project, desired=assigned(project.desired, assigning, snapshot))
        targeted = by_target(project.desired, options.scope.targets)
    meant = by_section(by_tag(targeted, options.scope.tags, snapshot), options.scope.only)
    if not meant.numbers and not options.scope.is_everything:
        raise NothingMatchedError("no declared number matches --target, --tag and --only")
    secrets = resolve_secrets(meant, project.root, os.environ)
    allowed = project.desired.safety.allowing(options.allow)
    write_unread = Allowance.UNREADABLE in allowed and not for_drift
    difference = diff(meant, snapshot, secrets, write_unread=write_unread)
    notes: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    if lists_undeclared(project.desired, options):
        # Nobody has looked at these yet: what the account calls a number may be any text.
        found = undeclared(project.desired, snapshot)
        unmanaged = tuple(neutral(live.phone_number) for live in found)
    if project.desired.safety.undeclared == "fail":
        difference = replace(difference, undeclared=unmanaged)
    if for_drift:
        difference, notes = _without_write_only(difference)
    notes = (*notes, *_awaited(difference), *_on_their_way(meant, snapshot))
    if unmanaged and project.desired.safety.undeclared != "ignore":
        text = f"{count(len(unmanaged), 'live number')} that nobody declares: {examples(unmanaged)}"
        notes = (*notes, text)
    made = with_plan(project, options, snapshot, secrets, difference, notes, for_drift=for_drift)
    return replace(
        made, unmanaged=unmanaged, unmatched=unmatched(targeted.numbers, options.scope.targets)
    )


def with_plan(
    project: Project,
    options: Options,
    snapshot: Snapshot,
    secrets: Mapping[str, str],
    difference: Difference,
    notes: tuple[str, ...],
    *,
    for_drift: bool = False,
) -> Planned:
    """Judge the difference by the rules and compile what is left of it; and the numbers by the
    policies, as they will be, or `for_drift` as they are."""
    desired, now = project.desired, SystemClock().now()
    allowed = desired.safety.allowing(options.allow)
    difference = withhold(difference, snapshot, desired.safety, allowed, now.date())
    key = os.environ.get(BINDING_KEY_ENV, "")
    difference = bind(difference, key, secrets, lambda number: _live_pin(snapshot, number))
    limits = limits_of(desired, options)
    with collector_paused():
        made = make_plan(
            difference,
            snapshot,
            created_at=now,
            origin=Origin(commit_of(project.root), project.digest),
            job_size=limits.job_size,
            page_size=limits.page_size,
            jobs_in_flight=limits.jobs_in_flight,
            rate_per_second=limits.rate_per_second,
            allowed=tuple(sorted(allowed)),
            prices=desired.prices,
        )
    judged = judge_live(
        narrowed(desired.policies, options.scope.only),
        difference.numbers,
        snapshot,
        desired.safety.select,
        () if for_drift else difference.changes,
    )
    made = replace(made, violations=judged.violations, unjudged=judged.unjudged)
    refused = refusals(made, snapshot, desired.safety, allowed, len(desired.numbers))
    made = replace(made, refusals=refused)
    whole = project.is_whole and options.scope.is_everything
    odd = tuple(idle_warnings(judged.idle, desired)) if whole else ()
    return Planned(made, snapshot, project, secrets, snapshot.reads, notes, for_drift, warnings=odd)


def _live_pin(snapshot: Snapshot, number: str) -> str | None:
    pin = live_value(snapshot, snapshot.numbers[number], "external_pin")
    return pin if isinstance(pin, str) else None


def _awaited(difference: Difference) -> Iterator[str]:
    """Numbers that are declared for when the account has them."""
    if awaited := difference.awaited:
        are = "number is" if len(awaited) == 1 else "numbers are"
        yield (
            f"{len(awaited):,} declared {are} not in the account yet, as when_owned allows: "
            f"{examples(awaited)}"
        )


def _on_their_way(desired: Desired, snapshot: Snapshot) -> Iterator[str]:
    """Emergency service that is being provisioned is no drift, and not there yet either."""
    coming = [
        number.phone_number
        for run in compact(desired.numbers).managing({EMERGENCY_ENABLED})
        for number in run.each()
        if (live := snapshot.numbers.get(number.phone_number)) is not None
        and live.kind is Kind.NUMBER
        and live_value(snapshot, live, EMERGENCY_STATUS) in ON_ITS_WAY
    ]
    if coming:
        yield f"emergency service is still on its way (not at its end status): {examples(coming)}"


def _without_write_only(difference: Difference) -> tuple[Difference, tuple[str, ...]]:
    passed_over = 0
    changes = []
    unchanged = difference.unchanged
    unknown = {each.phone_number for each in difference.unknown}
    for change in difference.changes:
        rows = BY_PATH[change.kind]
        fields = tuple(
            each
            for each in change.fields
            if not (rows[each.path].write_only and each.before is UNKNOWN)
        )
        passed_over += len(change.fields) - len(fields)
        if fields or not change.fields:
            changes.append(change._replace(fields=fields))
        elif change.phone_number not in unknown:
            unchanged += 1
    if not passed_over:
        return difference, ()
    note = f"{passed_over:,} write-only fields were passed over: no answer of the API shows them"
    return replace(difference, changes=tuple(changes), unchanged=unchanged), (note,)
