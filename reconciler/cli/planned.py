"""How plan, drift and apply show a plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from reconciler.cli.repository import project_name
from reconciler.cli.terminal import say
from reconciler.core.changes import Change, NotOwned, UnknownField, Withheld
from reconciler.core.plan import Plan
from reconciler.core.scope import declared_tags
from reconciler.core.text import neutral
from reconciler.report.formats import plan_report
from reconciler.report.ranges import ranges
from reconciler.report.text import Paint
from reconciler.report.view import Labels, View
from reconciler.report.words import count

if TYPE_CHECKING:
    from reconciler.workflow import Planned


def warn(planned: Planned, *, would_apply: bool = True, prefix: str = "") -> None:
    """Say on stderr what is odd but no error; `prefix` names the project, where there are
    several."""
    for warning in (*planned.project.desired.warnings, *planned.warnings):
        say(f"{prefix}warning: {warning}")
    if not prefix:  # of several projects another may have it
        warn_unmatched(planned.unmatched)
    for listing in planned.snapshot.listings:
        if listing.refused:
            say(f"{prefix}warning: its fields are unknown: {listing.refused}")
    if would_apply:
        say_refusals(planned.refusals, prefix)
    for note in planned.notes:
        say(f"{prefix}note: {note}")


def say_refusals(refusals: Iterable[str], prefix: str = "") -> None:
    """Say on stderr which rules would refuse the whole apply."""
    for refusal in refusals:
        say(f"{prefix}warning: apply would be refused: {neutral(refusal)}")


def warn_unmatched(targets: Iterable[str]) -> None:
    """Say on stderr which --target found nothing, where another did."""
    for each in targets:
        say(f"warning: no declared number matches --target {shlex.quote(neutral(each))}")


def explain_reads(planned: Planned, prefix: str = "") -> None:
    """Say on stderr which lists were read, and how."""
    for listing in planned.snapshot.listings:
        rows = count(listing.rows, "row")
        how = f", {listing.way}" if listing.way else ""
        say(f"{prefix}GET {listing.listing}: {rows} in {count(listing.pages, 'call')}{how}")


def show_plan(planned: Planned, output_format: str, paint: Paint, *, drift: bool = False) -> None:
    """The plan on stdout."""
    view = view_of(planned, project_name(planned.project.root), drift=drift)
    echo_plan(planned.plan, output_format, view, paint)


def view_of(planned: Planned, project: str, *, drift: bool) -> View:
    """How plan, or drift, looks at it; `project` as in a View."""
    labels = labels_of(planned)
    return View(drift, planned.reads, planned.refusals, planned.notes, labels, project)


def show_unmanaged(planned: Planned, output_format: str) -> None:
    """The live numbers that nobody declares; beside a report for machines on stderr."""
    click.echo(unmanaged_text(planned), err=output_format != "text")


def unmanaged_text(planned: Planned) -> str:
    """The live numbers that nobody declares, as ranges."""
    listed = planned.unmanaged
    lines = [f"{count(len(listed), 'unmanaged number')}{':' if listed else '.'}"]
    return "\n".join([*lines, *(f"  {each}" for each in ranges(listed))])


def echo_plan(plan: Plan, output_format: str, view: View, paint: Paint) -> None:
    """A plan on stdout; for GitHub also where its runner looks."""
    if output_format == "github":
        from reconciler.cli.github import publish_plan

        publish_plan(plan, view)
    else:
        click.echo(plan_report(plan, output_format, view, paint))


def labels_of(planned: Planned) -> Labels:
    """Groups and tags of the numbers that the plan names."""
    declared, found = planned.project.desired.numbers, planned.plan.difference
    named: tuple[Change | Withheld | UnknownField | NotOwned, ...]
    named = (*found.changes, *found.withheld, *found.unknown, *found.not_owned)
    numbers = {each.phone_number: declared.get(each.phone_number) for each in named}
    return Labels(
        groups={
            name: tuple(dict.fromkeys(each.group for each in number.settings.sources if each.group))
            for name, number in numbers.items()
            if number
        },
        tags={
            name: tuple(sorted(declared_tags(number, planned.snapshot)))
            for name, number in numbers.items()
            if number
        },
    )
