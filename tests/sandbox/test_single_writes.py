"""PATCH, DELETE, bundle and messaging on one number: what they change, and what they must not."""

from __future__ import annotations

import pytest

from reconciler.sandbox.fleet import Fleet, mobile_number, number
from reconciler.sandbox.writes import FORWARD_ONLY
from tests.sandbox.support import MOBILE, ONE, PROFILE, TWO, Desk

BUNDLE = "5194d8fc-87e6-4188-baa9-1c434bbe861b"


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    desk = Desk(number(ONE, tags=["a"], external_pin="1234", customer_reference="x"))
    before = desk.state()
    desk.clock.advance(60)
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"customer_reference": "y"})
    after = desk.state()
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == {**before, "customer_reference": "y"}


def test_a_patch_that_changes_nothing_leaves_every_byte() -> None:
    desk = Desk(number(ONE, tags=["a"]))
    before = desk.control.dump()
    desk.clock.advance(60)
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"tags": ["a"]})
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {})
    assert desk.control.dump() == before


def test_an_empty_string_clears_base_fields() -> None:
    fields = {
        "connection_id": "111",
        "billing_group_id": PROFILE,
        "customer_reference": "x",
        "external_pin": "1234",
        "address_id": "5",
    }
    desk = Desk(number(ONE, **fields))
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", dict.fromkeys(fields, ""))
    assert {name: desk.state()[name] for name in fields} == dict.fromkeys(fields)


def test_a_clear_can_be_ignored_field_by_field() -> None:
    fields = {"billing_group_id": PROFILE, "customer_reference": "x", "external_pin": "1234"}
    desk = Desk(number(ONE, **fields), ignored_clears=frozenset({"external_pin"}))
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", dict.fromkeys(fields, ""))
    state = desk.state()
    assert state["external_pin"] == "1234"
    assert state["billing_group_id"] is state["customer_reference"] is None


def test_tags_replace_or_are_added() -> None:
    for behaviour, expected in (("replace", ["b"]), ("add", ["a", "b"])):
        desk = Desk(number(ONE, tags=["a"]), tags=behaviour)
        desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"tags": ["b", "b"]})
        assert desk.state()["tags"] == expected


def test_a_billing_group_of_another_account_is_403_as_in_the_example() -> None:
    desk = Desk(fleet=Fleet([number(ONE)], billing_groups=frozenset({PROFILE})))
    error = desk.refused(
        "PATCH", f"/phone_numbers/{desk.id()}", {"billing_group_id": BUNDLE}, status=403
    )
    assert error["code"] == "10010"
    assert error["source"] == {"pointer": "/billing_group_id"}
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"billing_group_id": PROFILE})


def test_a_nested_voice_object_merges_into_what_stands() -> None:
    recording = {"inbound_call_recording_enabled": True, "inbound_call_recording_format": "mp3"}
    desk = Desk(number(ONE, voice={"call_recording": recording}))
    change = {"call_recording": {"inbound_call_recording_channels": "dual"}}
    desk.send("PATCH", f"/phone_numbers/{desk.id()}/voice", change)
    assert desk.state()["voice"]["call_recording"] == {
        **recording,
        "inbound_call_recording_channels": "dual",
    }


def test_a_nested_voice_object_can_replace_with_the_documented_defaults() -> None:
    forwarding = {"call_forwarding_enabled": False, "forwards_to": TWO}
    desk = Desk(number(ONE, voice={"call_forwarding": forwarding}), nested="replace")
    change = {"call_forwarding": {"forwarding_type": "always"}}
    answer = desk.send("PATCH", f"/phone_numbers/{desk.id()}/voice", change)
    # "Defaults to true for backwards compatibility": the unsent switch is on now
    assert answer["call_forwarding"] == {
        "call_forwarding_enabled": True,
        "forwarding_type": "always",
    }


def test_a_voice_text_clears_with_an_empty_string() -> None:
    desk = Desk(
        number(ONE, voice={"call_forwarding": {"forwards_to": TWO}, "translated_number": "7"})
    )
    change = {"call_forwarding": {"forwards_to": ""}, "translated_number": ""}
    desk.send("PATCH", f"/phone_numbers/{desk.id()}/voice", change)
    voice = desk.state()["voice"]
    assert voice["call_forwarding"]["forwards_to"] is voice["translated_number"] is None


def test_cnam_can_be_switched_on_with_details_and_off_without() -> None:
    desk = Desk(number(ONE))
    path = f"/phone_numbers/{desk.id()}/voice"
    on = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME 24"}
    desk.send("PATCH", path, {"cnam_listing": on})
    desk.send("PATCH", path, {"cnam_listing": {"cnam_listing_enabled": False}})
    off = {"cnam_listing_enabled": False, "cnam_listing_details": ""}
    desk.send("PATCH", path, {"cnam_listing": off})
    assert desk.state()["voice"]["cnam_listing"]["cnam_listing_details"] is None


