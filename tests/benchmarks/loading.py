"""`python -m tests.benchmarks.loading [--count 100000]`: what it costs to load what is declared.

The same numbers in 100 files, in one file, in groups only, in blocks and in one sheet, and numbers
that are unlike one another or written otherwise, each in a process of its own: CPU seconds to read,
and to merge and validate; both beside what PyYAML's CSafeLoader takes to parse the same files; the
most memory over what the process had before; and, in a second process that traces it, the bytes a
number that stay.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.alike import FOLDABLE
from reconciler.core.desired import build
from reconciler.files import load_documents
from tests.benchmarks.peers import as_a_run

_PARTS = 100
_TEAMS = 20
_HEAD = "groups:\n" + "".join(
    f"  team-{team}: {{connection_id: '{1000 + team}', tags: [team-{team}]}}\n"
    for team in range(_TEAMS)
)


def _phone(place: int) -> str:
    return f"+1{2_000_000_000 + place}"


def _own(place: int) -> str:
    return (
        f'  "{_phone(place)}":\n'
        f"    groups: [team-{place % _TEAMS}]\n"
        f"    customer_reference: desk-{place}\n"
        "    voice:\n"
        "      inbound_call_screening: flag_calls\n"
        "      call_recording: {inbound_call_recording_enabled: true}\n"
    )


def _files(root: Path, count: int) -> None:
    size = count // _PARTS
    for part in range(_PARTS):
        numbers = "".join(map(_own, range(part * size, (part + 1) * size)))
        (root / f"part-{part:03}.yaml").write_text(f"numbers:\n{numbers}")


def _one_file(root: Path, count: int) -> None:
    (root / "all.yaml").write_text("numbers:\n" + "".join(map(_own, range(count))))


def _grouped(root: Path, count: int) -> None:
    lines = [f'  "{_phone(at)}": {{groups: [team-{at % _TEAMS}]}}\n' for at in range(count)]
    (root / "all.yaml").write_text("numbers:\n" + "".join(lines))


def _blocks(root: Path, count: int) -> None:
    size = count // _PARTS
    lines = [
        f'  "{_phone(part * size)}..{_phone(part * size + size - 1)}":\n'
        f"    groups: [team-{part % _TEAMS}]\n"
        '    customer_reference: "desk-{last4}"\n'
        for part in range(_PARTS)
    ]
    (root / "all.yaml").write_text("numbers:\n" + "".join(lines))


def _sheet(root: Path, count: int) -> None:
    (root / "all.yaml").write_text("numbers_from: all.csv\n")
    head = (
        "phone_number,groups,customer_reference,voice.inbound_call_screening,"
        "voice.call_recording.inbound_call_recording_enabled\n"
    )
    rows = [f"{_phone(at)},team-{at % _TEAMS},desk-{at},flag_calls,true\n" for at in range(count)]
    (root / "all.csv").write_text(head + "".join(rows))


def _in_files(entry: Callable[[int], str]) -> Callable[[Path, int], None]:
    def write(root: Path, count: int) -> None:
        size = count // _PARTS
        for part in range(_PARTS):
            numbers = "".join(map(entry, range(part * size, (part + 1) * size)))
            (root / f"part-{part:03}.yaml").write_text(f"numbers:\n{numbers}")

    return write


def _unlike(place: int) -> str:
    """Every value of every field is of one number alone, where the field allows it."""
    return (
        f'  "{_phone(place)}":\n'
        f"    groups: [team-{place * 7 % _TEAMS}]\n"
        f"    customer_reference: desk-{place}\n"
        f'    connection_id: "{10**12 + place}"\n'
        f'    billing_group_id: "{10**13 + place}"\n'
        f"    tags: [desk-{place}, site-{place % 97}]\n"
        f"    external_pin: {{env: PIN_{place}}}\n"
        f"    hd_voice_enabled: {'true' if place % 2 else 'false'}\n"
        "    voice:\n"
        f"      inbound_call_screening: {_SCREENINGS[place % 3]}\n"
        "      call_forwarding:\n"
        "        call_forwarding_enabled: true\n"
        f'        forwards_to: "+1{3_000_000_000 + place}"\n'
        "      cnam_listing:\n"
        "        cnam_listing_enabled: true\n"
        f"        cnam_listing_details: Desk {place}\n"
    )


_SCREENINGS = ("flag_calls", "reject_calls", "disabled")


def _tagged(place: int) -> str:
    tags = "".join(f"      - tag-{place}-{at}\n" for at in range(20))
    return f'  "{_phone(place)}":\n    tags:\n{tags}    customer_reference: desk-{place}\n'


def _dumped(place: int) -> str:
    """As PyYAML writes it."""
    return (
        f"  '{_phone(place)}':\n"
        f"    customer_reference: desk-{place}\n"
        "    groups:\n"
        f"    - team-{place % _TEAMS}\n"
        "    messaging:\n"
        f"      messaging_profile_id: '{10**12 + place % 7}'\n"
        "    tags:\n"
        f"    - site-{place % 97}\n"
        "    - voice\n"
        "    voice:\n"
        "      call_recording:\n"
        "        inbound_call_recording_enabled: true\n"
        "      inbound_call_screening: flag_calls\n"
    )


def _in_brackets(place: int) -> str:
    recorded = "call_recording: {inbound_call_recording_enabled: true}"
    return (
        f'  "{_phone(place)}": {{groups: [team-{place % _TEAMS}], customer_reference: desk-{place},'
        f" voice: {{inbound_call_screening: flag_calls, {recorded}}}}}\n"
    )


def _anchored(place: int) -> str:
    voice = "{inbound_call_screening: flag_calls}"
    first = place % 10 == 0
    return (
        f'  "{_phone(place)}":\n'
        f"    groups: [team-{place % _TEAMS}]\n"
        f"    customer_reference: desk-{place}\n"
        f"    voice: {f'&a{place} {voice}' if first else f'*a{place // 10 * 10}'}\n"
    )


SHAPES: dict[str, Callable[[Path, int], None]] = {
    "100 files": _files,
    "one file": _one_file,
    "one file, groups only": _grouped,
    "100 blocks": _blocks,
    "one sheet": _sheet,
    "100 files, unlike in every field": _in_files(_unlike),
    "100 files, 20 tags of its own each": _in_files(_tagged),
    "100 files, as PyYAML writes them": _in_files(_dumped),
    "100 files, in brackets": _in_files(_in_brackets),
    "100 files, with anchors": _in_files(_anchored),
}


_SHORT = frozenset({"100 blocks", "one sheet"})
"""Of these the YAML says little or nothing, so that a comparison would too."""


def measure(shape: str, count: int, *, traced: bool) -> dict[str, float]:
    """One load, in this process."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "reconciler.yaml").write_text(_HEAD)
        SHAPES[shape](root, count)
        before = _peak()
        if traced:
            tracemalloc.start()
        started = time.process_time()
        loaded = load_documents(root, root, fold=FOLDABLE)
        read = time.process_time()
        desired, problems = build(loaded.project, loaded.documents)
        merged = time.process_time()
        peak = _peak() - before
        parsed = [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in root.glob("*.yaml")]
        peer = time.process_time() - merged
        del parsed
    if problems or len(desired.numbers) != count:
        raise SystemExit(f"the benchmark's own files are wrong: {problems[:3]}")
    del loaded
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] / count if traced else 0.0
    times = {"read": read - started, "merge": merged - read, "peer": peer}
    return {**times, "peak": peak, "kept": kept}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(shape: str, count: int, *, traced: bool) -> dict[str, float]:
    words = ["--shape", shape, "--count", str(count), *(["--traced"] if traced else [])]
    command = [sys.executable, "-m", "tests.benchmarks.loading", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def table(count: int) -> Iterator[str]:
    """The figures of every shape, as Markdown."""
    yield (
        f"| {count:,} numbers in | read | merge and validate | both, of CSafeLoader's parse | peak "
        "| bytes a number after |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for shape in SHAPES:
        found = _in_a_process(shape, count, traced=False)
        kept = _in_a_process(shape, min(count, 20_000), traced=True)["kept"]
        ratio = (found["read"] + found["merge"]) / found["peer"]
        beside = "" if shape in _SHORT else f"{ratio:.2f}"
        yield (
            f"| {shape} | {found['read']:.2f} s | {found['merge']:.2f} s | {beside} | "
            f"{found['peak']:.0f} MB | {kept:.0f} |"
        )


def main() -> None:
    """Print the table, or measure one shape in this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--traced", action="store_true")
    given = parser.parse_args()
    if given.shape:
        as_a_run()
        json.dump(measure(given.shape, given.count, traced=given.traced), sys.stdout)
        return
    print("\n".join(table(given.count)))  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    main()
