"""What the published specification says of each managed field: written by hand, from that file.

Nothing in here is derived from the catalogue, or the other way round: the tests hold both against
the published file and against each other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

NUMBERS: Final = "numbers"
MOBILE: Final = "mobile_numbers"


class ReadFact(NamedTuple):
    """A list's rows carry the field at `at`; `nullable` is what their schema says of null there."""

    kind: str
    path: str
    listing: str
    at: str
    type: str
    nullable: bool = False


class WriteFact(NamedTuple):
    """A call's body takes the field at `at`; `clear` is what that call clears it with."""

    kind: str
    path: str
    channel: str
    at: str
    type: str
    clear: str
    nullable: bool = False


SLIM: Final = "/phone_numbers/slim"
FULL: Final = "/phone_numbers"
VOICE: Final = "/phone_numbers/voice"
MESSAGING: Final = "/phone_numbers/messaging"
MOBILE_MESSAGING: Final = "/mobile_phone_numbers/messaging"
MOBILES: Final = "/v2/mobile_phone_numbers"

CALLS: Final = {
    "patch_number": ("patch", "/phone_numbers/{id}"),
    "update_job": ("post", "/phone_numbers/jobs/update_phone_numbers"),
    "patch_voice": ("patch", "/phone_numbers/{id}/voice"),
    "patch_messaging": ("patch", "/phone_numbers/{id}/messaging"),
    "messaging_bulk": ("post", "/messaging_numbers_bulk_updates"),
    "enable_emergency": ("post", "/phone_numbers/{id}/actions/enable_emergency"),
    "emergency_job": ("post", "/phone_numbers/jobs/update_emergency_settings"),
    "bundle": ("patch", "/phone_numbers/{id}/actions/bundle_status_change"),
    "patch_mobile": ("patch", "/v2/mobile_phone_numbers/{id}"),
}

FORWARDING_TYPES: Final = ("always", "on-failure")
FORMATS: Final = ("wav", "mp3")
CHANNELS: Final = ("single", "dual")
SCREENING: Final = ("disabled", "reject_calls", "flag_calls")

_STATUS: Final = "emergency.emergency_status"

ENUMS: Final = {
    (NUMBERS, _STATUS): (
        "active",
        "deprovisioning",
        "disabled",
        "provisioning",
        "provisioning-failed",
    ),
    (NUMBERS, "voice.call_forwarding.forwarding_type"): FORWARDING_TYPES,
    (NUMBERS, "voice.call_recording.inbound_call_recording_format"): FORMATS,
    (NUMBERS, "voice.call_recording.inbound_call_recording_channels"): CHANNELS,
    (NUMBERS, "voice.inbound_call_screening"): SCREENING,
    (NUMBERS, "voice.usage_payment_method"): ("pay-per-minute", "channel"),
    (MOBILE, "call_forwarding.forwarding_type"): FORWARDING_TYPES,
    (MOBILE, "call_recording.inbound_call_recording_format"): FORMATS,
    (MOBILE, "call_recording.inbound_call_recording_channels"): CHANNELS,
    (MOBILE, "inbound_call_screening"): SCREENING,
    (MOBILE, "noise_suppression"): ("inbound", "outbound", "both", "disabled"),
}

NULL_IS_LEGAL: Final = {
    NUMBERS: {
        "tags",
        "connection_id",
        "billing_group_id",
        "customer_reference",
        "external_pin",
        "address_id",
        "bundle_id",
        "messaging.messaging_profile_id",
        "voice.translated_number",
        "voice.call_forwarding.forwards_to",
        "voice.cnam_listing.cnam_listing_details",
        "emergency.emergency_address_id",
    },
    MOBILE: {
        "tags",
        "connection_id",
        "customer_reference",
        "inbound.interception_app_id",
        "outbound.interception_app_id",
        "call_forwarding.forwarding_type",
        "call_forwarding.forwards_to",
        "cnam_listing.cnam_listing_details",
    },
}
"""Where the contract says that null, clear it, may stand."""

