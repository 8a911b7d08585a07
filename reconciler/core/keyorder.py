"""The canonical order of keys: that of the JSON Schema, so of the catalogue.

Only keys that the schema names have an order. Numbers, groups and aliases have names that their
author chose, and stand in the order that their author chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.core.schema import numbers_schema

_FIRST = ("overrides", "release")
"""Keys that say what an entry is, and so stand before all others."""


@dataclass(frozen=True)
class KeyOrder:
    """The order at one place of a file."""

    schema: Mapping[str, Any]

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of each known key; nothing where names are the author's own."""
        known: Mapping[str, Any] = self.schema.get("properties", {})
        first = [key for key in _FIRST if key in known]
        return {key: place for place, key in enumerate(dict.fromkeys([*first, *known]))}

    @cached_property
    def _below(self) -> dict[str, KeyOrder]:
        return {}

    def below(self, key: str | None) -> KeyOrder:
        """The order in what stands at `key`, or in the items of a list (None)."""
        known: Mapping[str, Any] = self.schema.get("properties", {})
        step = "" if key not in known else str(key)
        found = self._below.get(step if key is not None else "[]")
        if found is None:
            other = self.schema.get("additionalProperties" if key is not None else "items")
            found = KeyOrder(_resolved(known.get(step, other)))
            self._below[step if key is not None else "[]"] = found
        return found


def _resolved(schema: Any) -> Mapping[str, Any]:
    if not isinstance(schema, dict):
        return {}
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found: Mapping[str, Any] = numbers_schema()["$defs"][reference.rpartition("/")[2]]
    return found


def file_order() -> KeyOrder:
    """The order of a whole file."""
    return KeyOrder(numbers_schema())
