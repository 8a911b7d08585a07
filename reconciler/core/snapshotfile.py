"""Snapshot <-> JSON: what `fetch` writes and `--live` takes back.

PINs are not in it, only whether one is set: a snapshot is a file that people pass around.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec

from reconciler import __version__
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Listing
from reconciler.core.fieldschema import DIALECT
from reconciler.core.live import USABLE_ID
from reconciler.core.model import ListingRead, LiveNumber, Snapshot
from reconciler.core.planfile import TIMESTAMP, timestamp
from reconciler.core.safetyschema import Schema
from reconciler.core.snapshotquick import Columns, NotPlainError, quick_head, quick_numbers
from reconciler.core.text import neutral, shortened
from reconciler.core.values import LIVE_SECRET, UNKNOWN, LiveValue, canonical, show_json
from reconciler.errors import UsageError

FORMAT_VERSION = 1


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as JSON-ready data; numbers in order, unknown values by their reason."""
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "fetched_at": timestamp(snapshot.fetched_at),
        "account": {"base_url": snapshot.base_url},
        "reads": snapshot.reads,
        "listings": [
            {
                "path": str(each.listing),
                "rows": each.rows,
                "pages": each.pages,
                "refused": each.refused,
            }
            for each in snapshot.listings
        ],
        "columns": {str(kind): list(paths) for kind, paths in snapshot.columns.items()},
        "conflicts": dict(sorted(snapshot.conflicts.items())),
        "names": {leaf: dict(sorted(table.items())) for leaf, table in snapshot.names.items()},
        "numbers": [_number(snapshot, live) for _, live in sorted(snapshot.numbers.items())],
    }


def _number(snapshot: Snapshot, live: LiveNumber) -> dict[str, Any]:
    rows = BY_PATH[live.kind]
    fields: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for path, value in zip(snapshot.columns[live.kind], live.values, strict=True):
        if value is UNKNOWN:
            unknown[path] = (live.reasons or {}).get(path, "")
        elif rows[path].secret:
            fields[path] = None if value is None else show_json(LIVE_SECRET)
        else:
            fields[path] = show_json(value)
    return {
        "phone_number": live.phone_number,
        "id": live.id,
        "kind": str(live.kind),
        "status": live.status,
        "country": live.country,
        "type": live.type,
        "fields": fields,
        "unknown": unknown,
    }


def parse_snapshot(raw: bytes, name: str) -> Snapshot:
    """A snapshot from the text of a file called `name`; UsageError where it is none.

    Raises what msgspec, or the decoder of UTF-8, says where it is no JSON at all.
    """
    try:
        head = quick_head(raw).document()
        columns, fetched_at = _checked(head)
        return _snapshot(head, columns, quick_numbers(raw, columns), fetched_at)
    except (NotPlainError, _NotOursError):
        return read_snapshot(msgspec.json.decode(raw), name)


