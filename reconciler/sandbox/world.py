"""The simulated account in time: its numbers, its jobs, and what is still on its way.

Nothing runs in the background. Whatever is due happens when somebody looks, in the order of its
time, so that a test with a clock of its own sees every state in between.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import RLock
from typing import Any
from uuid import UUID

import msgspec

from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.problems import not_found
from reconciler.sandbox.queries import NONE, Grammar, Pairs, Query, read
from reconciler.sandbox.rows import Rows
from reconciler.sandbox.scripts import Scripts
from reconciler.sandbox.seeded import seeded
from reconciler.sandbox.state import Number


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that things take. A job is pending, then running; emergency provisioning follows."""

    pending: float = 0.0
    running: float = 0.0
    emergency: float = 0.0
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a handler sees it. `body` is decoded JSON."""

    call: str
    target: str
    pairs: Pairs
    body: object
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A handler's answer."""

    body: dict[str, Any]
    status: int = 200


Handler = Callable[["World", Ask], Told]


class World:
    """Everything that a call can read or change. `lock` is held while a request is carried out."""

    def __init__(self, fleet: Fleet, behaviour: Behaviour, clock: Clock, seed: int = 0) -> None:
        self.fleet = fleet
        self.clock = clock
        self.timing = Timing()
        self.scripts = Scripts()
        self.profiles_down = False
        self.jobs: dict[str, Any] = {}
        self.orders: dict[str, Any] = {}
        self.lock = RLock()
        self._random = seeded(seed)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._places = count()
        self._epoch = time.time() - clock()
        self.behave(behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        """Answer as `behaviour` says from now on."""
        self.behaviour = behaviour
        self.rows = Rows(self.fleet, behaviour)
        self.fleet.connect(self.clock, behaviour.read_delay, self.settle)

    def wall(self, moment: float | None = None) -> float:
        """Unix seconds of a moment of the clock (now, when none is given)."""
        return self._epoch + (self.clock() if moment is None else moment)

    def new_id(self) -> str:
        """A fresh UUID; the same ones in every run."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def later(self, moment: float, happen: Callable[[], None]) -> None:
        """Let something happen at a moment of the clock."""
        heapq.heappush(self._due, (moment, next(self._places), happen))

    def settle(self) -> None:
        """Let everything happen that is due."""
        with self.lock:
            now = self.clock()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()

    def query(self, ask: Ask, grammar: Grammar = NONE) -> Query:
        """The request's query string, checked."""
        return read(ask.pairs, grammar, self.fleet)

    def number(self, ask: Ask, *, by_number: bool = False) -> Number:
        """The true row that the path names. Raises 404.

        `by_number`: the path may hold the number itself, as on the messaging calls, whose `id` is
        described as "The phone number to update".
        """
        row = self.fleet.numbers.true(ask.target)
        if row is None or (row.id != ask.target and not by_number):
            raise not_found()
        return row

    def put(self, row: Number, changed: Number) -> Number:
        """Store a changed row, stamped with the time. One that is equal stays as it is."""
        if row == changed:
            return row
        stamped = msgspec.structs.replace(changed, updated_at=self.wall())
        self.fleet.numbers.put(stamped)
        return stamped


def merged(base: Any, sent: Mapping[str, Any]) -> Any:
    """A nested struct with the values of `sent`; "" is unset."""
    values = {name: None if value == "" else value for name, value in sent.items()}
    return msgspec.structs.replace(base, **values)
