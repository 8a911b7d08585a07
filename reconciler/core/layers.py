"""Layers of settings, one over the other, and what they come to in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.core.model import Settings, Source
from reconciler.core.rules import (
    EMERGENCY,
    EMERGENCY_ADDRESS,
    EMERGENCY_ENABLED,
    RULED,
    broken_rules,
)
from reconciler.core.templates import Tags, as_tags
from reconciler.core.values import TagEdit

Broken = tuple[Source, str]
"""Where a rule between fields is broken, and what to say of it."""

PROTECT, WHEN_OWNED = "protect", "when_owned"
MARKS = (PROTECT, WHEN_OWNED)
"""What a layer may say of a number that is no setting of it; kept beside the settings."""

_ORDER = {kind: {path: place for place, path in enumerate(BY_PATH[kind])} for kind in Kind}


@dataclass(slots=True)
class Layer:
    """Path -> value (canonical, a Secret, a TagEdit or a Template) and where it stands.

    `dropped` are paths, or mappings of them, that count for nothing below this layer. `height`
    counts the layers it is made of, and `heights` says which of them gave the emergency
    settings: an address below the layer that switches emergency off counts for nothing.
    """

    entries: dict[str, tuple[Any, Source]] = field(default_factory=dict)
    height: int = 0
    heights: Mapping[str, int] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()

    def set(self, path: str, value: Any, source: Source) -> None:
        """Give `path` a value; for building a layer of height 0."""
        self.entries[path] = (value, source)
        if path in EMERGENCY:
            self.heights = {**self.heights, path: 0}

    @property
    def says_nothing(self) -> bool:
        """Whether it makes no difference to what is below."""
        return not self.entries and not self.dropped


def merge(below: Layer, above: Layer) -> Layer:
    """`above` over `below`; of all fields only tags look at what was there."""
    lower, heights = below.entries, below.heights
    if above.dropped:
        lower = {path: lower[path] for path in lower if not drops(above.dropped, path)}
        heights = {path: heights[path] for path in heights if path in lower}
    entries = lower | above.entries
    new, old = above.entries.get("tags"), lower.get("tags")
    if new and old and isinstance(new[0], TagEdit | Tags):
        entries["tags"] = (_edited(old[0], new[0]), new[1])
    above_it = below.height + 1
    if above.heights:
        heights = {**heights, **{path: above_it + at for path, at in above.heights.items()}}
    return Layer(entries, above_it + above.height, heights, below.dropped | above.dropped)


def drops(dropped: frozenset[str], path: str) -> bool:
    """Whether `path`, or a mapping that it is in, is among `dropped`."""
    return path in dropped or any(path.startswith(f"{each}.") for each in dropped)


def _edited(lower: Any, new: TagEdit | Tags) -> Any:
    """What tags come to when `new` is over `lower`."""
    if isinstance(lower, Tags) or isinstance(new, Tags):
        return Tags(as_tags(lower).steps + as_tags(new).steps)
    return lower.then(new) if isinstance(lower, TagEdit) else new.apply(lower)


def settle(
    layer: Layer, kind: Kind, path_sets: dict[tuple[str, ...], tuple[str, ...]]
) -> tuple[Settings, tuple[Broken, ...]]:
    """What all layers come to, and the rules between fields that it breaks.

    `path_sets` holds, by the kind and the paths as they came, the same in order; equal ones are
    one object.
    """
    entries = layer.entries
    broken = list(_off_with_address(layer))
    if not broken and _address_counts_for_nothing(layer):
        entries = {path: entry for path, entry in entries.items() if path != EMERGENCY_ADDRESS}
    came = (kind, *entries)
    paths = path_sets.get(came)
    if paths is None:
        order = _ORDER[kind]
        paths = tuple(sorted((path for path in entries if path in order), key=order.__getitem__))
        paths = path_sets[came] = path_sets.setdefault(paths, paths)
    settings = Settings(
        paths,
        tuple(entries[path][0] for path in paths),
        tuple(entries[path][1] for path in paths),
    )
    if not RULED[kind].isdisjoint(paths):
        broken += [(entries[path][1], text) for path, text in broken_rules(settings, kind)]
    return settings, tuple(broken)


def marked(layer: Layer, mark: str) -> bool:
    """Whether the layers say `mark` of the number."""
    return bool(layer.entries.get(mark, (False,))[0])


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
