"""Whole processes against peers: the same work on this machine, in the same run."""

from __future__ import annotations

import compileall
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import reconciler
from reconciler.core.fields import Listing
from reconciler.core.live import build_snapshot
from reconciler.core.model import ListingRead
from reconciler.core.snapshotfile import snapshot_document
from tests import benchmarks
from tests.benchmarks import octodns, weighing
from tests.benchmarks.fleet import decode_pages, page_bodies, yaml_files

_COUNT = 10_000
_LARGE = 100_000
_PAIRS = 3
_LONGEST = 900.0  # seconds, should a peer never end
_NOTHING: Mapping[str, str] = {}


def as_a_run() -> None:
    """The collector as the command line sets it."""
    gc.set_threshold(100_000, 50, 50)


def compiled() -> None:
    """Compile the project, as pip compiles what it installs: a peer is not read from its source
    either, and where a machine keeps no compiled files each run of ours would."""
    for package in (reconciler, benchmarks):
        compileall.compile_dir(next(iter(package.__path__)), quiet=1)


def spent_by(
    command: Sequence[str], *, more: Mapping[str, str] = _NOTHING, at_most: int | None = None
) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a process, with `more` in its environment. Beyond
    `at_most` bytes of address space it gets no memory."""
    if at_most is not None:
        command = ["/bin/sh", "-c", f'ulimit -v {at_most // 1024} && exec "$@"', "sh", *command]
    weigh = [sys.executable, "-I", "-S", weighing.__file__, str(_LONGEST)]
    done = subprocess.run(
        [*weigh, *command], stdout=subprocess.PIPE, check=True, env=os.environ | more
    )
    seconds, megabytes, code = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{command[0]} ended with {code}")
    return seconds, megabytes


def against_peers() -> Iterator[str]:
    """The rows of a Markdown table."""
    compiled()
    yield "\n| whole process | CPU | peak memory |\n| --- | --- | --- |"
    ours, theirs = _plan(_COUNT), _octodns(_COUNT)
    yield _row(f"plan of {_COUNT:,} numbers, YAML to a snapshot file", ours)
    yield _row(f"octoDNS, plan of {_COUNT:,} records, YAML to YAML", theirs)
    yield _row(f"plan of {_LARGE:,} numbers, YAML to a snapshot file", _plan(_LARGE))
    ratios = [f"Plan / octoDNS = 1/{theirs[0] / ours[0]:.1f} of its CPU."]
    for count, pairs in ((_COUNT, _PAIRS), (_LARGE, 1)):
        mine, sdk = _fetching(count, pairs)
        yield _row(f"fetch and decode two lists of {count:,} rows over loopback", mine)
        yield _row("the same by the published SDK, paging by itself", sdk)
        cpu, memory = sdk[0] / mine[0], sdk[1] / mine[1]
        ratios.append(
            f"Fetch of {count:,} / SDK = 1/{cpu:.1f} of its CPU, 1/{memory:.1f} of its memory."
        )
    yield from ("", *ratios)


def _row(name: str, spent: tuple[float, float]) -> str:
    return f"| {name} | {spent[0]:.2f} s | {spent[1]:.0f} MB |"


def _plan(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        live = root / "live.json"
        _make(count, root, live)
        run = [sys.executable, "-m", "reconciler", "plan", str(root), "--live", str(live)]
        return spent_by([*run, "--out", str(root / "plan.json")])


def _make(count: int, root: Path, live: Path) -> None:
    yaml_files(count, root)
    bodies = page_bodies(count)
    snapshot = build_snapshot(
        {each: decode_pages(each, bodies[each]) for each in bodies},
        [ListingRead(each) for each in (Listing.SLIM, Listing.VOICE)],
        base_url="https://api.telnyx.com/v2",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        calls=0,
    )
    live.write_bytes(msgspec.json.encode(snapshot_document(snapshot)))


def _octodns(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as scratch:
        return spent_by(octodns.project(count, Path(scratch)))


def _fetching(count: int, pairs: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ours and the SDK's, in turns; of several the least CPU, for what else the machine does only
    adds to it."""
    serve = [sys.executable, "-m", "tests.benchmarks.serving", str(count)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            fetch = [sys.executable, "-m", "tests.benchmarks.fetching"]
            runs = [
                (spent_by([*fetch, "ours", url]), spent_by([*fetch, "sdk", url]))
                for _ in range(pairs)
            ]
            return min(ours for ours, _ in runs), min(sdk for _, sdk in runs)
        finally:
            server.terminate()
