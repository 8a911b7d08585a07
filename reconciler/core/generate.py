"""Writes schemas/*.schema.json from the catalogue: `make schemas`."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.core.planfile import plan_schema
from reconciler.core.reference import field_reference
from reconciler.core.schema import numbers_schema
from reconciler.core.snapshotfile import snapshot_schema


def generated() -> dict[str, str]:
    """File name -> text of everything under schemas/."""
    schemas = {
        "numbers.schema.json": numbers_schema(),
        "plan.schema.json": plan_schema(),
        "snapshot.schema.json": snapshot_schema(),
    }
    files = {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}
    return files | {"FIELDS.md": field_reference()}


if __name__ == "__main__":
    for name, text in generated().items():
        Path("schemas", name).write_text(text, encoding="utf-8")
