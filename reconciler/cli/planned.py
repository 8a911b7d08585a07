"""How plan, drift and apply show a plan."""

from __future__ import annotations

import click

from reconciler.cli.terminal import say
from reconciler.report.formats import plan_report
from reconciler.report.text import Paint
from reconciler.report.view import Labels, View
from reconciler.workflow import Planned


def warn(planned: Planned, *, would_apply: bool = True) -> None:
    """Say on stderr what is odd but no error."""
    for warning in planned.project.desired.warnings:
        say(f"warning: {warning}")
    for listing in planned.snapshot.listings:
        if listing.refused:
            say(f"warning: its fields are unknown: {listing.refused}")
    for refusal in planned.refusals if would_apply else ():
        say(f"warning: apply would be refused: {refusal}")
    for note in planned.notes:
        say(f"note: {note}")


def explain_reads(planned: Planned) -> None:
    """Say on stderr which lists were read, and how."""
    for listing in planned.snapshot.listings:
        say(f"GET {listing.listing}: {listing.rows:,} rows in {listing.pages:,} pages")


def show_plan(planned: Planned, output_format: str, paint: Paint, *, drift: bool = False) -> None:
    """The plan on stdout."""
    view = View(drift, planned.reads, planned.refusals, planned.notes, labels_of(planned))
    click.echo(plan_report(planned.plan, output_format, view, paint))


def labels_of(planned: Planned) -> Labels:
    """Groups and tags of the numbers that the plan changes."""
    declared = planned.project.desired.numbers
    changed = {
        number: declared[number].settings
        for change in planned.plan.difference.changes
        if (number := change.phone_number) in declared
    }
    tags = {n: dict(zip(s.paths, s.values, strict=True)).get("tags") for n, s in changed.items()}
    return Labels(
        groups={
            number: tuple(dict.fromkeys(each.group for each in settings.sources if each.group))
            for number, settings in changed.items()
        },
        tags={number: given for number, given in tags.items() if isinstance(given, tuple)},
    )