_FORWARD = "call_forwarding.call_forwarding_enabled"
_FORWARD_TYPE = "call_forwarding.forwarding_type"
_FORWARD_TO = "call_forwarding.forwards_to"
_RECORD = "call_recording.inbound_call_recording_enabled"
_RECORD_FORMAT = "call_recording.inbound_call_recording_format"
_RECORD_CHANNELS = "call_recording.inbound_call_recording_channels"
_CNAM = "cnam_listing.cnam_listing_enabled"
_CNAM_DETAILS = "cnam_listing.cnam_listing_details"
_RTP = "media_features.rtp_auto_adjust_enabled"
_ANY_RTP = "media_features.accept_any_rtp_packets_enabled"
_T38 = "media_features.t38_fax_gateway_enabled"

READS: Final = (
    # Read only: how far emergency service has come, and the messaging rows of mobile numbers.
    ReadFact(NUMBERS, _STATUS, SLIM, "emergency_status", "string"),
    ReadFact(NUMBERS, _STATUS, FULL, "emergency_status", "string"),
    ReadFact(NUMBERS, _STATUS, VOICE, "emergency.emergency_status", "string"),
    ReadFact(
        MOBILE,
        "messaging.messaging_profile_id",
        MOBILE_MESSAGING,
        "messaging_profile_id",
        "string",
        nullable=True,
    ),
    ReadFact(
        MOBILE, "messaging.messaging_product", MOBILE_MESSAGING, "messaging_product", "string"
    ),
    # The number itself. Slim rows are never null; the full list's texts and ids may be.
    ReadFact(NUMBERS, "tags", SLIM, "tags", "array"),
    ReadFact(NUMBERS, "tags", FULL, "tags", "array"),
    ReadFact(NUMBERS, "connection_id", SLIM, "connection_id", "string"),
    ReadFact(NUMBERS, "connection_id", FULL, "connection_id", "string", nullable=True),
    ReadFact(NUMBERS, "connection_id", VOICE, "connection_id", "string"),
    ReadFact(NUMBERS, "billing_group_id", SLIM, "billing_group_id", "string"),
    ReadFact(NUMBERS, "billing_group_id", FULL, "billing_group_id", "string", nullable=True),
    ReadFact(NUMBERS, "customer_reference", SLIM, "customer_reference", "string"),
    ReadFact(NUMBERS, "customer_reference", FULL, "customer_reference", "string", nullable=True),
    ReadFact(NUMBERS, "customer_reference", VOICE, "customer_reference", "string"),
    ReadFact(NUMBERS, "external_pin", SLIM, "external_pin", "string"),
    ReadFact(NUMBERS, "external_pin", FULL, "external_pin", "string", nullable=True),
    ReadFact(NUMBERS, "hd_voice_enabled", SLIM, "hd_voice_enabled", "boolean"),
    ReadFact(NUMBERS, "hd_voice_enabled", FULL, "hd_voice_enabled", "boolean"),
    ReadFact(NUMBERS, "deletion_lock_enabled", FULL, "deletion_lock_enabled", "boolean"),
    # Voice. Some switches stand in the number lists too, under shorter names.
    ReadFact(NUMBERS, f"voice.{_FORWARD}", VOICE, _FORWARD, "boolean"),
    ReadFact(NUMBERS, f"voice.{_FORWARD}", SLIM, "call_forwarding_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_FORWARD}", FULL, "call_forwarding_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_FORWARD_TYPE}", VOICE, _FORWARD_TYPE, "string"),
    ReadFact(NUMBERS, f"voice.{_FORWARD_TO}", VOICE, _FORWARD_TO, "string"),
    ReadFact(NUMBERS, f"voice.{_RECORD}", VOICE, _RECORD, "boolean"),
    ReadFact(NUMBERS, f"voice.{_RECORD}", SLIM, "call_recording_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_RECORD}", FULL, "call_recording_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_RECORD_FORMAT}", VOICE, _RECORD_FORMAT, "string"),
    ReadFact(NUMBERS, f"voice.{_RECORD_CHANNELS}", VOICE, _RECORD_CHANNELS, "string"),
    ReadFact(NUMBERS, f"voice.{_CNAM}", VOICE, _CNAM, "boolean"),
    ReadFact(NUMBERS, f"voice.{_CNAM}", SLIM, "cnam_listing_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_CNAM}", FULL, "cnam_listing_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_CNAM_DETAILS}", VOICE, _CNAM_DETAILS, "string"),
    ReadFact(NUMBERS, f"voice.{_RTP}", VOICE, _RTP, "boolean"),
    ReadFact(NUMBERS, f"voice.{_ANY_RTP}", VOICE, _ANY_RTP, "boolean"),
    ReadFact(NUMBERS, f"voice.{_T38}", VOICE, _T38, "boolean"),
    ReadFact(NUMBERS, f"voice.{_T38}", SLIM, "t38_fax_gateway_enabled", "boolean"),
    ReadFact(NUMBERS, f"voice.{_T38}", FULL, "t38_fax_gateway_enabled", "boolean"),
    ReadFact(NUMBERS, "voice.inbound_call_screening", VOICE, "inbound_call_screening", "string"),
    ReadFact(NUMBERS, "voice.inbound_call_screening", SLIM, "inbound_call_screening", "string"),
    ReadFact(NUMBERS, "voice.inbound_call_screening", FULL, "inbound_call_screening", "string"),
    ReadFact(NUMBERS, "voice.tech_prefix_enabled", VOICE, "tech_prefix_enabled", "boolean"),
    ReadFact(NUMBERS, "voice.translated_number", VOICE, "translated_number", "string"),
    ReadFact(NUMBERS, "voice.usage_payment_method", VOICE, "usage_payment_method", "string"),
    ReadFact(NUMBERS, "voice.caller_id_name_enabled", SLIM, "caller_id_name_enabled", "boolean"),
    ReadFact(NUMBERS, "voice.caller_id_name_enabled", FULL, "caller_id_name_enabled", "boolean"),
    # Messaging.
    ReadFact(
        NUMBERS,
        "messaging.messaging_profile_id",
        MESSAGING,
        "messaging_profile_id",
        "string",
        nullable=True,
    ),
    ReadFact(
        NUMBERS,
        "messaging.messaging_profile_id",
        FULL,
        "messaging_profile_id",
        "string",
        nullable=True,
    ),
    ReadFact(NUMBERS, "messaging.messaging_product", MESSAGING, "messaging_product", "string"),
    # Emergency.
    ReadFact(NUMBERS, "emergency.emergency_enabled", SLIM, "emergency_enabled", "boolean"),
    ReadFact(NUMBERS, "emergency.emergency_enabled", FULL, "emergency_enabled", "boolean"),
    ReadFact(
        NUMBERS, "emergency.emergency_enabled", VOICE, "emergency.emergency_enabled", "boolean"
    ),
    ReadFact(NUMBERS, "emergency.emergency_address_id", SLIM, "emergency_address_id", "string"),
    ReadFact(
        NUMBERS,
        "emergency.emergency_address_id",
        FULL,
        "emergency_address_id",
        "string",
        nullable=True,
    ),
    ReadFact(
        NUMBERS, "emergency.emergency_address_id", VOICE, "emergency.emergency_address_id", "string"
    ),
    # Mobile numbers: one list.
    ReadFact(MOBILE, "tags", MOBILES, "tags", "array"),
    ReadFact(MOBILE, "connection_id", MOBILES, "connection_id", "string", nullable=True),
    ReadFact(MOBILE, "customer_reference", MOBILES, "customer_reference", "string", nullable=True),
    ReadFact(
        MOBILE,
        "inbound.interception_app_id",
        MOBILES,
        "inbound.interception_app_id",
        "string",
        nullable=True,
    ),
    ReadFact(
        MOBILE,
        "outbound.interception_app_id",
        MOBILES,
        "outbound.interception_app_id",
        "string",
        nullable=True,
    ),
    ReadFact(
        MOBILE, "inbound_call_screening", MOBILES, "inbound_call_screening", "string", nullable=True
    ),
    ReadFact(MOBILE, "noise_suppression", MOBILES, "noise_suppression", "string"),
    ReadFact(MOBILE, "caller_id_name_enabled", MOBILES, "caller_id_name_enabled", "boolean"),
    ReadFact(MOBILE, _FORWARD, MOBILES, _FORWARD, "boolean"),
    ReadFact(MOBILE, _FORWARD_TYPE, MOBILES, _FORWARD_TYPE, "string", nullable=True),
    ReadFact(MOBILE, _FORWARD_TO, MOBILES, _FORWARD_TO, "string", nullable=True),
    ReadFact(MOBILE, _RECORD, MOBILES, _RECORD, "boolean"),
    ReadFact(MOBILE, _RECORD_FORMAT, MOBILES, _RECORD_FORMAT, "string"),
    ReadFact(MOBILE, _RECORD_CHANNELS, MOBILES, _RECORD_CHANNELS, "string"),
    ReadFact(MOBILE, _CNAM, MOBILES, _CNAM, "boolean"),
    ReadFact(MOBILE, _CNAM_DETAILS, MOBILES, _CNAM_DETAILS, "string", nullable=True),
)


