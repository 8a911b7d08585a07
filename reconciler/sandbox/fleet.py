"""The account: every number it owns, in any order asked for, cheaply.

A page must cost what a page holds and not what the fleet holds, so sorted orders are kept until a
write touches what they sort by. Reads can lag behind writes (`read_delay`), as they may on a
service whose lists are served by replicas.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Generic, TypeVar

import msgspec

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.state import (
    MobileNumber,
    Number,
    Row,
    evolved,
    from_mapping,
    mobile_number,
    number,
    plain,
)

__all__ = ["Fleet", "Store", "mobile_number", "number"]

R = TypeVar("R", Number, MobileNumber)
SortKey = Callable[[Any], Any]


class Store(Generic[R]):
    """Rows by id, by number, and in sorted orders."""

    def __init__(self, rows: Iterable[R] = ()) -> None:
        self.version = 0
        self.read_delay = 0.0
        self.clock: Clock = lambda: 0.0
        self._rows: dict[str, R] = {}
        self._ids: dict[str, str] = {}
        self._orders: dict[str, tuple[SortKey, bool, list[str]]] = {}
        self._matches: dict[str, tuple[int, list[str]]] = {}
        self._text: tuple[list[str], str, array[int]] | None = None
        self._late: dict[str, tuple[float, R | None]] = {}
        for row in rows:
            self.put(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def true(self, key: str) -> R | None:
        """The row as it is, by id or by number."""
        return self._rows.get(key) or self._rows.get(self._ids.get(key, ""))

    def seen(self, key: str) -> R | None:
        """The row as a read shows it: what stood before a write, until the delay has passed."""
        self._catch_up()
        known = self._ids.get(key, key)
        if known in self._late:
            return self._late[known][1]
        return self._rows.get(known)

    def put(self, row: R) -> None:
        """Add a row, or replace the one with its id."""
        before = self._rows.get(row.id)
        if before is None and self._ids.get(row.phone_number) in self._rows:
            raise ValueError(f"{row.phone_number} is in the fleet already")
        self._mark_late(row.id, before)
        self._rows[row.id] = row
        self._ids[row.phone_number] = row.id
        self._forget_orders(before, row)

    def remove(self, row_id: str) -> None:
        """Take a row out for good. Raises KeyError when there is none."""
        row = self._rows[row_id]
        self._mark_late(row_id, row)
        del self._rows[row_id]
        if row_id not in self._late:
            del self._ids[row.phone_number]
        self._forget_orders(row, None)

    def order(self, name: str, key: SortKey, *, reverse: bool = False) -> list[str]:
        """Every id, sorted. The list is the store's own: do not change it."""
        self._catch_up()
        kept = self._orders.get(name)
        if kept is None:
            rows = [row for row in self._visible() if row is not None]
            rows.sort(key=key, reverse=reverse)
            kept = (key, reverse, [row.id for row in rows])
            self._orders[name] = kept
        return kept[2]

    def matching(self, name: str, ids: list[str], keep: Callable[[R], bool]) -> list[str]:
        """The ids whose visible row satisfies `keep`; remembered under `name` until a write."""
        remembered = self._matches.get(name)
        if remembered is not None and remembered[0] == self.version:
            return remembered[1]
        read = self.seen if self._late else self._rows.get
        found = [one for one in ids if (row := read(one)) is not None and keep(row)]
        if len(self._matches) >= 32:
            self._matches.clear()
        self._matches[name] = (self.version, found)
        return found

    def holding(self, ids: list[str], digits: str) -> list[str]:
        """Those of `ids`, which are an order of this store, whose number holds `digits`.

        They are looked for in one text of all numbers: with a look at each row, a filter would
        take a second in a fleet of a million. While reads lag behind it is all of them.
        """
        if self._late:
            return ids
        if self._text is None or self._text[0] is not ids:
            numbers = [self._rows[each].phone_number for each in ids]
            starts = array("L", accumulate((len(each) + 1 for each in numbers), initial=0))
            self._text = (ids, "\n".join(numbers), starts)
        _, text, starts = self._text
        found: list[str] = []
        at = text.find(digits)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            found.append(ids[place])
            at = text.find(digits, starts[place + 1])
        return found

    def _visible(self) -> Iterator[R | None]:
        if not self._late:
            yield from self._rows.values()
            return
        for row_id, row in self._rows.items():
            yield self._late[row_id][1] if row_id in self._late else row
        for row_id, (_, before) in self._late.items():
            if row_id not in self._rows:
                yield before

    def _mark_late(self, row_id: str, before: R | None) -> None:
        self.version += 1
        if self.read_delay > 0:
            shown = self._late[row_id][1] if row_id in self._late else before
            self._late[row_id] = (self.clock() + self.read_delay, shown)

    def _catch_up(self) -> None:
        if not self._late:
            return
        now = self.clock()
        due = [row_id for row_id, (visible_at, _) in self._late.items() if visible_at <= now]
        for row_id in due:
            _, before = self._late.pop(row_id)
            if row_id not in self._rows and before is not None:
                self._ids.pop(before.phone_number, None)
        if due:
            self.version += 1
            self._orders.clear()

    def _forget_orders(self, before: R | None, after: R | None) -> None:
        if before is None or after is None:
            self._orders.clear()
            return
        stale = [n for n, (key, _, _) in self._orders.items() if key(before) != key(after)]
        for name in stale:
            del self._orders[name]