@pytest.mark.parametrize("attaches", [False, True])
def test_switching_forwarding_on_may_move_the_number_to_another_connection(attaches: bool) -> None:
    desk = Desk(number(ONE, connection_id="111"), forward_only_connection=attaches)
    path = f"/phone_numbers/{desk.id()}/voice"
    desk.send("PATCH", path, {"call_forwarding": {"forwards_to": TWO}})
    assert desk.state()["connection_id"] == "111"
    desk.send("PATCH", path, {"call_forwarding": {"forwarding_type": "always"}})
    assert desk.state()["connection_id"] == (FORWARD_ONLY if attaches else "111")


def test_messaging_keeps_on_null_and_unassigns_on_an_empty_string() -> None:
    desk = Desk(number(ONE, messaging={"messaging_profile_id": PROFILE}))
    path = f"/phone_numbers/{desk.id()}/messaging"
    kept = {"messaging_profile_id": None, "messaging_product": None, "tags": None}
    desk.send("PATCH", path, kept)
    assert desk.state()["messaging"]["messaging_profile_id"] == PROFILE
    desk.send("PATCH", path, {"messaging_profile_id": "", "messaging_product": "P2P"})
    messaging = desk.state()["messaging"]
    assert (messaging["messaging_profile_id"], messaging["messaging_product"]) == (None, "P2P")


def test_messaging_has_tags_of_its_own() -> None:
    desk = Desk(number(ONE, tags=["a"]))
    desk.send("PATCH", f"/phone_numbers/{desk.id()}/messaging", {"tags": ["b"]})
    assert desk.state()["tags"] == ["a"]
    assert desk.state()["messaging"]["tags"] == ["b"]


def test_a_deleted_number_is_gone_from_every_call() -> None:
    desk = Desk(number(ONE, tags=["a"]), number(TWO))
    one = desk.id()
    gone = desk.send("DELETE", f"/phone_numbers/{one}", None)
    assert (gone["status"], gone["tags"]) == ("deleted", ["a"])
    for path in ("", "/voice", "/messaging"):
        desk.refused("GET", f"/phone_numbers/{one}{path}", status=404)
    for path in ("", "/slim", "/voice", "/messaging"):
        assert desk.listed(f"/phone_numbers{path}") == [TWO]


def test_a_locked_number_is_not_deleted() -> None:
    desk = Desk(number(ONE, deletion_lock_enabled=True))
    assert desk.refused("DELETE", f"/phone_numbers/{desk.id()}")["code"] == "10035"
    assert desk.state()["deletion_lock_enabled"] is True


def test_a_number_leaves_one_bundle_before_it_enters_another() -> None:
    desk = Desk(number(ONE, bundle_id=BUNDLE))
    path = f"/phone_numbers/{desk.id()}/actions/bundle_status_change"
    desk.refused("PATCH", path, {"bundle_id": PROFILE})
    desk.send("PATCH", path, {"bundle_id": None})
    desk.send("PATCH", path, {"bundle_id": PROFILE})
    assert desk.state()["bundle_id"] == PROFILE


def test_write_only_fields_are_in_no_row_unless_the_service_carries_them() -> None:
    for shows in (False, True):
        desk = Desk(number(ONE, bundle_id=BUNDLE, address_id="5"), shows_write_only=shows)
        row = desk.get(f"/phone_numbers/{desk.id()}")["data"]
        assert ("bundle_id" in row, "address_id" in row) == (shows, shows)


def test_ownership_is_found_only_where_the_number_can_be_edited() -> None:
    desk = Desk(number(ONE), number(TWO, status="port-pending"))
    asked = {"phone_numbers": [TWO, ONE, ONE, "+19995550000"]}
    told = desk.send("POST", "/phone_numbers/actions/verify_ownership", asked)
    assert told["found"] == [{"id": desk.id(), "number_val_e164": ONE}]
    assert told["not_found"] == [TWO, "+19995550000"]


def test_mobile_fields_are_written_and_cleared_with_null() -> None:
    desk = Desk(mobile_number(MOBILE, connection_id="1", customer_reference="x"))
    path = f"/mobile_phone_numbers/{desk.id(MOBILE)}"
    change = {
        "connection_id": None,
        "customer_reference": None,
        "tags": ["t"],
        "inbound": {"interception_app_id": "900"},
        "call_forwarding": {"call_forwarding_enabled": True, "forwarding_type": "always",
                            "forwards_to": ONE},
        "call_recording": {"inbound_call_recording_enabled": True},
        "cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"},
        "caller_id_name_enabled": True,
        "inbound_call_screening": "flag_calls",
    }  # fmt: skip
    row = desk.send("PATCH", path, change)
    assert row["connection_id"] is row["customer_reference"] is None
    assert row["inbound"]["interception_app_id"] == "900"
    assert row["call_forwarding"]["forwards_to"] == ONE
    cleared = {"call_forwarding": {"forwarding_type": None, "forwards_to": None}}
    forwarding = desk.send("PATCH", path, cleared)["call_forwarding"]
    assert forwarding == {
        "call_forwarding_enabled": True,
        "forwarding_type": None,
        "forwards_to": None,
    }


