"""A process that dies at any moment at which that makes a difference, and those who go on.

The moments are: before the journal's line is written, when half of it is, when it is safe on
disk; before a request leaves, and when the API has carried it out but nobody has the answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from reconciler import workflow
from reconciler.api.requests import request_for
from reconciler.apply import Stop
from reconciler.core.operations import Operation
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.journal import flush_to_disk, journals_in
from reconciler.sandbox.log import Entry
from reconciler.workflow import Options, Planned
from tests.apply.account import Account, Watched


class Killer:
    """Kills the process of an account at its `at`-th moment; `moments` counts them, and `died`
    says whether the last one came that far."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self._account = account
        self._left: int | None = None
        self.is_dead = False
        self.died = False
        self.moments = 0
        patch.setattr("reconciler.journal.flush_to_disk", self._flush)
        account.asked = self._asked
        account.answered = self._answered

    @contextmanager
    def at(self, moment: int | None) -> Iterator[None]:
        """A process that dies at this moment (None: never)."""
        self._left, self.is_dead, self.died, self.moments = moment, False, False, 0
        try:
            yield
        except asyncio.CancelledError:
            assert self.is_dead
            self.died = True
        finally:
            self._left, self.is_dead = None, False

    def _asked(self, request: httpx.Request) -> None:
        del request
        self._alive()

    def _answered(self, request: httpx.Request) -> None:
        if self.is_dead or request.method != "GET":
            self._alive()

    def _alive(self) -> None:
        if not self.is_dead:
            self._moment()
        if self.is_dead:
            raise asyncio.CancelledError  # whoever tidies up after a kill was never alive

    def _moment(self) -> None:
        self.moments += 1
        if self._left == self.moments:
            self.is_dead = True
            assert self._account.running is not None
            self._account.running.cancel()

    def _flush(self, descriptor: int, data: bytes) -> None:
        for part in (b"", data[: len(data) // 2], data):
            if self._left == self.moments + 1:
                flush_to_disk(descriptor, part)
            if not self.is_dead:
                self._moment()
        if not self.is_dead:
            flush_to_disk(descriptor, data)


def journal_of(account: Account) -> Path | None:
    """The newest journal of the account's project."""
    found = journals_in(account.root)
    return found[-1] if found else None


def resume(account: Account, **options: Any) -> Outcome:
    """What `resume` does with the newest journal."""
    path = journal_of(account)
    assert path is not None
    account.watched, account.stop = Watched(), Stop()
    found = workflow.open_journal(path)
    return account.do(workflow.resume(found, Options(**options), account.watched, account.stop))


def is_finished(account: Account) -> bool:
    """Whether there is no journal with something left to do."""
    path = journal_of(account)
    return path is None or workflow.open_journal(path).history.finished


def apply_and_die(account: Account, planned: Planned, killer: Killer, moment: int) -> bool:
    """Whether it died. It leaves what a killed process leaves: the journal and the account."""
    with killer.at(moment):
        account.apply(planned)
    return killer.died


class Deeds:
    """What was carried out, by operation and number, held against the one plan it may come from."""

    def __init__(self, plan: Plan, secrets: Mapping[str, str]) -> None:
        self._plan = plan
        self._secrets = secrets
        self._ids = {each.phone_number: each.id for each in plan.difference.changes}
        self._numbers = {id_: number for number, id_ in self._ids.items()}

    def count(self, writes: list[Entry]) -> Counter[tuple[str, str]]:
        """How often each operation was carried out for each number; AssertionError for a write
        that the plan does not hold."""
        done: Counter[tuple[str, str]] = Counter()
        for entry in writes:
            operation, numbers = self._of(entry)
            if 200 <= entry.status < 300:
                done.update((operation.id, number) for number in numbers)
        return done

    def _of(self, entry: Entry) -> tuple[Operation, tuple[str, ...]]:
        body = entry.body if isinstance(entry.body, dict) else {}
        named = {*body.get("phone_numbers", ()), *body.get("numbers", ())}
        place = unquote(entry.path)
        for operation in self._plan.operations:
            numbers = tuple(
                number
                for number in operation.numbers
                if (id_ := self._ids[number]) in named or number in named or f"/{id_}" in place
            )
            if not numbers:
                continue
            sent = request_for(replace(operation, numbers=numbers), self._ids, self._secrets)
            if (sent.method, f"/v2{sent.path}".replace("/v2/v2/", "/v2/"), sent.body or None) == (
                entry.method,
                entry.path,
                entry.body or None,
            ):
                return operation, numbers
        raise AssertionError(f"the plan does not hold {entry}")
