"""What the tests of export do again and again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.values import LiveValue
from reconciler.sandbox.fleet import number
from reconciler.sandbox.state import Number, Row
from tests.cli.support import Shell


def exported(reconciler: Shell, *words: str, into: str = "out") -> dict[str, str]:
    """The files of a new project, by name."""
    assert reconciler("export", "-o", into, *words).code == 0
    root = Path(into)
    return {str(each.relative_to(root)): each.read_text() for each in root.rglob("*.yaml")}


_PATHS = {
    kind: tuple(path for path, row in BY_PATH[kind].items() if not row.write_only) for kind in Kind
}


def snapshot_of(rows: Iterable[Row]) -> Snapshot:
    """What an export of these rows would read."""
    numbers = {row.phone_number: _live(row) for row in rows}
    return Snapshot("", datetime(2026, 1, 1, tzinfo=UTC), (), _PATHS, numbers)


def _live(row: Row) -> LiveNumber:
    kind = Kind.NUMBER if isinstance(row, Number) else Kind.MOBILE
    values = tuple(_value(BY_PATH[kind][path], row) for path in _PATHS[kind])
    country = row.country_iso_alpha2
    return LiveNumber(row.phone_number, row.id, kind, row.status, country, "local", values)


def _value(field: Field, row: Row) -> LiveValue:
    found: Any = reduce(getattr, field.path.split("."), row)
    return (
        tuple(sorted(found))
        if field.type is Type.TAGS
        else found or (found if field.type is Type.BOOLEAN else None)
    )


def scattered(count: int, start: int = 0, **settings: Any) -> list[Number]:
    """Numbers of which no two are in a row, each with a reference of its own."""
    return [
        number(f"+1312555{place:04}", customer_reference=f"of {place}", **settings)
        for place in range(start, start + 3 * count, 3)
    ]


def numbers_in(text: str) -> list[str]:
    """The numbers that a file declares, in order, those of a block each."""
    data = yaml.safe_load(text)
    keys = [*(data.get("numbers") or ()), *(data.get("mobile_numbers") or ())]
    ends = [key.split("..") for key in keys]
    return [f"+{each}" for end in ends for each in range(int(end[0]), int(end[-1]) + 1)]


def says_no_changes(reconciler: Shell, path: str = "out") -> bool:
    """Whether a plan right after it has nothing to do."""
    return "No changes." in reconciler("plan", path).out
