"""Faults over a real socket, as a client meets them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from reconciler.sandbox.faults import (
    Delay,
    Distort,
    Drip,
    Drop,
    Fault,
    Meanwhile,
    Respond,
    bad_json,
    html,
    lost_answer,
    redirect,
)
from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.server import RunningSandbox
from tests.sandbox.support import ONE, THREE, TWO, Desk

NUMBERS = "/phone_numbers"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox() as served:
        yield served


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A client of a sandbox that has three numbers, no faults and an empty log."""
    sandbox.control.clear()
    sandbox.control.timing(latency=0.0)
    for phone_number in (ONE, TWO, THREE):
        sandbox.control.add(number(phone_number))
    sandbox.control.forget()
    headers = {"authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.base_url, headers=headers, timeout=5) as made:
        yield made


def patch(client: httpx.Client, sandbox: RunningSandbox, **body: Any) -> httpx.Response:
    return client.patch(f"{NUMBERS}/{sandbox.control.state(ONE)['id']}", json=body)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500, 502, 503, 504])
def test_an_answer_can_be_any_error_with_a_body_of_the_right_shape(
    client: httpx.Client, sandbox: RunningSandbox, status: int
) -> None:
    sandbox.control.fault(Respond(status=status))
    answer = client.get(NUMBERS)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"]
    assert answer.headers["x-request-id"]
    assert client.get(NUMBERS).status_code == 200


def test_a_connection_dropped_before_the_write_leaves_the_number_alone(
    client: httpx.Client, sandbox: RunningSandbox
) -> None:
    sandbox.control.fault(Drop(), method="PATCH")
    with pytest.raises(httpx.RemoteProtocolError):
        patch(client, sandbox, tags=["lost"])
    assert sandbox.control.state(ONE)["tags"] == []
    assert sandbox.control.log()[-1].status == 0


def test_a_connection_dropped_after_the_write_has_changed_the_number(
    client: httpx.Client, sandbox: RunningSandbox
) -> None:
    sandbox.control.fault(lost_answer(), method="PATCH")
    with pytest.raises(httpx.RemoteProtocolError):
        patch(client, sandbox, tags=["kept"])
    assert sandbox.control.state(ONE)["tags"] == ["kept"]


def test_a_502_can_hide_a_write_that_happened(
    client: httpx.Client, sandbox: RunningSandbox
) -> None:
    sandbox.control.fault(lost_answer("502"), method="PATCH")
    assert patch(client, sandbox, tags=["hidden"]).status_code == 502
    assert sandbox.control.state(ONE)["tags"] == ["hidden"]


def test_a_connection_can_be_reset(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Drop(reset=True))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get(NUMBERS)
    assert client.get(NUMBERS).status_code == 200


def test_a_body_can_be_truncated(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Drop(sent=40))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(NUMBERS)


def test_an_answer_can_be_late(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Delay(0.4))
    with pytest.raises(httpx.ReadTimeout):
        client.get(NUMBERS, timeout=0.1)
    assert client.get(NUMBERS).status_code == 200


def test_a_write_can_time_out_after_it_happened(
    client: httpx.Client, sandbox: RunningSandbox
) -> None:
    sandbox.control.fault(Delay(0.4, after=True), method="PATCH")
    with pytest.raises(httpx.ReadTimeout):
        client.patch(
            f"{NUMBERS}/{sandbox.control.state(ONE)['id']}", json={"tags": ["late"]}, timeout=0.1
        )
    assert sandbox.control.state(ONE)["tags"] == ["late"]


