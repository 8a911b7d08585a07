"""What a test does to the sandbox from outside: time, faults, other people's changes.

Safe to call from another thread than the one that serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.faults import Action, Fault, Faults, Meanwhile, Respond
from reconciler.sandbox.limits import Limit, Meter
from reconciler.sandbox.log import Entry, Log
from reconciler.sandbox.scripts import Script
from reconciler.sandbox.state import Row, from_mapping
from reconciler.sandbox.world import Timing, World


class Control:
    """The levers of one sandbox."""

    def __init__(self, world: World, faults: Faults, meter: Meter, log: Log) -> None:
        self._world = world
        self._faults = faults
        self._meter = meter
        self._log = log
        self._lock = world.lock

    def fault(self, *do: Action, **match: Any) -> None:
        """Add a fault: actions, then where they strike (the fields of `Fault`)."""
        self.add_fault(Fault(do=do, **match))

    def add_fault(self, fault: Fault) -> None:
        """Add a fault that is made already."""
        with self._lock:
            self._faults.add(fault)

    def forbid(self, call: str) -> None:
        """Answer 403 to one call from now on."""
        self.fault(Respond(status=403), call=call, times=None)

    def meanwhile(self, call: str, request: int, **changes: Any) -> None:
        """Let somebody else change the account at the `request`-th request (from 1) of a call.

        `add`, `remove` and `change` are those of `Meanwhile`.
        """
        self.fault(Meanwhile(**changes), call=call, skip=request - 1)

    def script(self, **turn: Any) -> None:
        """Decide what becomes of a coming write: the fields of `Script`."""
        self.add_script(Script(**turn))

    def add_script(self, script: Script) -> None:
        """Queue a script that is made already."""
        with self._lock:
            self._world.scripts.add(script)

    def clear(self) -> None:
        """Lift every fault and forget every script that waits."""
        with self._lock:
            self._faults.clear()
            self._world.scripts.clear()

    def timing(self, **seconds: float) -> None:
        """Set `pending`, `running`, `emergency` (for what is asked from now on) or `latency`."""
        with self._lock:
            standing = msgspec.structs.asdict(self._world.timing)
            self._world.timing = msgspec.convert({**standing, **seconds}, Timing)

    def limit(self, per_second: int | None, retry_after: str = "none") -> None:
        """Refuse more than so many requests a second; `retry_after` none, seconds or date."""
        limit = msgspec.convert({"per_second": per_second, "retry_after": retry_after}, Limit)
        with self._lock:
            self._meter.limit = limit

    def behave(self, **switches: Any) -> None:
        """Turn switches of `Behaviour`; the others stay as they are."""
        with self._lock:
            standing = asdict(self._world.behaviour)
            if unknown := set(switches) - set(standing):
                raise TypeError(f"there is no such switch: {', '.join(sorted(unknown))}")
            self._world.behave(msgspec.convert({**standing, **switches}, Behaviour))

    def profiles_down(self, down: bool = True) -> None:
        """Let messaging profile information be unavailable: 503 on the full list."""
        with self._lock:
            self._world.profiles_down = down

    def change(self, phone_number: str, path: str, value: object) -> None:
        """Change one value of a number, as somebody else might: `voice.tech_prefix_enabled`."""
        with self._lock:
            self._world.fleet.change(phone_number, path, value)

    def add(self, row: Row | Mapping[str, Any]) -> None:
        """Add a number to the account."""
        with self._lock:
            self._world.fleet.add(from_mapping(row) if isinstance(row, Mapping) else row)

    def remove(self, phone_number: str) -> None:
        """Take a number out of the account."""
        with self._lock:
            self._world.fleet.remove(phone_number)

    def state(self, phone_number: str) -> dict[str, Any]:
        """The true state of a number, now. Raises KeyError when it is not there."""
        with self._lock:
            return self._world.fleet.get(phone_number)

    def dump(self) -> bytes:
        """The true state of the whole account, now: equal bytes are equal accounts."""
        with self._lock:
            return self._world.fleet.dump()

    def log(self) -> list[Entry]:
        """Every request so far."""
        with self._lock:
            return list(self._log.entries)

    def counts(self) -> dict[str, int]:
        """How often each call was made."""
        with self._lock:
            return dict(self._log.counts)

    def violations(self) -> list[str]:
        """Every request that the specification does not allow."""
        with self._lock:
            return list(self._log.violations)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._log.clear()
