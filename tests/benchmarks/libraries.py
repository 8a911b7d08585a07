"""`python -m tests.benchmarks.libraries`: what the libraries that were chosen cost beside others.

Each pair does the same work on the same data in the same process; the figures are CPU milliseconds,
the best of five.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import click
import httpx
import jsonschema
import jsonschema_rs
import msgspec
import telnyx
import yaml

from reconciler.core.fields import Listing
from reconciler.core.rows import ROW_TYPES
from reconciler.core.schema import numbers_schema
from reconciler.sandbox.app import Sandbox
from reconciler.sandbox.generate import make_fleet

_TIMES = 5


def main() -> None:
    """Print a table of Markdown."""
    page = _page()
    document = {
        "version": 1,
        "numbers": {
            f"+1312555{at:04}": {"tags": ["sales"], "customer_reference": f"desk-{at}"}
            for at in range(1_000)
        },
    }
    text = json.dumps(document)
    schema = numbers_schema()
    python = jsonschema.Draft202012Validator(schema)
    rust = jsonschema_rs.Draft202012Validator(schema)
    row: Any = ROW_TYPES[Listing.NUMBERS]
    typed = msgspec.json.Decoder(list[row])
    rows = msgspec.json.encode(json.loads(page)["data"])
    model = telnyx.types.NumbersPhoneNumberDetailed
    click.echo("| work | chosen | ms | other | ms | ratio |\n| --- | --- | --- | --- | --- | --- |")
    _pair(
        "decode 250 rows",
        ("msgspec, typed", lambda: typed.decode(rows)),
        ("json", lambda: json.loads(rows)),
    )
    _pair(
        "decode 250 rows into types",
        ("msgspec, typed", lambda: typed.decode(rows)),
        ("pydantic, as in the SDK", lambda: [model(**each) for each in json.loads(rows)]),
    )
    _pair(
        "validate 1,000 numbers",
        ("jsonschema-rs", lambda: rust.is_valid(document)),
        ("jsonschema", lambda: python.is_valid(document)),
    )
    _pair(
        "parse YAML of 1,000 numbers",
        ("PyYAML on libyaml", lambda: _events(yaml.CSafeLoader, text)),
        ("PyYAML alone", lambda: _events(yaml.SafeLoader, text)),
    )


def _page() -> bytes:
    sandbox = Sandbox(make_fleet(250, seed=1))

    async def read() -> bytes:
        line = httpx.ASGITransport(sandbox.asgi)
        async with httpx.AsyncClient(transport=line, base_url="http://sandbox") as client:
            key = {"Authorization": f"Bearer {sandbox.api_key}"}
            answer = await client.get("/v2/phone_numbers?page[size]=250", headers=key)
            return answer.content

    return asyncio.run(read())


def _events(loader: Any, text: str) -> int:
    return sum(1 for _ in yaml.parse(text, Loader=loader))


def _pair(
    work: str, chosen: tuple[str, Callable[[], object]], other: tuple[str, Callable[[], object]]
) -> None:
    ours, theirs = _milliseconds(chosen[1]), _milliseconds(other[1])
    click.echo(
        f"| {work} | {chosen[0]} | {ours:.2f} | {other[0]} | {theirs:.2f} | 1/{theirs / ours:.0f} |"
    )


def _milliseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_TIMES):
        start = time.process_time()
        repeats = 0
        while time.process_time() - start < 0.05:
            work()
            repeats += 1
        best = min(best, (time.process_time() - start) / repeats)
    return best * 1_000


if __name__ == "__main__":
    main()
