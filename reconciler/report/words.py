"""The words that all reports share."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from reconciler.core.changes import RELEASE, Withheld
from reconciler.core.eta import Eta
from reconciler.core.fields import CALL_NAMES, Channel
from reconciler.core.text import neutral, shortened
from reconciler.core.values import UNKNOWN, UNMANAGED, Edited, Secret, Shown

T = TypeVar("T")


def count(number: int, one: str, many: str = "") -> str:
    """`1 number`, `12,400 numbers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def calls(by_channel: Mapping[Channel, int]) -> str:
    """`13 update jobs + 41 PATCH number`; `no write calls` where there are none."""
    parts = [count(by_channel[each], *CALL_NAMES[each]) for each in Channel if by_channel.get(each)]
    return " + ".join(parts) or "no write calls"


def shown(value: Shown, limit: int = 200) -> str:
    """A value on one line of at most `limit` characters, harmless: text in quotes, null, true, a
    list, an edit of tags, (secret), (unknown), (not managed)."""
    if value is UNKNOWN:
        return "(unknown)"
    if value is UNMANAGED:
        return "(not managed)"
    if isinstance(value, Edited):
        signs = [f"+{json.dumps(tag, ensure_ascii=False)}" for tag in value.add]
        signs += [f"-{json.dumps(tag, ensure_ascii=False)}" for tag in value.remove]
        return shortened(neutral(f"edit [{', '.join(signs)}]"), limit)
    if isinstance(value, Secret):
        return "(secret)" if value.ref == "live" else f"(secret {neutral(value.ref)})"
    if isinstance(value, tuple):
        value_list = json.dumps(list(value), ensure_ascii=False)
        return shortened(neutral(value_list), limit)
    return shortened(neutral(json.dumps(value, ensure_ascii=False)), limit)


def duration(seconds: float) -> str:
    """`12 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def time_range(eta: Eta) -> str:
    """`about 25 s to 2 min`, `about 2 to 5 s`, `about 3 s`: no finer than anybody can know."""
    soonest, latest = (roughly(each) for each in (eta.soonest, eta.latest))
    if soonest == latest:
        return f"about {soonest}"
    return f"about {soonest.removesuffix(' s') if eta.latest < 60 else soonest} to {latest}"


_ROUGH = ((10, 1), (60, 5), (300, 30), (3600, 60), (math.inf, 600))
"""Below so many seconds, round to so many."""


def roughly(seconds: float) -> str:
    """`25 s`, `2 min`, `1 h 10 min`: the longer, the rounder; never less than a second."""
    step = next(step for below, step in _ROUGH if seconds < below)
    return duration(max(round(seconds / step) * step, 1))


def by_rule(items: Iterable[Withheld]) -> Iterator[tuple[str, str, list[Withheld]]]:
    """What is withheld by rule and reason. What would be given back stands by itself: only of that
    every number is named."""
    groups = grouped(items, lambda e: (e.rule, e.reason, RELEASE if e.path == RELEASE else ""))
    for (rule, reason, _), each in groups.items():
        yield rule, reason, each


def grouped(
    items: Iterable[T], key: Callable[[T], tuple[str, ...]]
) -> dict[tuple[str, ...], list[T]]:
    """Items by `key`, in the order of first appearance."""
    groups: defaultdict[tuple[str, ...], list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
