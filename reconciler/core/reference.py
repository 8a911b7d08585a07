"""The field reference, made from the catalogue."""

from __future__ import annotations

from reconciler.core.catalogue import FIELDS, SUPPORTED
from reconciler.core.fields import CALL_NAMES, Field, Kind, Type


def field_reference() -> str:
    """A Markdown table of every field that can be declared."""
    lines = ["# Fields", "", "Made from the catalogue by `make schemas`; do not edit.", ""]
    for kind in Kind:
        rows = [row for row in FIELDS if row.kind is kind and row.path in SUPPORTED[kind]]
        if not rows:
            continue
        lines += [
            f"## `{kind.yaml_key}`",
            "",
            "| field | values | null | read from | written by | notes |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_line(row) for row in rows),
            "",
        ]
    return "\n".join(lines)


def _line(row: Field) -> str:
    lists = dict.fromkeys(read.listing for read in row.reads if read.documented and not read.check)
    reads = "<br>".join(f"`GET {each}`" for each in lists) or "no documented answer"
    writes = ", ".join(CALL_NAMES[write.channel][0] for write in row.writes)
    null = "clears it" if row.null else f"no: {row.off}"
    notes = [row.doc, *(["Paid feature."] if row.cost else [])]
    return f"| `{row.path}` | {_values(row)} | {null} | {reads} | {writes} | {' '.join(notes)} |"


def _values(row: Field) -> str:
    match row.type:
        case Type.ENUM:
            return ", ".join(f"`{value}`" for value in row.values)
        case Type.BOOLEAN:
            return "`true`, `false`"
        case Type.TAGS:
            return "list, or `{add: […], remove: […]}`"
        case Type.ID:
            return "id, alias or `{id: …}`"
        case Type.PIN:
            return "text, `{env: NAME}` or `{file: PATH}`"
        case Type.E164:
            return "E.164"
        case _:
            return "text"
