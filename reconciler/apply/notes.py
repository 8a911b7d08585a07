"""What an apply writes down, in the words of `core.replay`."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from reconciler.api.clock import Clock
from reconciler.apply.control import Log
from reconciler.core.operations import Operation
from reconciler.core.outcome import Outcome
from reconciler.core.planfile import canonical_json
from reconciler.core.replay import Because, Came, errors_as_json
from reconciler.core.text import Redactor
from reconciler.core.verdict import Record
from reconciler.errors import ApiErrorItem, JournalError


class Notes:
    """Writes entries to the log. `sent_at` is when each operation was last about to be sent;
    `broken` is why nothing more can be written down, if so."""

    def __init__(self, log: Log, clock: Clock, redactor: Redactor) -> None:
        self._log = log
        self._clock = clock
        self._redactor = redactor
        self.sent_at: dict[str, datetime] = {}
        self._sent: dict[str, float] = {}
        self.broken: JournalError | None = None

    async def intent(self, operation: Operation, numbers: Iterable[str]) -> None:
        """This is about to be sent. The digest is of the body as the plan holds it."""
        now = self._clock.now()
        self.sent_at[operation.id] = now
        self._sent[operation.id] = self._clock.monotonic()
        body = hashlib.sha256(canonical_json(dict(operation.body))).hexdigest()
        await self._write(
            "intent", operation.id, numbers=list(numbers), body=f"sha256:{body}", at=now.isoformat()
        )

    def age(self, operation: str) -> float:
        """Seconds since it was last about to be sent; by the wall clock, as far as that can be
        trusted, where it was another run that sent it."""
        if operation in self._sent:
            return self._clock.monotonic() - self._sent[operation]
        return max((self._clock.now() - self.sent_at[operation]).total_seconds(), 0.0)

    async def left_out(
        self, operation: Operation, numbers: Mapping[str, str], because: Because
    ) -> None:
        """These numbers of the last intent are not sent after all, and why."""
        if numbers:
            said = {number: self._redactor.redact(why) for number, why in numbers.items()}
            await self._write("left out", operation.id, numbers=said, because=str(because))

    async def answer(
        self,
        operation: str,
        came: Came,
        *,
        background: str = "",
        errors: Iterable[ApiErrorItem] = (),
    ) -> None:
        """What came of it. `background` is the id of the job or order."""
        more: dict[str, Any] = {"background": background} if background else {}
        if items := self._errors(errors):
            more["errors"] = items
        await self._write(
            "answer", operation, came=str(came), at=self._clock.now().isoformat(), **more
        )

    async def nothing(self) -> None:
        """Not one write reached the API: there is nothing to go on with."""
        if not self.broken:
            now = self._clock.now().isoformat()
            await self._write("end", open=[], converged=False, exit_code=1, at=now)

    async def end(self, outcome: Outcome, records: Mapping[str, Record]) -> str:
        """What became of everything that was sent; why it could not be written down, if so."""
        applied: defaultdict[str, list[list[str]]] = defaultdict(list)
        for each in outcome.applied:
            applied[each.operation].append([each.phone_number, each.path])
        try:
            for id_, record in records.items():
                if record.touched:
                    await self._write(
                        "done",
                        id_,
                        applied=applied[id_],
                        failed={n: self._errors(e) for n, e in record.failures.items()},
                        settled=id_ not in outcome.open,
                    )
            await self._write(
                "end",
                open=list(outcome.open),
                converged=outcome.converged,
                exit_code=int(outcome.exit_code),
                at=self._clock.now().isoformat(),
            )
        except JournalError as error:
            return str(error)
        return ""

    def _errors(self, items: Iterable[ApiErrorItem]) -> list[dict[str, str]]:
        """Errors without a secret: they are redacted already, but this file is kept for long."""
        return [
            {key: self._redactor.redact(text) for key, text in item.items()}
            for item in errors_as_json(items)
        ]

    async def _write(self, entry: str, operation: str = "", **more: Any) -> None:
        of = {"operation": operation} if operation else {}
        try:
            await self._log.write({"entry": entry, **of, **more})
        except JournalError as error:
            self.broken = error
            raise
