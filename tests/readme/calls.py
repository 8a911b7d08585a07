"""How many calls three ways of working make for the same wish, counted by the sandbox.

The account has 1,000 numbers, of which the wish is about 200. `reconciler` plans and applies: its
reads before the plan, before the writes and after them all count. The script uses the published
SDK as its users do: it lists what it needs, 250 rows a page, and sends a PATCH for each number that
differs. The provider works as the protocol of Terraform has it: each resource is read by itself,
and written by itself where it differs. Neither of the two reads back what it wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import telnyx

from reconciler.sandbox.app import Sandbox
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.log import Entry
from tests.apply.account import Account

MARK = "<!-- measured: calls -->\n"
"""Stands in README.md above the table."""
TRUNK = "1521916448077776306"
PROFILE = "9b810e76-6ec9-4286-a3ca-828dd5f4b3b2"
_ACCOUNT, _WISHED = 1_000, 200
_KINDS = ("voice", "messaging")

Wished = Mapping[str, Mapping[str, Any]]
"""What is to hold, by id."""


@dataclass(frozen=True)
class Wish:
    """What is to hold, by number; the script and the provider know it per kind of resource."""

    words: str
    of: Callable[[int], Mapping[str, Any]]
    only_look: bool = False


def _own_reference(at: int) -> Mapping[str, Any]:
    return {"connection_id": TRUNK, "customer_reference": f"seat-{at}"}


def _screening(_: int) -> Mapping[str, Any]:
    return {"voice": {"inbound_call_screening": "reject_calls"}}


def _profile(_: int) -> Mapping[str, Any]:
    return {"messaging": {"messaging_profile_id": PROFILE}}


WISHES = (
    Wish("see that nothing differs", _own_reference, only_look=True),
    Wish("one voice setting for all", _screening),
    Wish("one messaging profile for all", _profile),
    Wish("one trunk for all, a reference for each", _own_reference),
)


def measured(scratch: Path) -> str:
    """The table as README.md shows it."""
    lines = [
        f"| {_WISHED} of {_ACCOUNT:,} numbers | reconciler | script over the SDK | provider |",
        "| --- | --- | --- | --- |",
    ]
    for place, wish in enumerate(WISHES):
        counts = (
            _by_reconciler(wish, scratch / str(place)),
            _over_the_sdk(wish, one_by_one=False),
            _over_the_sdk(wish, one_by_one=True),
        )
        lines.append(" | ".join((f"| {wish.words}", *map(_told, counts))) + " |")
    return "\n".join(lines) + "\n"


def _told(counts: tuple[int, int]) -> str:
    reads, writes = counts
    return f"{reads:,} + {writes:,}"


def _counted(entries: list[Entry], writes: list[Entry]) -> tuple[int, int]:
    return len(entries) - len(writes), len(writes)


def _numbers() -> list[str]:
    rows = make_fleet(_ACCOUNT, seed=1).numbers
    return sorted(row.phone_number for row in rows if row.status == "active")[:_WISHED]


def _by_reconciler(wish: Wish, root: Path) -> tuple[int, int]:
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        account = Account(root, patch, fleet=make_fleet(_ACCOUNT, seed=1))
        wished = {number: wish.of(at) for at, number in enumerate(_numbers())}
        account.declare(wished, safety={"max_changes_percent": 100})
        if wish.only_look:
            account.apply()
            account.sandbox.log.clear()
            assert account.is_settled()
        else:
            assert account.apply().converged
        return _counted(account.sandbox.log.entries, account.sandbox.log.writes)


def _over_the_sdk(wish: Wish, *, one_by_one: bool) -> tuple[int, int]:
    fleet = make_fleet(_ACCOUNT, seed=1)
    ids = {row.phone_number: row.id for row in fleet.numbers}
    wished = {ids[number]: wish.of(at) for at, number in enumerate(_numbers())}
    sandbox = Sandbox(fleet)
    asyncio.run(_converge(sandbox, wished, one_by_one))
    if wish.only_look:
        sandbox.log.clear()
        asyncio.run(_converge(sandbox, wished, one_by_one))
    return _counted(sandbox.log.entries, sandbox.log.writes)


async def _converge(sandbox: Sandbox, wished: Wished, one_by_one: bool) -> None:
    """Read the resources of one kind, and PATCH those that differ."""
    line = httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.asgi))
    async with telnyx.AsyncTelnyx(
        api_key=sandbox.api_key, base_url="http://sandbox/v2", max_retries=0, http_client=line
    ) as client:
        kinds = {kind for values in wished.values() for kind in _KINDS if kind in values}
        kind = kinds.pop() if kinds else ""
        resource: Any = getattr(client.phone_numbers, kind) if kind else client.phone_numbers
        if one_by_one:
            rows = [(await resource.retrieve(each)).data for each in wished]
        else:
            rows = [row async for row in resource.list(page_size=250) if row.id in wished]
        for row in rows:
            values = wished[row.id][kind] if kind else wished[row.id]
            if any(getattr(row, name) != value for name, value in values.items()):
                await resource.update(row.id, **values)
