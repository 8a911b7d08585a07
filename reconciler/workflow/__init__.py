"""One function per command: what it reads, in which order, and what it hands to the report."""

from reconciler.workflow.applying import apply
from reconciler.workflow.common import Options, Project, load
from reconciler.workflow.jobs import jobs_list, jobs_show, jobs_wait
from reconciler.workflow.ownership import verify
from reconciler.workflow.planning import Planned, drift, plan
from reconciler.workflow.snapshots import fetch_everything, load_snapshot, snapshot_json

__all__ = [
    "Options",
    "Planned",
    "Project",
    "apply",
    "drift",
    "fetch_everything",
    "jobs_list",
    "jobs_show",
    "jobs_wait",
    "load",
    "load_snapshot",
    "plan",
    "snapshot_json",
    "verify",
]
