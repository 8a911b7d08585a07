"""A small world: rows as the lists send them, a few lines of YAML, and the plan that follows."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Difference
from reconciler.core.desired import build
from reconciler.core.diff import diff
from reconciler.core.fields import Kind, Listing
from reconciler.core.live import build_snapshot
from reconciler.core.model import (
    Desired,
    DesiredNumber,
    ListingRead,
    LiveNumber,
    Settings,
    Snapshot,
    Source,
)
from reconciler.core.plan import Origin, Plan, make_plan
from reconciler.core.policy import withhold
from reconciler.core.rows import ROW_TYPES
from reconciler.core.safety import Safety
from reconciler.core.values import LiveValue
from reconciler.files import read_document
from reconciler.report.text import plan_text

NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
BASE_URL = "https://api.telnyx.com/v2"
TRUNK = "1521916448077776306"
OTHER_TRUNK = "1293384261075731499"
GROUP = "62e4bf2e-c278-4282-b524-488d9c9c43b2"
PROFILE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
OTHER_PROFILE = "0b6f1c2a-3d4e-4f50-8a6b-7c8d9e0f1a2b"
WHOLE_ACCOUNT = (Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING)
CHEAP = (Listing.SLIM, Listing.VOICE, Listing.MESSAGING)

FORWARDING = "voice.call_forwarding"
RECORDING = "voice.call_recording"
CNAM = "voice.cnam_listing"
SCREENING = "voice.inbound_call_screening"
PROFILE_ID = "messaging.messaging_profile_id"
PRODUCT = "messaging.messaging_product"

Row = dict[str, Any]


def e164(at: int = 1) -> str:
    """The number at place `at` of the world: +13125550001 is the first."""
    return f"+1312{5_550_000 + at}"


N1, N2, N3 = e164(1), e164(2), e164(3)

_ROOT: Row = {
    "status": "active",
    "country_iso_alpha2": "US",
    "phone_number_type": "local",
    "tags": [],
    "connection_id": TRUNK,
    "billing_group_id": "",
    "customer_reference": "",
    "external_pin": "",
    "hd_voice_enabled": False,
    "caller_id_name_enabled": False,
    "call_forwarding_enabled": False,
    "call_recording_enabled": False,
    "cnam_listing_enabled": False,
    "t38_fax_gateway_enabled": False,
    "inbound_call_screening": "disabled",
    "emergency_enabled": False,
    "emergency_address_id": "",
}
_FULL = {**_ROOT, "deletion_lock_enabled": False, "messaging_profile_id": None}
_VOICE: Row = {
    "connection_id": TRUNK,
    "customer_reference": "",
    "call_forwarding": {
        "call_forwarding_enabled": False,
        "forwarding_type": "always",
        "forwards_to": "",
    },
    "call_recording": {
        "inbound_call_recording_enabled": False,
        "inbound_call_recording_format": "wav",
        "inbound_call_recording_channels": "single",
    },
    "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": ""},
    "media_features": {
        "rtp_auto_adjust_enabled": True,
        "accept_any_rtp_packets_enabled": False,
        "t38_fax_gateway_enabled": False,
    },
    "emergency": {"emergency_enabled": False, "emergency_address_id": ""},
    "inbound_call_screening": "disabled",
    "tech_prefix_enabled": False,
    "translated_number": "",
    "usage_payment_method": "pay-per-minute",
}
_MESSAGING: Row = {"messaging_profile_id": None, "messaging_product": "A2P"}

_BODIES = {
    Listing.SLIM: _ROOT,
    Listing.NUMBERS: _FULL,
    Listing.VOICE: _VOICE,
    Listing.MESSAGING: _MESSAGING,
}


@dataclass
class Phone:
    """One number of the account, as each list shows it.

    `have(path, value)` sets a field in every list that carries it; `row(listing)` is there to
    be bent by hand.
    """

    phone_number: str
    id: str = ""
    rows: dict[Listing, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = self.id or "9" + self.phone_number.lstrip("+")
        identity = {"id": self.id, "phone_number": self.phone_number}
        self.rows = {
            listing: {**identity, **copy.deepcopy(body)} for listing, body in _BODIES.items()
        }

    def row(self, listing: Listing) -> Row:
        """The row of one list."""
        return self.rows[listing]

    def have(self, settings: Mapping[str, Any]) -> Phone:
        """The same number with `settings`, by path, live."""
        for path, value in settings.items():
            for read in BY_PATH[Kind.NUMBER][path].reads:
                level = self.rows[read.listing]
                for step in read.at[:-1]:
                    level = level[step]
                level[read.at[-1]] = value
        return self

    def status(self, status: str) -> Phone:
        """The same number with another status."""
        for listing in (Listing.SLIM, Listing.NUMBERS):
            self.rows[listing]["status"] = status
        return self


def phone(at: int = 1, **settings: Any) -> Phone:
    """The number at `at`; root fields by keyword."""
    return Phone(e164(at)).have(settings)


def account(
    *phones: Phone,
    lists: Iterable[Listing] = WHOLE_ACCOUNT,
    refused: Mapping[Listing, str] | None = None,
) -> Snapshot:
    """The snapshot of an account with these numbers, read through `lists`."""
    rows = {
        listing: [each.rows[listing] for each in phones if listing in each.rows]
        for listing in lists
    }
    return snapshot_of(rows, refused=refused or {})


def snapshot_of(
    rows: Mapping[Listing, Iterable[Row]], *, refused: Mapping[Listing, str] | None = None
) -> Snapshot:
    """The snapshot that these rows make, each decoded as the API client decodes it."""
    typed = {
        listing: {row["id"]: msgspec.convert(row, ROW_TYPES[listing]) for row in each}
        for listing, each in rows.items()
    }
    reads = [ListingRead(listing, rows=len(each), pages=1) for listing, each in typed.items()]
    reads += [ListingRead(listing, refused=reason) for listing, reason in (refused or {}).items()]
    return build_snapshot(typed, reads, base_url=BASE_URL, fetched_at=NOON, calls=len(reads))


def live(snapshot: Snapshot, path: str, number: str = N1) -> LiveValue:
    """What the snapshot holds for one field of one number."""
    return snapshot.value(snapshot.numbers[number], path)


def why(snapshot: Snapshot, path: str, number: str = N1) -> str:
    """Why a field of one number is unknown; empty where it is known."""
    found: LiveNumber = snapshot.numbers[number]
    return (found.reasons or {}).get(path, "")


def declared(text: str) -> Desired:
    """What a file fleet.yaml with this text declares."""
    document, problems = read_document("fleet.yaml", textwrap.dedent(text).encode())
    assert document is not None
    desired, more = build(None, [document])
    assert not problems
    assert not more
    return desired


def declare(
    numbers: Mapping[str, Mapping[str, Any]], secrets: Mapping[str, str] | None = None
) -> Desired:
    """The same without YAML: canonical values by number and path."""
    return Desired(
        numbers={
            number: DesiredNumber(number, Kind.NUMBER, _settings(values), _at(line))
            for line, (number, values) in enumerate(numbers.items(), start=1)
        },
        secrets=secrets or {},
    )


def _at(line: int) -> Source:
    return Source("fleet.yaml", line)


def _settings(values: Mapping[str, Any]) -> Settings:
    paths = tuple(path for path in BY_PATH[Kind.NUMBER] if path in values)
    assert len(paths) == len(values)
    return Settings(paths, tuple(values[path] for path in paths), (_at(1),) * len(paths))


def compare(
    desired: Desired, snapshot: Snapshot, secrets: Mapping[str, str] | None = None
) -> Difference:
    """What differs, with the rules applied."""
    return withhold(
        diff(desired, snapshot, secrets or {}), snapshot, Safety(), frozenset(), date(2026, 7, 1)
    )


def plan_for(
    desired: Desired,
    snapshot: Snapshot,
    *,
    secrets: Mapping[str, str] | None = None,
    job_size: int = 1000,
) -> Plan:
    """The plan that makes the account as declared."""
    return plan_of(compare(desired, snapshot, secrets), snapshot, job_size=job_size)


def plan_of(difference: Difference, snapshot: Snapshot, *, job_size: int = 1000) -> Plan:
    """The plan of what differs, whatever rules may say to it."""
    return make_plan(
        difference,
        snapshot,
        created_at=NOON,
        origin=Origin("", "sha256:" + 64 * "0"),
        job_size=job_size,
    )


def printed(desired: Desired, snapshot: Snapshot) -> str:
    """The plan as a person reads it."""
    return plan_text(plan_for(desired, snapshot), reads=3)
