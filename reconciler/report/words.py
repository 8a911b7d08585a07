"""The words that all reports share."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

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


def channel_name(channel: Channel) -> str:
    """What a channel is called when many calls are meant."""
    return CALL_NAMES[channel][1]


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


def grouped(
    items: Iterable[T], key: Callable[[T], tuple[str, ...]]
) -> dict[tuple[str, ...], list[T]]:
    """Items by `key`, in the order of first appearance."""
    groups: defaultdict[tuple[str, ...], list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
