"""Requests that are refused before they are carried out, and how the answer says so."""

from __future__ import annotations

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from tests.sandbox.spec import document
from tests.sandbox.support import MOBILE, ONE, TWO, Desk, pointer


def desk() -> Desk:
    return Desk(number(ONE), number(TWO, status="port-pending"), mobile_number(MOBILE))


def test_a_wrong_key_is_401_as_in_the_example() -> None:
    responses = document()["components"]["responses"]["numbers_UnauthorizedResponse"]
    example = responses["content"]["application/json"]["examples"]["Authentication Failed"]
    for headers in ({"authorization": "Bearer wrong"}, {"authorization": "Basic x"}):
        answer = desk().ask("GET", "/phone_numbers", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == example["value"]


def test_the_key_is_not_in_the_log() -> None:
    here = desk()
    here.get("/phone_numbers")
    assert here.sandbox.api_key not in str(here.control.log())


def test_every_answer_has_a_request_id_and_rate_limit_headers() -> None:
    here = desk()
    answers = [
        here.ask("GET", "/phone_numbers"),
        here.ask("GET", "/phone_numbers", key="wrong"),
        here.ask("GET", "/phone_numbers/1"),
        here.ask("PATCH", "/phone_numbers/1", json={"nonsense": 1}),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 422]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert float(answer.headers["x-ratelimit-limit"]) > 0
        assert float(answer.headers["x-ratelimit-remaining"]) >= 0
        assert float(answer.headers["x-ratelimit-reset"]) >= 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/phone_numbers"),
        ("GET", "/v2/mobile_phone_numbers"),
        ("GET", "/nonsense"),
        ("PUT", "/phone_numbers"),
        ("POST", "/phone_numbers"),
        ("DELETE", "/phone_numbers/jobs/1/x"),
        ("GET", "/phone_numbers/"),
        ("GET", "/phone_numbers/1/../2/x"),
    ],
)
def test_what_is_no_call_is_404(method: str, path: str) -> None:
    here = desk()
    here.conforming = False
    answer = here.ask(method, path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "10005"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/phone_numbers/{}", None),
        ("GET", "/phone_numbers/{}/voice", None),
        ("GET", "/phone_numbers/{}/messaging", None),
        ("PATCH", "/phone_numbers/{}", {}),
        ("PATCH", "/phone_numbers/{}/voice", {}),
        ("PATCH", "/phone_numbers/{}/messaging", {}),
        ("DELETE", "/phone_numbers/{}", None),
        ("PATCH", "/phone_numbers/{}/actions/bundle_status_change", {"bundle_id": None}),
        (
            "POST",
            "/phone_numbers/{}/actions/enable_emergency",
            {"emergency_enabled": True, "emergency_address_id": "1"},
        ),
        ("GET", "/phone_numbers/jobs/{}", None),
        ("GET", "/messaging_numbers_bulk_updates/{}", None),
        ("GET", "/mobile_phone_numbers/{}", None),
        ("PATCH", "/mobile_phone_numbers/{}", {}),
        ("GET", "/mobile_phone_numbers/{}/messaging", None),
    ],
)
def test_an_id_that_is_not_there_is_404_as_in_the_example(
    method: str, path: str, body: object
) -> None:
    error = desk().refused(method, path.format("999"), body, status=404)
    responses = document()["paths"]["/phone_numbers/jobs/{id}"]["get"]["responses"]
    examples = responses["404"]["content"]["application/json"]["examples"]
    assert error == examples["Resource not found"]["value"]["errors"][0]


def test_number_calls_want_the_id_and_messaging_calls_take_the_number_too() -> None:
    here = desk()
    here.refused("GET", f"/phone_numbers/{ONE}", status=404)
    here.refused("PATCH", f"/phone_numbers/{ONE}", {"tags": []}, status=404)
    here.refused("DELETE", f"/phone_numbers/{ONE}", status=404)
    here.refused("PATCH", f"/phone_numbers/{ONE}/voice", {}, status=404)
    here.refused("PATCH", f"/mobile_phone_numbers/{MOBILE}", {}, status=404)
    assert here.get(f"/phone_numbers/{ONE}/messaging")["data"]["phone_number"] == ONE
    here.send("PATCH", f"/phone_numbers/{ONE}/messaging", {"messaging_product": "P2P"})
    assert here.state()["messaging"]["messaging_product"] == "P2P"


