"""State into answers: one function for each schema of the specification.

What an unset value looks like depends on the schema: where null is allowed it is null, and in the
slim and voice schemas, which do not allow it, the key is left out.
"""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.clock import iso
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.state import MobileNumber, Number, Voice

Answer = dict[str, Any]

_LEGACY_TYPES = {"toll_free": "tollfree", "local": "longcode"}
_FEATURES = {
    "domestic_two_way": True,
    "international_inbound": False,
    "international_outbound": False,
}


class Rows:
    """Answers of one account under one behaviour."""

    def __init__(self, fleet: Fleet, behaviour: Behaviour) -> None:
        self._fleet = fleet
        self._legacy = behaviour.spelling == "legacy"
        self._nullable = behaviour.nullable_unset
        self._plain = behaviour.plain_unset
        self._slim_tags = behaviour.slim_tags == "on-request"
        self._write_only = behaviour.shows_write_only

    def full(self, row: Number, *, messaging: bool = True) -> Answer:
        """PhoneNumberDetailed. `messaging` false leaves the messaging profile fields out."""
        answer = self._common(row)
        answer["record_type"] = "phone_number"
        answer["deletion_lock_enabled"] = row.deletion_lock_enabled
        answer["source_type"] = row.source_type
        answer["tags"] = row.tags
        self._may_be_null(answer, "billing_group_id", row.billing_group_id)
        self._may_be_null(answer, "connection_id", row.connection_id)
        name = self._fleet.connection_name(row.connection_id)
        self._may_be_null(answer, "connection_name", name)
        self._may_be_null(answer, "customer_reference", row.customer_reference)
        self._may_be_null(answer, "emergency_address_id", row.emergency.emergency_address_id)
        # required and nullable: it cannot be left out
        unset = "" if self._nullable == "empty" else None
        answer["external_pin"] = unset if row.external_pin is None else row.external_pin
        if messaging:
            profile = row.messaging.messaging_profile_id
            self._may_be_null(answer, "messaging_profile_id", profile)
            self._may_be_null(answer, "messaging_profile_name", _profile_name(profile))
        if self._write_only:
            answer["bundle_id"] = row.bundle_id
            answer["address_id"] = row.address_id
        return answer

    def slim(self, row: Number, *, tags: bool, connection: bool) -> Answer:
        """SlimPhoneNumberDetailed; "connection and tags come only when asked for"."""
        answer = self._common(row)
        answer["record_type"] = "phone_number_slim"
        self._plain_text(answer, "billing_group_id", row.billing_group_id)
        self._plain_text(answer, "customer_reference", row.customer_reference)
        self._plain_text(answer, "emergency_address_id", row.emergency.emergency_address_id)
        self._plain_text(answer, "external_pin", row.external_pin)
        if connection:
            self._plain_text(answer, "connection_id", row.connection_id)
        if tags and self._slim_tags:
            answer["tags"] = row.tags
        return answer

    def voice(self, row: Number) -> Answer:
        """PhoneNumberWithVoiceSettings. It has no `caller_id_name_enabled`."""
        voice = row.voice
        answer: Answer = {
            "id": row.id,
            "phone_number": row.phone_number,
            "record_type": "voice_settings",
            "call_forwarding": self._forwarding(voice),
            "call_recording": _recording(voice),
            "cnam_listing": self._cnam(voice),
            "media_features": {
                "rtp_auto_adjust_enabled": voice.media_features.rtp_auto_adjust_enabled,
                "accept_any_rtp_packets_enabled": (
                    voice.media_features.accept_any_rtp_packets_enabled
                ),
                "t38_fax_gateway_enabled": voice.media_features.t38_fax_gateway_enabled,
            },
            "emergency": self._emergency(row),
            "inbound_call_screening": voice.inbound_call_screening,
            "tech_prefix_enabled": voice.tech_prefix_enabled,
            # its schema documents a default: ""
            "translated_number": voice.translated_number or "",
            "usage_payment_method": voice.usage_payment_method,
        }
        self._plain_text(answer, "connection_id", row.connection_id)
        self._plain_text(answer, "customer_reference", row.customer_reference)
        return answer

    def messaging(self, row: Number) -> Answer:
        """PhoneNumberWithMessagingSettings."""
        toll_free = row.phone_number_type == "toll_free"
        names = ("toll-free", "long-code") if self._legacy else ("tollfree", "longcode")
        answer: Answer = {
            "id": row.id,
            "phone_number": row.phone_number,
            "record_type": "messaging_settings",
            "country_code": row.country_iso_alpha2,
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
            "messaging_product": row.messaging.messaging_product,
            "traffic_type": row.messaging.messaging_product,
            "eligible_messaging_products": ["A2P"] if toll_free else ["A2P", "P2P"],
            "features": {"sms": _FEATURES, "mms": None if toll_free else _FEATURES},
            "tags": row.messaging.tags,
            "type": names[0] if toll_free else names[1],
        }
        self._may_be_null(answer, "messaging_profile_id", row.messaging.messaging_profile_id)
        return answer

    def deleted(self, row: Number) -> Answer:
        """PhoneNumberDeletedDetailed: nothing in it may be null but `activated_at`."""
        answer = self._common(row)
        for absent in ("country_iso_alpha2", "emergency_status", "inbound_call_screening"):
            del answer[absent]
        answer["record_type"] = "phone_number"
        answer["phone_number_type"] = row.phone_number_type
        answer["status"] = "deleted"
        answer["tags"] = row.tags
        answer["deletion_lock_enabled"] = row.deletion_lock_enabled
        profile = row.messaging.messaging_profile_id
        for name, value in (
            ("billing_group_id", row.billing_group_id),
            ("connection_id", row.connection_id),
            ("connection_name", self._fleet.connection_name(row.connection_id)),
            ("customer_reference", row.customer_reference),
            ("emergency_address_id", row.emergency.emergency_address_id),
            ("external_pin", row.external_pin),
            ("messaging_profile_id", profile),
            ("messaging_profile_name", _profile_name(profile)),
        ):
            self._plain_text(answer, name, value)
        return answer

    def mobile(self, row: MobileNumber) -> Answer:
        """MobilePhoneNumber."""
        connected = row.connection_id is not None
        answer: Answer = {
            "id": row.id,
            "phone_number": row.phone_number,
            "record_type": "mobile_phone_number",
            "country_iso_alpha2": row.country_iso_alpha2,
            "status": row.status,
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
            "sim_card_id": row.sim_card_id,
            "mobile_voice_enabled": row.mobile_voice_enabled,
            "tags": row.tags,
            "inbound_call_screening": row.inbound_call_screening,
            "noise_suppression": row.noise_suppression,
            "caller_id_name_enabled": row.caller_id_name_enabled,
            "call_forwarding": {
                "call_forwarding_enabled": row.call_forwarding.call_forwarding_enabled,
                "forwarding_type": row.call_forwarding.forwarding_type,
                "forwards_to": row.call_forwarding.forwards_to,
            },
            "call_recording": _recording(row),
            "cnam_listing": {
                "cnam_listing_enabled": row.cnam_listing.cnam_listing_enabled,
                "cnam_listing_details": row.cnam_listing.cnam_listing_details,
            },
            "inbound": _interception(row.inbound.interception_app_id),
            "outbound": _interception(row.outbound.interception_app_id),
        }
        self._may_be_null(answer, "connection_id", row.connection_id)
        name = self._fleet.connection_name(row.connection_id)
        self._may_be_null(answer, "connection_name", name)
        self._may_be_null(answer, "connection_type", "credential" if connected else None)
        self._may_be_null(answer, "customer_reference", row.customer_reference)
        return answer

    def mobile_messaging(self, row: MobileNumber) -> Answer:
        """MobilePhoneNumberWithMessagingSettings."""
        answer: Answer = {
            "id": row.id,
            "phone_number": row.phone_number,
            "record_type": "messaging_settings",
            "country_code": row.country_iso_alpha2,
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
            "messaging_product": row.messaging.messaging_product,
            "traffic_type": row.messaging.messaging_product,
            "features": {"sms": _FEATURES},
            "tags": row.messaging.tags,
            "type": "longcode",
        }
        self._may_be_null(answer, "messaging_profile_id", row.messaging.messaging_profile_id)
        return answer

    def _common(self, row: Number) -> Answer:
        """What the full, slim and deleted schemas share."""
        voice = row.voice
        status, kind = row.status, row.phone_number_type
        if self._legacy:
            status, kind = status.replace("-", "_"), _LEGACY_TYPES.get(kind, kind)
        return {
            "id": row.id,
            "phone_number": row.phone_number,
            "country_iso_alpha2": row.country_iso_alpha2,
            "phone_number_type": kind,
            "status": status,
            "created_at": iso(row.created_at),
            "purchased_at": iso(row.purchased_at),
            "activated_at": None if row.activated_at is None else iso(row.activated_at),
            "updated_at": iso(row.updated_at),
            "call_forwarding_enabled": voice.call_forwarding.call_forwarding_enabled,
            "call_recording_enabled": voice.call_recording.inbound_call_recording_enabled,
            "caller_id_name_enabled": voice.caller_id_name_enabled,
            "cnam_listing_enabled": voice.cnam_listing.cnam_listing_enabled,
            "emergency_enabled": row.emergency.emergency_enabled,
            "emergency_status": row.emergency.emergency_status,
            "hd_voice_enabled": row.hd_voice_enabled,
            "inbound_call_screening": voice.inbound_call_screening,
            "t38_fax_gateway_enabled": voice.media_features.t38_fax_gateway_enabled,
        }

    def _forwarding(self, voice: Voice) -> Answer:
        forwarding = voice.call_forwarding
        answer: Answer = {"call_forwarding_enabled": forwarding.call_forwarding_enabled}
        if forwarding.forwarding_type is not None:
            # an enum without an empty value: unset, it can only be left out
            answer["forwarding_type"] = forwarding.forwarding_type
        self._plain_text(answer, "forwards_to", forwarding.forwards_to)
        return answer

    def _cnam(self, voice: Voice) -> Answer:
        answer: Answer = {"cnam_listing_enabled": voice.cnam_listing.cnam_listing_enabled}
        self._plain_text(answer, "cnam_listing_details", voice.cnam_listing.cnam_listing_details)
        return answer

    def _emergency(self, row: Number) -> Answer:
        answer: Answer = {
            "emergency_enabled": row.emergency.emergency_enabled,
            "emergency_status": row.emergency.emergency_status,
        }
        self._plain_text(answer, "emergency_address_id", row.emergency.emergency_address_id)
        return answer

    def _may_be_null(self, answer: Answer, name: str, value: str | None) -> None:
        if value is not None:
            answer[name] = value
        elif self._nullable != "omit":
            answer[name] = None if self._nullable == "null" else ""

    def _plain_text(self, answer: Answer, name: str, value: str | None) -> None:
        if value is not None:
            answer[name] = value
        elif self._plain == "empty":
            answer[name] = ""


def _recording(owner: Voice | MobileNumber) -> Answer:
    recording = owner.call_recording
    return {
        "inbound_call_recording_enabled": recording.inbound_call_recording_enabled,
        "inbound_call_recording_format": recording.inbound_call_recording_format,
        "inbound_call_recording_channels": recording.inbound_call_recording_channels,
    }


def _interception(app_id: str | None) -> Answer:
    name = None if app_id is None else f"app-{app_id[-4:]}"
    return {"interception_app_id": app_id, "interception_app_name": name}


def _profile_name(profile_id: str | None) -> str | None:
    return None if profile_id is None else f"profile-{profile_id[:8]}"
