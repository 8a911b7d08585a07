"""Plans in files: an account that saves, applies and reverts them; and files as a forger would
write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.core.planfile import digest
from reconciler.core.planload import read_plan
from reconciler.workflow import Options
from reconciler.workflow.reverting import Reverted
from reconciler.workflow.saved import OnStale
from tests.apply.account import Account, Watched

Document = dict[str, Any]


class Desk(Account):
    """An account whose plans go through files."""

    def _connect(self, patch: pytest.MonkeyPatch) -> None:
        super()._connect(patch)
        for room in ("saved", "reverting", "resuming"):
            patch.setattr(f"reconciler.workflow.{room}.SystemClock", lambda: self.clock)

    def save(self, name: str = "plan.json", **options: Any) -> Path:
        """`plan --out`; the log is empty afterwards."""
        path = self.root / name
        workflow.save_plan(self.plan(**options).plan, path)
        self.control.forget()
        return path

    def carry_out(self, path: Path, on_stale: OnStale = "abort", **options: Any) -> Outcome:
        """`apply PLANFILE`."""
        self.watched = Watched()
        plan = workflow.load_plan(path)
        return self.do(
            workflow.apply_saved(plan, Options(**options), on_stale, self.watched, self.stop)
        )

    def revert(self, journal: str | Path, **options: Any) -> Reverted:
        """`revert JOURNAL`, without the file."""
        return self.do(workflow.revert(workflow.open_journal(Path(journal)), Options(**options)))

    def reads(self) -> list[str]:
        """The paths of every read since the log was emptied."""
        return [entry.path for entry in self.control.log() if entry.method == "GET"]


def document_of(path: Path) -> Document:
    """The plan document in a file."""
    found: Document = json.loads(path.read_bytes())
    return found


def sealed(document: Document) -> Document:
    """The document with the digest that belongs to it."""
    return {**document, "digest": digest(document)}


def forged(document: Document, *edits: Callable[[Document], object]) -> Document:
    """A copy with edits, and a digest that belongs to it."""
    copy: Document = json.loads(json.dumps(document))
    for edit in edits:
        edit(copy)
    return sealed(copy)


def put(path: Path, document: Document) -> Path:
    """Write a document to a file as a plan file."""
    path.write_text(json.dumps(document), encoding="utf-8")
    path.chmod(0o600)
    return path


def read(document: Document) -> Plan:
    """The plan of a document."""
    return read_plan(document, "plan.json")


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a document."""
    yield above
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, each in pairs:
        yield from places(each, (*above, key))


def at(document: Any, way: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for step in way:
        document = document[step]
    return document
