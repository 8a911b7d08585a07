"""`reconciler apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import all_option, options_from, writing_options
from reconciler.cli.running import run
from reconciler.errors import Exit, SafetyError, UsageError

if TYPE_CHECKING:
    from reconciler.report.text import Paint
    from reconciler.workflow import Options, Planned


_QUESTION = "Apply these changes to the account?"


@click.command("apply")
@writing_options
@all_option
@click.option("--auto-approve", is_flag=True, help="Do not ask first.")
@click.option(
    "--on-stale",
    type=click.Choice(["abort", "skip"]),
    default="abort",
    help="For a saved plan whose numbers have moved: write nothing, or the rest (abort).",
)
def command(
    path: Path,
    output_format: str,
    no_color: bool,
    verbose: bool,
    every: bool,
    auto_approve: bool,
    on_stale: Any,
    **given: Any,
) -> Exit:
    """Make the account what the YAML at PATH declares, and read every change back.

    Shows the plan and asks first. With a PLANFILE of `plan --out` it carries out that plan and
    nothing else, and does not ask again. With --all every project of a tree is applied, each to
    its own account.

    \b
    reconciler apply
    reconciler apply plan.json                   what was reviewed, or nothing
    reconciler apply --target '+1312555*'        some of the numbers
    """
    from reconciler.cli.terminal import painter

    options = options_from(given)
    paint = painter(no_color)
    if options.journal:
        from reconciler.journal import check_new

        check_new(options.journal)
    if every:
        return _every(path, options, output_format, no_color, verbose, auto_approve)
    if path.suffix == ".json" or (path.is_file() and path.suffix not in {".yaml", ".yml"}):
        return _saved(path, options, output_format, no_color, on_stale)
    _check_can_ask(auto_approve)
    return _fresh(path, options, output_format, no_color, verbose, auto_approve, paint)


def _check_can_ask(auto_approve: bool) -> None:
    if not auto_approve and (sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError("apply asks first, but this is no terminal: add --auto-approve")


def _every(
    path: Path,
    options: Options,
    output_format: str,
    no_color: bool,
    verbose: bool,
    auto_approve: bool,
) -> Exit:
    from reconciler.cli.several import How, refuse_what_is_for_one  # see cli/__init__
    from reconciler.cli.severalapplies import apply

    if path.suffix == ".json":
        raise UsageError("a plan file belongs to one project: apply it without --all")
    refuse_what_is_for_one(output_format, journal=options.journal)
    _check_can_ask(auto_approve)
    how = How("apply", output_format, no_color, verbose)
    return apply(path, options, how, auto_approve=auto_approve)


def _tell_of_earlier(root: Path) -> None:
    """Say that an apply of the project was broken off. The lock is ours, so it is not running."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.terminal import say
    from reconciler.report.text import resume_command

    if not (journals := workflow.left_open(root)):
        return
    more = f" (and {len(journals) - 1} before it)" if len(journals) > 1 else ""
    say(
        f"Warning: an apply before this one was not finished{more}; what it sent may still be on "
        f"its way. To settle it first: {resume_command(str(journals[-1]))}"
    )


def _saved(path: Path, options: Options, output_format: str, no_color: bool, on_stale: Any) -> Exit:
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.carry import carry_out, report

    if not options.scope.is_everything:
        raise UsageError("a saved plan is applied whole: --target, --tag and --only belong to plan")
    saved = workflow.load_plan(path)
    with workflow.one_apply_here(options):
        _tell_of_earlier(workflow.root_here())
        outcome = carry_out(
            lambda watcher, stop: workflow.apply_saved(saved, options, on_stale, watcher, stop),
            no_color,
            output_format,
        )
    return report(outcome, output_format, no_color, root=workflow.root_here())


def _fresh(
    path: Path,
    options: Options,
    output_format: str,
    no_color: bool,
    verbose: bool,
    auto_approve: bool,
    paint: Paint,
) -> Exit:
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.carry import carry_out, report
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import approved, say

    project = workflow.load(path)
    with workflow.one_apply(project.desired, project.root, options):
        _tell_of_earlier(project.root)
        with reading(no_color, output_format) as progress:
            planned = run(workflow.plan(project, options, progress))
        if planned.refusals:
            raise SafetyError("nothing was written: " + "; ".join(planned.refusals))
        _show(planned, output_format, verbose, paint)
        if planned.plan.operations and not auto_approve and not approved(_QUESTION):
            say("Nothing was written.")
            return Exit.ERROR
        outcome = carry_out(
            lambda watcher, stop: workflow.apply(planned, options, watcher, stop),
            no_color,
            output_format,
        )
    return report(
        outcome, output_format, no_color, quiet=not planned.plan.operations, root=project.root
    )


def _show(planned: Planned, output_format: str, verbose: bool, paint: Paint) -> None:
    """The plan that is about to be applied; where a format is asked for, stdout is for the
    outcome alone."""
    from reconciler.cli.planned import explain_reads, warn  # see cli/__init__
    from reconciler.report.text import plan_text

    warn(planned)
    if verbose:
        explain_reads(planned)
    text = plan_text(planned.plan, reads=planned.reads, paint=paint)
    click.echo(text, err=output_format != "text")
