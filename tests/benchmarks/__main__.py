"""`python -m tests.benchmarks [--sizes 1000,10000,100000]`: Markdown tables of figures.

Each size runs in a process of its own: CPU seconds of each step, and the most memory used by
the end of it. The ratios compare with a stated peer on the same data in the same run; see `peers`
for those that are measured by whole processes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from deepdiff import DeepDiff

from reconciler.core.alike import FOLDABLE
from reconciler.core.changes import Difference
from reconciler.core.desired import build
from reconciler.core.diff import diff, live_value
from reconciler.core.fields import Listing
from reconciler.core.judging import judge_declared, judge_live, judges_of
from reconciler.core.live import build_snapshot
from reconciler.core.model import Desired, ListingRead, Snapshot
from reconciler.core.plan import Origin, make_plan
from reconciler.core.planfile import plan_document
from reconciler.core.policies import Policy
from reconciler.core.safety import Select
from reconciler.files import load_documents, read_document
from reconciler.report.text import plan_text
from tests.benchmarks.fleet import POLICIES, UNLIKE, decode_pages, page_bodies, yaml_files
from tests.benchmarks.peers import against_peers, as_a_run

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PEER_SAMPLE = 500

T = TypeVar("T")


class _Stopwatch:
    """CPU seconds and peak memory (MB) by step."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}

    def step(self, name: str, work: Callable[[], T]) -> T:
        gc.collect()
        started = time.process_time()
        result = work()
        spent = time.process_time() - started
        self.steps[name] = (spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return result


def measure(count: int) -> dict[str, Any]:
    """Every step of a plan of `count` numbers, from YAML and page bodies to the printed plan."""
    watch = _Stopwatch()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        yaml_files(count, root)
        bodies = page_bodies(count)
        loaded = watch.step("read YAML", lambda: load_documents(root, root, fold=FOLDABLE))
        desired, problems = watch.step(
            "validate and merge layers", lambda: build(loaded.project, loaded.documents)
        )
        if problems:
            raise SystemExit(f"the benchmark's own YAML is wrong: {problems[:3]}")
        peer = watch.step("(peer) PyYAML CSafeLoader", lambda: _csafeload(root))
    del peer
    rows = watch.step(
        "decode pages", lambda: {each: decode_pages(each, bodies[each]) for each in bodies}
    )
    reads = [ListingRead(each) for each in (Listing.SLIM, Listing.VOICE)]
    snapshot = watch.step(
        "join rows",
        lambda: build_snapshot(rows, reads, base_url="https://x.invalid", fetched_at=_NOW, calls=0),
    )
    difference = watch.step("diff", lambda: diff(desired, snapshot, {}))
    plan = watch.step(
        "compile operations",
        lambda: make_plan(difference, snapshot, created_at=_NOW, origin=Origin("", "")),
    )
    for name, text in (("two policies", POLICIES), ("a policy of single numbers", UNLIKE)):
        _judge(watch, name, _policies(text), desired, snapshot, difference)
    watch.step("plan document", lambda: json.dumps(plan_document(plan)))
    watch.step("plan text", lambda: plan_text(plan, reads=0))
    per_number = watch.step("(peer) DeepDiff, a sample", lambda: _deepdiff(desired, snapshot))
    return {
        "steps": watch.steps,
        "deepdiff_per_number": per_number,
        "changes": len(plan.difference.changes),
    }


def _judge(
    watch: _Stopwatch,
    name: str,
    policies: tuple[Policy, ...],
    desired: Desired,
    snapshot: Snapshot,
    difference: Difference,
) -> None:
    """What policies cost: where they see most numbers alike, and where they see no two alike."""
    numbers, changes = desired.numbers, difference.changes
    watch.step(
        f"{name}: declared", lambda: sum(1 for _ in judge_declared(judges_of(policies), numbers))
    )
    watch.step(f"{name}: live", lambda: judge_live(policies, numbers, snapshot, Select(), changes))


def _policies(text: str) -> tuple[Policy, ...]:
    document, _ = read_document("reconciler.yaml", text.encode())
    return build(document, [])[0].policies


def _csafeload(root: Path) -> list[Any]:
    return [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in root.glob("*.yaml")]


def _deepdiff(desired: Desired, snapshot: Snapshot) -> float:
    """CPU seconds a number that DeepDiff takes to compare the same two, nested as in the YAML."""
    pairs = []
    for number in list(desired.numbers.values())[:_PEER_SAMPLE]:
        live = snapshot.numbers[number.phone_number]
        wanted = number.settings.as_dict()
        before = {path: live_value(snapshot, live, path) for path in wanted}
        pairs.append((_nested(before), _nested(wanted)))
    started = time.process_time()
    for before, after in pairs:
        DeepDiff(before, after)
    return (time.process_time() - started) / len(pairs)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = value
    return root


def _in_a_process(count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks", "--one", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _table(results: dict[int, dict[str, Any]]) -> Iterator[str]:
    sizes = list(results)
    yield "| step | " + " | ".join(f"{size:,} numbers" for size in sizes) + " |"
    yield "| --- |" + " --- |" * len(sizes)
    for name in results[sizes[0]]["steps"]:
        cells = []
        for size in sizes:
            seconds, peak = results[size]["steps"][name]
            cells.append(f"{seconds:.2f} s, {peak:.0f} MB")
        yield f"| {name} | " + " | ".join(cells) + " |"


def _ratios(results: dict[int, dict[str, Any]]) -> Iterator[str]:
    for size, result in results.items():
        steps = result["steps"]
        load = steps["read YAML"][0] / steps["(peer) PyYAML CSafeLoader"][0]
        merged = steps["read YAML"][0] + steps["validate and merge layers"][0]
        whole = merged / steps["(peer) PyYAML CSafeLoader"][0]
        each = steps["diff"][0] / size
        yield (
            f"- {size:,} numbers: read YAML / CSafeLoader = {load:.2f}, with validation and "
            f"merging {whole:.2f}; diff / DeepDiff, a number "
            f"= 1/{result['deepdiff_per_number'] / each:,.0f} ({each * 1e6:.1f} µs a number)"
        )


def main() -> None:
    """Measure each size in a process of its own and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--one", type=int)
    given = parser.parse_args()
    if given.one:
        as_a_run()
        json.dump(measure(given.one), sys.stdout)
        return
    results = {size: _in_a_process(size) for size in map(int, given.sizes.split(","))}
    lines = ["CPU seconds, and peak memory by the end of the step.", "", *_table(results), ""]
    with contextlib.suppress(BrokenPipeError):
        print("\n".join([*lines, *_ratios(results)]))  # noqa: T201 - the table is what it is for
        print("\n".join(against_peers()))  # noqa: T201


if __name__ == "__main__":
    main()
