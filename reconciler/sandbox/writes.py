"""How a write changes a row. The single calls and the jobs share these, as the fields do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.checks import check_cnam
from reconciler.sandbox.problems import inactive
from reconciler.sandbox.state import Emergency, Number, Voice
from reconciler.sandbox.world import merged

FORWARD_ONLY = "1400000000000000000"
"""The connection that the provider may put a number on when forwarding is switched on."""

_NESTED = ("call_forwarding", "call_recording", "cnam_listing", "media_features")
_TEXTS = (
    "billing_group_id",
    "connection_id",
    "customer_reference",
    "external_pin",
    "address_id",
)
_FLAGS = ("hd_voice_enabled", "deletion_lock_enabled")


def check_editable(row: Number, behaviour: Behaviour) -> None:
    """Raises 422 when the number's status does not allow a write."""
    if row.status != "active" and behaviour.inactive_numbers == "refuse":
        raise inactive(row.status)


def with_base(row: Number, sent: Mapping[str, Any], behaviour: Behaviour) -> Number:
    """The row with the settings of PATCH /phone_numbers/{id} or of an update job."""
    values: dict[str, Any] = {name: sent[name] for name in _FLAGS if name in sent}
    for name in _TEXTS:
        if name not in sent or (sent[name] == "" and name in behaviour.ignored_clears):
            continue
        values[name] = sent[name] or None
    if "tags" in sent:
        kept = row.tags if behaviour.tags == "add" else ()
        values["tags"] = tuple(dict.fromkeys((*kept, *sent["tags"])))
    return msgspec.structs.replace(row, **values)


def with_voice(row: Number, sent: Mapping[str, Any], behaviour: Behaviour, at: str = "") -> Number:
    """The row with voice settings written. Raises 422 where CNAM would be left half set."""
    voice = _voice(row.voice, sent, behaviour)
    listing = voice.cnam_listing
    check_cnam(
        sent.get("cnam_listing", {}),
        listing.cnam_listing_enabled,
        listing.cnam_listing_details,
        at,
    )
    changed = msgspec.structs.replace(row, voice=voice)
    if behaviour.forward_only_connection and _forwards(voice) and not _forwards(row.voice):
        changed = msgspec.structs.replace(changed, connection_id=FORWARD_ONLY)
    return changed


def _voice(before: Voice, sent: Mapping[str, Any], behaviour: Behaviour) -> Voice:
    values: dict[str, Any] = {}
    for name, value in sent.items():
        if name in _NESTED:
            standing = getattr(before, name)
            base = type(standing)() if behaviour.nested == "replace" else standing
            values[name] = merged(base, value)
        elif name == "translated_number":
            values[name] = value or None
        else:
            values[name] = value
    return msgspec.structs.replace(before, **values)


def _forwards(voice: Voice) -> bool:
    """ "... if forwards_to and forwarding_type are filled in"."""
    forwarding = voice.call_forwarding
    return bool(
        forwarding.call_forwarding_enabled and forwarding.forwards_to and forwarding.forwarding_type
    )


def with_emergency(row: Number, status: str, address: str | None, behaviour: Behaviour) -> Number:
    """The row with emergency service in a status; `address` None keeps the one it has."""
    early = behaviour.emergency_enabled_while_provisioning
    enabled = {
        "active": True,
        "provisioning": early,
        "deprovisioning": not early,
        "provisioning-failed": False,
        "disabled": False,
    }[status]
    kept = address or row.emergency.emergency_address_id
    if status == "disabled" and not behaviour.emergency_off_keeps_address:
        kept = None
    return msgspec.structs.replace(row, emergency=Emergency(enabled, kept, status))
