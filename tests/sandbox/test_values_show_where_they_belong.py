"""Each value of the state, in each answer that carries it, and in no other value's place."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from tests.sandbox.support import MOBILE, ONE, PROFILE, TWO, Desk

FULL, SLIM, VOICE, MESSAGING = (
    "/phone_numbers",
    "/phone_numbers/slim?include_tags=true&include_connection=true",
    "/phone_numbers/voice",
    "/phone_numbers/messaging",
)
MOBILES, MOBILE_MESSAGING = "/mobile_phone_numbers", "/mobile_phone_numbers/messaging"

# (path of the state, value, {listing: where it shows})
TABLE: list[tuple[str, Any, dict[str, str]]] = [
    ("tags", ["x"], {FULL: "tags", SLIM: "tags"}),
    ("connection_id", "9001", {FULL: "connection_id", SLIM: "connection_id",
                               VOICE: "connection_id"}),
    ("billing_group_id", PROFILE, {FULL: "billing_group_id", SLIM: "billing_group_id"}),
    ("customer_reference", "ref", {FULL: "customer_reference", SLIM: "customer_reference",
                                   VOICE: "customer_reference"}),
    ("external_pin", "4321", {FULL: "external_pin", SLIM: "external_pin"}),
    ("hd_voice_enabled", True, {FULL: "hd_voice_enabled", SLIM: "hd_voice_enabled"}),
    ("deletion_lock_enabled", True, {FULL: "deletion_lock_enabled"}),
    ("status", "ported-out", {FULL: "status", SLIM: "status"}),
    ("source_type", "port_request", {FULL: "source_type"}),
    ("country_iso_alpha2", "GB", {FULL: "country_iso_alpha2", SLIM: "country_iso_alpha2",
                                  MESSAGING: "country_code"}),
    ("phone_number_type", "national", {FULL: "phone_number_type", SLIM: "phone_number_type"}),
    ("voice.caller_id_name_enabled", True, {FULL: "caller_id_name_enabled",
                                            SLIM: "caller_id_name_enabled"}),
    ("voice.inbound_call_screening", "flag_calls", {FULL: "inbound_call_screening",
                                                    SLIM: "inbound_call_screening",
                                                    VOICE: "inbound_call_screening"}),
    ("voice.tech_prefix_enabled", True, {VOICE: "tech_prefix_enabled"}),
    ("voice.translated_number", "777", {VOICE: "translated_number"}),
    ("voice.usage_payment_method", "channel", {VOICE: "usage_payment_method"}),
    ("voice.call_forwarding.call_forwarding_enabled", False, {
        FULL: "call_forwarding_enabled",
        SLIM: "call_forwarding_enabled",
        VOICE: "call_forwarding.call_forwarding_enabled",
    }),
    ("voice.call_forwarding.forwarding_type", "on-failure", {
        VOICE: "call_forwarding.forwarding_type"}),
    ("voice.call_forwarding.forwards_to", TWO, {VOICE: "call_forwarding.forwards_to"}),
    ("voice.call_recording.inbound_call_recording_enabled", True, {
        FULL: "call_recording_enabled",
        SLIM: "call_recording_enabled",
        VOICE: "call_recording.inbound_call_recording_enabled",
    }),
    ("voice.call_recording.inbound_call_recording_format", "mp3", {
        VOICE: "call_recording.inbound_call_recording_format"}),
    ("voice.call_recording.inbound_call_recording_channels", "dual", {
        VOICE: "call_recording.inbound_call_recording_channels"}),
    ("voice.cnam_listing.cnam_listing_enabled", True, {
        FULL: "cnam_listing_enabled",
        SLIM: "cnam_listing_enabled",
        VOICE: "cnam_listing.cnam_listing_enabled",
    }),
    ("voice.cnam_listing.cnam_listing_details", "ACME", {
        VOICE: "cnam_listing.cnam_listing_details"}),
    ("voice.media_features.rtp_auto_adjust_enabled", False, {
        VOICE: "media_features.rtp_auto_adjust_enabled"}),
    ("voice.media_features.accept_any_rtp_packets_enabled", True, {
        VOICE: "media_features.accept_any_rtp_packets_enabled"}),
    ("voice.media_features.t38_fax_gateway_enabled", True, {
        FULL: "t38_fax_gateway_enabled",
        SLIM: "t38_fax_gateway_enabled",
        VOICE: "media_features.t38_fax_gateway_enabled",
    }),
    ("emergency.emergency_enabled", True, {
        FULL: "emergency_enabled",
        SLIM: "emergency_enabled",
        VOICE: "emergency.emergency_enabled",
    }),
    ("emergency.emergency_address_id", "5382", {
        FULL: "emergency_address_id",
        SLIM: "emergency_address_id",
        VOICE: "emergency.emergency_address_id",
    }),
    ("emergency.emergency_status", "provisioning", {
        FULL: "emergency_status",
        SLIM: "emergency_status",
        VOICE: "emergency.emergency_status",
    }),
    ("messaging.messaging_profile_id", PROFILE, {FULL: "messaging_profile_id",
                                                 MESSAGING: "messaging_profile_id"}),
    ("messaging.messaging_product", "P2P", {MESSAGING: "messaging_product"}),
    ("messaging.tags", ["own"], {MESSAGING: "tags"}),
]  # fmt: skip

MOBILE_TABLE: list[tuple[str, Any, dict[str, str]]] = [
    ("tags", ["x"], {MOBILES: "tags"}),
    ("connection_id", "9001", {MOBILES: "connection_id"}),
    ("customer_reference", "ref", {MOBILES: "customer_reference"}),
    ("inbound_call_screening", "flag_calls", {MOBILES: "inbound_call_screening"}),
    ("noise_suppression", "outbound", {MOBILES: "noise_suppression"}),
    ("caller_id_name_enabled", True, {MOBILES: "caller_id_name_enabled"}),
    ("inbound.interception_app_id", "700", {MOBILES: "inbound.interception_app_id"}),
    ("outbound.interception_app_id", "800", {MOBILES: "outbound.interception_app_id"}),
    ("call_forwarding.forwards_to", ONE, {MOBILES: "call_forwarding.forwards_to"}),
    ("cnam_listing.cnam_listing_enabled", True, {MOBILES: "cnam_listing.cnam_listing_enabled"}),
    ("call_recording.inbound_call_recording_enabled", True, {
        MOBILES: "call_recording.inbound_call_recording_enabled"}),
    ("messaging.messaging_profile_id", PROFILE, {MOBILE_MESSAGING: "messaging_profile_id"}),
    ("messaging.messaging_product", "A2P", {MOBILE_MESSAGING: "messaging_product"}),
]  # fmt: skip

# Shown beside the value itself: names that follow from an id, and a product's twin.
FOLLOWING = {
    "connection_name",
    "connection_type",
    "messaging_profile_name",
    "traffic_type",
    "interception_app_name",
    "updated_at",
}


def leaves(row: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in FOLLOWING:
            continue
        if isinstance(value, dict):
            flat |= leaves(value, f"{above}{name}.")
        else:
            flat[above + name] = value
    return flat


def shown(desk: Desk, listing: str) -> dict[str, Any]:
    rows = desk.ask("GET", listing).json()["data"]
    return leaves(rows[0])


def check(desk: Desk, phone_number: str, path: str, value: Any, where: dict[str, str]) -> None:
    listings = [MOBILES, MOBILE_MESSAGING] if phone_number == MOBILE else [
        FULL, SLIM, VOICE, MESSAGING]  # fmt: skip
    before = {listing: shown(desk, listing) for listing in listings}
    desk.control.change(phone_number, path, value)
    for listing in listings:
        after = shown(desk, listing)
        moved = {name for name in after if after[name] != before[listing].get(name)}
        assert moved == ({where[listing]} if listing in where else set()), listing
        if listing in where:
            assert after[where[listing]] == value


@pytest.mark.parametrize(("path", "value", "where"), TABLE, ids=[row[0] for row in TABLE])
def test_a_value_of_a_number_shows_in_its_own_places(
    path: str, value: Any, where: dict[str, str]
) -> None:
    check(Desk(number(ONE)), ONE, path, value, where)


@pytest.mark.parametrize(
    ("path", "value", "where"), MOBILE_TABLE, ids=[row[0] for row in MOBILE_TABLE]
)
def test_a_value_of_a_mobile_number_shows_in_its_own_places(
    path: str, value: Any, where: dict[str, str]
) -> None:
    check(Desk(mobile_number(MOBILE)), MOBILE, path, value, where)


def test_a_single_read_is_the_row_of_its_listing() -> None:
    desk = Desk(number(ONE, tags=["a"], connection_id="1"), mobile_number(MOBILE))
    for listing, single in (
        (FULL, f"/phone_numbers/{desk.id()}"),
        (VOICE, f"/phone_numbers/{desk.id()}/voice"),
        (MESSAGING, f"/phone_numbers/{desk.id()}/messaging"),
        (MOBILES, f"/mobile_phone_numbers/{desk.id(MOBILE)}"),
        (MOBILE_MESSAGING, f"/mobile_phone_numbers/{desk.id(MOBILE)}/messaging"),
    ):
        assert desk.get(single)["data"] == desk.get(listing)["data"][0]
