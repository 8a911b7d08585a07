"""Any fleet, with any text in it, exports to YAML from which nothing differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.catalogue import BY_PATH
from reconciler.core.diff import diff
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.scope import Scope
from reconciler.core.values import UNKNOWN
from reconciler.files.output import write_project
from reconciler.workflow.exporting import Export, export_new

TRICKY = st.sampled_from(
    ["no", "0123", "1:30", "2024-01-01", "a: b", "# x", "{x}", "}{", "~", "null", "- a", "'", '"',
     "\\", "a\nb", "\t", "é", "😀", "\u202e", "\x1b[0m", "\u00a0", "%", "!!python/x", "&a", "*a",
     "[a", "a,b", "@x", "`", " lead", "trail ", "1e3", "=", "<<", "+13125550001", "|", ">"]
)  # fmt: skip
TEXT = st.one_of(TRICKY, st.text(min_size=1, max_size=12))
IDS = st.one_of(
    st.sampled_from(["1521916448077776306", "1521916448077776307", "odd id", "a:b"]),
    st.uuids(version=4).map(str),
)


def values(row: Field) -> st.SearchStrategy[Any]:
    """What a snapshot may hold for a field."""
    match row.type:
        case Type.BOOLEAN:
            known: st.SearchStrategy[Any] = st.booleans()
        case Type.ENUM:
            known = st.sampled_from(row.values)
        case Type.ID:
            known = st.one_of(st.none(), IDS)
        case Type.TAGS:
            known = st.sets(TEXT, max_size=3).map(lambda tags: tuple(sorted(tags)))
        case Type.E164:
            known = st.one_of(st.none(), st.sampled_from(["+13035559123", "not one"]))
        case Type.CNAM:
            known = st.one_of(st.none(), st.sampled_from(["ACME", "TOO LONG A NAME FOR IT"]))
        case Type.PIN:
            known = st.one_of(st.none(), st.just("4711"))
        case _:
            known = st.one_of(st.none(), TEXT)
    return st.one_of(known, known, known, st.just(UNKNOWN))


COLUMNS = {kind: tuple(BY_PATH[kind]) for kind in Kind}


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Up to a dozen numbers that share a few rows of values."""
    numbers: dict[str, LiveNumber] = {}
    for kind, area in ((Kind.NUMBER, 312), (Kind.MOBILE, 331)):
        row = st.tuples(*(values(each) for each in BY_PATH[kind].values()))
        rows = draw(st.lists(row, min_size=1, max_size=4))
        for at in range(draw(st.integers(0, 8))):
            name = f"+1{area}555{at:04}"
            some = draw(st.sampled_from(rows))
            numbers[name] = LiveNumber(
                name, f"id-{area}-{at}", kind, "active", "US", "local", some, {}
            )
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    reasons = {
        name: LiveNumber(
            n.phone_number,
            n.id,
            n.kind,
            n.status,
            n.country,
            n.type,
            n.values,
            {p: "x" for p, v in zip(COLUMNS[n.kind], n.values, strict=True) if v is UNKNOWN},
        )
        for name, n in numbers.items()
    }
    return Snapshot("https://api.example.com/v2", moment, (), COLUMNS, reasons)


def reloaded(files: Mapping[str, str], root: Path) -> Any:
    write_project(root, files)
    return workflow.load(root).desired


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(snapshot=snapshots(), by=st.sampled_from(["", "tag", "country", "connection"]))
def test_from_what_is_exported_nothing_differs(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot, by: str
) -> None:
    made: Export = export_new(snapshot, Scope(), by)
    desired = reloaded(made.files, tmp_path_factory.mktemp("out"))
    found = diff(desired, snapshot, {})
    assert (found.changes, found.unknown, found.not_owned) == ((), (), ())
    assert desired.numbers.keys() | made.left_out.keys() == snapshot.numbers.keys()


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(snapshot=snapshots())
def test_the_order_of_the_answers_makes_no_difference(snapshot: Snapshot) -> None:
    turned = dict(reversed(list(snapshot.numbers.items())))
    other = Snapshot(snapshot.base_url, snapshot.fetched_at, (), snapshot.columns, turned)
    assert export_new(snapshot, Scope(), "").files == export_new(other, Scope(), "").files
