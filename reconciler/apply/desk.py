"""What the parts of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.api.clock import Clock
from reconciler.api.read import ReadClient
from reconciler.api.settings import Limits
from reconciler.apply.checking import Checker
from reconciler.apply.control import Stop, Watcher
from reconciler.apply.notes import Notes
from reconciler.core.forecast import Forecast
from reconciler.core.freshness import Secrets
from reconciler.core.replay import Past
from reconciler.core.text import Redactor
from reconciler.core.values import LiveValue
from reconciler.core.verdict import Record
from reconciler.errors import ApiError


@dataclass(frozen=True, slots=True)
class Context:
    """What a run knows besides its plan.

    `secrets` are PINs by ref; `redactor` takes them, and the key, out of what the API says.
    `connections` is the connection_id, before, of every number whose forwarding is switched on;
    those in `pinned` declare it. `past` is what an earlier run did, by operation. `stale` are
    the numbers that had moved before this run, by operation, and how: they are left alone.
    """

    secrets: Secrets
    redactor: Redactor
    limits: Limits
    connections: Mapping[str, LiveValue] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    past: Mapping[str, Past] = field(default_factory=dict)
    stale: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools of one run. `ids` are those of the plan, by number; `claimed` are the jobs and
    orders that are known to belong to an operation."""

    reader: ReadClient
    clock: Clock
    watcher: Watcher
    stop: Stop
    notes: Notes
    checker: Checker
    context: Context
    ids: Mapping[str, str]
    claimed: set[str]
    forecast: Forecast

    def numbers_by_id(self, record: Record) -> dict[str, str]:
        """The numbers that an operation was sent for last, by id."""
        return {self.ids[number]: number for number in record.numbers}

    def in_a_hurry(self) -> bool:
        """Whether the user wants out: then nothing is waited for but the calls in flight."""
        return self.stop.interrupted

    def refused(self, error: ApiError) -> None:
        """The key was refused: no new write."""
        self.stop.now(f"the key was refused: {error}", key_refused=True)