def _number_and_job(path: str, takes: str, clear: str) -> tuple[WriteFact, ...]:
    """The same property in PATCH /phone_numbers/{id} and at the top of an update job."""
    return (
        WriteFact(NUMBERS, path, "patch_number", path, takes, clear),
        WriteFact(NUMBERS, path, "update_job", path, takes, clear),
    )


def _voice_and_job(at: str, takes: str, clear: str) -> tuple[WriteFact, ...]:
    """The same property in PATCH …/voice and below `voice` of an update job."""
    return (
        WriteFact(NUMBERS, f"voice.{at}", "patch_voice", at, takes, clear),
        WriteFact(NUMBERS, f"voice.{at}", "update_job", f"voice.{at}", takes, clear),
    )


def _mobile(path: str, takes: str, clear: str) -> WriteFact:
    """A property of PATCH /v2/mobile_phone_numbers/{id}: null is valid just where it clears."""
    return WriteFact(MOBILE, path, "patch_mobile", path, takes, clear, nullable=clear == "null")


WRITES: Final = (
    *_number_and_job("tags", "array", "empty list"),
    *_number_and_job("connection_id", "string", "empty string"),
    *_number_and_job("billing_group_id", "string", "empty string"),
    *_number_and_job("customer_reference", "string", "empty string"),
    *_number_and_job("external_pin", "string", "empty string"),
    *_number_and_job("hd_voice_enabled", "boolean", "never"),
    WriteFact(
        NUMBERS, "deletion_lock_enabled", "update_job", "deletion_lock_enabled", "boolean", "never"
    ),
    WriteFact(NUMBERS, "address_id", "patch_number", "address_id", "string", "empty string"),
    *_voice_and_job(_FORWARD, "boolean", "never"),
    *_voice_and_job(_FORWARD_TYPE, "string", "never"),
    *_voice_and_job(_FORWARD_TO, "string", "empty string"),
    *_voice_and_job(_RECORD, "boolean", "never"),
    *_voice_and_job(_RECORD_FORMAT, "string", "never"),
    *_voice_and_job(_RECORD_CHANNELS, "string", "never"),
    *_voice_and_job(_CNAM, "boolean", "never"),
    *_voice_and_job(_CNAM_DETAILS, "string", "empty string"),
    *_voice_and_job(_RTP, "boolean", "never"),
    *_voice_and_job(_ANY_RTP, "boolean", "never"),
    *_voice_and_job(_T38, "boolean", "never"),
    *_voice_and_job("inbound_call_screening", "string", "never"),
    *_voice_and_job("tech_prefix_enabled", "boolean", "never"),
    *_voice_and_job("translated_number", "string", "empty string"),
    *_voice_and_job("usage_payment_method", "string", "never"),
    *_voice_and_job("caller_id_name_enabled", "boolean", "never"),
    WriteFact(
        NUMBERS,
        "messaging.messaging_profile_id",
        "patch_messaging",
        "messaging_profile_id",
        "string",
        "empty string",
    ),
    WriteFact(
        NUMBERS,
        "messaging.messaging_profile_id",
        "messaging_bulk",
        "messaging_profile_id",
        "string",
        "empty string",
    ),
    WriteFact(
        NUMBERS,
        "messaging.messaging_product",
        "patch_messaging",
        "messaging_product",
        "string",
        "never",
    ),
    WriteFact(
        NUMBERS,
        "emergency.emergency_enabled",
        "enable_emergency",
        "emergency_enabled",
        "boolean",
        "never",
    ),
    WriteFact(
        NUMBERS,
        "emergency.emergency_enabled",
        "emergency_job",
        "emergency_enabled",
        "boolean",
        "never",
    ),
    WriteFact(
        NUMBERS,
        "emergency.emergency_address_id",
        "enable_emergency",
        "emergency_address_id",
        "string",
        "never",
    ),
    WriteFact(
        NUMBERS,
        "emergency.emergency_address_id",
        "emergency_job",
        "emergency_address_id",
        "string",
        "null",
        nullable=True,
    ),
    WriteFact(NUMBERS, "bundle_id", "bundle", "bundle_id", "string", "null"),
    _mobile("tags", "array", "empty list"),
    _mobile("connection_id", "string", "null"),
    _mobile("customer_reference", "string", "null"),
    _mobile("inbound.interception_app_id", "string", "null"),
    _mobile("outbound.interception_app_id", "string", "null"),
    _mobile("inbound_call_screening", "string", "never"),
    _mobile("noise_suppression", "boolean", "never"),
    _mobile("caller_id_name_enabled", "boolean", "never"),
    _mobile(_FORWARD, "boolean", "never"),
    _mobile(_FORWARD_TYPE, "string", "null"),
    _mobile(_FORWARD_TO, "string", "null"),
    _mobile(_RECORD, "boolean", "never"),
    _mobile(_RECORD_FORMAT, "string", "never"),
    _mobile(_RECORD_CHANNELS, "string", "never"),
    _mobile(_CNAM, "boolean", "never"),
    _mobile(_CNAM_DETAILS, "string", "null"),
)

