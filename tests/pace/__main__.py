"""`python -m tests.pace [--rates 5,50] [--latencies 0.02,0.1,0.3] [--only WORD]`: the long form.

The real code reads and writes in virtual time against every server of `conditions`; a Markdown
table of what was reached after the first minute, worst first. At 2000 a second each run takes
about a minute of real time, so name the few that matter.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.pace.conditions import HEADERS, LATENCIES, LEAST_REACHED, RATES, SERVERS, most_refused
from tests.pace.senders import Conditions, Line, read_at_full_speed, write_at_full_speed

Row = tuple[float, float, str, bool]


def _write(conditions: Conditions) -> Line:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        os.chdir(scratch)
        try:
            return write_at_full_speed(conditions, Path(scratch), patch)
        finally:
            os.chdir(here)


def _rows(rates: list[int], latencies: list[float], only: str) -> Iterator[Row]:
    ways = {"reading": read_at_full_speed, "writing": _write}
    for allowed, latency, server, headers, way in product(rates, latencies, SERVERS, HEADERS, ways):
        name = f"{way} | {allowed} | {latency * 1000:.0f} ms | {server} | {headers}"
        if only not in name:
            continue
        seconds = {5: 240.0, 50: 60.0}.get(allowed, 20.0)
        given = Conditions(SERVERS[server](allowed), HEADERS[headers], latency, 60.0, seconds)
        measured = ways[way](given).measured
        reached, refused = measured.per_second / allowed, measured.refused_share
        good = reached >= LEAST_REACHED and refused <= most_refused(server, allowed)
        print(".", end="", file=sys.stderr, flush=True)  # noqa: T201 - each takes seconds
        yield reached, refused, name, good


def main() -> int:
    """Run all of them; 1 where one does not reach what it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.pace")
    parser.add_argument("--rates", default=",".join(map(str, RATES)))
    parser.add_argument("--latencies", default=",".join(map(str, LATENCIES)))
    parser.add_argument("--only", default="", help="those whose line holds this text")
    given = parser.parse_args()
    rates = [int(each) for each in given.rates.split(",")]
    latencies = [float(each) for each in given.latencies.split(",")]
    rows = sorted(_rows(rates, latencies, given.only))
    bad = [row for row in rows if not row[3]]
    lines = ["", "| path | allowed | latency | server | headers | reached | 429 |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    lines += [f"| {name} | {reached:.1%} | {refused:.2%} |" for reached, refused, name, _ in rows]
    lines.append(f"\n{len(rows)} runs, {len(bad)} of them short of what they should reach.")
    print("\n".join(lines))  # noqa: T201 - the table is what it is for
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
