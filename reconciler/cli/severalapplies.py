"""`apply --all`: every plan is shown, one question is asked, and then the accounts are written
side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.apply import Stop
from reconciler.cli.carry import how_left, stopped_by_signals
from reconciler.cli.planned import explain_reads, warn, warn_unmatched
from reconciler.cli.progress import Writing, reading_several, writing_several
from reconciler.cli.running import run
from reconciler.cli.several import How, Voice, report
from reconciler.cli.terminal import approved, say
from reconciler.core.outcome import Outcome
from reconciler.errors import Exit, LeftAtOnceError, gravest
from reconciler.report import github
from reconciler.report.grouping import examples
from reconciler.report.jsonreport import outcome_document
from reconciler.report.markdownoutcome import outcome_markdown
from reconciler.report.several import error_lines, heading
from reconciler.report.text import Paint, how_to_go_on, outcome_text, plan_text
from reconciler.report.words import count
from reconciler.workflow import Options, Planned
from reconciler.workflow.several import (
    Step,
    Steps,
    apply_all,
    compare_all,
    load_all,
    lock_all,
    unmatched_targets,
    without_refused,
)

_NAMED = 20


def apply(path: Path, options: Options, how: How, *, auto_approve: bool) -> Exit:
    """apply of every project. One that fails before the question keeps no other from it."""
    with ExitStack() as held:
        steps = lock_all(load_all(path, options), options, held)
        with reading_several(how.no_color, how.output_format) as progress:
            compared = run(compare_all(steps, options, progress))
        warn_unmatched(unmatched_targets(steps, compared, options))
        planned = without_refused(compared)
        _show(planned, how)
        failed = {each.path for each in planned if each.error}
        pending = tuple(each for each in planned if each.value and each.value.plan.operations)
        if pending and not auto_approve and not approved(_question(pending)):
            say("Nothing was written.")
            return gravest([Exit.ERROR, *(each.error.exit_code for each in planned if each.error)])
        outcomes = _carry_out(planned, options, how)
    return report(outcomes, Applied(), how, told=failed)


def _question(pending: Steps[Planned]) -> str:
    names = [each.name for each in pending]
    if len(names) == 1:
        return f"Apply the changes of the project {names[0]}?"
    return f"Apply the changes of these {len(names):,} projects: {examples(names, _NAMED)}?"


def _show(planned: Steps[Planned], how: How) -> None:
    """What is about to be applied; where a format is asked for, stdout is for the outcome
    alone."""
    aside = how.output_format != "text"
    for each in planned:
        if each.error is not None:
            say(error_lines(each.name, each.error))
        elif each.value is not None:
            warn(each.value, prefix=f"{each.name}: ")
            if how.verbose:
                explain_reads(each.value, f"{each.name}: ")
            text = plan_text(each.value.plan, reads=each.value.reads, paint=how.paint)
            click.echo(f"{heading(each.name, how.paint)}\n{text}\n", err=aside)


def _carry_out(planned: Steps[Planned], options: Options, how: How) -> Steps[Outcome]:
    """Apply them all; Ctrl-C stops every one, a second one leaves at once. Every journal is on
    disk by then."""
    stops = {each.path: Stop() for each in planned}
    watchers: dict[Path, Writing] = {}
    done: dict[Path, Step[Outcome]] = {}

    async def carried_out() -> Steps[Outcome]:
        stopped_by_signals(list(stops.values()))
        async with writing_several(how.no_color, how.output_format) as watcher:

            def watch(step: Step[Planned]) -> Writing:
                return watchers.setdefault(step.path, watcher(step.name))

            def note(step: Step[Outcome]) -> None:
                done[step.path] = step

            return await apply_all(planned, options, watch, stops, note)

    try:
        return run(carried_out())
    except KeyboardInterrupt:
        return tuple(done.get(each.path) or _left(each, watchers) for each in planned)


def _left(step: Step[Planned], watchers: dict[Path, Writing]) -> Step[Outcome]:
    """A project that had not ended when everything was left."""
    if step.value is None:
        return Step(step.path, step.account, error=step.error)
    journal = watchers[step.path].journal if step.path in watchers else ""
    return step.failed(LeftAtOnceError(how_left(journal)))


@dataclass(frozen=True, slots=True)
class Applied(Voice[Outcome]):
    """How apply tells one project."""

    def exit_code(self, value: Outcome) -> Exit:
        """That of the outcome."""
        return value.exit_code

    def summary(self, name: str, value: Outcome) -> str:
        """What was applied, and how to go on where something is left."""
        if not value.applied and not value.calls and value.converged:
            return "No changes."
        numbers = len({each.phone_number for each in value.applied})
        done = f"{count(len(value.applied), 'change')} on {count(numbers, 'number')} applied"
        if value.converged:
            return f"{done}."
        return f"{done}, incomplete. {how_to_go_on(value, name)}"

    def remark(self, name: str, value: Outcome) -> None:
        """The report says it all."""

    def text(self, name: str, value: Outcome, paint: Paint) -> str:
        """What became of it; nothing where nothing was sent, for the plan said so."""
        if not value.journal:
            return ""
        return outcome_text(value, paint=paint, path=name)

    def result(self, name: str, value: Outcome) -> Any:
        """What apply prints for one project."""
        return outcome_document(value, name)

    def markdown(self, name: str, value: Outcome, limit: int) -> str:
        """What is left first."""
        return outcome_markdown(value, name, path=name, limit=limit)

    def annotations(self, name: str, value: Outcome) -> Iterator[github.Annotation]:
        """What is left."""
        return github.outcome_annotations(value, name)

    def outputs(self, name: str, value: Outcome) -> dict[str, str]:
        """The counts."""
        del name
        return github.outcome_outputs(value)
