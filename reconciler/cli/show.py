"""How plan, drift and apply show a plan."""

from __future__ import annotations

from typing import Protocol

import click

from reconciler.cli.terminal import say
from reconciler.core.plan import Plan
from reconciler.report.jsonreport import plan_json
from reconciler.report.text import Paint
from reconciler.workflow import Planned


class _AsText(Protocol):
    def __call__(self, plan: Plan, *, reads: int, paint: Paint) -> str: ...


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


def show_plan(planned: Planned, output_format: str, as_text: _AsText, paint: Paint) -> None:
    """The plan on stdout."""
    if output_format == "json":
        click.echo(plan_json(planned.plan))
    else:
        click.echo(as_text(planned.plan, reads=planned.reads, paint=paint))
