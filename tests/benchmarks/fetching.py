"""Reading the slim and the voice list whole: `python -m tests.benchmarks.fetching ours|sdk URL`.

What is measured is the process, its start included; each imports only what it needs.
"""

from __future__ import annotations

import asyncio
import gc
import sys


async def _ours(url: str) -> int:
    gc.set_threshold(100_000, 50, 50)  # as the command line has it before it loads a command
    from reconciler.api.clock import SystemClock
    from reconciler.api.listings import read_lists
    from reconciler.api.read import open_reader
    from reconciler.api.settings import Endpoint, Limits
    from reconciler.core.fetchplan import Needs
    from reconciler.core.fields import Listing

    async with open_reader(
        Endpoint(url, "KEY-bench"), Limits(rate_per_second=200), SystemClock()
    ) as reader:
        found = await read_lists(reader, (Listing.SLIM, Listing.VOICE), Needs(), page_size=250)
    return sum(map(len, found.rows.values()))


def _sdk(url: str) -> int:
    from telnyx import Telnyx

    client = Telnyx(api_key="KEY-bench", base_url=url)
    slim = list(client.phone_numbers.slim_list(page_size=250))
    voice = list(client.phone_numbers.voice.list(page_size=250))
    return len(slim) + len(voice)


if __name__ == "__main__":
    _, who, address = sys.argv
    rows = asyncio.run(_ours(address)) if who == "ours" else _sdk(address)
    if who == "ours":
        gc.freeze()  # as the command line has it in the end
    if not rows:
        raise SystemExit("no rows came")
