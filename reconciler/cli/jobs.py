"""`reconciler jobs`: the account's background jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option, job_timeout_option
from reconciler.cli.running import run
from reconciler.errors import Exit

if TYPE_CHECKING:
    from reconciler.core.jobs import Job


@click.group("jobs")
def command() -> None:
    """The account's background jobs: list, show, wait. Only reads."""


@command.command("list")
@click.option("--most", type=click.IntRange(1, 10_000), default=20, help="The newest so many (20).")
@format_option
def jobs_list(most: int, output_format: str) -> Exit:
    """List the newest jobs of the account, the newest first."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.report.jobs import job_json, jobs_text
    from reconciler.report.jsonreport import json_text

    jobs = run(workflow.jobs_list(workflow.Options(), most))
    if output_format == "json":
        click.echo(json_text([job_json(job) for job in jobs]))
    else:
        click.echo(jobs_text(jobs))
    return Exit.OK


@command.command("show")
@click.argument("job_id", metavar="ID")
@format_option
def jobs_show(job_id: str, output_format: str) -> Exit:
    """Show one job, and what became of each of its numbers."""
    from reconciler import workflow  # see cli/__init__

    return _report(run(workflow.jobs_show(workflow.Options(), job_id)), output_format)


@command.command("wait")
@click.argument("job_id", metavar="ID")
@job_timeout_option
@format_option
def jobs_wait(job_id: str, job_timeout: float | None, output_format: str) -> Exit:
    """Wait until a job has ended, then show it. Exit 5 if it is not over, or some of it failed."""
    from reconciler import workflow  # see cli/__init__

    options = workflow.Options(job_timeout=job_timeout)
    job = run(workflow.jobs_wait(options, job_id))
    _report(job, output_format)
    if not job.ended:
        click.echo(
            f"It has not ended in the time of --job-timeout: `jobs wait {job.id}` waits on.",
            err=True,
        )
    return Exit.OK if job.succeeded else Exit.INCOMPLETE


def _report(job: Job, output_format: str) -> Exit:
    from reconciler.report.jobs import job_json, job_text  # see cli/__init__
    from reconciler.report.jsonreport import json_text

    click.echo(json_text(job_json(job)) if output_format == "json" else job_text(job))
    return Exit.OK
