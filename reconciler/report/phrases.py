"""Values, numbers and places as Markdown of one line; every word of others is in a code span."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.core.model import Source
from reconciler.core.values import Shown
from reconciler.report.commonmark import code
from reconciler.report.grouping import FieldMove, TagMove
from reconciler.report.words import count, shown

_TAGS_SHOWN = 12


def value(given: Shown) -> str:
    """One value, worded as in the text report."""
    return code(shown(given))


def move(field: FieldMove) -> str:
    """`path`: `before` → `after`."""
    return f"{code(field.path)}: {value(field.before)} → {value(field.after)}"


def becomes(path: str, befores: Sequence[tuple[Shown, int]], after: Shown) -> str:
    """`path`: the commonest earlier values with their counts → `after`."""
    return f"{code(path)}: {live(befores, value)} → {value(after)}"


def live(befores: Sequence[tuple[Shown, int]], say: Callable[[Shown], str], most: int = 2) -> str:
    """What was there through `say`; of several the commonest, and on how many numbers each is."""
    if len(befores) == 1:
        return say(befores[0][0])
    told = [f"{say(before)} ({numbers:,})" for before, numbers in befores[:most]]
    more = len(befores) - most
    return ", ".join(told) + (f" or {count(more, 'other value')}" if more > 0 else "")


def edit(tags: TagMove) -> str:
    """Which tags come and go: `+support`, `-legacy`."""
    signs = [f"+{tag}" for tag in tags.come] + [f"-{tag}" for tag in tags.gone]
    more = len(signs) - _TAGS_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return ", ".join(code(sign, 80) for sign in signs[:_TAGS_SHOWN]) + rest


def who(numbers: Sequence[str], most: int = 3) -> str:
    """`30 numbers: +1…, +1…, +1… and 27 more`, or the number where there is but one."""
    some = ", ".join(map(code, numbers[:most]))
    if len(numbers) == 1:
        return some
    more = len(numbers) - most
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{count(len(numbers), 'number')}: {some}{rest}"


def where(sources: Iterable[Source]) -> str:
    """The line of YAML, or how many lines there are."""
    lines = list(dict.fromkeys(map(str, sources)))
    return ", ".join(map(code, lines)) if len(lines) <= 2 else f"{len(lines):,} places"
