"""Going on where an earlier run of the same plan left off."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.apply.background import Background
from reconciler.apply.checking import Request
from reconciler.apply.desk import Desk
from reconciler.apply.settling import Settling
from reconciler.core.replay import Came, Past
from reconciler.core.verdict import Record
from reconciler.errors import KeyRefusedError


class Earlier:
    """What the journal of earlier runs means for each operation of this one."""

    def __init__(
        self,
        desk: Desk,
        background: Background,
        settling: Settling,
        records: Mapping[str, Record],
    ) -> None:
        self._desk = desk
        self._background = background
        self._settling = settling
        self._records = records

    async def look_at_known_jobs(self) -> None:
        """Before anything is sent: a job of ours that went wrong may stop all writing."""
        known = []
        for id_, past in self._desk.context.past.items():
            if past.background and past.numbers and not past.settled:
                record = self._records[id_]
                record.numbers = past.numbers
                known.append((record, past.background))
        try:
            await self._background.look_at_all(known)
        except KeyRefusedError as error:
            self._desk.refused(error)

    async def take_up(self, record: Record) -> bool:
        """Bring what was sent of an operation to its end, and never send it again; whether there
        may be something left to send."""
        past = self._desk.context.past.get(record.operation.id)
        if past is None:
            return True
        record.left_out |= past.skipped
        record.failures |= past.failed
        record.touched |= past.touched
        if past.touched:
            self._desk.checker.was_sent(Request(record.operation, tuple(past.touched)))
        if past.settled:
            record.is_open = False
            record.already |= past.already
            record.doubt = "an earlier run could not confirm it"
            return False
        record.closed |= past.touched
        record.numbers = past.numbers
        if not past.may_have_been_sent():
            # It was about to go, so it was seen to be as before.
            record.closed -= set(past.numbers)
            return True
        return not past.numbers or await self._take_up_sent(record, past)

    async def _take_up_sent(self, record: Record, past: Past) -> bool:
        if past.came is Came.REFUSED:
            record.is_open = False
            record.failures |= dict.fromkeys(past.numbers, past.errors)
        elif past.came is not Came.ACCEPTED:
            record.doubt = "whether it was carried out is not known: the answer was lost"
            return await self._take_up_lost(record, past)
        elif not past.background:
            record.is_open = False
        elif not await self._background.follow(record, past.background):
            return await self._take_up_lost(record, past)
        return not record.is_open

    async def _take_up_lost(self, record: Record, past: Past) -> bool:
        if past.intent_at is not None:
            self._desk.notes.sent_at[record.operation.id] = past.intent_at
        if await self._settling.settle(record):
            return not record.is_open
        record.closed -= set(past.numbers)
        return True
