"""Many numbers in few characters: neighbours become a range, as a DID block is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from reconciler.core.values import E164
from reconciler.report.words import count

_MOST_PREFIXES = 12


def ranges(numbers: Iterable[str]) -> list[str]:
    """`+13125550100..+13125550199` for neighbours, `+13125550300` for one alone; sorted, each
    number once. Nothing is lost: what is no number in E.164, such as a short code of the account,
    comes last, as it is."""
    by_length: defaultdict[int, set[int]] = defaultdict(set)
    others: set[str] = set()
    for number in numbers:
        if E164.match(number):
            by_length[len(number)].add(int(number[1:]))
        else:
            others.add(number)
    found = [each for _, values in sorted(by_length.items()) for each in _runs(sorted(values))]
    return found + sorted(others)


def _runs(values: Sequence[int]) -> Iterable[str]:
    start = previous = values[0]
    for value in [*values[1:], None]:
        if value is not None and value == previous + 1:
            previous = value
            continue
        if start == previous:
            yield f"+{start}"
        else:
            yield f"+{start}..+{previous}"
        start = previous = value if value is not None else previous


def by_prefix(numbers: Iterable[str], most: int = _MOST_PREFIXES) -> list[tuple[str, int]]:
    """At most about `most` leading digits with how many numbers begin so, for when not even
    ranges are short enough. The counts add up to all of them."""
    found = set(numbers)
    length = min(map(len, found), default=0)
    while length > 2:
        length -= 1
        prefixes = Counter(number[:length] for number in found)
        if len(prefixes) <= most:
            return sorted(prefixes.items())
    return sorted(Counter(number[:2] for number in found).items())


def named(numbers: Sequence[str], mark: Callable[[str], str], most: int) -> str:
    """All `numbers` as ranges, each through `mark`, where that takes at most `most` characters;
    else how many begin with which digits."""
    whole = ", ".join(map(mark, ranges(numbers)))
    if len(whole) <= most:
        return whole
    return ", ".join(
        f"{mark(prefix + '…')} ({count(how_many, 'number')})"
        for prefix, how_many in by_prefix(numbers)
    )
