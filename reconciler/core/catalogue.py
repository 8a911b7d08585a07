"""FIELDS: the one table that every other part is driven by.

The loader, the fetch plan, the differ, the compiler of operations, the JSON Schemas and the
field reference are derived from these rows; none of them names a field on its own. The rows
follow the published specification; a test holds each of them against facts taken from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.core.fields import Channel, Clear, Field, Kind, Listing, Read, Type, Wire, Write

_FULL, _SLIM, _VOICE = Listing.NUMBERS, Listing.SLIM, Listing.VOICE
EMERGENCY_STATUS = "emergency.emergency_status"
_SCREENING = ("disabled", "reject_calls", "flag_calls")


def _number_lists(name: str, *, nullable: bool = False) -> tuple[Read, ...]:
    """Read from the slim list (never nullable there), else from the full one."""
    return Read(_SLIM, (name,)), Read(_FULL, (name,), nullable)


def _undocumented(name: str) -> tuple[Read, ...]:
    """In no documented answer, but taken where a row carries it all the same."""
    return tuple(Read(listing, (name,), True, documented=False) for listing in (_SLIM, _FULL))


def _witness(name: str, *lists: Listing) -> tuple[Read, ...]:
    """Other lists that carry the same setting and must agree about it."""
    return tuple(Read(listing, (name,), check=True) for listing in lists or (_SLIM, _FULL))


def _root(
    path: str,
    takes: Type,
    doc: str,
    *,
    clear: Clear = Clear.EMPTY_STRING,
    also: tuple[Read, ...] = (),
    null: bool = True,
    off: str = "",
    cost: str = "",
    risk: tuple[str, ...] = (),
    example: str | bool | tuple[str, ...] = "",
) -> Field:
    """A field of the number itself: PATCH /phone_numbers/{id}, or an update job."""
    nullable = takes in {Type.ID, Type.TEXT, Type.PIN}
    return Field(
        Kind.NUMBER,
        path,
        takes,
        doc,
        reads=_number_lists(path, nullable=nullable) + also,
        writes=(
            Write(Channel.PATCH_NUMBER, (path,), clear),
            Write(Channel.UPDATE_JOB, (path,), clear),
        ),
        null=null,
        off=off,
        cost=cost,
        risk=risk,
        example=example,
    )


def _voice(
    at: str,
    takes: Type,
    doc: str,
    *,
    reads: tuple[Read, ...] | None = None,
    also: tuple[Read, ...] = (),
    values: tuple[str, ...] = (),
    null: bool = False,
    off: str = "",
    meaningless_without: str = "",
    cost: str = "",
    risk: tuple[str, ...] = (),
    example: str | bool = "",
) -> Field:
    """A voice setting: PATCH /phone_numbers/{id}/voice, or `voice` of an update job."""
    steps = tuple(at.split("."))
    clear = Clear.EMPTY_STRING if null else Clear.NEVER
    return Field(
        Kind.NUMBER,
        f"voice.{at}",
        takes,
        doc,
        reads=(Read(_VOICE, steps), *also) if reads is None else reads,
        writes=(
            Write(Channel.PATCH_VOICE, steps, clear),
            Write(Channel.UPDATE_JOB, ("voice", *steps), clear),
        ),
        values=values,
        null=null,
        off=off,
        linked=f"voice.{steps[0]}" if len(steps) > 1 else "",
        meaningless_without=meaningless_without,
        cost=cost,
        risk=risk,
        example=example,
    )


def _mobile(
    path: str,
    takes: Type,
    doc: str,
    *,
    nullable: bool = False,
    values: tuple[str, ...] = (),
    clear: Clear = Clear.NEVER,
    wire: Wire = Wire.AS_IS,
    off: str = "",
    meaningless_without: str = "",
    cost: str = "",
    risk: tuple[str, ...] = (),
    example: str | bool | tuple[str, ...] = "",
) -> Field:
    """A field of a mobile number: PATCH /v2/mobile_phone_numbers/{id} is its only channel."""
    steps = tuple(path.split("."))
    return Field(
        Kind.MOBILE,
        path,
        takes,
        doc,
        reads=(Read(Listing.MOBILE, steps, nullable),),
        writes=(Write(Channel.PATCH_MOBILE, steps, clear, wire),),
        values=values,
        null=clear is not Clear.NEVER,
        off=off,
        linked=steps[0] if len(steps) > 1 else "",
        meaningless_without=meaningless_without,
        cost=cost,
        risk=risk,
        example=example,
    )


FIELDS: tuple[Field, ...] = (
    # ---- numbers: the number itself ---------------------------------------------------------
    _root(
        "tags",
        Type.TAGS,
        "Tags of the number. A list or null replaces; {add, remove} edits.",
        clear=Clear.EMPTY_LIST,
        example=("support", "chicago"),
    ),
    _root(
        "connection_id",
        Type.ID,
        "The connection (SIP trunk, call control or TeXML application) that takes its calls.",
        also=_witness("connection_id", _VOICE),
        risk=("connection",),
        example="1521916448077776306",
    ),
    _root(
        "billing_group_id",
        Type.ID,
        "The billing group that its costs are booked to.",
        example="62e4bf2e-c278-4282-b524-488d9c9c43b2",
    ),
    _root(
        "customer_reference",
        Type.TEXT,
        "Free text for your own look-ups.",
        also=_witness("customer_reference", _VOICE),
        example="desk-1",
    ),
    _root(
        "external_pin",
        Type.PIN,
        "The PIN that a port-out must name. Masked everywhere; prefer {env: …} or {file: …}.",
        risk=("pin",),
        example="4711",
    ),
    _root(
        "hd_voice_enabled",
        Type.BOOLEAN,
        "HD voice.",
        clear=Clear.NEVER,
        null=False,
        off="false",
        cost="hd_voice",
        example=True,
    ),
    Field(
        Kind.NUMBER,
        "deletion_lock_enabled",
        Type.BOOLEAN,
        "Refuses to delete the number, through the API and the portal.",
        # "deletion_lock_enabled" is in the job's body only: PATCH /phone_numbers/{id} lacks it.
        reads=(Read(_FULL, ("deletion_lock_enabled",)),),
        writes=(Write(Channel.UPDATE_JOB, ("deletion_lock_enabled",)),),
        off="false",
        example=True,
    ),
    # ---- numbers: voice ---------------------------------------------------------------------
    _voice(
        "call_forwarding.call_forwarding_enabled",
        Type.BOOLEAN,
        "Forwards inbound calls; needs forwards_to.",
        also=_witness("call_forwarding_enabled"),
        off="false",
        example=True,
    ),
    _voice(
        "call_forwarding.forwarding_type",
        Type.ENUM,
        "When to forward.",
        values=("always", "on-failure"),
        # "'forwards_to' must be set for this to have an effect."
        meaningless_without="voice.call_forwarding.forwards_to",
        off="call_forwarding_enabled: false",
        example="always",
    ),
    _voice(
        "call_forwarding.forwards_to",
        Type.E164,
        "Where inbound calls are forwarded to.",
        null=True,
        example="+13035559123",
    ),
    _voice(
        "call_recording.inbound_call_recording_enabled",
        Type.BOOLEAN,
        "Records inbound calls.",
        also=_witness("call_recording_enabled"),
        off="false",
        example=True,
    ),
    _voice(
        "call_recording.inbound_call_recording_format",
        Type.ENUM,
        "The audio file format of recordings.",
        values=("wav", "mp3"),
        off="inbound_call_recording_enabled: false",
        example="mp3",
    ),
    _voice(
        "call_recording.inbound_call_recording_channels",
        Type.ENUM,
        "One channel, or one for each leg.",
        values=("single", "dual"),
        off="inbound_call_recording_enabled: false",
        example="dual",
    ),
    _voice(
        "cnam_listing.cnam_listing_enabled",
        Type.BOOLEAN,
        "Publishes a caller name; needs cnam_listing_details.",
        also=_witness("cnam_listing_enabled"),
        off="false",
        example=True,
    ),
    _voice(
        "cnam_listing.cnam_listing_details",
        Type.CNAM,
        "The caller name: at most 15 letters, digits and spaces.",
        null=True,
        example="ACME SUPPORT",
    ),
    _voice(
        "media_features.rtp_auto_adjust_enabled",
        Type.BOOLEAN,
        "Sends RTP to where it comes from.",
        off="false",
        example=True,
    ),
    _voice(
        "media_features.accept_any_rtp_packets_enabled",
        Type.BOOLEAN,
        "Accepts RTP from any address and port.",
        off="false",
        example=False,
    ),
    _voice(
        "media_features.t38_fax_gateway_enabled",
        Type.BOOLEAN,
        "Accepts a T.38 re-INVITE.",
        also=_witness("t38_fax_gateway_enabled"),
        off="false",
        example=False,
    ),
    _voice(
        "inbound_call_screening",
        Type.ENUM,
        "What to do with calls that look fraudulent.",
        also=_witness("inbound_call_screening"),
        values=_SCREENING,
        off="disabled",
        cost="inbound_call_screening",
        example="flag_calls",
    ),
    _voice(
        "tech_prefix_enabled",
        Type.BOOLEAN,
        "Puts a tech prefix before the dialled number.",
        off="false",
        example=False,
    ),
    _voice(
        "translated_number",
        Type.TEXT,
        "Replaces the dialled number before an inbound call is routed to you.",
        null=True,
        example="+13035559999",
    ),
    _voice(
        "usage_payment_method",
        Type.ENUM,
        "Billed by the minute, or on your concurrent channels.",
        values=("pay-per-minute", "channel"),
        off="pay-per-minute",
        example="channel",
    ),
    _voice(
        "caller_id_name_enabled",
        Type.BOOLEAN,
        "Shows the caller's name on inbound calls.",
        # Written with the voice settings, but only the number lists carry it.
        reads=_number_lists("caller_id_name_enabled"),
        off="false",
        cost="caller_id_name",
        example=True,
    ),
    # ---- numbers: messaging -----------------------------------------------------------------
    Field(
        Kind.NUMBER,
        "messaging.messaging_profile_id",
        Type.ID,
        "The messaging profile it sends and receives with.",
        reads=(
            Read(Listing.MESSAGING, ("messaging_profile_id",), nullable=True),
            Read(_FULL, ("messaging_profile_id",), nullable=True, check=True),
        ),
        writes=(
            # "Set this field to "" to unassign the number"; null keeps the current value.
            Write(Channel.PATCH_MESSAGING, ("messaging_profile_id",), Clear.EMPTY_STRING),
            Write(Channel.MESSAGING_BULK, ("messaging_profile_id",), Clear.EMPTY_STRING),
        ),
        null=True,
        example="3fa85f64-5717-4562-b3fc-2c963f66afa6",
    ),
    Field(
        Kind.NUMBER,
        "messaging.messaging_product",
        Type.TEXT,
        "The messaging product it is registered for, such as A2P or P2P.",
        reads=(Read(Listing.MESSAGING, ("messaging_product",)),),
        writes=(Write(Channel.PATCH_MESSAGING, ("messaging_product",)),),
        off="the product to use; the API has no way to clear it",
        example="A2P",
    ),
    # ---- numbers: emergency -----------------------------------------------------------------
    Field(
        Kind.NUMBER,
        "emergency.emergency_enabled",
        Type.BOOLEAN,
        "Emergency calling; needs emergency_address_id.",
        reads=(
            *_number_lists("emergency_enabled"),
            Read(_VOICE, ("emergency", "emergency_enabled"), check=True),
        ),
        writes=(
            Write(Channel.ENABLE_EMERGENCY, ("emergency_enabled",)),
            Write(Channel.EMERGENCY_JOB, ("emergency_enabled",)),
        ),
        off="false",
        linked="emergency",
        cost="emergency",
        risk=("emergency",),
        example=True,
    ),
    Field(
        Kind.NUMBER,
        "emergency.emergency_address_id",
        Type.ID,
        "The validated address that emergency services are sent to.",
        reads=(
            *_number_lists("emergency_address_id", nullable=True),
            Read(_VOICE, ("emergency", "emergency_address_id"), check=True),
        ),
        writes=(
            Write(Channel.ENABLE_EMERGENCY, ("emergency_address_id",)),
            # "must be null or omitted if emergency_enabled is false"
            Write(Channel.EMERGENCY_JOB, ("emergency_address_id",), Clear.NULL),
        ),
        null=True,
        linked="emergency",
        risk=("emergency",),
        example="53829456729313",
    ),
    Field(
        Kind.NUMBER,
        EMERGENCY_STATUS,
        Type.ENUM,
        "How far the emergency service has come. Read only.",
        reads=(
            *_number_lists("emergency_status"),
            Read(_VOICE, ("emergency", "emergency_status"), check=True),
        ),
        writes=(),
        values=("active", "deprovisioning", "disabled", "provisioning", "provisioning-failed"),
    ),
    # ---- numbers: write-only ----------------------------------------------------------------
    Field(
        Kind.NUMBER,
        "bundle_id",
        Type.ID,
        "The bundle the number is in. No documented answer shows it.",
        reads=_undocumented("bundle_id"),
        # "If you are removing the number from a bundle, this must be null."
        writes=(Write(Channel.BUNDLE, ("bundle_id",), Clear.NULL),),
        null=True,
        example="5194d8fc-87e6-4188-baa9-1c434bbe861b",
    ),
    Field(
        Kind.NUMBER,
        "address_id",
        Type.ID,
        "The address of the number. No documented answer shows it.",
        reads=_undocumented("address_id"),
        writes=(Write(Channel.PATCH_NUMBER, ("address_id",), Clear.EMPTY_STRING),),
        null=True,
        example="dc8f39ac-953d-4520-b93b-786ae87db0da",
    ),
    # ---- mobile numbers ---------------------------------------------------------------------
    _mobile(
        "tags",
        Type.TAGS,
        "Tags of the number. A list or null replaces; {add, remove} edits.",
        clear=Clear.EMPTY_LIST,
        example=("field-team",),
    ),
    _mobile(
        "connection_id",
        Type.ID,
        "The connection that takes its calls.",
        nullable=True,
        clear=Clear.NULL,
        risk=("connection",),
        example="1521916448077776306",
    ),
    _mobile(
        "customer_reference",
        Type.TEXT,
        "Free text for your own look-ups.",
        nullable=True,
        clear=Clear.NULL,
        example="van-7",
    ),
    _mobile(
        "inbound.interception_app_id",
        Type.ID,
        "The call control or TeXML application that intercepts inbound calls.",
        nullable=True,
        clear=Clear.NULL,
        example="1293384261075731499",
    ),
    _mobile(
        "outbound.interception_app_id",
        Type.ID,
        "The call control or TeXML application that intercepts outbound calls.",
        nullable=True,
        clear=Clear.NULL,
        example="1293384261075731499",
    ),
    _mobile(
        "inbound_call_screening",
        Type.ENUM,
        "What to do with calls that look fraudulent.",
        # Read as nullable, written as not.
        nullable=True,
        values=_SCREENING,
        off="disabled",
        cost="inbound_call_screening",
        example="flag_calls",
    ),
    _mobile(
        "noise_suppression",
        Type.ENUM,
        "Which direction of a call is cleaned of noise.",
        values=("inbound", "outbound", "both", "disabled"),
        wire=Wire.ON_OFF,
        off="disabled",
        cost="noise_suppression",
        example="both",
    ),
    _mobile(
        "caller_id_name_enabled",
        Type.BOOLEAN,
        "Shows the caller's name on inbound calls.",
        off="false",
        cost="caller_id_name",
        example=True,
    ),
    _mobile(
        "call_forwarding.call_forwarding_enabled",
        Type.BOOLEAN,
        "Forwards inbound calls; needs forwards_to.",
        off="false",
        example=True,
    ),
    _mobile(
        "call_forwarding.forwarding_type",
        Type.ENUM,
        "When to forward.",
        nullable=True,
        values=("always", "on-failure"),
        clear=Clear.NULL,
        meaningless_without="call_forwarding.forwards_to",
        example="always",
    ),
    _mobile(
        "call_forwarding.forwards_to",
        Type.E164,
        "Where inbound calls are forwarded to.",
        nullable=True,
        clear=Clear.NULL,
        example="+13035559123",
    ),
    _mobile(
        "call_recording.inbound_call_recording_enabled",
        Type.BOOLEAN,
        "Records inbound calls.",
        off="false",
        example=True,
    ),
    _mobile(
        "call_recording.inbound_call_recording_format",
        Type.ENUM,
        "The audio file format of recordings.",
        values=("wav", "mp3"),
        off="inbound_call_recording_enabled: false",
        example="mp3",
    ),
    _mobile(
        "call_recording.inbound_call_recording_channels",
        Type.ENUM,
        "One channel, or one for each leg.",
        values=("single", "dual"),
        off="inbound_call_recording_enabled: false",
        example="dual",
    ),
    _mobile(
        "cnam_listing.cnam_listing_enabled",
        Type.BOOLEAN,
        "Publishes a caller name; needs cnam_listing_details.",
        off="false",
        example=True,
    ),
    _mobile(
        "cnam_listing.cnam_listing_details",
        Type.CNAM,
        "The caller name: at most 15 letters, digits and spaces.",
        nullable=True,
        clear=Clear.NULL,
        example="ACME SUPPORT",
    ),
    Field(
        Kind.MOBILE,
        "messaging.messaging_profile_id",
        Type.ID,
        "The messaging profile it sends and receives with. Read only.",
        reads=(Read(Listing.MOBILE_MESSAGING, ("messaging_profile_id",), nullable=True),),
        writes=(),
    ),
    Field(
        Kind.MOBILE,
        "messaging.messaging_product",
        Type.TEXT,
        "The messaging product it is registered for. Read only.",
        reads=(Read(Listing.MOBILE_MESSAGING, ("messaging_product",)),),
        writes=(),
    ),
)


def _by_path(kind: Kind) -> Mapping[str, Field]:
    return MappingProxyType({field.path: field for field in FIELDS if field.kind is kind})


BY_PATH: Mapping[Kind, Mapping[str, Field]] = MappingProxyType(
    {kind: _by_path(kind) for kind in Kind}
)
"""The rows of a kind by path, in the table's order."""

SUPPORTED: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {kind: frozenset(row.path for row in BY_PATH[kind].values() if row.writes) for kind in Kind}
)
"""The fields that can be declared: those that some call writes."""

SECRETS = frozenset(row.path for row in FIELDS if row.secret)
"""The paths of fields that are masked everywhere."""


def absent_means_empty(field: Field, read: Read) -> bool:
    """Whether a key that a row lacks says 'unset' rather than nothing at all.

    In a list whose schema is not nullable an unset text or id can only be left out; where null
    could have been sent, or where a boolean or enum is missing, nothing is known.
    """
    return not read.nullable and field.type in {
        Type.ID,
        Type.TEXT,
        Type.E164,
        Type.CNAM,
        Type.PIN,
    }
