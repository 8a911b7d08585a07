"""The true state of one number: small, immutable, and named in the API's own words.

A fleet can hold a million of these, so equal parts are shared: a change makes a new row that
keeps every part it did not touch. Unset is None here, whatever an answer makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

EPOCH = 1_600_000_000
"""When the first number of a generated or hand-written fleet was bought (Unix seconds)."""


class CallForwarding(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Defaults are the documented ones: forwarding is "on" until a target makes it real."""

    call_forwarding_enabled: bool = True
    forwarding_type: str | None = None
    forwards_to: str | None = None


class CallRecording(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Recording of inbound calls."""

    inbound_call_recording_enabled: bool = False
    inbound_call_recording_format: str = "wav"
    inbound_call_recording_channels: str = "single"


class CnamListing(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The caller name shown to others."""

    cnam_listing_enabled: bool = False
    cnam_listing_details: str | None = None


class MediaFeatures(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Media handling."""

    rtp_auto_adjust_enabled: bool = True
    accept_any_rtp_packets_enabled: bool = False
    t38_fax_gateway_enabled: bool = False


class Voice(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Voice settings; every default is the one the specification documents."""

    call_forwarding: CallForwarding = CallForwarding()
    call_recording: CallRecording = CallRecording()
    cnam_listing: CnamListing = CnamListing()
    media_features: MediaFeatures = MediaFeatures()
    caller_id_name_enabled: bool = False
    inbound_call_screening: str = "disabled"
    tech_prefix_enabled: bool = False
    translated_number: str | None = None
    usage_payment_method: str = "pay-per-minute"


class Emergency(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Emergency service. `emergency_status` says where a change has got to."""

    emergency_enabled: bool = False
    emergency_address_id: str | None = None
    emergency_status: str = "disabled"


class Messaging(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Messaging settings. Its `tags` are its own, apart from the number's."""

    messaging_profile_id: str | None = None
    messaging_product: str = "A2P"
    tags: tuple[str, ...] = ()


VOICE = Voice()
EMERGENCY = Emergency()
MESSAGING = Messaging()


class Number(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One number of the account. Times are Unix seconds."""

    phone_number: str
    id: str
    status: str = "active"
    country_iso_alpha2: str = "US"
    phone_number_type: str = "local"
    source_type: str | None = "number_order"
    created_at: float = EPOCH
    purchased_at: float = EPOCH
    activated_at: float | None = EPOCH
    updated_at: float = EPOCH
    tags: tuple[str, ...] = ()
    connection_id: str | None = None
    billing_group_id: str | None = None
    customer_reference: str | None = None
    external_pin: str | None = None
    address_id: str | None = None
    bundle_id: str | None = None
    hd_voice_enabled: bool = False
    deletion_lock_enabled: bool = False
    voice: Voice = VOICE
    emergency: Emergency = EMERGENCY
    messaging: Messaging = MESSAGING


class MobileForwarding(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Forwarding of a mobile number: off until set, and its type can be null."""

    call_forwarding_enabled: bool = False
    forwarding_type: str | None = None
    forwards_to: str | None = None


class Interception(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The application that intercepts calls in one direction."""

    interception_app_id: str | None = None


class MobileNumber(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One mobile number of the account."""

    phone_number: str
    id: str
    status: str = "active"
    country_iso_alpha2: str = "US"
    created_at: float = EPOCH
    updated_at: float = EPOCH
    sim_card_id: str = "00000000-0000-4000-8000-000000000000"
    mobile_voice_enabled: bool = True
    tags: tuple[str, ...] = ()
    connection_id: str | None = None
    customer_reference: str | None = None
    inbound_call_screening: str = "disabled"
    noise_suppression: str = "disabled"
    caller_id_name_enabled: bool = False
    call_forwarding: MobileForwarding = MobileForwarding()
    call_recording: CallRecording = CallRecording()
    cnam_listing: CnamListing = CnamListing()
    inbound: Interception = Interception()
    outbound: Interception = Interception()
    messaging: Messaging = Messaging(messaging_product="P2P")


Row = Number | MobileNumber


def _digits(phone_number: str) -> str:
    return "".join(character for character in phone_number if character.isdigit())


def _created(phone_number: str) -> float:
    return EPOCH + int(_digits(phone_number)[-7:] or "0")


def number(phone_number: str, **settings: Any) -> Number:
    """A number with the documented defaults but for `settings`.

    Nested settings are partial mappings: `voice={"call_forwarding": {"forwards_to": "+1..."}}`.
    Emergency service that is enabled is `active` unless its status is given. The id is made from
    the number, and a higher number counts as bought later. Raises `msgspec.ValidationError` for a
    setting that does not exist or has the wrong type.
    """
    emergency = dict(settings.pop("emergency", {}))
    if emergency.get("emergency_enabled"):
        emergency.setdefault("emergency_status", "active")
    created = settings.get("created_at", _created(phone_number))
    born = {"created_at": created, "purchased_at": created, "updated_at": created}
    inactive = settings.get("status", "active") != "active"
    fields = {
        "phone_number": phone_number,
        "id": f"16{_digits(phone_number):0>17}",
        **born,
        "activated_at": None if inactive else created,
        "emergency": emergency,
        **settings,
    }
    return msgspec.convert(fields, Number)


def mobile_number(phone_number: str, **settings: Any) -> MobileNumber:
    """A mobile number, made as `number` makes one; its messaging product is P2P."""
    messaging = {"messaging_product": "P2P", **settings.pop("messaging", {})}
    created = _created(phone_number)
    fields = {
        "phone_number": phone_number,
        "id": f"17{_digits(phone_number):0>17}",
        "created_at": created,
        "updated_at": created,
        "messaging": messaging,
        **settings,
    }
    return msgspec.convert(fields, MobileNumber)


def plain(row: Row) -> dict[str, Any]:
    """The whole state of a row as plain dicts, lists and scalars."""
    return msgspec.json.decode(msgspec.json.encode(row), type=dict[str, Any])


def evolved(row: Row, path: str, value: object) -> Row:
    """The row with one value changed, named as `voice.call_forwarding.forwards_to`.

    Raises `KeyError` for a path that does not exist and `msgspec.ValidationError` for a value of
    the wrong type.
    """
    fields = plain(row)
    *parents, leaf = path.split(".")
    place = fields
    for parent in parents:
        place = place[parent]
    if leaf not in place:
        raise KeyError(path)
    place[leaf] = value
    return msgspec.convert(fields, type(row))


def from_mapping(fields: Mapping[str, Any]) -> Row:
    """A row from a mapping with `phone_number`; `mobile: True` makes it a mobile number."""
    settings = dict(fields)
    phone_number = settings.pop("phone_number")
    make = mobile_number if settings.pop("mobile", False) else number
    return make(phone_number, **settings)
