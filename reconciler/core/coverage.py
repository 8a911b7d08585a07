"""Which live numbers are without active emergency service, and the address each has or lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.catalogue import EMERGENCY_STATUS
from reconciler.core.diff import live_value
from reconciler.core.fields import Kind
from reconciler.core.model import Desired, DesiredNumber, LiveNumber, Snapshot, Source
from reconciler.core.policy import outside_of
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, LiveValue

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A number whose emergency service is not known to be active.

    `emergency_status` and `address_id` are live values (UNKNOWN where they cannot be read),
    `status` is the number's own. `wanted` is the declared `emergency_enabled`, None where that is
    not managed; `source` where the number is declared, None where nobody declares it.
    """

    phone_number: str
    status: str
    emergency_status: LiveValue
    address_id: LiveValue
    wanted: bool | None
    source: Source | None

    @property
    def is_unknown(self) -> bool:
        """Whether the account's answer does not tell."""
        return self.emergency_status is UNKNOWN


@dataclass(frozen=True, slots=True)
class Coverage:
    """The emergency service of an account, as far as a project is about it.

    `covered` counts declared numbers with active service. `unmanaged` are live numbers that nobody
    declares, `mobile` counts declared mobile numbers: those have no emergency settings in the API.
    `unmatched` is what --target asked for besides what it found.
    """

    covered: int
    declared: tuple[Uncovered, ...]
    unmanaged: tuple[Uncovered, ...]
    not_owned: tuple[DesiredNumber, ...]
    mobile: int
    unmatched: tuple[str, ...] = ()

    @property
    def is_about_declared(self) -> bool:
        """Whether the project declares any number; else the whole account is meant."""
        return bool(self.covered or self.declared or self.not_owned or self.mobile)


def coverage(desired: Desired, meant: Mapping[str, DesiredNumber], snapshot: Snapshot) -> Coverage:
    """Judge the numbers in `meant`, a part of `desired`, by their live values; and, within
    `select`, those of the account that nobody declares."""
    covered = mobile = 0
    without: list[Uncovered] = []
    not_owned: list[DesiredNumber] = []
    for number in meant.values():
        live = snapshot.numbers.get(number.phone_number)
        if Kind.MOBILE in (number.kind, live and live.kind):
            mobile += 1
        elif live is None and number.phone_number in snapshot.conflicts:
            without.append(_declared(number, "", UNKNOWN, UNKNOWN))
        elif live is None:
            not_owned += [] if number.release else [number]
        elif live_value(snapshot, live, EMERGENCY_STATUS) == ACTIVE:
            covered += 1
        else:
            without.append(_declared(number, live.status, *_service(snapshot, live)))
    return Coverage(
        covered, tuple(without), tuple(_unmanaged(desired, snapshot)), tuple(not_owned), mobile
    )


def _unmanaged(desired: Desired, snapshot: Snapshot) -> Iterator[Uncovered]:
    select = desired.safety.select
    for number, live in snapshot.numbers.items():
        if live.kind is Kind.MOBILE or outside_of(select, snapshot, live):
            continue
        if number in desired.numbers or number in desired.declared_elsewhere:
            continue
        status, address = _service(snapshot, live)
        if status != ACTIVE:
            yield Uncovered(number, live.status, status, address, None, None)


def _service(snapshot: Snapshot, live: LiveNumber) -> tuple[LiveValue, LiveValue]:
    return (
        live_value(snapshot, live, EMERGENCY_STATUS),
        live_value(snapshot, live, EMERGENCY_ADDRESS),
    )


def _declared(
    number: DesiredNumber, status: str, emergency_status: LiveValue, address: LiveValue
) -> Uncovered:
    settings = number.settings
    wanted = settings.get(EMERGENCY_ENABLED) if EMERGENCY_ENABLED in settings.paths else None
    return Uncovered(number.phone_number, status, emergency_status, address, wanted, number.source)
