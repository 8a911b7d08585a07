"""Numbers without active emergency service, for people, spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.core.coverage import Coverage, Uncovered
from reconciler.core.emergency import FAILED, ON_ITS_WAY
from reconciler.core.text import neutral
from reconciler.core.values import E164, UNKNOWN, LiveValue, show_json
from reconciler.report.words import count

COLUMNS = (
    "phone_number",
    "status",
    "emergency_status",
    "emergency_address_id",
    "declared_emergency_enabled",
    "source",
)


def coverage_text(found: Coverage, *, unmanaged: bool) -> str:
    """A line for every number without active service, the failed ones first, and the counts.
    `unmanaged` lists those that nobody declares as well."""
    rows = sorted(_rows(found, unmanaged), key=_gravity)
    lines = [_line(each) for each in rows]
    lines += [f"  ? {each.phone_number}  not owned{_at(each.source)}" for each in found.not_owned]
    return "\n".join([*lines, *([""] if lines else []), *_counts(found, unmanaged)])


def coverage_json(found: Coverage) -> dict[str, Any]:
    """The same as JSON-ready data; `unmanaged` is always whole."""
    return {
        "covered": found.covered,
        "without": [_record(each) for each in found.declared],
        "unmanaged": [_record(each) for each in found.unmanaged],
        "not_owned": [
            {"phone_number": each.phone_number, "source": str(each.source)}
            for each in found.not_owned
        ],
    }


def coverage_csv(found: Coverage, *, unmanaged: bool) -> str:
    """A row a number, for a spreadsheet; what cannot be read stands as `unknown`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in _rows(found, unmanaged):
        writer.writerow(
            [
                each.phone_number if E164.match(each.phone_number) else _cell(each.phone_number),
                _cell(each.status),
                _cell(_word(each.emergency_status)),
                _cell("unknown" if each.address_id is UNKNOWN else str(each.address_id or "")),
                "" if each.wanted is None else str(each.wanted).lower(),
                _cell(str(each.source or "")),
            ]
        )
    return out.getvalue()


def _rows(found: Coverage, unmanaged: bool) -> Sequence[Uncovered]:
    return (*found.declared, *(found.unmanaged if unmanaged else ()))


def _record(each: Uncovered) -> dict[str, Any]:
    return {
        "phone_number": each.phone_number,
        "status": each.status,
        "emergency_status": show_json(each.emergency_status),
        "emergency_address_id": show_json(each.address_id),
        "declared_emergency_enabled": each.wanted,
        "source": str(each.source) if each.source else None,
    }


def _gravity(each: Uncovered) -> int:
    """Failed first, then what is declared to be on, then the rest; what is on its way last."""
    if each.emergency_status == FAILED:
        return 0
    if each.emergency_status in ON_ITS_WAY:
        return 3
    return 1 if each.wanted else 2


def _line(each: Uncovered) -> str:
    declared = "  (declared on)" if each.wanted else ""
    inactive = f"  (the number is {neutral(each.status or 'of no status')})"
    number = "" if each.status == "active" or each.is_unknown else inactive
    return (
        f"  ! {neutral(each.phone_number)}  {_word(each.emergency_status):<19}  "
        f"{_address(each.address_id)}{declared}{number}{_at(each.source)}"
    )


def _at(source: object) -> str:
    return f"  # {neutral(str(source))}" if source else "  # unmanaged"


def _word(status: LiveValue) -> str:
    """`disabled` also where the account has no word for it: it never was switched on."""
    return "unknown" if status is UNKNOWN else neutral(str(status or "disabled"))


def _address(address: LiveValue) -> str:
    if address is UNKNOWN:
        return "address unknown"
    return f"address {neutral(str(address))}" if address else "no address"


def _counts(found: Coverage, unmanaged: bool) -> Iterator[str]:
    everything = found.covered + len(found.declared)
    on_its_way = sum(each.emergency_status in ON_ITS_WAY for each in found.declared)
    unknown = sum(each.is_unknown for each in found.declared)
    of_all = f"{len(found.declared):,} of {count(everything, 'declared number')}"
    parts = [f"{of_all} without active emergency service"]
    parts += [f"{on_its_way:,} of them with a change on its way"] if on_its_way else []
    parts += [f"{unknown:,} of them unknown"] if unknown else []
    parts += [f"{len(found.not_owned):,} not owned"] if found.not_owned else []
    yield ", ".join(parts) + "."
    if found.unmanaged:
        hint = "" if unmanaged else " (--unmanaged lists them)"
        yield f"{count(len(found.unmanaged), 'unmanaged number')} without it as well{hint}."
    if found.mobile:
        left_out = count(found.mobile, "mobile number")
        yield f"{left_out} left out: the API has no such settings there."


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    clean = neutral(text)
    return f"'{clean}" if clean.lstrip()[:1] in {"=", "+", "-", "@"} else clean
