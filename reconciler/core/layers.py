"""Layers of settings, one over the other, and what they come to in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.core.model import Settings, Source
from reconciler.core.rules import EMERGENCY, EMERGENCY_ADDRESS, EMERGENCY_ENABLED, broken_rules
from reconciler.core.values import TagEdit

Broken = tuple[Source, str]
"""Where a rule between fields is broken, and what to say of it."""

_ORDER = {kind: {path: place for place, path in enumerate(BY_PATH[kind])} for kind in Kind}


@dataclass(slots=True)
class Layer:
    """Path -> value (canonical, a Secret or a TagEdit) and where it stands.

    `height` counts the layers it is made of, and `heights` says which of them gave the emergency
    settings: an address below the layer that switches emergency off counts for nothing.
    """

    entries: dict[str, tuple[Any, Source]] = field(default_factory=dict)
    height: int = 0
    heights: Mapping[str, int] = field(default_factory=dict)

    def set(self, path: str, value: Any, source: Source) -> None:
        """Give `path` a value; for building a layer of height 0."""
        self.entries[path] = (value, source)
        if path in EMERGENCY:
            self.heights = {**self.heights, path: 0}


def merge(below: Layer, above: Layer) -> Layer:
    """`above`, one layer, over `below`; of all fields only tags look at what was there."""
    entries = below.entries | above.entries
    new, old = above.entries.get("tags"), below.entries.get("tags")
    if new and old and isinstance(new[0], TagEdit):
        edit: TagEdit = new[0]
        lower = old[0]
        both = lower.then(edit) if isinstance(lower, TagEdit) else edit.apply(lower)
        entries["tags"] = (both, new[1])
    height = below.height + 1
    heights = below.heights
    if above.heights:
        heights = {**heights, **dict.fromkeys(above.heights, height)}
    return Layer(entries, height, heights)


def settle(
    layer: Layer, kind: Kind, path_sets: dict[tuple[str, ...], tuple[str, ...]]
) -> tuple[Settings, tuple[Broken, ...]]:
    """What all layers come to, and the rules between fields that it breaks.

    `path_sets` makes equal sets of paths one object.
    """
    entries = layer.entries
    broken = list(_off_with_address(layer))
    if not broken and _address_counts_for_nothing(layer):
        entries = {path: entry for path, entry in entries.items() if path != EMERGENCY_ADDRESS}
    paths = tuple(sorted(entries, key=_ORDER[kind].__getitem__))
    paths = path_sets.setdefault(paths, paths)
    settings = Settings(
        paths,
        tuple(entries[path][0] for path in paths),
        tuple(entries[path][1] for path in paths),
    )
    broken += [(entries[path][1], text) for path, text in broken_rules(settings, kind)]
    return settings, tuple(broken)


def _address_counts_for_nothing(layer: Layer) -> bool:
    enabled = layer.entries.get(EMERGENCY_ENABLED)
    return enabled is not None and enabled[0] is False and EMERGENCY_ADDRESS in layer.entries


def _off_with_address(layer: Layer) -> Iterator[Broken]:
    if not _address_counts_for_nothing(layer):
        return
    address, source = layer.entries[EMERGENCY_ADDRESS]
    lower = layer.heights[EMERGENCY_ADDRESS] < layer.heights[EMERGENCY_ENABLED]
    if address is not None and not lower:
        yield source, "emergency_enabled is false, so emergency_address_id must be left out"