WRONG = [
    ("PATCH", "/phone_numbers/{}", {"nonsense": 1}, "/nonsense"),
    ("PATCH", "/phone_numbers/{}", {"deletion_lock_enabled": True}, "/deletion_lock_enabled"),
    ("PATCH", "/phone_numbers/{}", {"tags": "support"}, "/tags"),
    ("PATCH", "/phone_numbers/{}", {"tags": ["a", 1]}, "/tags/1"),
    ("PATCH", "/phone_numbers/{}", {"tags": None}, "/tags"),
    ("PATCH", "/phone_numbers/{}", {"billing_group_id": None}, "/billing_group_id"),
    ("PATCH", "/phone_numbers/{}", {"external_pin": 1234}, "/external_pin"),
    ("PATCH", "/phone_numbers/{}", {"hd_voice_enabled": "true"}, "/hd_voice_enabled"),
    ("PATCH", "/phone_numbers/{}/voice", {"call_forwarding": []}, "/call_forwarding"),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"call_forwarding": {"forwarding_type": ""}},
        "/call_forwarding/forwarding_type",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"call_forwarding": {"forwards_to": "12345"}},
        "/call_forwarding/forwards_to",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"media_features": {"t38": True}},
        "/media_features/t38",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "x" * 16}},
        "/cnam_listing/cnam_listing_details",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "a-b"}},
        "/cnam_listing/cnam_listing_details",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"cnam_listing": {"cnam_listing_enabled": True}},
        "/cnam_listing/cnam_listing_enabled",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"cnam_listing": {"cnam_listing_details": "ACME"}},
        "/cnam_listing/cnam_listing_details",
    ),
    (
        "PATCH",
        "/phone_numbers/{}/voice",
        {"inbound_call_screening": "block"},
        "/inbound_call_screening",
    ),
    ("PATCH", "/phone_numbers/{}/voice", {"translated_number": "a b"}, "/translated_number"),
    (
        "PATCH",
        "/phone_numbers/{}/messaging",
        {"messaging_profile_id": "x"},
        "/messaging_profile_id",
    ),
    ("PATCH", "/phone_numbers/{}/messaging", {"messaging_product": ""}, "/messaging_product"),
    ("PATCH", "/phone_numbers/{}/actions/bundle_status_change", {}, "/bundle_id"),
    ("PATCH", "/phone_numbers/{}/actions/bundle_status_change", {"bundle_id": ""}, "/bundle_id"),
    (
        "POST",
        "/phone_numbers/{}/actions/enable_emergency",
        {"emergency_enabled": True},
        "/emergency_address_id",
    ),
    (
        "POST",
        "/phone_numbers/{}/actions/enable_emergency",
        {"emergency_enabled": True, "emergency_address_id": ""},
        "/emergency_address_id",
    ),
    (
        "POST",
        "/phone_numbers/{}/actions/enable_emergency",
        {"emergency_enabled": False, "emergency_address_id": "1"},
        "/emergency_enabled",
    ),
    ("POST", "/phone_numbers/actions/verify_ownership", {}, "/phone_numbers"),
    ("POST", "/phone_numbers/actions/verify_ownership", {"phone_numbers": []}, "/phone_numbers"),
    (
        "POST",
        "/phone_numbers/actions/verify_ownership",
        {"phone_numbers": [ONE] * 1001},
        "/phone_numbers",
    ),
    (
        "POST",
        "/phone_numbers/actions/verify_ownership",
        {"phone_numbers": [ONE, "13125550001"]},
        "/phone_numbers/1",
    ),
    (
        "POST",
        "/messaging_numbers_bulk_updates",
        {"messaging_profile_id": "", "numbers": []},
        "/numbers",
    ),
    (
        "POST",
        "/messaging_numbers_bulk_updates",
        {"messaging_profile_id": None, "numbers": [ONE]},
        "/messaging_profile_id",
    ),
    (
        "POST",
        "/messaging_numbers_bulk_updates",
        {"messaging_profile_id": "", "numbers": ["x"]},
        "/numbers/0",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "where"), WRONG)
def test_a_body_that_the_specification_forbids_is_refused_with_its_pointer(
    method: str, path: str, body: object, where: str
) -> None:
    here = desk()
    before = here.control.dump()
    assert pointer(here.refused(method, path.format(here.id()), body)) == where
    assert len(here.control.violations()) == 1
    assert here.control.dump() == before


def test_every_problem_of_a_body_comes_at_once() -> None:
    here = desk()
    body = {"tags": 1, "nonsense": 2, "hd_voice_enabled": None}
    answer = here.ask("PATCH", f"/phone_numbers/{here.id()}", json=body)
    found = {error["source"]["pointer"] for error in answer.json()["errors"]}
    assert found == {"/tags", "/nonsense", "/hd_voice_enabled"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"tags": NaN}', "application/json"),
        (b"{}", "text/plain"),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_a_body_that_is_no_json_object_is_400(content: bytes, kind: str) -> None:
    here = desk()
    answer = here.ask(
        "PATCH",
        f"/phone_numbers/{here.id()}",
        content=content,
        headers={"content-type": kind},
    )
    assert answer.status_code == 400
    assert here.control.violations()


def test_a_body_where_there_is_none_to_send_is_400() -> None:
    assert desk().ask("GET", "/phone_numbers", content=b"{}").status_code == 400


def test_a_query_where_there_is_none_to_send_is_refused() -> None:
    here = desk()
    error = here.refused("GET", f"/phone_numbers/{here.id()}", params={"include_tags": "true"})
    assert error["source"] == {"parameter": "include_tags"}


def test_only_active_numbers_can_be_written() -> None:
    here = desk()
    two = here.id(TWO)
    here.refused("PATCH", f"/phone_numbers/{two}", {"tags": []})
    here.refused("PATCH", f"/phone_numbers/{two}/voice", {"tech_prefix_enabled": True})
    here.refused("PATCH", f"/phone_numbers/{two}/messaging", {"messaging_profile_id": ""})
    here.refused("DELETE", f"/phone_numbers/{two}")
    assert here.control.violations() == []
    here.control.change(MOBILE, "status", "suspended")
    here.refused("PATCH", f"/mobile_phone_numbers/{here.id(MOBILE)}", {"tags": []})


def test_unknown_fields_can_be_answered_200_and_ignored() -> None:
    here = Desk(number(ONE), unknown_fields="ignore")
    one = f"/phone_numbers/{here.id()}"
    here.send("PATCH", one, {"nonsense": 1, "tags": ["a"]})
    here.send("PATCH", f"{one}/voice", {"media_features": {"x": 1}, "y": 2})
    assert here.state()["tags"] == ["a"]


def test_errors_can_come_in_the_loose_form_that_has_been_seen() -> None:
    here = Desk(number(ONE), error_style="loose")
    here.conforming = False
    error = here.refused("PATCH", f"/phone_numbers/{here.id()}", {"tags": 1})
    assert (error["code"], error["source"]) == (10015, "/tags")
