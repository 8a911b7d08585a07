"""Pages, orders and filters of the seven listings."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import Fleet, mobile_number, number
from reconciler.sandbox.generate import make_fleet
from tests.sandbox.spec import document
from tests.sandbox.support import MOBILE, ONE, PROFILE, THREE, TWO, Desk, pointer

PATHS = [
    "/phone_numbers",
    "/phone_numbers/slim",
    "/phone_numbers/voice",
    "/phone_numbers/messaging",
    "/phone_numbers/jobs",
    "/mobile_phone_numbers",
    "/mobile_phone_numbers/messaging",
]
NUMBER_PATHS = PATHS[:4]


def varied() -> Desk:
    return Desk(
        fleet=Fleet.of(
            [
                number(
                    ONE,
                    tags=["support", "vip"],
                    connection_id="111",
                    billing_group_id=PROFILE,
                    customer_reference="desk-1",
                    voice={"usage_payment_method": "channel"},
                    emergency={"emergency_enabled": True, "emergency_address_id": "5382"},
                    messaging={"messaging_profile_id": PROFILE},
                    source_type="port_request",
                ),
                number(
                    TWO,
                    connection_id="222",
                    status="port-pending",
                    country_iso_alpha2="CA",
                    bundle_id=PROFILE,
                ),
                number(THREE, phone_number_type="toll_free"),
            ],
            connection_names={"111": "support-trunk", "222": "a-trunk"},
        )
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_page_holds_twenty_rows_unless_asked_otherwise(path: str) -> None:
    desk = Desk(fleet=make_fleet(100, mobile=30))
    for _ in range(25):
        job = {"phone_numbers": ["+13125550000"], "tags": []}
        desk.ask("POST", "/phone_numbers/jobs/update_phone_numbers", json=job)
    body = desk.get(path)
    assert len(body["data"]) == body["meta"]["page_size"] == 20
    assert body["meta"]["page_number"] == 1
    assert body["meta"]["total_pages"] == -(-body["meta"]["total_results"] // 20)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("number", "0"),
        ("number", "-1"),
        ("number", "x"),
        ("size", "0"),
        ("size", "251"),
        ("size", "1e2"),
        ("size", ""),
    ],
)
def test_a_page_that_is_no_page_is_refused_as_in_the_example(
    path: str, part: str, value: str
) -> None:
    error = Desk().refused("GET", path, params={f"page[{part}]": value})
    examples: Any = document()["paths"]["/phone_numbers/jobs"]["get"]["responses"]["422"]
    example = examples["content"]["application/json"]["examples"][f"Invalid page {part}"]
    assert error == example["value"]["errors"][0]


def test_a_sort_that_is_none_is_refused_as_in_the_example() -> None:
    examples: Any = document()["paths"]["/phone_numbers/jobs"]["get"]["responses"]["422"]
    example = examples["content"]["application/json"]["examples"]["Invalid sorting value"]
    for path in ("/phone_numbers/jobs", "/phone_numbers", "/phone_numbers/slim"):
        assert Desk().refused("GET", path, params={"sort": "tags"}) == example["value"]["errors"][0]
    bad = {"sort[phone_number]": "up"}
    assert Desk().refused("GET", "/phone_numbers/messaging", params=bad)["code"] == "10015"


def test_250_rows_a_page_are_allowed_and_pages_beyond_the_last_are_empty() -> None:
    desk = Desk(fleet=make_fleet(300, mobile=0))
    assert len(desk.get("/phone_numbers", **{"page[size]": 250})["data"]) == 250
    beyond = desk.get("/phone_numbers", **{"page[size]": 250, "page[number]": 3})
    assert beyond["data"] == []
    assert beyond["meta"]["total_results"] == 300


@pytest.mark.parametrize("path", NUMBER_PATHS)
def test_the_order_is_newest_first_unless_asked_otherwise(path: str) -> None:
    assert varied().listed(path) == [THREE, TWO, ONE]


@pytest.mark.parametrize("path", NUMBER_PATHS[:3])
def test_numbers_can_be_sorted(path: str) -> None:
    desk = varied()
    assert desk.listed(path, {"sort": "phone_number"}) == [ONE, TWO, THREE]
    assert desk.listed(path, {"sort": "purchased_at"}) == [ONE, TWO, THREE]
    assert desk.listed(path, {"sort": "connection_name"}) == [THREE, TWO, ONE]
    assert desk.listed(path, {"sort": "usage_payment_method"}) == [ONE, TWO, THREE]


def test_messaging_settings_sort_by_number_up_or_down() -> None:
    desk = varied()
    path = "/phone_numbers/messaging"
    assert desk.listed(path, {"sort[phone_number]": "asc"}) == [ONE, TWO, THREE]
    assert desk.listed(path, {"sort[phone_number]": "desc"}) == [THREE, TWO, ONE]


def test_an_order_follows_a_write_to_what_it_sorts_by() -> None:
    desk = varied()
    order = {"sort": "connection_name"}
    assert desk.listed("/phone_numbers", order) == [THREE, TWO, ONE]
    desk.send("PATCH", f"/phone_numbers/{desk.id(THREE)}", {"connection_id": "111"})
    assert desk.listed("/phone_numbers", order) == [TWO, ONE, THREE]
    desk.control.add(number("+13125550004"))
    assert desk.listed("/phone_numbers", {"sort": "phone_number"})[-1] == "+13125550004"


FILTERS = [
    ("filter[tag]", "vip", [ONE]),
    ("filter[tag]", "VIP", []),
    ("filter[phone_number]", "5550002", [TWO]),
    ("filter[phone_number]", "+1312", []),
    ("filter[phone_number]", "1312", [THREE, TWO, ONE]),
    ("filter[connection_id]", "222", [TWO]),
    ("filter[country_iso_alpha2]", "CA", [TWO]),
    ("filter[country_iso_alpha2]", "CA,US", [THREE, TWO, ONE]),
    ("filter[billing_group_id]", PROFILE, [ONE]),
    ("filter[billing_group_id]", "null", [THREE, TWO]),
    ("filter[emergency_address_id]", "5382", [ONE]),
    ("filter[emergency_address_id]", "null", [THREE, TWO]),
    ("filter[customer_reference]", "desk-1", [ONE]),
    ("filter[number_type][eq]", "toll_free", [THREE]),
    ("filter[source]", "ported", [ONE]),
    ("filter[source]", "purchased", [THREE, TWO]),
    ("filter[voice.usage_payment_method]", "channel", [ONE]),
    ("filter[voice.connection_name][contains]", "trunk", [TWO, ONE]),
    ("filter[voice.connection_name][starts_with]", "sup", [ONE]),
    ("filter[voice.connection_name][ends_with]", "t-trunk", [ONE]),
    ("filter[voice.connection_name][eq]", "a-trunk", [TWO]),
]


@pytest.mark.parametrize(("name", "value", "expected"), FILTERS)
def test_the_full_and_slim_lists_filter_alike(name: str, value: str, expected: list[str]) -> None:
    desk = varied()
    assert desk.listed("/phone_numbers", {name: value}) == expected
    asked = {name: value, "include_tags": "true", "include_connection": "true"}
    assert desk.listed("/phone_numbers/slim", asked) == expected


def test_a_status_is_hyphenated_in_the_full_filter_and_underscored_in_the_slim_one() -> None:
    desk = varied()
    name = "filter[status]"
    assert desk.listed("/phone_numbers", {name: "port-pending"}) == [TWO]
    assert desk.listed("/phone_numbers/slim", {name: "port_pending"}) == [TWO]
    desk.refused("GET", "/phone_numbers", params={name: "port_pending"})
    desk.refused("GET", "/phone_numbers/slim", params={name: "port-pending"})


def test_numbers_without_tags_can_be_found() -> None:
    desk = varied()
    assert desk.listed("/phone_numbers", {"filter[without_tags]": "true"}) == [THREE, TWO]
    assert len(desk.listed("/phone_numbers", {"filter[without_tags]": "false"})) == 3


def test_a_country_can_be_given_as_a_repeated_parameter() -> None:
    name = "filter[country_iso_alpha2][]"
    assert varied().listed("/phone_numbers", [(name, "CA"), (name, "GB")]) == [TWO]


def test_voice_filters() -> None:
    desk, path = varied(), "/phone_numbers/voice"
    assert desk.listed(path, {"filter[phone_number]": "0002"}) == [TWO]
    assert desk.listed(path, {"filter[connection_name][contains]": "support"}) == [ONE]
    assert desk.listed(path, {"filter[customer_reference]": "desk-1"}) == [ONE]
    assert desk.listed(path, {"filter[voice.usage_payment_method]": "channel"}) == [ONE]


def test_messaging_filters_by_exact_numbers_with_commas_between() -> None:
    desk, path = varied(), "/phone_numbers/messaging"
    exact = {"filter[phone_number]": f"{ONE},{THREE},+19995550000"}
    assert desk.listed(path, exact) == [THREE, ONE]
    assert desk.listed(path, {**exact, "sort[phone_number]": "asc"}) == [ONE, THREE]
    assert desk.listed(path, {"filter[phone_number]": "5550002"}) == []
    assert desk.listed(path, {"filter[phone_number][contains]": "5550002"}) == [TWO]
    assert desk.listed(path, {"filter[messaging_profile_id]": PROFILE}) == [ONE]
    assert desk.listed(path, {"filter[type]": "tollfree"}) == [THREE]
    assert desk.listed(path, {"filter[type]": "shortcode"}) == []


def test_filters_are_anded() -> None:
    asked = {"filter[tag]": "support", "filter[status]": "port-pending"}
    assert varied().listed("/phone_numbers", asked) == []


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/phone_numbers", "filter[phone_number]", "12"),
        ("/phone_numbers", "filter[voice.connection_name][contains]", "ab"),
        ("/phone_numbers", "filter[number_type][eq]", "tollfree"),
        ("/phone_numbers", "filter[source]", "stolen"),
        ("/phone_numbers", "filter[nonsense]", "1"),
        ("/phone_numbers", "include_tags", "true"),
        ("/phone_numbers", "handle_messaging_profile_error", "yes"),
        ("/phone_numbers", "page[cursor]", "1"),
        ("/phone_numbers/slim", "filter[tag]", "vip"),
        ("/phone_numbers/slim", "filter[voice.connection_name][eq]", "a-trunk"),
        ("/phone_numbers/slim", "include_tags", "1"),
        ("/phone_numbers/slim", "filter[without_tags]", "true"),
        ("/phone_numbers/voice", "filter[tag]", "vip"),
        ("/phone_numbers/messaging", "sort", "phone_number"),
        ("/phone_numbers/messaging", "filter[type]", "toll-free"),
        ("/phone_numbers/jobs", "filter[type]", "everything"),
        ("/phone_numbers/jobs", "filter[status]", "pending"),
        ("/mobile_phone_numbers", "sort", "phone_number"),
    ],
)
def test_a_parameter_that_the_specification_lacks_is_refused_and_logged(
    path: str, name: str, value: str
) -> None:
    desk = varied()
    assert pointer(desk.refused("GET", path, params={name: value})) == name
    assert len(desk.control.violations()) == 1


def test_slim_gives_tags_and_connection_only_when_asked() -> None:
    desk = varied()
    path = "/phone_numbers/slim"
    bare = desk.get(path, **{"page[size]": 1, "page[number]": 3})["data"][0]
    assert not {"tags", "connection_id"} & set(bare)
    asked = desk.get(path, include_tags="true", include_connection="true")["data"][-1]
    assert asked["tags"] == ["support", "vip"]
    assert asked["connection_id"] == "111"


def test_slim_lacks_lock_connection_name_and_messaging_profile() -> None:
    desk = varied()
    only_full = {"deletion_lock_enabled", "connection_name", "messaging_profile_id"}
    slim = desk.get("/phone_numbers/slim", include_tags="true", include_connection="true")
    assert not only_full & set(slim["data"][-1])
    assert only_full <= set(desk.get("/phone_numbers")["data"][-1])


def test_slim_and_voice_leave_out_what_is_not_set() -> None:
    desk = Desk(number(ONE))
    slim = desk.get("/phone_numbers/slim", include_connection="true")["data"][0]
    voice = desk.get("/phone_numbers/voice")["data"][0]
    unset = {"connection_id", "customer_reference", "external_pin", "billing_group_id"}
    assert not unset & set(slim)
    assert not unset & set(voice)
    assert "forwards_to" not in voice["call_forwarding"]
    assert voice["translated_number"] == ""


PROPERTIES = [
    ("/phone_numbers", "PhoneNumberDetailed"),
    ("/phone_numbers/slim", "SlimPhoneNumberDetailed"),
    ("/phone_numbers/voice", "PhoneNumberWithVoiceSettings"),
    ("/phone_numbers/messaging", "PhoneNumberWithMessagingSettings"),
    ("/mobile_phone_numbers", "MobilePhoneNumber"),
    ("/mobile_phone_numbers/messaging", "MobilePhoneNumberWithMessagingSettings"),
]


@pytest.mark.parametrize(("path", "schema"), PROPERTIES)
def test_a_row_holds_no_key_that_its_schema_lacks(path: str, schema: str) -> None:
    desk = Desk(fleet=make_fleet(250, mobile=50))
    known = set(document()["components"]["schemas"][schema]["properties"])
    for row in desk.get(path, **{"page[size]": 250})["data"]:
        assert set(row) <= known


def test_an_unavailable_profile_service_is_503_unless_asked_to_leave_the_fields_out() -> None:
    desk = Desk(number(ONE, messaging={"messaging_profile_id": PROFILE}))
    desk.control.profiles_down()
    assert desk.ask("GET", "/phone_numbers").status_code == 503
    body = desk.get("/phone_numbers", handle_messaging_profile_error="true")
    assert "messaging_profile_id" not in body["data"][0]
    assert body["errors"][0]["code"] == "10007"


def test_mobile_numbers_stand_in_their_own_lists_only() -> None:
    desk = Desk(number(ONE), mobile_number(MOBILE))
    assert desk.listed("/phone_numbers") == [ONE]
    assert desk.listed("/mobile_phone_numbers") == [MOBILE]
    assert desk.listed("/mobile_phone_numbers/messaging") == [MOBILE]
