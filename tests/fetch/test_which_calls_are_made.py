"""Only the lists that hold a needed field, in pages of 250, side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler import workflow
from reconciler.api.by_httpx import ByHttpx
from reconciler.api.message import Request
from reconciler.api.settings import Endpoint
from reconciler.api.transport import ReadOnlyTransport, WriteAttemptError
from reconciler.sandbox.fleet import number
from reconciler.sandbox.generate import make_fleet
from reconciler.workflow import Options
from tests.apply.account import ONE, PROFILE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount

LISTS_NEEDED: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({}, {"list_slim": 1}),
    ({"tags": ["a"]}, {"list_slim": 1}),
    ({"connection_id": TRUNK}, {"list_slim": 1}),
    ({"external_pin": "4711"}, {"list_slim": 1}),
    ({"voice": {"inbound_call_screening": "flag_calls"}}, {"list_slim": 1, "list_voice": 1}),
    ({"voice": {"caller_id_name_enabled": True}}, {"list_slim": 1}),
    (
        {"messaging": {"messaging_profile_id": PROFILE}},
        {"list_slim": 1, "list_messaging": 1},
    ),
    (
        {"messaging": {"messaging_product": "A2P"}, "voice": {"translated_number": "7"}},
        {"list_slim": 1, "list_voice": 1, "list_messaging": 1},
    ),
]


@pytest.mark.parametrize(("settings", "calls"), LISTS_NEEDED, ids=str)
def test_only_the_lists_that_hold_a_declared_field_are_read(
    account: Account, settings: dict[str, Any], calls: dict[str, int]
) -> None:
    account.declare({ONE: settings})
    account.plan()
    assert account.control.counts() == calls


def test_the_slim_list_is_asked_for_tags_and_connections(account: Account) -> None:
    account.declare({ONE: {"tags": ["a"]}})
    account.plan()
    query = dict(httpx.QueryParams(account.control.log()[0].query))
    assert query == {
        "sort": "phone_number",
        "include_tags": "true",
        "include_connection": "true",
        "page[number]": "1",
        "page[size]": "250",
    }


def test_a_slim_list_without_tags_gives_way_to_the_full_list(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, tags=["a"]), slim_tags="never")
    account.declare({ONE: {"tags": ["a"]}})
    assert not account.plan().plan.has_drift
    assert account.control.counts() == {"list_slim": 1, "list_numbers": 1}


def test_a_slim_list_without_tags_serves_when_no_tags_are_declared(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, tags=["a"]), slim_tags="never")
    account.declare({ONE: {"customer_reference": "desk-1"}})
    account.plan()
    assert account.control.counts() == {"list_slim": 1}


def test_pages_hold_250_rows(make_account: MakeAccount) -> None:
    account = make_account(fleet=make_fleet(1001, seed=3))
    account.declare({})
    account.plan()
    assert account.control.counts() == {"list_slim": 5}


def test_pages_are_read_side_by_side(make_account: MakeAccount) -> None:
    account = make_account(fleet=make_fleet(2000, seed=3))
    account.control.timing(latency=0.02)
    account.declare({})
    in_flight = most = 0
    serve = account.sandbox.asgi

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        try:
            await serve(scope, receive, send)
        finally:
            in_flight -= 1

    account.sandbox.asgi = counting  # type: ignore[assignment]
    account.plan()
    assert most > 1


def test_lists_are_read_side_by_side(make_account: MakeAccount) -> None:
    account = make_account(fleet=make_fleet(100, seed=3))
    account.do(workflow.fetch_everything(Options()))
    assert account.control.counts() == {
        "list_numbers": 1,
        "list_voice": 1,
        "list_messaging": 1,
        "list_mobile": 1,
        "list_mobile_messaging": 1,
    }


def test_a_snapshot_holds_every_number_once(make_account: MakeAccount) -> None:
    account = make_account(fleet=make_fleet(1234, seed=3))
    snapshot = account.do(workflow.fetch_everything(Options()))
    rows = (*account.fleet.numbers, *account.fleet.mobiles)
    assert snapshot.numbers.keys() == {row.phone_number for row in rows}


def test_the_page_size_of_the_project_is_kept_to(account: Account) -> None:
    account.declare({}, limits={"page_size": 2})
    account.plan()
    assert account.control.counts() == {"list_slim": 2}


def test_a_plan_counts_its_reads(account: Account) -> None:
    account.declare({ONE: {"voice": {"tech_prefix_enabled": True}}})
    assert account.plan().reads == 2


def test_a_plan_sends_nothing_but_get(account: Account) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}, TWO: {"tags": ["a"]}})
    account.plan()
    assert {entry.method for entry in account.control.log()} == {"GET"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
def test_the_reading_client_cannot_write(account: Account, method: str) -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v2", account.sandbox.api_key)
    guard = ReadOnlyTransport(ByHttpx(httpx.ASGITransport(account.sandbox.asgi)), endpoint)
    request = Request(method, endpoint.origin, "/v2/phone_numbers/1", (), b"{}", 5.0)

    with pytest.raises(WriteAttemptError):
        asyncio.run(guard.send(request))
    assert account.control.log() == []


def test_a_snapshot_on_disk_stands_in_for_the_account(account: Account, tmp_path: Path) -> None:
    account.declare({ONE: {"voice": {"inbound_call_screening": "flag_calls"}}})
    file = tmp_path / "live.json"
    file.write_bytes(workflow.snapshot_json(account.do(workflow.fetch_everything(Options()))))
    account.control.forget()
    assert account.plan(live=file).plan.summary.fields_changed == 1
    assert account.control.log() == []
