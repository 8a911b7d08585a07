"""One function per command: what it reads, in which order, and what it hands to the report.

A command loads only the modules of what it uses: all of them took longer than a small plan. What
--all does with many projects is `several`: the same functions, project by project.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.workflow.adopting import Adopted, adopt_drift
    from reconciler.workflow.applying import apply, one_apply, one_apply_here, one_apply_in
    from reconciler.workflow.common import Options, Project, check_secrets, load, root_here
    from reconciler.workflow.covering import coverage
    from reconciler.workflow.diffing import diff_revisions
    from reconciler.workflow.explaining import explain_number
    from reconciler.workflow.exporting import (
        Export,
        Manner,
        account_for_export,
        export_into,
        export_new,
        open_base,
        snapshot_for_export,
    )
    from reconciler.workflow.formatting import Formatting, format_files
    from reconciler.workflow.jobs import jobs_list, jobs_show, jobs_wait
    from reconciler.workflow.ownership import verify
    from reconciler.workflow.planfiles import load_plan, save_plan
    from reconciler.workflow.planning import Planned, drift, plan
    from reconciler.workflow.resuming import (
        left_open,
        newest_unfinished,
        open_journal,
        project_of,
        resume,
    )
    from reconciler.workflow.reverting import revert
    from reconciler.workflow.saved import apply_saved
    from reconciler.workflow.snapshots import fetch_everything, load_snapshot, snapshot_json
    from reconciler.workflow.validating import InvalidError, Validated, validate

__all__ = [
    "Adopted",
    "Export",
    "Formatting",
    "InvalidError",
    "Manner",
    "Options",
    "Planned",
    "Project",
    "Validated",
    "account_for_export",
    "adopt_drift",
    "apply",
    "apply_saved",
    "check_secrets",
    "coverage",
    "diff_revisions",
    "drift",
    "explain_number",
    "export_into",
    "export_new",
    "fetch_everything",
    "format_files",
    "jobs_list",
    "jobs_show",
    "jobs_wait",
    "left_open",
    "load",
    "load_plan",
    "load_snapshot",
    "newest_unfinished",
    "one_apply",
    "one_apply_here",
    "one_apply_in",
    "open_base",
    "open_journal",
    "plan",
    "project_of",
    "resume",
    "revert",
    "root_here",
    "save_plan",
    "snapshot_for_export",
    "snapshot_json",
    "validate",
    "verify",
]

_HOMES = {
    "adopting": ("Adopted", "adopt_drift"),
    "applying": (
        "apply",
        "one_apply",
        "one_apply_here",
        "one_apply_in",
    ),
    "common": (
        "Options",
        "Project",
        "check_secrets",
        "load",
        "root_here",
    ),
    "covering": ("coverage",),
    "diffing": ("diff_revisions",),
    "explaining": ("explain_number",),
    "exporting": (
        "Export",
        "Manner",
        "account_for_export",
        "export_into",
        "export_new",
        "open_base",
        "snapshot_for_export",
    ),
    "formatting": ("Formatting", "format_files"),
    "jobs": (
        "jobs_list",
        "jobs_show",
        "jobs_wait",
    ),
    "ownership": ("verify",),
    "planfiles": ("load_plan", "save_plan"),
    "planning": (
        "Planned",
        "drift",
        "plan",
    ),
    "resuming": (
        "left_open",
        "newest_unfinished",
        "open_journal",
        "project_of",
        "resume",
    ),
    "reverting": ("revert",),
    "saved": ("apply_saved",),
    "snapshots": (
        "fetch_everything",
        "load_snapshot",
        "snapshot_json",
    ),
    "validating": ("InvalidError", "Validated", "validate"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """What is asked for, out of the module that it lives in."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
