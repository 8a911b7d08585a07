"""A fleet and its YAML, made up: as alike as a real one, and with 5% of it changed."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from reconciler.api.listings import PAGE_TYPES
from reconciler.core.fields import Listing
from reconciler.core.rows import Sharing

CHANGED = 0.05


def phone(place: int) -> str:
    """The E.164 number at `place`."""
    return f"+1{2_000_000_000 + place}"


POLICIES = """\
policies:
  - name: calls of US local numbers are recorded
    match: {country: US, type: local}
    require: {voice.call_recording.inbound_call_recording_enabled: true}
  - name: screened
    unless: {tags: [team-3], numbers: ["+1200000*"]}
    require: {voice.inbound_call_screening: {enum: [flag_calls, reject_calls]}}
"""
UNLIKE = """\
policies:
  - name: every number is looked at by itself
    require: {customer_reference: {pattern: "^desk-[0-9]+$"}}
"""
"""Policies that see most numbers alike, and one that sees no two alike."""


def yaml_files(count: int, root: Path) -> None:
    """A verbose project: `count` numbers with settings of their own, 1,000 a file."""
    rng = random.Random(1)
    groups = "".join(
        f"  team-{team}:\n    connection_id: '{1000 + team}'\n    tags: [team-{team}]\n"
        for team in range(20)
    )
    (root / "reconciler.yaml").write_text(f"version: 1\ngroups:\n{groups}")
    for start in range(0, count, 1000):
        lines = ["version: 1", "numbers:"]
        for place in range(start, min(start + 1000, count)):
            screening = "reject_calls" if rng.random() < CHANGED else "flag_calls"
            lines += [
                f'  "{phone(place)}":',
                f"    groups: [team-{place % 20}]",
                f"    customer_reference: desk-{place}",
                "    voice:",
                f"      inbound_call_screening: {screening}",
                "      call_recording:",
                "        inbound_call_recording_enabled: true",
            ]
        (root / f"numbers-{start:07}.yaml").write_text("\n".join(lines) + "\n")


def page_bodies(count: int) -> dict[Listing, list[bytes]]:
    """What the API would answer: every page of the slim and the voice list."""
    slim = [_slim(place) for place in range(count)]
    voice = [_voice(place) for place in range(count)]
    return {Listing.SLIM: _pages(slim), Listing.VOICE: _pages(voice)}


def _pages(rows: list[dict[str, object]]) -> list[bytes]:
    pages = -(-len(rows) // 250)
    meta = {"total_results": len(rows), "page_size": 250, "total_pages": pages}
    return [
        msgspec.json.encode(
            {"data": rows[at * 250 : (at + 1) * 250], "meta": {**meta, "page_number": at + 1}}
        )
        for at in range(pages)
    ]


def _slim(place: int) -> dict[str, object]:
    return {
        "id": str(10**18 + place),
        "record_type": "phone_number_slim",
        "phone_number": phone(place),
        "country_iso_alpha2": "US",
        "phone_number_type": "local",
        "status": "active",
        "tags": [f"team-{place % 20}"],
        "connection_id": str(1000 + place % 20),
        "customer_reference": f"desk-{place}",
        "billing_group_id": "62e4bf2e-c278-4282-b524-488d9c9c43b2",
        "emergency_enabled": False,
        "emergency_status": "disabled",
        "hd_voice_enabled": False,
        "call_forwarding_enabled": False,
        "cnam_listing_enabled": False,
        "caller_id_name_enabled": False,
        "call_recording_enabled": True,
        "t38_fax_gateway_enabled": False,
        "inbound_call_screening": "flag_calls",
        "purchased_at": "2024-01-01T00:00:00Z",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
    }


def _voice(place: int) -> dict[str, object]:
    return {
        "id": str(10**18 + place),
        "record_type": "voice_settings",
        "phone_number": phone(place),
        "connection_id": str(1000 + place % 20),
        "customer_reference": f"desk-{place}",
        "tech_prefix_enabled": False,
        "translated_number": "",
        "inbound_call_screening": "flag_calls",
        "usage_payment_method": "pay-per-minute",
        "call_forwarding": {"call_forwarding_enabled": False, "forwards_to": ""},
        "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": ""},
        "emergency": {"emergency_enabled": False, "emergency_status": "disabled"},
        "media_features": {
            "rtp_auto_adjust_enabled": True,
            "accept_any_rtp_packets_enabled": False,
            "t38_fax_gateway_enabled": False,
        },
        "call_recording": {
            "inbound_call_recording_enabled": True,
            "inbound_call_recording_format": "wav",
            "inbound_call_recording_channels": "single",
        },
    }


def decode_pages(listing: Listing, bodies: list[bytes]) -> dict[str, object]:
    """The rows of `bodies` by id, decoded as the product does."""
    decoder = msgspec.json.Decoder(PAGE_TYPES[listing])
    sharing = Sharing(listing)
    rows: dict[str, object] = {}
    for body in bodies:
        rows |= {row.id: row for row in sharing.take(decoder.decode(body).data)}
    return rows
