"""`plan --all` and `drift --all`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.cli.planned import explain_reads, unmanaged_text, view_of, warn, warn_unmatched
from reconciler.cli.progress import reading_several
from reconciler.cli.running import run
from reconciler.cli.several import How, Voice, report
from reconciler.cli.terminal import say
from reconciler.core.planfile import plan_document
from reconciler.errors import Exit
from reconciler.report import github
from reconciler.report.formats import plan_report
from reconciler.report.headlines import drift_counts, plan_counts
from reconciler.report.markdown import plan_markdown
from reconciler.report.text import Paint
from reconciler.report.view import View
from reconciler.workflow import Options, Planned
from reconciler.workflow.several import compare_all, load_all, unmatched_targets


def compare(path: Path, options: Options, how: How, judge: Callable[[Planned], Exit]) -> Exit:
    """plan, or drift, of every project; `judge` gives the exit code of one."""
    drift = how.command == "drift"
    steps = load_all(path, options)
    with reading_several(how.no_color, how.output_format) as progress:
        planned = run(compare_all(steps, options, progress, for_drift=drift))
    warn_unmatched(unmatched_targets(steps, planned, options))
    return report(planned, Comparing(how, judge, options.show_unmanaged), how)


@dataclass(frozen=True, slots=True)
class Comparing(Voice[Planned]):
    """How plan and drift tell one project."""

    how: How
    judge: Callable[[Planned], Exit]
    show_unmanaged: bool = False

    @property
    def _drift(self) -> bool:
        return self.how.command == "drift"

    def exit_code(self, value: Planned) -> Exit:
        """As the command on one project judges."""
        return self.judge(value)

    def summary(self, name: str, value: Planned) -> str:
        """The counts."""
        del name
        plan = value.plan
        if plan.is_settled:
            return "No drift." if self._drift else "No changes."
        if self._drift:
            return f"{drift_counts(plan)}."
        refused = "; apply would be refused" if value.refusals else ""
        return f"{plan_counts(plan)}{refused}."

    def remark(self, name: str, value: Planned) -> None:
        """As the command on one project does, with the name before it."""
        warn(value, would_apply=not self._drift, prefix=f"{name}: ")
        if self.how.verbose:
            explain_reads(value, f"{name}: ")
        if self.show_unmanaged and self.how.output_format != "text":
            say(f"{name}: {unmanaged_text(value)}")

    def text(self, name: str, value: Planned, paint: Paint) -> str:
        """The plan."""
        text = plan_report(value.plan, "text", self._view(name, value), paint)
        if self.show_unmanaged and self.how.output_format == "text":
            text += f"\n{unmanaged_text(value)}"
        return text

    def result(self, name: str, value: Planned) -> Any:
        """The plan document."""
        del name
        return plan_document(value.plan)

    def markdown(self, name: str, value: Planned, limit: int) -> str:
        """The plan, the risks first."""
        return plan_markdown(value.plan, self._view(name, value), limit=limit)

    def annotations(self, name: str, value: Planned) -> Iterator[github.Annotation]:
        """Risks at their lines."""
        return github.plan_annotations(value.plan, self._view(name, value))

    def outputs(self, name: str, value: Planned) -> dict[str, str]:
        """The counts."""
        return github.plan_outputs(value.plan, self._view(name, value))

    def _view(self, name: str, value: Planned) -> View:
        return view_of(value, name, drift=self._drift)
