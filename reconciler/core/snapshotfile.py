"""Snapshot <-> JSON: what `fetch` writes and `--live` takes back.

PINs are not in it, only whether one is set: a snapshot is a file that people pass around.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs

from reconciler import __version__
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Listing
from reconciler.core.model import ListingRead, LiveNumber, Snapshot
from reconciler.core.planfile import timestamp
from reconciler.core.schema import DIALECT, Schema
from reconciler.core.values import LIVE_SECRET, UNKNOWN, LiveValue, canonical_tags, show_json
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


def read_snapshot(document: Any, name: str) -> Snapshot:
    """A snapshot from the data of a file called `name`; UsageError where it is none."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version != FORMAT_VERSION:
        raise UsageError(f"{name}: snapshot format {version} is not known to {__version__}")
    error = next(jsonschema_rs.Draft202012Validator(snapshot_schema()).iter_errors(document), None)
    if error:
        where = "/".join(str(step) for step in error.instance_path)
        raise UsageError(f"{name}: not a snapshot that fetch wrote: wrong at '{where}'")
    columns = {Kind(kind): tuple(paths) for kind, paths in document["columns"].items()}
    try:
        numbers = [_live(each, columns) for each in document["numbers"]]
    except KeyError as missing:
        raise UsageError(f"{name}: not a snapshot that fetch wrote: no {missing}") from None
    return Snapshot(
        base_url=document["account"]["base_url"],
        fetched_at=_moment(document["fetched_at"], name),
        listings=tuple(
            ListingRead(Listing(each["path"]), each["rows"], each["pages"], each["refused"])
            for each in document["listings"]
        ),
        columns=columns,
        numbers={live.phone_number: live for live in numbers},
        reads=document["reads"],
        conflicts=document["conflicts"],
    )


def _moment(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise UsageError(f"{name}: {text!r} is no time") from None


def _live(entry: dict[str, Any], columns: dict[Kind, tuple[str, ...]]) -> LiveNumber:
    kind = Kind(entry["kind"])
    unknown = entry["unknown"]
    fields = entry["fields"]
    return LiveNumber(
        phone_number=entry["phone_number"],
        id=entry["id"],
        kind=kind,
        status=entry["status"],
        country=entry["country"],
        type=entry["type"],
        values=tuple(
            UNKNOWN if path in unknown else _value(fields[path]) for path in columns[kind]
        ),
        reasons=unknown or None,
    )


def _value(raw: Any) -> LiveValue:
    if isinstance(raw, list):
        return canonical_tags(raw)
    if isinstance(raw, dict):
        return LIVE_SECRET
    value: LiveValue = raw
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
    return {
        "$schema": DIALECT,
        "$id": "https://telnyx-reconciler.invalid/schemas/snapshot.schema.json",
        "title": "A snapshot of an account, as telnyx-reconciler fetch writes it",
        **record(
            format_version={"const": FORMAT_VERSION},
            tool_version=text,
            fetched_at=text,
            account=record(base_url=text),
            reads=count,
            listings={"type": "array", "items": listing},
            columns=columns,
            conflicts={"type": "object", "additionalProperties": text},
            numbers={"type": "array", "items": number},
        ),
    }
