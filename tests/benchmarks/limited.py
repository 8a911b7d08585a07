"""A real server with a rate limit, read at full speed: `python -m tests.benchmarks.limited`.

The server is a process of its own, allows so many calls in every second, answers each after a
while, and says nothing, or what the API says, of its limit. The reading client is the real one,
over real sockets. For each a row: what share of the limit was reached after the first minute, and
how many of those calls were answered 429.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from itertools import product
from urllib.parse import parse_qs, urlsplit

from reconciler.api.clock import SystemClock
from reconciler.api.listings import read_lists
from reconciler.api.read import open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Listing

_WARM_UP = 60.0
_SECONDS = 30.0
_PAGES = 50_000


class _Limited:
    """Counts the calls of each second; those after the first minute are its result."""

    def __init__(self, allowed: int, latency: float, telling: bool) -> None:
        self.answered = self.refused = 0
        self._allowed = allowed
        self._latency = latency
        self._telling = telling
        self._window, self._count = -1, 0
        self._began = 0.0

    def admits(self) -> bool:
        """Whether the call that came now is answered."""
        now = time.monotonic()
        self._began = self._began or now
        if int(now) != self._window:
            self._window, self._count = int(now), 0
        self._count += 1
        good = self._count <= self._allowed
        if _WARM_UP <= now - self._began < _WARM_UP + _SECONDS:
            self.answered += good
            self.refused += not good
        return good

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                target = urlsplit(line.split()[1].decode())
                if target.path == "/result":
                    body = b"%d %d" % (self.answered, self.refused)
                    writer.write(_reply("200 OK", body, ""))
                    continue
                good = self.admits()
                await asyncio.sleep(self._latency)
                page = int(parse_qs(target.query).get("page[number]", ["1"])[0])
                body = _page(page) if good else b'{"errors": [{"code": "10011"}]}'
                writer.write(_reply("200 OK" if good else "429 No", body, self._told()))
        except ConnectionError:
            return
        finally:
            writer.close()

    def _told(self) -> str:
        if not self._telling:
            return ""
        left = max(self._allowed - self._count, 0)
        return (
            f"x-ratelimit-limit: {self._allowed}, {self._allowed};w=1\r\n"
            f"x-ratelimit-remaining: {left}\r\nx-ratelimit-reset: 1\r\n"
        )


def _page(number: int) -> bytes:
    row = b'{"id":"%d","phone_number":"+1312%07d","status":"active"}' % (number, number)
    return b'{"data":[%s],"meta":{"total_results":%d,"page_size":1}}' % (row, _PAGES)


def _reply(status: str, body: bytes, headers: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def _serve(allowed: int, latency: float, telling: bool) -> None:
    limited = _Limited(allowed, latency, telling)
    server = await asyncio.start_server(limited.answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - its port is its result
    async with server:
        await server.serve_forever()


async def _read(port: int) -> None:
    """Read two lists at once, until the measure is over."""
    endpoint = Endpoint(f"http://127.0.0.1:{port}/v2", "KEY-bench")
    try:
        async with (
            asyncio.timeout(_WARM_UP + _SECONDS + 1),
            open_reader(endpoint, Limits(), SystemClock()) as reader,
        ):
            await read_lists(reader, (Listing.SLIM, Listing.VOICE), Needs(), page_size=1)
    except TimeoutError:
        return
    raise SystemExit("the lists were read before the measure was over")


async def _result(port: int) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /result HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.write_eof()
    answered, refused = (await reader.read()).split()
    writer.close()
    return int(answered), int(refused)


def measure(allowed: int, latency: float, telling: bool) -> tuple[float, float]:
    """The share of `allowed` that was reached, and that of 429."""
    command = [sys.executable, "-m", "tests.benchmarks.limited", "--serve"]
    command += [str(allowed), str(latency), str(int(telling))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline() if server.stdout else 0)
            asyncio.run(_read(port))
            answered, refused = asyncio.run(_result(port))
        finally:
            server.terminate()
    return answered / _SECONDS / allowed, refused / max(answered + refused, 1)


def main() -> None:
    """Serve, or measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", nargs=3, metavar=("ALLOWED", "LATENCY", "TELLING"))
    parser.add_argument("--rates", default="5,50")
    parser.add_argument("--latency", type=float, default=0.1)
    given = parser.parse_args()
    if given.serve:
        allowed, latency, telling = given.serve
        asyncio.run(_serve(int(allowed), float(latency), telling == "1"))
        return
    lines = ["| allowed | latency | headers | reached | 429 |", "| --- | --- | --- | --- | --- |"]
    for allowed, telling in product(map(int, given.rates.split(",")), (False, True)):
        reached, refused = measure(allowed, given.latency, telling)
        headers = "x-ratelimit-*" if telling else "none"
        place = f"| {allowed} a second | {given.latency * 1000:.0f} ms | {headers} "
        lines.append(f"{place}| {reached:.1%} | {refused:.2%} |")
    print("\n".join(lines))  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    main()
