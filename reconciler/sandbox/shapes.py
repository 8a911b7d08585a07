"""What a request body may hold, call by call, written out from the specification.

A shape is data, so that the tests can hold it against the published schemas, property by
property and type by type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A string; with `choices`, one of them."""

    choices: tuple[str, ...] = ()
    null: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    null: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of strings."""

    null: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with these properties and no other."""

    of: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    null: bool = False


Shape = Text | Flag | Texts | Fields

SCREENING = ("disabled", "reject_calls", "flag_calls")
FORWARDING = ("always", "on-failure")

CALL_RECORDING = Fields(
    {
        "inbound_call_recording_enabled": Flag(),
        "inbound_call_recording_format": Text(("wav", "mp3")),
        "inbound_call_recording_channels": Text(("single", "dual")),
    }
)

VOICE = Fields(
    {
        "call_forwarding": Fields(
            {
                "call_forwarding_enabled": Flag(),
                "forwarding_type": Text(FORWARDING),
                "forwards_to": Text(),
            }
        ),
        "call_recording": CALL_RECORDING,
        "caller_id_name_enabled": Flag(),
        "cnam_listing": Fields({"cnam_listing_enabled": Flag(), "cnam_listing_details": Text()}),
        "inbound_call_screening": Text(SCREENING),
        "media_features": Fields(
            {
                "rtp_auto_adjust_enabled": Flag(),
                "accept_any_rtp_packets_enabled": Flag(),
                "t38_fax_gateway_enabled": Flag(),
            }
        ),
        "tech_prefix_enabled": Flag(),
        "translated_number": Text(),
        "usage_payment_method": Text(("pay-per-minute", "channel")),
    }
)

_BASE: Mapping[str, Shape] = {
    "billing_group_id": Text(),
    "connection_id": Text(),
    "customer_reference": Text(),
    "external_pin": Text(),
    "hd_voice_enabled": Flag(),
    "tags": Texts(),
}

# `id` is readOnly in UpdatePhoneNumberRequest: it may be sent and means nothing.
NUMBER = Fields({**_BASE, "address_id": Text(), "id": Text()})

UPDATE_JOB = Fields(
    {**_BASE, "deletion_lock_enabled": Flag(), "voice": VOICE, "phone_numbers": Texts()}
)

DELETE_JOB = Fields({"phone_numbers": Texts()})

EMERGENCY_JOB = Fields(
    {
        "phone_numbers": Texts(),
        "emergency_enabled": Flag(),
        "emergency_address_id": Text(null=True),
    },
    required=("emergency_enabled",),
)

VERIFY = Fields({"phone_numbers": Texts()}, required=("phone_numbers",))

# "If you are removing the number from a bundle, this must be null", though its type is a string.
BUNDLE = Fields({"bundle_id": Text(null=True)}, required=("bundle_id",))

ENABLE_EMERGENCY = Fields(
    {"emergency_enabled": Flag(), "emergency_address_id": Text()},
    required=("emergency_enabled", "emergency_address_id"),
)

# "Omit this field or set its value to `null` to keep the current value", though both are strings;
# the body's description says the same of every field.
MESSAGING = Fields(
    {
        "messaging_product": Text(null=True),
        "messaging_profile_id": Text(null=True),
        "tags": Texts(null=True),
    }
)

BULK = Fields(
    {"messaging_profile_id": Text(), "numbers": Texts(), "assign_only": Flag()},
    required=("messaging_profile_id", "numbers"),
)

_INTERCEPTION = Fields({"interception_app_id": Text(null=True)})

MOBILE = Fields(
    {
        "call_forwarding": Fields(
            {
                "call_forwarding_enabled": Flag(),
                "forwarding_type": Text(FORWARDING, null=True),
                "forwards_to": Text(null=True),
            }
        ),
        "call_recording": CALL_RECORDING,
        "caller_id_name_enabled": Flag(),
        "cnam_listing": Fields(
            {"cnam_listing_enabled": Flag(), "cnam_listing_details": Text(null=True)}
        ),
        "connection_id": Text(null=True),
        "customer_reference": Text(null=True),
        "inbound": _INTERCEPTION,
        "outbound": _INTERCEPTION,
        "inbound_call_screening": Text(SCREENING),
        "noise_suppression": Flag(),
        "tags": Texts(),
    }
)