def read_snapshot(document: Any, name: str) -> Snapshot:
    """A snapshot from the data of a file called `name`; UsageError where it is none."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version != FORMAT_VERSION:
        raise UsageError(f"{name}: snapshot format {version} is not known to {__version__}")
    try:
        columns, fetched_at = _checked(document)
        return _snapshot(document, columns, _numbers(document["numbers"], columns), fetched_at)
    except _NotOursError as wrong:
        text = neutral(shortened(str(wrong), 200))
        raise UsageError(f"{name}: not a snapshot that fetch wrote: {text}") from None


def _checked(document: Any) -> tuple[Columns, datetime]:
    _check_shape(document)
    columns = {Kind(kind): tuple(paths) for kind, paths in document["columns"].items()}
    return columns, _moment(document["fetched_at"])


def _snapshot(
    document: dict[str, Any],
    columns: Columns,
    numbers: dict[str, LiveNumber],
    fetched_at: datetime,
) -> Snapshot:
    return Snapshot(
        base_url=document["account"]["base_url"],
        fetched_at=fetched_at,
        listings=tuple(
            ListingRead(Listing(each["path"]), each["rows"], each["pages"], each["refused"])
            for each in document["listings"]
        ),
        columns=columns,
        numbers=numbers,
        reads=document["reads"],
        conflicts=document["conflicts"],
        names=document.get("names", {}),
    )


class _NotOursError(Exception):
    """What shows that fetch did not write a file."""


def _check_shape(document: Any) -> None:
    validator = jsonschema_rs.Draft202012Validator(snapshot_schema())
    try:
        error = next(validator.iter_errors(document), None)
    except ValueError as too_deep:
        raise _NotOursError(str(too_deep)) from None
    if error:
        raise _NotOursError(f"wrong at '{'/'.join(map(str, error.instance_path))}'")
    for kind, paths in document["columns"].items():
        for path in paths:
            if path not in BY_PATH[Kind(kind)]:
                raise _NotOursError(f"no field is called {path!r}")


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _NotOursError(f"{text!r} is no time") from None


def _numbers(
    entries: Iterable[dict[str, Any]], columns: Mapping[Kind, tuple[str, ...]]
) -> dict[str, LiveNumber]:
    rows = {kind: tuple(BY_PATH[kind][path] for path in paths) for kind, paths in columns.items()}
    numbers: dict[str, LiveNumber] = {}
    for entry in entries:
        live = _live(entry, rows)
        if live.phone_number in numbers:
            raise _NotOursError(f"{live.phone_number} stands in it twice")
        numbers[live.phone_number] = live
    return numbers


def _live(entry: dict[str, Any], rows: Mapping[Kind, tuple[Field, ...]]) -> LiveNumber:
    kind = Kind(entry["kind"])
    unknown = entry["unknown"]
    number = entry["phone_number"]
    if kind not in rows:
        raise _NotOursError(f"it has no columns for {kind.yaml_key}")
    if not USABLE_ID.match(entry["id"]):
        raise _NotOursError(f"{number} has an unusable id")
    return LiveNumber(
        phone_number=number,
        id=entry["id"],
        kind=kind,
        status=entry["status"],
        country=entry["country"],
        type=entry["type"],
        values=tuple(UNKNOWN if row.path in unknown else _value(entry, row) for row in rows[kind]),
        reasons=unknown or None,
    )


def _value(entry: dict[str, Any], row: Field) -> LiveValue:
    raw = entry["fields"].get(row.path, UNKNOWN)
    if row.secret and isinstance(raw, dict):
        return LIVE_SECRET
    value = canonical(row, raw)
    if value is UNKNOWN or (row.secret and value is not None):
        raise _NotOursError(f"{row.path} of {entry['phone_number']} is missing or no such value")
    return value


def snapshot_schema() -> Schema:
    """The JSON Schema of a snapshot file."""
    text: Schema = {"type": "string"}
    count: Schema = {"type": "integer", "minimum": 0}
    kinds = [str(kind) for kind in Kind]
    value: Schema = {
        "type": ["string", "boolean", "array", "object", "null"],
        "items": text,
        "properties": {"secret": {"const": LIVE_SECRET.ref}},
        "required": ["secret"],
        "additionalProperties": False,
    }

    def record(**properties: Schema) -> Schema:
        return {"type": "object", "properties": properties, "required": list(properties)}

    number = record(
        phone_number=text,
        id=text,
        kind={"enum": kinds},
        status=text,
        country=text,
        type=text,
        fields={"type": "object", "additionalProperties": value},
        unknown={"type": "object", "additionalProperties": text},
    )
    listing = record(
        path={"enum": [str(each) for each in Listing]}, rows=count, pages=count, refused=text
    )
    columns: Schema = {
        "type": "object",
        "propertyNames": {"enum": kinds},
        "additionalProperties": {"type": "array", "items": text},
    }
    whole = record(
        format_version={"const": FORMAT_VERSION},
        tool_version=text,
        fetched_at=text,
        account=record(base_url=text),
        reads=count,
        listings={"type": "array", "items": listing},
        columns=columns,
        conflicts={"type": "object", "additionalProperties": text},
        numbers={"type": "array", "items": number},
    )
    # Files of earlier versions have none.
    whole["properties"]["names"] = {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": text},
    }
    return {
        "$schema": DIALECT,
        "$id": "https://telnyx-reconciler.invalid/schemas/snapshot.schema.json",
        "title": "A snapshot of an account, as telnyx-reconciler fetch writes it",
        **whole,
    }
