"""One case: from its two inputs to its two outputs, without a network."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from reconciler import workflow
from reconciler.core.diff import diff
from reconciler.core.plan import Origin, Plan, make_plan
from reconciler.core.planfile import plan_document
from reconciler.core.policy import withhold
from reconciler.files.secrets import resolve_secrets
from reconciler.report.text import plan_text

HERE = Path(__file__).parent
SECRETS = {"PIN_FRONT_DESK": "7315"}
_MADE = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a case leads to, as its files hold it."""

    plan: str
    operations: str


def cases() -> Iterator[Path]:
    """The directories of all cases, in order."""
    return iter(sorted(each.parent for each in HERE.glob("[0-9][0-9]-*/desired.yaml")))


def plan_of(case: Path) -> Plan:
    """The plan of one case."""
    with contextlib.chdir(case):
        project = workflow.load(Path("desired.yaml"))
        snapshot = workflow.load_snapshot(Path("live.json"))
    secrets = resolve_secrets(project.desired, project.root, SECRETS)
    difference = withhold(
        diff(project.desired, snapshot, secrets),
        snapshot,
        project.desired.safety,
        project.desired.safety.allow,
        date(2026, 7, 1),
    )
    return make_plan(difference, snapshot, created_at=_MADE, origin=Origin("", project.digest))


def outputs_of(case: Path) -> Outputs:
    """What the files of one case should hold."""
    plan = plan_of(case)
    operations = plan_document(plan)["operations"]
    return Outputs(
        plan_text(plan, reads=0) + "\n",
        json.dumps(operations, indent=2, ensure_ascii=False) + "\n",
    )
