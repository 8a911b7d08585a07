"""The levers: as methods, and over HTTP on the same server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.sandbox.fleet import number
from reconciler.sandbox.server import RunningSandbox
from tests.sandbox.support import ONE, TWO, Desk


def pull(desk: Desk, lever: str, body: object, *, status: int = 200) -> Any:
    answer = desk.ask("POST", f"/_control/{lever}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def look(desk: Desk, view: str) -> Any:
    answer = desk.ask("GET", f"/_control/{view}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_log_holds_what_was_asked() -> None:
    desk = Desk(number(ONE))
    desk.ask("GET", "/phone_numbers", params={"page[size]": "1"})
    desk.clock.advance(5)
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"tags": ["a"]})
    first, second = desk.control.log()
    assert (first.call, first.method, first.path) == ("list_numbers", "GET", "/v2/phone_numbers")
    assert first.query in {"page[size]=1", "page%5Bsize%5D=1"}
    assert (second.body, second.status) == ({"tags": ["a"]}, 200)
    assert second.at - first.at == 5
    assert desk.sandbox.log.writes == [second]
    assert desk.sandbox.log.of("patch_number") == [second]
    assert desk.control.counts() == {"list_numbers": 1, "patch_number": 1}
    desk.control.forget()
    assert desk.control.log() == []


def test_outside_changes_are_typed() -> None:
    desk = Desk(number(ONE))
    desk.control.change(ONE, "voice.cnam_listing.cnam_listing_details", "ACME")
    assert desk.state()["voice"]["cnam_listing"]["cnam_listing_details"] == "ACME"
    with pytest.raises(KeyError):
        desk.control.change(ONE, "voice.nonsense", 1)
    with pytest.raises(KeyError):
        desk.control.change(TWO, "tags", [])
    with pytest.raises(ValueError, match="Expected"):
        desk.control.change(ONE, "tags", 7)


def test_every_lever_can_be_pulled_over_http() -> None:
    desk = Desk(number(ONE))
    pull(desk, "fault", {"do": [{"type": "Respond", "status": 500}], "call": "list_numbers"})
    assert desk.ask("GET", "/phone_numbers").status_code == 500
    pull(desk, "add", {"phone_number": TWO, "tags": ["a"]})
    pull(desk, "change", {"phone_number": ONE, "path": "customer_reference", "value": "x"})
    assert look(desk, f"state?phone_number=%2B{ONE[1:]}")["customer_reference"] == "x"
    pull(desk, "remove", {"phone_number": ONE})
    assert desk.listed("/phone_numbers") == [TWO]
    pull(desk, "limit", {"per_second": 0, "retry_after": "seconds"})
    assert desk.ask("GET", "/phone_numbers").headers["retry-after"] == "1"
    pull(desk, "limit", {"per_second": None})
    pull(desk, "behave", {"slim_tags": "never", "ignored_clears": ["external_pin"]})
    assert desk.sandbox.behaviour.ignored_clears == frozenset({"external_pin"})
    pull(desk, "timing", {"pending": 5})
    pull(desk, "script", {"call": "update_job", "ends": "failed"})
    job = desk.job("update_phone_numbers", phone_numbers=[TWO], tags=[])
    assert desk.after(job, 5)["status"] == "failed"
    pull(desk, "profiles_down", {})
    assert desk.ask("GET", "/phone_numbers").status_code == 503
    pull(desk, "forget", {})
    pull(desk, "clear", {})
    assert look(desk, "log") == []


def test_every_view_can_be_seen_over_http_and_stands_in_no_log() -> None:
    desk = Desk(number(ONE))
    desk.refused("GET", "/phone_numbers", params={"x": "1"})
    assert look(desk, "counts") == {"list_numbers": 1}
    assert look(desk, "log")[0]["status"] == 422
    assert len(look(desk, "violations")) == 1
    assert look(desk, "dump")["numbers"][0]["phone_number"] == ONE
    assert len(desk.control.log()) == 1


def test_the_levers_need_the_key_and_say_what_is_wrong() -> None:
    desk = Desk(number(ONE))
    assert desk.ask("POST", "/_control/clear", json={}, key="wrong").status_code == 401
    assert desk.ask("GET", "/_control/log", key="").status_code == 401
    assert "fault" in pull(desk, "nonsense", {}, status=404)["levers"]
    assert desk.ask("GET", "/_control/nonsense").status_code == 404
    assert desk.ask("GET", "/_control/state?phone_number=1").status_code == 404
    for lever, body in (
        ("fault", {"do": [{"type": "Explode"}]}),
        ("script", {"nonsense": 1}),
        ("behave", {"nonsense": 1}),
        ("behave", {"slim_tags": "sometimes"}),
        ("timing", {"pending": "soon"}),
        ("change", {"phone_number": TWO, "path": "tags", "value": []}),
        ("limit", {"per_second": "many"}),
        ("remove", {}),
    ):
        assert pull(desk, lever, body, status=422)["error"]


def test_the_levers_work_on_a_socket(running: RunningSandbox) -> None:
    headers = {"authorization": f"Bearer {running.api_key}"}
    url = f"{running.root_url}/_control/change"
    sent = {"phone_number": ONE, "path": "tags", "value": ["remote"]}
    assert httpx.post(url, json=sent, headers=headers).status_code == 200
    assert running.control.state(ONE)["tags"] == ["remote"]
