"""Rules between fields of one number, judged on the result of all layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.fields import Kind
from reconciler.core.model import Settings

EMERGENCY_ENABLED = "emergency.emergency_enabled"
EMERGENCY_ADDRESS = "emergency.emergency_address_id"
DELETION_LOCK = "deletion_lock_enabled"
CONNECTION = "connection_id"
FORWARDING_ENABLED = "voice.call_forwarding.call_forwarding_enabled"
FORWARDS_TO = "voice.call_forwarding.forwards_to"
EMERGENCY = frozenset({EMERGENCY_ENABLED, EMERGENCY_ADDRESS})
FORWARDING = frozenset({FORWARDING_ENABLED, FORWARDS_TO})
"""Where one of these is set, forwarding may be switched on."""
_ABOVE = {Kind.NUMBER: "voice.", Kind.MOBILE: ""}
"""Where the call settings of a kind stand."""


CNAM_DETAILS = "cnam_listing.cnam_listing_details"
FEATURES = {
    kind: (
        (EMERGENCY_ENABLED, EMERGENCY_ADDRESS),
        (f"{above}call_forwarding.call_forwarding_enabled", f"{above}call_forwarding.forwards_to"),
        (f"{above}cnam_listing.cnam_listing_enabled", f"{above}{CNAM_DETAILS}"),
    )
    for kind, above in _ABOVE.items()
}
"""Every switch of a kind that needs a detail beside it, and that detail."""
RULED = {
    kind: frozenset(path for pair in pairs for path in pair) for kind, pairs in FEATURES.items()
}
"""All paths that a rule looks at, by kind."""


def broken_rules(settings: Settings, kind: Kind) -> Iterator[tuple[str, str]]:
    """The path and the words of every rule that `settings` breaks."""
    values = settings.as_dict()
    forwarding = f"{_ABOVE[kind]}call_forwarding."
    on = f"{forwarding}call_forwarding_enabled"
    if values.get(on) is True and not values.get(f"{forwarding}forwards_to"):
        yield on, "call_forwarding_enabled is true, so forwards_to must name a target"
    yield from _cnam(values, f"{_ABOVE[kind]}cnam_listing.")
    yield from _emergency(values)


def _cnam(values: Mapping[str, Any], cnam: str) -> Iterator[tuple[str, str]]:
    enabled, details = f"{cnam}cnam_listing_enabled", f"{cnam}cnam_listing_details"
    if values.get(enabled) is True and not values.get(details):
        yield enabled, "cnam_listing_enabled is true, so cnam_listing_details must be set"
    if values.get(details) and values.get(enabled) is not True:
        yield details, "cnam_listing_details is set, so cnam_listing_enabled must be true"


def _emergency(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    on, address = values.get(EMERGENCY_ENABLED), values.get(EMERGENCY_ADDRESS)
    if on is True and not address:
        yield EMERGENCY_ENABLED, "emergency_enabled is true, so emergency_address_id must be set"
    elif on is None and EMERGENCY_ADDRESS in values and address is None:
        text = (
            "emergency_address_id is cleared only by emergency_enabled: false; write that instead"
        )
        yield EMERGENCY_ADDRESS, text