@pytest.mark.parametrize("word", ["both", "inbound", "outbound"])
def test_noise_suppression_is_written_as_a_boolean_and_read_as_a_word(word: str) -> None:
    desk = Desk(mobile_number(MOBILE), noise_suppression_on=word)
    path = f"/mobile_phone_numbers/{desk.id(MOBILE)}"
    desk.refused("PATCH", path, {"noise_suppression": "both"})
    assert desk.send("PATCH", path, {"noise_suppression": True})["noise_suppression"] == word
    assert desk.send("PATCH", path, {"noise_suppression": False})["noise_suppression"] == "disabled"


def test_unset_values_of_the_full_list_are_null_empty_or_left_out() -> None:
    unset = ("connection_id", "billing_group_id", "customer_reference", "messaging_profile_id")
    seen = {}
    for switch in ("null", "empty", "omit"):
        desk = Desk(number(ONE), nullable_unset=switch)
        row = desk.get("/phone_numbers")["data"][0]
        assert "external_pin" in row, "required by the schema"
        seen[switch] = {row.get(name, "left out") for name in unset}
    assert seen == {"null": {None}, "empty": {""}, "omit": {"left out"}}


def test_unset_values_of_slim_and_voice_can_be_empty_strings() -> None:
    desk = Desk(number(ONE), plain_unset="empty")
    row = desk.get("/phone_numbers/slim", include_connection="true")["data"][0]
    assert row["connection_id"] == row["billing_group_id"] == row["external_pin"] == ""
    voice = desk.get("/phone_numbers/voice")["data"][0]
    assert voice["call_forwarding"]["forwards_to"] == voice["connection_id"] == ""


def test_slim_may_never_give_tags() -> None:
    desk = Desk(number(ONE, tags=["a"]), slim_tags="never")
    assert "tags" not in desk.get("/phone_numbers/slim", include_tags="true")["data"][0]


def test_a_sort_may_be_ignored() -> None:
    desk = Desk(number(ONE), number(TWO), sort="ignored")
    assert desk.listed("/phone_numbers", {"sort": "phone_number"}) == [TWO, ONE]
    assert desk.listed("/phone_numbers/messaging", {"sort[phone_number]": "asc"}) == [TWO, ONE]
    exact = {"sort[phone_number]": "asc", "filter[phone_number]": f"{ONE},{TWO}"}
    assert desk.listed("/phone_numbers/messaging", exact) == [TWO, ONE]


def test_old_spellings_can_come_back() -> None:
    desk = Desk(
        number(ONE, status="port-pending"),
        number(TWO, phone_number_type="toll_free"),
        spelling="legacy",
    )
    desk.conforming = False
    rows = {row["phone_number"]: row for row in desk.get("/phone_numbers")["data"]}
    assert rows[ONE]["status"] == "port_pending"
    assert rows[TWO]["phone_number_type"] == "tollfree"
    types = {row["type"] for row in desk.get("/phone_numbers/messaging")["data"]}
    assert types == {"long-code", "toll-free"}


def test_reads_can_lag_behind_writes() -> None:
    desk = Desk(number(ONE, tags=["old"]), number(TWO), read_delay=5.0)
    one = desk.id()
    assert desk.send("PATCH", f"/phone_numbers/{one}", {"tags": ["new"]})["tags"] == ["new"]
    desk.send("DELETE", f"/phone_numbers/{desk.id(TWO)}", None)
    desk.control.add(number("+13125550009"))
    assert desk.state()["tags"] == ["new"]
    assert desk.get(f"/phone_numbers/{one}")["data"]["tags"] == ["old"]
    assert desk.listed("/phone_numbers") == [TWO, ONE]
    assert desk.listed("/phone_numbers", {"filter[tag]": "old"}) == [ONE]
    desk.clock.advance(5)
    assert desk.get(f"/phone_numbers/{one}")["data"]["tags"] == ["new"]
    assert desk.listed("/phone_numbers") == ["+13125550009", ONE]
    assert desk.listed("/phone_numbers", {"filter[tag]": "old"}) == []


def test_inactive_numbers_can_be_writable() -> None:
    desk = Desk(number(ONE, status="port-pending"), inactive_numbers="accept")
    desk.send("PATCH", f"/phone_numbers/{desk.id()}", {"tags": ["a"]})
    assert desk.state()["tags"] == ["a"]


def test_rate_limit_headers_can_name_their_window() -> None:
    answer = Desk(rate_header="window").ask("GET", "/phone_numbers")
    assert answer.headers["x-ratelimit-limit"] == "2000, 2000;w=1"


def test_a_script_makes_a_single_write_fail_or_do_less_than_it_says() -> None:
    desk = Desk(number(ONE))
    path = f"/phone_numbers/{desk.id()}"
    desk.control.script(call="patch_number", no_effect=True)
    desk.send("PATCH", path, {"tags": ["a"]})
    assert desk.state()["tags"] == []
    desk.control.script(call="patch_*", ignore=("tags",))
    desk.send("PATCH", path, {"tags": ["a"], "customer_reference": "x"})
    assert (desk.state()["tags"], desk.state()["customer_reference"]) == ([], "x")
    desk.send("PATCH", path, {"tags": ["a"]})
    assert desk.state()["tags"] == ["a"]
