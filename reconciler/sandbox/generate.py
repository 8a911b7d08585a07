"""A fleet like a real one: mostly alike, and never quite.

The same count and seed give the same fleet. Numbers are valid E.164 and run through whole blocks,
`+13125550000` upwards, so that DID blocks stand in a row as they are bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID

from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.seeded import seeded
from reconciler.sandbox.state import (
    EMERGENCY,
    EPOCH,
    MESSAGING,
    VOICE,
    CallForwarding,
    CallRecording,
    CnamListing,
    Emergency,
    MediaFeatures,
    Messaging,
    MobileNumber,
    Number,
    Voice,
)

_AREAS = (312, 773, 872, 212, 646, 917, 415, 628, 213, 323, 206, 425, 512, 737, 617, 857)
_TOLL_FREE = (800, 833, 844, 855, 866, 877, 888)
_BLOCK = 10_000

_TAG_SETS = (
    (),
    ("support",),
    ("sales",),
    ("support", "priority"),
    ("marketing", "sms"),
    ("fax",),
    ("legacy",),
)
_VOICES = (
    (80, VOICE),
    (6, Voice(inbound_call_screening="flag_calls")),
    (2, Voice(inbound_call_screening="reject_calls")),
    (3, Voice(call_recording=CallRecording(True, "mp3", "dual"))),
    (2, Voice(media_features=MediaFeatures(t38_fax_gateway_enabled=True))),
    (2, Voice(tech_prefix_enabled=True)),
    (2, Voice(caller_id_name_enabled=True)),
    (1, Voice(cnam_listing=CnamListing(True, "ACME SUPPORT"))),
    (1, Voice(usage_payment_method="channel")),
    (1, Voice(call_forwarding=CallForwarding(True, "always", "+13125559999"))),
)


def make_fleet(count: int, seed: int = 0, *, mobile: int | None = None) -> Fleet:
    """A fleet of exactly `count` numbers, and `mobile` mobile numbers beside them.

    Without `mobile` there is one for every hundred numbers, at least 3 and at most 200. Equal
    settings are one object.
    """
    account = _Account(seeded(seed))
    mobiles = min(max(count // 100, 3), 200) if mobile is None else mobile
    return Fleet(
        account.numbers(count),
        account.mobiles(mobiles),
        connection_names=account.connections,
    )


class _Account:
    """The few things that many numbers share."""

    def __init__(self, random: Random) -> None:
        self._random = random
        names = ("support-trunk", "sales-trunk", "fax-trunk", "contact-centre", "backup-trunk")
        first = 1_521_916_448_077_776_306
        self.connections = {str(first + 1_009 * place): name for place, name in enumerate(names)}
        self._connections = (None, *self.connections)
        self._groups = (None, None, *(self._uuid() for _ in range(4)))
        profiles = [self._uuid() for _ in range(5)]
        self._messaging = (
            *([MESSAGING] * 3),
            *(Messaging(one) for one in profiles),
            Messaging(profiles[0], "P2P"),
        )
        addresses = [str(53_829_456_729_313 + 7 * place) for place in range(6)]
        on = [Emergency(True, one, "active") for one in addresses]
        self._emergency = (*([EMERGENCY] * 14), *on)
        self._voices = [voice for _, voice in _VOICES]
        self._weights = [weight for weight, _ in _VOICES]

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def numbers(self, count: int) -> Iterator[Number]:
        """The numbers, oldest purchase first."""
        choice, chance = self._random.choice, self._random.random
        voices = self._random.choices(self._voices, self._weights, k=count)
        first = 1_293_384_260_000_000_000
        for place in range(count):
            phone_number, country, kind = _number(place)
            ported = chance() < 0.2
            pending = chance() < 0.004
            created = float(EPOCH + 60 * place + int(chance() * 50))
            yield Number(
                phone_number,
                str(first + 7 * place),
                status="port-pending" if pending else "active",
                country_iso_alpha2=country,
                phone_number_type=kind,
                source_type="port_request" if ported or pending else "number_order",
                created_at=created,
                purchased_at=created,
                activated_at=None if pending else created,
                updated_at=created,
                tags=choice(_TAG_SETS),
                connection_id=choice(self._connections),
                billing_group_id=choice(self._groups),
                customer_reference=f"desk-{place}" if chance() < 0.3 else None,
                external_pin=f"{place % 10_000:04d}" if chance() < 0.05 else None,
                bundle_id=None,
                hd_voice_enabled=chance() < 0.1,
                deletion_lock_enabled=chance() < 0.05,
                voice=voices[place],
                emergency=choice(self._emergency) if country == "US" else EMERGENCY,
                messaging=choice(self._messaging),
            )

    def mobiles(self, count: int) -> Iterator[MobileNumber]:
        """Mobile numbers, in a range of their own."""
        first = 2_126_210_528_000_000_000
        for place in range(count):
            yield MobileNumber(
                f"+1331556{place:04d}",
                str(first + 11 * place),
                created_at=float(EPOCH + 90 * place),
                updated_at=float(EPOCH + 90 * place),
                sim_card_id=self._uuid(),
                tags=self._random.choice(((), ("field-team",))),
                connection_id=self._random.choice(self._connections),
                noise_suppression=self._random.choice(("disabled", "disabled", "both", "inbound")),
            )


def _number(place: int) -> tuple[str, str, str]:
    """The number, country and type at a place: mostly US local numbers, block after block."""
    turn = place % 100
    if turn == 97:
        prefix = _TOLL_FREE[place // 100 // _BLOCK % len(_TOLL_FREE)]
        return f"+1{prefix}555{place // 100 % _BLOCK:04d}", "US", "toll_free"
    if turn == 98:
        return f"+4420{79_460_000 + place // 100}", "GB", "local"
    if turn == 99:
        return f"+4930{901_820_000 + place // 100}", "DE", "local"
    local = place // 100 * 97 + turn
    block, last = divmod(local, _BLOCK)
    exchange, area = divmod(block, len(_AREAS))
    return f"+1{_AREAS[area]}{555 + exchange}{last:04d}", "US", "local"
