"""A whole account in process and in virtual time, behind the real workflow.

Only the network and the clock are replaced: files are read, planned and applied by the functions
that the commands call, and the sandbox answers as it would on a socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from reconciler import workflow
from reconciler.api.by_httpx import ByHttpx
from reconciler.api.message import Transport
from reconciler.apply import Stop
from reconciler.core.forecast import Standing
from reconciler.core.outcome import Outcome
from reconciler.sandbox.app import Sandbox
from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.log import Entry
from reconciler.sandbox.state import Row
from reconciler.workflow import Options, Planned
from tests.api.support import FakeClock

T = TypeVar("T")

ONE, TWO, THREE, FOUR = "+13125550001", "+13125550002", "+13125550003", "+13125550004"
TRUNK, OTHER_TRUNK = "1521916448077776306", "1521916448077776307"
PROFILE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
_EPOCH = 1_800_000_000.0


class Clock(FakeClock):
    """Virtual time that goes on from one event loop to the next."""

    def __init__(self) -> None:
        super().__init__(quiet=40)

    def now(self) -> datetime:
        return datetime.fromtimestamp(_EPOCH + self.time, UTC)

    def next_loop(self) -> None:
        """Forget the sleepers of a loop that is closed."""
        self._sleepers.clear()
        self._driving = False


class Line(httpx.ASGITransport):
    """The way to the sandbox, as a real one would fail: a dropped call is a broken read."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.sandbox.asgi)
        self._account = account

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._account.asked(request)
        response = await super().handle_async_request(request)
        self._account.answered(request)
        return response


@dataclass
class Watched:
    """What a progress bar would be told."""

    standing: Callable[[], Standing] | None = None
    told: list[str] = field(default_factory=list)
    journal: str = ""

    def began(self, journal: str) -> None:
        self.journal = journal

    def follow(self, standing: Callable[[], Standing]) -> None:
        self.standing = standing

    def said(self, text: str) -> None:
        self.told.append(text)


def _nothing(request: httpx.Request) -> None:
    """What happens, unless a test says otherwise, when a request leaves or its answer is there."""


class Account:
    """One sandbox and one project, and the commands that bring them together."""

    def __init__(
        self,
        root: Path,
        patch: pytest.MonkeyPatch,
        rows: Iterable[Row] = (),
        *,
        fleet: Fleet | None = None,
        **switches: Any,
    ) -> None:
        self.root = root
        self.clock = Clock()
        self.fleet = Fleet.of(rows) if fleet is None else fleet
        self.sandbox = Sandbox(
            self.fleet, behaviour=Behaviour(**switches), clock=lambda: 1000 + self.clock.time
        )
        self.control = self.sandbox.control
        self.watched = Watched()
        self.stop = Stop()
        self.most_seconds = 20.0
        # What the sandbox says of time and what the commands know of it agree.
        self.sandbox.world._epoch = _EPOCH - 1000
        self.asked: Callable[[httpx.Request], None] = _nothing
        self.running: asyncio.Task[Any] | None = None
        self.answered: Callable[[httpx.Request], None] = _nothing
        self._connect(patch)

    def _connect(self, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:9/v2")
        patch.setenv("TELNYX_API_KEY", self.sandbox.api_key)
        for room in ("applying", "planning", "resuming", "saved", "snapshots"):
            patch.setattr(f"reconciler.workflow.{room}.SystemClock", lambda: self.clock)

        def line(endpoint: object, **_: object) -> Transport:
            del endpoint
            return ByHttpx(Line(self))

        for place in ("reconciler.api.read", "reconciler.api.http", "reconciler.workflow.applying"):
            patch.setattr(f"{place}.open_transport", line)

    def declare(self, numbers: Mapping[str, Any], **project: Any) -> None:
        """Write the project: `mobile_numbers` are declared beside `numbers`, everything else of
        `project` is what reconciler.yaml holds besides its version."""
        limits = {"rate_per_second": 1000, **project.pop("limits", {})}
        mobile = dict(project.pop("mobile_numbers", {}))
        (self.root / "reconciler.yaml").write_text(
            yaml.safe_dump({"version": 1, "limits": limits, **project}), encoding="utf-8"
        )
        declared = {"version": 1, "numbers": dict(numbers)}
        (self.root / "numbers.yaml").write_text(
            yaml.safe_dump(declared | ({"mobile_numbers": mobile} if mobile else {})),
            encoding="utf-8",
        )

    def do(self, work: Awaitable[T]) -> T:
        """Run to the end in virtual time; a hang of `most_seconds` real ones is a failure."""
        self.clock.next_loop()

        async def bounded() -> T:
            self.running = asyncio.current_task()
            try:
                async with asyncio.timeout(self.most_seconds):
                    return await work
            except TimeoutError:
                raise AssertionError("it hangs") from None

        return asyncio.run(bounded())

    def plan(self, **options: Any) -> Planned:
        """What `plan` would show."""
        return self.do(workflow.plan(self.root, Options(**options)))

    def apply(self, planned: Planned | None = None, **options: Any) -> Outcome:
        """Plan, unless there is a plan already, and apply it."""
        planned = planned or self.plan(**options)
        self.watched = Watched()
        work = workflow.apply(planned, Options(**options), self.watched, self.stop)
        return self.do(work)

    def writes(self, call: str = "") -> list[Entry]:
        """Every write that the sandbox saw, or those of one call."""
        return [entry for entry in self.sandbox.log.writes if call in {"", entry.call}]

    def state(self, phone_number: str = ONE) -> Any:
        """The true state of a number."""
        return self.control.state(phone_number)

    def is_settled(self) -> bool:
        """Whether a fresh plan finds nothing to do, and every request so far was a valid one."""
        assert self.control.violations() == []
        return not self.plan().plan.has_drift


def masked(dump: bytes, declared: Mapping[str, Iterable[str]]) -> str:
    """A fleet's whole state without the declared paths, and without the time of the last change."""
    state = json.loads(dump)
    for row in (*state["numbers"], *state["mobile_numbers"]):
        for path in (*declared.get(row["phone_number"], ()), "updated_at"):
            *parents, leaf = path.split(".")
            place = row
            for parent in parents:
                place = place[parent]
            place[leaf] = "declared"
    return json.dumps(state, sort_keys=True)


def summary(outcome: Outcome) -> tuple[int, int, int, int]:
    """How many fields were applied, failed, were not confirmed, were not tried."""
    return (
        len(outcome.applied),
        len(outcome.failed),
        len(outcome.unconfirmed),
        len(outcome.skipped),
    )
