"""`python -m tests.benchmarks.million [--count 1000000]`: a plan of a whole, very large account.

All numbers of a sandbox are declared, in blocks. The sandbox runs in a process of its own; each
plan runs in another, over loopback, and with less than 3 GiB of address space, so that it fails
where it would take more: CPU seconds, wall-clock time and peak memory of each, as Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import msgspec

from reconciler.sandbox.generate import make_fleet
from tests.benchmarks.peers import compiled, spent_by

_SEED = 1
_LARGEST_BLOCK = 10_000
_MOST_MEMORY = 3 * 1024**3
_RECONCILER = (sys.executable, "-m", "reconciler")
_SHORT = 20

# What nearly all numbers of a sandbox have: 2 and 3 in a hundred differ.
_TWO_FIELDS = """\
    voice:
      tech_prefix_enabled: false
      call_recording: {inbound_call_recording_enabled: false}
"""
# The full number list, the voice and the messaging list; a quarter of the numbers differ.
_THREE_LISTS = f"""\
    tags: {{remove: [legacy]}}
    deletion_lock_enabled: false
    messaging: {{messaging_product: A2P}}
{_TWO_FIELDS}"""


class _Summary(msgspec.Struct):
    numbers_changed: int
    write_calls: int


class _Saved(msgspec.Struct):
    summary: _Summary


def _blocks(values: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of consecutive `values`, which are in order, cut to size."""
    first = last = -1
    for value in values:
        if value != last + 1 or value - first >= _LARGEST_BLOCK:
            if last > 0:
                yield first, last
            first = value
        last = value
    if last > 0:
        yield first, last


def _write(count: int, root: Path) -> None:
    """The projects: the same blocks, with the settings of each in a group."""
    values = sorted(int(row.phone_number[1:]) for row in make_fleet(count, _SEED).numbers)
    lines = [
        f'  "+{first}..+{last}": {{groups: [all]}}\n'
        if first < last
        else f'  "+{first}": {{groups: [all]}}\n'
        for first, last in _blocks(values)
    ]
    for name, settings in (("two-fields", _TWO_FIELDS), ("three-lists", _THREE_LISTS)):
        (root / name).mkdir()
        (root / name / "numbers.yaml").write_text(
            f"groups:\n  all:\n{settings}numbers:\n{''.join(lines)}"
        )
    step = len(values) // _SHORT
    (root / "targets").write_text("\n".join(f"+{value}" for value in values[::step][:_SHORT]))


@contextmanager
def _sandbox(count: int) -> Iterator[dict[str, str]]:
    """The environment in which the sandbox is the account."""
    serve = [*_RECONCILER, "sandbox", "--numbers", str(count), "--seed", str(_SEED)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None or not server.stdout.readline():
                raise SystemExit("the sandbox did not start")
            told = server.stdout.readline().split()[1:]
            yield dict(word.split("=", 1) for word in told)
        finally:
            server.terminate()


def _row(what: str, project: Path, environment: dict[str, str], more: Sequence[str] = ()) -> str:
    saved = project / "plan.json"
    command = [*_RECONCILER, "plan", str(project), "--out", str(saved), *more]
    started = time.monotonic()
    spent, peak = spent_by(command, more=environment, at_most=_MOST_MEMORY)
    wall = time.monotonic() - started
    summary = msgspec.json.decode(saved.read_bytes(), type=_Saved).summary
    changed = f"{summary.numbers_changed:,} in {summary.write_calls:,} calls"
    return f"| {what} | {changed} | {spent:.1f} s | {wall:.0f} s | {peak:.0f} MB |"


def table(count: int) -> Iterator[str]:
    """The figures, as Markdown."""
    compiled()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        # In a process of its own: a child begins with the peak memory of whoever starts it.
        maker = get_context("fork").Process(target=_write, args=(count, root))
        maker.start()
        maker.join()
        targets = [
            word for each in (root / "targets").read_text().split() for word in ("--target", each)
        ]
        yield f"| {count:,} numbers in blocks | to change | CPU | time | peak memory |"
        yield "| --- | --- | --- | --- | --- |"
        with _sandbox(count) as environment:
            two, three = root / "two-fields", root / "three-lists"
            yield _row("two fields, from the slim and the voice list", two, environment)
            yield _row("five fields, from the full, voice and messaging lists", three, environment)
            yield _row(f"two fields of {_SHORT} of them (--target)", two, environment, targets)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    for line in table(parser.parse_args().count):
        print(line, flush=True)  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    main()
