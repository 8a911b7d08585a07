"""A server that only hands out page bodies made beforehand: `python -m tests.benchmarks.serving N`.

Prints its address; what it costs is its own, for it runs in a process apart from its clients.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

from reconciler.core.fields import Listing
from tests.benchmarks.fleet import page_bodies

_SLOTS = {f"/v2{each}": each for each in Listing}


async def _serve(count: int) -> None:
    bodies = page_bodies(count)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            target = urlsplit(line.split()[1].decode())
            page = int(parse_qs(target.query).get("page[number]", ["1"])[0])
            body = bodies[_SLOTS[target.path]][page - 1]
            head = (
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                f"x-ratelimit-limit: 2000\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/v2", flush=True)  # noqa: T201 - its address is its result
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