class Fleet:
    """The numbers and the mobile numbers of one account."""

    def __init__(
        self,
        numbers: Iterable[Number] = (),
        mobiles: Iterable[MobileNumber] = (),
        *,
        connection_names: Mapping[str, str] | None = None,
        billing_groups: frozenset[str] | None = None,
    ) -> None:
        """`billing_groups` None means that any id is a billing group of the account."""
        self.numbers: Store[Number] = Store(numbers)
        self.mobiles: Store[MobileNumber] = Store(mobiles)
        self.billing_groups = billing_groups
        self._settle: Callable[[], None] = lambda: None
        self._connection_names = dict(connection_names or {})

    @classmethod
    def of(cls, rows: Iterable[Row | Mapping[str, Any]], **account: Any) -> Fleet:
        """A fleet of explicit rows: `number(...)`, `mobile_number(...)`, or plain mappings."""
        made = [
            row if isinstance(row, Number | MobileNumber) else from_mapping(row) for row in rows
        ]
        return cls(
            [row for row in made if isinstance(row, Number)],
            [row for row in made if isinstance(row, MobileNumber)],
            **account,
        )

    def connect(self, clock: Clock, read_delay: float, settle: Callable[[], None]) -> None:
        """Let reads lag `read_delay` seconds of `clock` behind writes.

        `settle` lets whatever is due happen: inspection shows the state of now.
        """
        self._settle = settle
        for store in (self.numbers, self.mobiles):
            store.clock = clock
            store.read_delay = read_delay
            store.version += 1

    def add(self, row: Row) -> None:
        """Add a number of either kind, or replace the one with its id."""
        if isinstance(row, Number):
            self.numbers.put(row)
        else:
            self.mobiles.put(row)

    def find(self, phone_number: str) -> Row | None:
        """The true row of a number, mobile or not (where it is both, the number list's)."""
        return self.numbers.true(phone_number) or self.mobiles.true(phone_number)

    def change(self, phone_number: str, path: str, value: object) -> None:
        """Change one value behind the API's back. Raises KeyError for an unknown number or path."""
        row = self.find(phone_number)
        if row is None:
            raise KeyError(phone_number)
        self.add(evolved(row, path, value))

    def remove(self, phone_number: str) -> None:
        """Take a number out of the account. Raises KeyError when it is not there."""
        row = self.find(phone_number)
        if row is None:
            raise KeyError(phone_number)
        if isinstance(row, Number):
            self.numbers.remove(row.id)
        else:
            self.mobiles.remove(row.id)

    def get(self, phone_number: str) -> dict[str, Any]:
        """The full true state of a number as plain data. Raises KeyError when it is not there."""
        self._settle()
        row = self.find(phone_number)
        if row is None:
            raise KeyError(phone_number)
        return plain(row)

    def dump(self) -> bytes:
        """The whole true state, sorted by number: equal bytes are equal fleets."""
        self._settle()
        numbers = sorted(self.numbers, key=lambda row: row.phone_number)
        mobiles = sorted(self.mobiles, key=lambda row: row.phone_number)
        return msgspec.json.encode({"numbers": numbers, "mobile_numbers": mobiles})

    def connection_name(self, connection_id: str | None) -> str | None:
        """The name of a connection; one that was never named is called after its id."""
        if connection_id is None:
            return None
        return self._connection_names.get(connection_id) or f"connection-{connection_id[-4:]}"