READ_ONLY: Final = {
    NUMBERS: {_STATUS},
    MOBILE: {"messaging.messaging_profile_id", "messaging.messaging_product"},
}
"""Shown in snapshots, never declared: no call of the project writes them."""

NOT_IN_ROW_SCHEMA: Final = {
    (SLIM, "tags"): "Slim `tags` have no response schema though `include_tags` is documented.",
}
"""Reads that no schema of rows shows, and the sentence that says so."""

WRITE_ONLY: Final = {
    "bundle_id": "In no documented response: write-only, unless a row carries it.",
    "address_id": "In no documented response: write-only, unless a row carries it.",
}

WRITTEN_AS_ANOTHER_TYPE: Final = {
    (MOBILE, "noise_suppression"): "`noise_suppression` on mobile reads as inbound/outbound/both/"
    "disabled and is written as a boolean in the specification.",
}

NULL_THOUGH_NOT_NULLABLE: Final = {
    "bundle_id": "If you are removing the number from a bundle, this must be null.",
}
"""Cleared with null though the schema is a plain string: the sentence of the specification."""

_PLAIN = "The write schema is a plain string, so null is not valid there and an empty string is."

EMPTY_STRING_CLEARS: Final = {
    "connection_id": "`connection_id` clears with an empty string, as seen by third parties.",
    "billing_group_id": _PLAIN,
    "customer_reference": _PLAIN,
    "external_pin": _PLAIN,
    "address_id": _PLAIN,
    "voice.call_forwarding.forwards_to": _PLAIN,
    "voice.cnam_listing.cnam_listing_details": _PLAIN,
    "voice.translated_number": "Its default is an empty string.",
    "messaging.messaging_profile_id": 'Set this field to `""` to unassign the number; null keeps.',
}
"""Every field that an empty string clears, and the sentence it rests on."""
