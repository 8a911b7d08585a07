"""What a plan changes about the monthly bill, by the user's own prices. Pure, and exact.

The API's fields say which paid feature they switch (`Field.cost`); what a feature costs a month
is the project's to say, under `prices`. A change counts where it turns a feature on or off: from
one kind of screening to another costs nothing. Prices are plain decimals in whatever currency the
user thinks in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from reconciler.core.catalogue import BY_PATH, FIELDS
from reconciler.core.changes import Change, FieldChange
from reconciler.core.fields import Field
from reconciler.core.values import UNKNOWN, LiveValue, Value

FEATURES: tuple[str, ...] = tuple(dict.fromkeys(row.cost for row in FIELDS if row.cost))
"""The paid features: the keys under `prices`."""

_OFF = (False, None, "", "disabled")

Prices = Mapping[str, Decimal]
"""What each feature costs a month and number."""

NO_PRICES: Prices = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FeatureCost:
    """One feature: on how many numbers it is turned `on` and `off`, and `unsure` on how many a
    live value that nobody could read is written over. `price` is None where none is given."""

    feature: str
    price: Decimal | None
    on: int
    off: int
    unsure: int

    @property
    def monthly(self) -> Decimal | None:
        """The difference a month, without what is unsure."""
        return None if self.price is None else self.price * (self.on - self.off)


@dataclass(frozen=True, slots=True)
class Cost:
    """The difference a month, by feature, and by the group that gives the setting ("" for
    settings from no group)."""

    features: tuple[FeatureCost, ...]
    groups: Mapping[str, Decimal]

    @property
    def monthly(self) -> Decimal:
        """All of it, without features that have no price."""
        return sum((each.monthly or Decimal() for each in self.features), Decimal())


def read_prices(given: Mapping[str, float | int]) -> dict[str, Decimal]:
    """`prices` of a project file that is right: a number as it is written, not as it is stored."""
    return {feature: Decimal(str(price)) for feature, price in given.items()}


def amount(money: Decimal) -> str:
    """A plain decimal, at least two places, no more than needed: `1.50`, `-0.125`."""
    text = f"{money:f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def cost_of(changes: Iterable[Change], prices: Prices) -> Cost | None:
    """What `changes` cost by `prices`; None where nothing changes that has a price."""
    counts = dict.fromkeys(FEATURES, (0, 0, 0))
    groups: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (row, before, after, group), times in _bearing(changes).items():
        on, off, unsure = counts[row.cost]
        is_on, was_on = after not in _OFF, before not in _OFF
        if before is UNKNOWN:
            unsure += times
        elif is_on and not was_on:
            on += times
        elif was_on and not is_on:
            off += times
        counts[row.cost] = on, off, unsure
        if before is not UNKNOWN and is_on != was_on and row.cost in prices:
            groups[group] += prices[row.cost] * (times if is_on else -times)
    features = tuple(
        FeatureCost(feature, prices.get(feature), *three)
        for feature, three in counts.items()
        if any(three)
    )
    priced = any(each.price is not None for each in features)
    return Cost(features, dict(groups)) if priced else None


def _bearing(
    changes: Iterable[Change],
) -> Counter[tuple[Field, LiveValue, Value, str]]:
    """The changes that bear on the bill, alike ones counted."""
    found: Counter[tuple[Field, LiveValue, Value, str]] = Counter()
    for change in changes:
        rows = BY_PATH[change.kind]
        for each in change.fields:
            if _bears(each):
                found[rows[each.path], each.before, each.after, each.source.group] += 1
    return found


def cost_bearing(changes: Iterable[Change]) -> int:
    """How many fields change that may cost something."""
    return sum(_bears(each) for change in changes for each in change.fields)


def _bears(each: FieldChange) -> bool:
    return "cost" in each.risk
