"""Rules between fields of one number, judged on the result of all layers."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.model import Settings

_FORWARDING = "voice.call_forwarding."
_CNAM = "voice.cnam_listing."


def broken_rules(settings: Settings) -> Iterator[tuple[str, str]]:
    """The path and the words of every rule that `settings` breaks."""
    values = settings.as_dict()
    on = f"{_FORWARDING}call_forwarding_enabled"
    if values.get(on) is True and not values.get(f"{_FORWARDING}forwards_to"):
        yield on, "call_forwarding_enabled is true, so forwards_to must name a target"
    enabled, details = f"{_CNAM}cnam_listing_enabled", f"{_CNAM}cnam_listing_details"
    if values.get(enabled) is True and not values.get(details):
        yield enabled, "cnam_listing_enabled is true, so cnam_listing_details must be set"
    if values.get(details) and values.get(enabled) is not True:
        yield details, "cnam_listing_details is set, so cnam_listing_enabled must be true"
