"""Identical changes on many numbers are one block: a plan stays short enough to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes import Change, FieldChange
from reconciler.core.values import Value

Key = tuple[tuple[str, Value, Value], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers that change alike, or (`varied`) the same fields by different values.

    `fields` are those of the first number; `sources` how many places in the YAML gave them, in
    the same order; `variants` how many different changes a field sees among the numbers.
    """

    numbers: tuple[str, ...]
    fields: tuple[FieldChange, ...]
    sources: tuple[int, ...]
    variants: tuple[int, ...]

    @property
    def varied(self) -> bool:
        """Whether the numbers differ in what they change to or from."""
        return any(count > 1 for count in self.variants)


def blocks(changes: Iterable[Change], *, most: int = 12) -> list[Block]:
    """Changes as blocks, the largest first within each set of fields.

    At most about `most` blocks for one set of fields; what is beyond is one varied block.
    """
    by_paths: dict[tuple[str, ...], dict[Key, list[Change]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for change in changes:
        paths = tuple(field.path for field in change.fields)
        key = tuple((field.path, field.before, field.after) for field in change.fields)
        by_paths[paths][key].append(change)
    found: list[Block] = []
    for groups in by_paths.values():
        alike = sorted(groups.values(), key=len, reverse=True)
        if len(alike) <= most:
            found += [_block(group) for group in alike]
            continue
        kept = [group for group in alike[: most - 1] if len(group) > 1]
        found += [_block(group) for group in kept]
        found.append(_block([change for group in alike[len(kept) :] for change in group]))
    return found


def _block(changes: Sequence[Change]) -> Block:
    columns = list(zip(*(change.fields for change in changes), strict=True))
    return Block(
        numbers=tuple(change.phone_number for change in changes),
        fields=changes[0].fields,
        sources=tuple(len({field.source[:2] for field in column}) for column in columns),
        variants=tuple(
            len({(field.before, field.after) for field in column}) for column in columns
        ),
    )


def examples(numbers: Sequence[str], most: int = 3) -> str:
    """`+1…, +1…, +1… and 57 more`."""
    shown = ", ".join(numbers[:most])
    more = len(numbers) - most
    return f"{shown} and {more:,} more" if more > 0 else shown
