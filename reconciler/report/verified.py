"""What the API says of the ownership of declared numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.core.model import DesiredNumber, Verified
from reconciler.core.text import neutral
from reconciler.report.words import count


def verified_text(found: Verified) -> str:
    """A line for every number that is not owned and editable, and the counts."""
    lines = [
        f"  ! {what}{_status(found, each)}: {each.phone_number}  # {neutral(str(each.source))}"
        for what, numbers in (("not owned", found.not_owned), ("not editable", found.not_editable))
        for each in numbers
    ]
    counts = (
        f"{count(len(found.editable), 'declared number')} owned and editable, "
        f"{len(found.not_editable):,} owned but not editable, {len(found.not_owned):,} not owned"
    )
    counts += f", {len(found.awaited):,} not owned yet (when_owned)." if found.awaited else "."
    return "\n".join([*lines, *([""] if lines else []), counts])


def _status(found: Verified, number: DesiredNumber) -> str:
    status = found.statuses.get(number.phone_number, "")
    return f" ({neutral(status)})" if status else ""


def verified_json(found: Verified) -> dict[str, Any]:
    """The same as JSON-ready data."""

    def those(numbers: Sequence[DesiredNumber]) -> list[dict[str, str]]:
        return [
            {"phone_number": each.phone_number, "source": str(each.source)}
            | ({"status": status} if (status := found.statuses.get(each.phone_number)) else {})
            for each in numbers
        ]

    return {
        "editable": those(found.editable),
        "not_editable": those(found.not_editable),
        "not_owned": those(found.not_owned),
        **({"awaited": those(found.awaited)} if found.awaited else {}),
    }
