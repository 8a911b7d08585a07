"""What becomes of a write, when it is not what the client hopes for.

A `Script` is laid on the next write that it matches: a job, a bulk order, or a single call.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why one number's part of a write fails."""

    code: str = "10027"
    detail: str = "The operation could not be carried out"
    pointer: str = "/base"


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn of events for a write.

    `call` is a glob on the call's name ("update_job", "patch_*", "messaging_bulk"); `times` is
    how many writes it is laid on (None: every one).

    `fail`: numbers whose part fails. A single call answers 422.
    `no_effect`: success is reported and nothing changes. `ignore`: only these fields do not
    change (`voice.inbound_call_screening`).
    `ends`: the status a job ends with, whatever happened; with `done`, after so many numbers.
    An expired job leaves the rest pending, a failed one fails them.
    `stall`: the job or order never gets any further than `done` numbers.
    `lists`: numbers that the job's answers name in place of those that were sent.
    `emergency`: where enabling emergency service ends ("provisioning" never ends).
    `pending`, `running`: seconds before and during the work, in place of the usual ones.
    """

    call: str = "*"
    times: int | None = 1
    fail: Mapping[str, Failure] = {}
    no_effect: bool = False
    ignore: tuple[str, ...] = ()
    ends: Literal["completed", "failed", "expired"] | None = None
    done: int | None = None
    stall: bool = False
    lists: tuple[str, ...] = ()
    emergency: Literal["active", "provisioning", "provisioning-failed"] = "active"
    pending: float | None = None
    running: float | None = None

    def kept(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What of `sent` takes effect."""
        return {} if self.no_effect else _without(sent, self.ignore)


PLAIN = Script(times=None)
"""Nothing out of the ordinary."""


def _without(sent: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    left = {name: value for name, value in sent.items() if name not in paths}
    for name, value in left.items():
        inner = tuple(path[len(name) + 1 :] for path in paths if path.startswith(f"{name}."))
        if inner and isinstance(value, dict):
            left[name] = _without(value, inner)
    return left


class Scripts:
    """Scripts in waiting; the first that matches a write is laid on it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Script, int | None]] = []

    def add(self, script: Script) -> None:
        """Queue a script behind those that wait already."""
        self._waiting.append((script, script.times))

    def clear(self) -> None:
        """Forget every script; a job that has one keeps it."""
        self._waiting.clear()

    def take(self, call: str) -> Script:
        """The script for a write of this call; `PLAIN` when none waits for it."""
        for place, (script, left) in enumerate(self._waiting):
            if not fnmatchcase(call, script.call):
                continue
            if left is not None and left <= 1:
                del self._waiting[place]
            elif left is not None:
                self._waiting[place] = (script, left - 1)
            return script
        return PLAIN