def test_every_answer_can_take_its_time(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.timing(latency=0.05)
    begun = time.monotonic()
    client.get(NUMBERS)
    assert time.monotonic() - begun >= 0.05


def test_a_body_can_drip(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Drip(0.01, size=500))
    begun = time.monotonic()
    assert len(client.get(NUMBERS).json()["data"]) == 3
    assert time.monotonic() - begun >= 0.03


def test_a_body_can_be_broken_json_html_or_of_another_type(
    client: httpx.Client, sandbox: RunningSandbox
) -> None:
    sandbox.control.fault(bad_json())
    sandbox.control.fault(html(), skip=1)
    sandbox.control.fault(Respond(status=200, content_type="text/plain", body="{}"), skip=2)
    with pytest.raises(json.JSONDecodeError):
        client.get(NUMBERS).json()
    portal = client.get(NUMBERS)
    assert (portal.status_code, portal.headers["content-type"][:9]) == (200, "text/html")
    assert client.get(NUMBERS).headers["content-type"] == "text/plain"


def test_a_redirect_names_its_target(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(redirect("https://elsewhere.example/v2"))
    answer = client.get(NUMBERS)
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://elsewhere.example/v2"


def test_a_body_can_be_huge(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Respond(status=200, body="x" * 65_536, repeat=1_000_000))
    with client.stream("GET", NUMBERS) as answer:
        assert int(answer.headers["content-length"]) > 60_000_000_000
        assert next(answer.iter_raw())
    assert client.get(NUMBERS).status_code == 200


def test_a_value_can_be_nan(client: httpx.Client, sandbox: RunningSandbox) -> None:
    sandbox.control.fault(Distort(replace={'"total_results":3': '"total_results":NaN'}))
    assert b'"total_results":NaN' in client.get(NUMBERS).content


def test_a_list_can_lie_repeat_and_lose_rows() -> None:
    desk = Desk(number(ONE), number(TWO), number(THREE))
    desk.control.fault(Distort(total=7, lose=1, repeat=1))
    body = desk.get(NUMBERS)
    assert [row["phone_number"] for row in body["data"]] == [THREE, TWO, THREE]
    assert body["meta"]["total_results"] == 10


def test_values_of_an_answer_can_be_hostile() -> None:
    desk = Desk(number(ONE))
    desk.conforming = False
    desk.control.fault(
        Distort(set={"id": "../x", "status": "haunted", "tags": 7}, drop=("created_at",)),
        times=None,
    )
    row = desk.get(NUMBERS)["data"][0]
    assert (row["id"], row["status"], row["tags"]) == ("../x", "haunted", 7)
    assert "created_at" not in row
    assert desk.get(f"{NUMBERS}/{desk.id()}")["data"]["id"] == "../x"


def test_rows_can_shift_while_a_list_is_paged() -> None:
    desk = Desk(number(ONE), number(TWO), number(THREE))
    desk.control.meanwhile("list_numbers", 2, remove=(ONE,))
    pages = [
        desk.listed(NUMBERS, {"sort": "phone_number", "page[size]": 1, "page[number]": page})
        for page in (1, 2)
    ]
    assert pages == [[ONE], [THREE]], "TWO has moved to the page that was read already"


def test_somebody_else_can_add_and_change_as_well() -> None:
    desk = Desk(number(ONE))
    desk.control.fault(
        Meanwhile(
            add=({"phone_number": TWO, "tags": ["theirs"]},),
            change=((ONE, "voice.call_recording.inbound_call_recording_format", "mp3"),),
        )
    )
    assert desk.listed(NUMBERS) == [TWO, ONE]
    assert desk.state()["voice"]["call_recording"]["inbound_call_recording_format"] == "mp3"


def test_a_listing_can_be_forbidden_while_others_are_not() -> None:
    desk = Desk(number(ONE))
    desk.control.forbid("list_voice")
    for _ in range(2):
        assert desk.ask("GET", "/phone_numbers/voice").status_code == 403
    assert desk.ask("GET", NUMBERS).status_code == 200
    desk.control.clear()
    assert desk.ask("GET", "/phone_numbers/voice").status_code == 200


def statuses(desk: Desk, count: int, path: str = NUMBERS) -> list[int]:
    return [desk.ask("GET", path).status_code for _ in range(count)]


def test_a_fault_strikes_by_count_by_turn_or_by_chance() -> None:
    desk = Desk(number(ONE))
    desk.control.fault(Respond(), skip=1, times=2)
    assert statuses(desk, 4) == [200, 503, 503, 200]
    desk.control.fault(Respond(), every=2, times=None)
    assert statuses(desk, 4) == [503, 200, 503, 200]
    desk.control.clear()
    by_chance = Fault(do=(Respond(),), probability=0.5, seed=7, times=None)
    desk.control.add_fault(by_chance)
    first = statuses(desk, 12)
    assert set(first) == {200, 503}
    desk.control.clear()
    desk.control.add_fault(by_chance)
    assert statuses(desk, 12) == first, "the same seed, the same misfortune"


def test_a_fault_strikes_by_method_path_and_query() -> None:
    desk = Desk(number(ONE))
    desk.control.fault(Respond(), method="^GET$", path="voice$", query="page", times=None)
    assert statuses(desk, 1, "/phone_numbers/voice") == [200]
    answer = desk.ask("GET", "/phone_numbers/voice", params={"page[size]": "1"})
    assert answer.status_code == 503
    assert desk.ask("GET", NUMBERS, params={"page[size]": "1"}).status_code == 200


def test_actions_compose() -> None:
    desk = Desk(number(ONE))
    desk.control.fault(
        Meanwhile(change=((ONE, "customer_reference", "x"),)),
        Delay(0.01),
        Distort(drop=("tags",)),
    )
    desk.conforming = False
    row = desk.get(NUMBERS)["data"][0]
    assert row["customer_reference"] == "x"
    assert "tags" not in row


def test_in_process_a_dropped_connection_is_the_error_it_would_be() -> None:
    desk = Desk(number(ONE))
    desk.control.fault(Drop())
    with pytest.raises(ConnectionResetError):
        desk.ask("GET", NUMBERS)


def test_a_request_that_waits_does_not_keep_the_server_from_stopping() -> None:
    begun = time.monotonic()
    with RunningSandbox(Fleet.of([number(ONE)])) as sandbox:
        sandbox.control.fault(Delay(60))
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(sandbox.base_url + NUMBERS, timeout=0.1)
    assert time.monotonic() - begun < 8, "less than the server gives what still runs"


def test_an_endless_body_that_nobody_reads_any_more_ends() -> None:
    begun = time.monotonic()
    with RunningSandbox(Fleet.of([number(ONE)])) as sandbox:
        sandbox.control.fault(Respond(status=200, body="x", repeat=10**12))
        with httpx.stream("GET", sandbox.base_url + NUMBERS) as answer:
            assert next(answer.iter_raw())
    assert time.monotonic() - begun < 8
