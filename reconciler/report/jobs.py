"""Background jobs, in text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.core.jobs import Job
from reconciler.core.text import neutral
from reconciler.report.words import count


def jobs_text(jobs: Sequence[Job]) -> str:
    """A line a job."""
    if not jobs:
        return "The account has no jobs."
    return "\n".join(_line(job) for job in jobs)


def _line(job: Job) -> str:
    what = f"{neutral(job.status)} {neutral(job.type)}"
    return f"{neutral(job.id)}  {neutral(job.created_at)}  {what}, {_counts(job)}"


def _counts(job: Job) -> str:
    return (
        f"{count(job.numbers, 'number')}: {len(job.done):,} done, {len(job.failed):,} failed, "
        f"{len(job.pending):,} pending"
    )


def job_text(job: Job) -> str:
    """One job, the numbers that failed by name."""
    lines = [_line(job)]
    if job.etc:
        lines.append(f"  estimated completion: {neutral(job.etc)}")
    for number, errors in job.failed.items():
        said = "; ".join(neutral(str(error)) for error in errors)
        lines.append(f"  failed: {neutral(number)}: {said}")
    lines += [f"  pending: {neutral(number)}" for number in job.pending]
    lines += [f"  done: {neutral(number)}" for number in job.done]
    return "\n".join(lines)


def job_json(job: Job) -> dict[str, Any]:
    """One job as JSON-ready data."""
    return {
        "id": job.id,
        "type": job.type,
        "status": job.status,
        "created_at": job.created_at,
        "etc": job.etc,
        "numbers": job.numbers,
        "done": list(job.done),
        "failed": [
            {
                "phone_number": number,
                "errors": [
                    {"code": e.code, "title": e.title, "detail": e.detail, "pointer": e.pointer}
                    for e in errors
                ],
            }
            for number, errors in job.failed.items()
        ],
        "pending": list(job.pending),
    }
