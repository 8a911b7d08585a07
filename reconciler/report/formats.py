"""A plan, the outcome of an apply, and a diff, in every format there is.

The formats that are no text are loaded when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.plan import Plan
from reconciler.report.text import Paint, drift_text, outcome_text, plan_text
from reconciler.report.view import View

if TYPE_CHECKING:
    from reconciler.core.declared_diff import Comparison
    from reconciler.core.outcome import Outcome


def plan_report(plan: Plan, output_format: str, view: View, paint: Paint) -> str:
    """`plan` in a format that `cli.options.plan_format_option` offers."""
    match output_format:
        case "json":
            from reconciler.report.jsonreport import plan_json

            return plan_json(plan)
        case "markdown":
            from reconciler.report.markdown import plan_markdown

            return plan_markdown(plan, view).rstrip("\n")
        case "html":
            from reconciler.report.html import plan_html

            return plan_html(plan, view).rstrip("\n")
        case _:
            as_text = drift_text if view.drift else plan_text
            return as_text(plan, reads=view.reads, paint=paint)


def outcome_report(outcome: Outcome, output_format: str, paint: Paint, project: str = "") -> str:
    """What an apply did, in the same formats; `project` as in a View."""
    match output_format:
        case "json":
            from reconciler.report.jsonreport import outcome_json

            return outcome_json(outcome)
        case "markdown":
            from reconciler.report.markdownoutcome import outcome_markdown

            return outcome_markdown(outcome, project).rstrip("\n")
        case "html":
            from reconciler.report.htmloutcome import outcome_html

            return outcome_html(outcome, project).rstrip("\n")
        case _:
            return outcome_text(outcome, paint=paint)


def diff_report(comparison: Comparison, output_format: str, paint: Paint) -> str:
    """What a branch changes, in every format but HTML."""
    match output_format:
        case "json":
            from reconciler.report.diffjson import diff_json
            from reconciler.report.jsonreport import json_text

            return json_text(diff_json(comparison))
        case "markdown":
            from reconciler.report.diffmarkdown import diff_markdown

            return diff_markdown(comparison).rstrip("\n")
        case _:
            from reconciler.report.difftext import diff_text

            return diff_text(comparison, paint=paint)
