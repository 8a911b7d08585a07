"""Projects written as people write them, the account somebody has edited, and an adoption."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Type
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.scope import Scope
from reconciler.core.values import TagEdit
from reconciler.workflow import Options, Planned
from reconciler.workflow.adopting import Adopted

OFF = {Type.BOOLEAN: False, Type.TAGS: ()}


def usual(kind: Kind, path: str) -> Any:
    """What an account says of a field that nobody has set."""
    row = BY_PATH[kind][path]
    if row.type is Type.ENUM and not (row.null or row.meaningless_without):
        return row.values[0]
    return OFF.get(row.type)


@dataclass
class World:
    """One project in `root`, and the live values by number and path."""

    root: Path
    live: dict[str, dict[str, Any]]
    status: Mapping[str, str]
    kinds: Mapping[str, Kind]

    @property
    def snapshot(self) -> Snapshot:
        """The account as read."""
        columns = {kind: tuple(BY_PATH[kind]) for kind in Kind}
        numbers = {}
        for name, values in self.live.items():
            kind = self.kinds.get(name, Kind.NUMBER)
            row = tuple(values.get(path, usual(kind, path)) for path in columns[kind])
            status = self.status.get(name, "active")
            numbers[name] = LiveNumber(name, f"id{name[1:]}", kind, status, "US", "local", row)
        moment = datetime(2026, 7, 1, tzinfo=UTC)
        return Snapshot("https://api.example.com/v2", moment, (), columns, numbers)

    def drift(self, path: str = "", **scope: Any) -> Planned:
        """How the account differs."""
        snapshot = self.snapshot
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reconciler.workflow.planning.load_snapshot", lambda _: snapshot)
            patch.setenv("A_PIN", "4711")
            options = Options(live=Path("live.json"), scope=Scope(**scope))
            return asyncio.run(workflow.drift(self.root / path, options))

    def adopt(self, path: str = "", **scope: Any) -> Adopted:
        """Write what is live into the YAML."""
        return workflow.adopt_drift(self.root / path, self.drift(path, **scope))

    def text(self, name: str = "fleet.yaml") -> str:
        """A file as it stands."""
        return (self.root / name).read_bytes().decode()

    def files(self) -> dict[str, bytes]:
        """All files."""
        return {each.name: each.read_bytes() for each in self.root.iterdir()}


def declared_live(root: Path) -> dict[str, dict[str, Any]]:
    """The account just as the project in `root` declares it."""
    numbers = workflow.load(root).desired.numbers
    return {
        name: {
            path: value.apply(()) if isinstance(value, TagEdit) else value
            for path, value in number.settings.as_dict().items()
        }
        for name, number in numbers.items()
        if not number.release
    }


def world(root: Path, files: Mapping[str, str | bytes], *edits: tuple[str, str, Any]) -> World:
    """A project, and an account that was as declared before these `edits`: number, path, value."""
    for name, text in files.items():
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    made = World(root, declared_live(root), {}, {})
    for number, path, value in edits:
        made.live[number][path] = value
    return made


def fields_of(planned: Planned) -> set[tuple[str, str]]:
    """All that differs, by number and path."""
    found = planned.plan.difference
    return {
        *((each.phone_number, field.path) for each in found.changes for field in each.fields),
        *((each.phone_number, "") for each in found.changes if not each.fields),
        *((each.phone_number, each.path) for each in found.withheld),
        *((each.phone_number, each.path) for each in found.unknown),
        *((each.phone_number, "") for each in found.not_owned),
    }
