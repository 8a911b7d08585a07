"""`python -m tests.benchmarks.exporting [--count 10000]`: how small `export` writes, and how fast.

Fleets from tidy to lived in, and that of the sandbox, in which every number draws each of its
settings anew. Each is a snapshot in memory; the time is CPU seconds from there to the text of all
files. Lines are those of YAML, remarks and groups counted in.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from reconciler.core.scope import Scope
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.state import Row, number
from reconciler.workflow.exporting import Manner, export_new
from tests.export.support import snapshot_of

_SITES = ("chicago", "boston", "denver", "austin", "seattle", "miami", "berlin", "london")
_ROLES = ("support", "sales", "fax", "lobby")


def _site(place: int, size: int) -> tuple[int, dict[str, Any]]:
    """A number's place among the sites, and what the site gives it."""
    site = place * len(_SITES) // size
    return site, {
        "country_iso_alpha2": "DE" if site == 6 else "GB" if site == 7 else "US",
        "connection_id": str(1_521_916_448_077_776_306 + 1009 * site),
        "billing_group_id": f"{site:08x}-0000-4000-8000-000000000000",
        "emergency": {"emergency_enabled": True, "emergency_address_id": str(53_829_456 + site)},
    }


def _phone(site: int, place: int) -> str:
    return f"+1{312 + site}{2_000_000 + place}"


def tidy(count: int) -> Iterator[Row]:
    """Several sites, a run of numbers for each role at each, named by their last digits."""
    for place in range(count):
        site, settings = _site(place, count)
        role = _ROLES[place // 50 % len(_ROLES)]
        phone = _phone(site, place)
        reference = f"{role}-{phone[-4:]}"
        tags = [_SITES[site], role]
        yield number(phone, **settings, tags=tags, customer_reference=reference)


def scattered(count: int) -> Iterator[Row]:
    """The same sites and roles, but every number bought by itself: no two in a row."""
    random = Random(1)
    for place in range(count):
        site, settings = _site(place, count)
        role = random.choice(_ROLES)
        yield number(_phone(site, 3 * place), **settings, tags=[role], customer_reference=role)


def lived_in(count: int) -> Iterator[Row]:
    """Sites and roles after some years: a name of its own for each second number, exceptions from
    every rule, and here and there a PIN."""
    random = Random(1)
    for place in range(count):
        site, settings = _site(place, count)
        role = _ROLES[place // 50 % len(_ROLES)]
        voice: dict[str, Any] = {"inbound_call_screening": "flag_calls"} if role == "sales" else {}
        if random.random() < 0.02:
            voice["call_forwarding"] = {
                "call_forwarding_enabled": True,
                "forwards_to": f"+1303555{random.randrange(10_000):04}",
            }
        if random.random() < 0.05:
            settings["connection_id"] = str(1_521_916_448_077_776_306 + 1009 * random.randrange(8))
        yield number(
            _phone(site, place),
            **settings,
            tags=[role] if random.random() < 0.95 else [role, "vip"],
            customer_reference=f"person {place}" if random.random() < 0.5 else None,
            external_pin="4711" if random.random() < 0.01 else None,
            hd_voice_enabled=random.random() < 0.1,
            voice=voice,
        )


def sandbox(count: int) -> Iterator[Row]:
    """The fleet of `reconciler sandbox --seed 1`."""
    fleet = make_fleet(count, seed=1)
    yield from fleet.numbers
    yield from fleet.mobiles


FLEETS: Mapping[str, Callable[[int], Iterator[Row]]] = {
    "tidy: sites and roles in runs": tidy,
    "sites and roles, scattered": scattered,
    "lived in": lived_in,
    "sandbox: all at random": sandbox,
}


def main() -> None:
    """Print one row a fleet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    print("| fleet | lines | a number | groups | KB | CPU |\n| --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for name, make in FLEETS.items():
        snapshot = snapshot_of(make(count))
        gc.collect()
        started = time.process_time()
        files = export_new(snapshot, Scope(), Manner()).files
        spent = time.process_time() - started
        text = [text for file, text in files.items() if file.endswith(".yaml")]
        lines = sum(each.count("\n") for each in text)
        groups = sum(line.startswith("  ") for line in _groups(files["reconciler.yaml"]))
        size = sum(map(len, text)) // 1024
        total = len(snapshot.numbers)
        print(f"| {name} | {lines:,} | {lines / total:.2f} | {groups} | {size:,} | {spent:.2f} s |")  # noqa: T201


def _groups(text: str) -> Iterator[str]:
    """The lines that name a group."""
    within = False
    for line in text.splitlines():
        within = line == "groups:" or (within and (line.startswith(" ") or not line))
        if within and line.startswith("  ") and not line.startswith("   "):
            yield line


if __name__ == "__main__":
    main()
