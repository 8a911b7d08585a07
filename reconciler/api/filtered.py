"""Reading a part of a list by filters: each is a list of its own, and checked like one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from reconciler.api.listings import Rows, read_listing
from reconciler.api.read import ReadClient
from reconciler.api.together import together
from reconciler.core.fields import Listing
from reconciler.core.ways import Run


async def read_runs(
    reader: ReadClient, listing: Listing, runs: Sequence[Run], *, page_size: int
) -> tuple[Rows, int]:
    """The rows of the numbers in `runs`, by id, and how many pages that took.

    `filter[phone_number]` is a partial match on digits (a + finds nothing), on the messaging
    list an exact one of several numbers. Raises as `read_listing` does.
    """
    parts = (
        read_listing(
            reader,
            listing,
            page_size=page_size,
            filters={"filter[phone_number]": run.digits or ",".join(run.numbers)},
        )
        for run in runs
    )
    async with together(parts) as tasks:
        done = [each for each in await asyncio.gather(*tasks) if each is not None]
    wanted = frozenset(number for run in runs for number in run.numbers)
    rows = {id_: row for part, _ in done for id_, row in part.items() if row.phone_number in wanted}
    return rows, sum(read.pages for _, read in done)
