"""What `drift --adopt` wrote into the YAML, and what it left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from reconciler.core.adoptable import Drifted, Left
from reconciler.core.rules import EMERGENCY_ENABLED
from reconciler.core.text import neutral
from reconciler.core.values import show_json
from reconciler.report.grouping import examples
from reconciler.report.jsonreport import json_text
from reconciler.report.text import Paint, plain
from reconciler.report.words import count, grouped, shown


class Taken(Protocol):
    """What a report needs to know of an adoption."""

    @property
    def fields(self) -> Sequence[Drifted]:
        """What was taken over."""

    @property
    def files(self) -> Sequence[str]:
        """The files that were written."""

    @property
    def left(self) -> Sequence[Left]:
        """What was not taken over."""

    @property
    def undeclared(self) -> Sequence[str]:
        """Live numbers that nobody declares."""

    @property
    def converged(self) -> bool:
        """Whether nothing is left."""


def adopted_text(taken: Taken, paint: Paint = plain) -> str:
    """One line for each line of YAML and value: where, of which numbers, declared → live."""
    lines = [*_written(taken, paint), *_left(taken, paint)]
    if not lines:
        return paint("No drift.", "good") + " There is nothing to adopt."
    return "\n".join([*lines, "", _sum(taken, paint)])


def _sum(taken: Taken, paint: Paint) -> str:
    left = len(taken.left) + len(taken.undeclared)
    if not taken.fields:
        are = "is" if left == 1 else "are"
        return f"{paint('Nothing was adopted:', 'bold')} {count(left, 'difference')} {are} left."
    numbers = len({each.phone_number for each in taken.fields})
    what = f"{count(len(taken.fields), 'field')} on {count(numbers, 'number')} (declared → live)"
    where = f"written to {count(len(taken.files), 'file')}"
    rest = f" {count(left, 'difference')} left." if left else ""
    return f"{paint('Adopted:', 'bold')} {what}, {where}.{rest}"


def _written(taken: Taken, paint: Paint) -> Iterator[str]:
    alike = grouped(
        taken.fields,
        lambda each: (str(each.source), each.path, shown(each.before), shown(each.after)),
    )
    for (place, path, before, after), of in alike.items():
        off = path == EMERGENCY_ENABLED and of[0].after is False
        risk = paint("  [emergency service is off]", "risk") if off else ""
        who = paint(_who([each.phone_number for each in of]), "bold")
        sign = paint("~", "change")
        yield f"  {sign} {neutral(place)}: {who}: {path}: {before} → {after}{risk}"


def _left(taken: Taken, paint: Paint) -> Iterator[str]:
    for (path, reason), of in grouped(taken.left, lambda each: (each.path, each.reason)).items():
        where = f": {path}" if path else ""
        who = _who([each.phone_number for each in of])
        yield f"  {paint('!', 'risk')} not adopted: {who}{where}: {neutral(reason)}"
    if taken.undeclared:
        numbers = _who(list(taken.undeclared))
        yield f"  {paint('!', 'risk')} not adopted: {numbers}: nobody declares it: export --into"


def _who(numbers: list[str]) -> str:
    names = list(dict.fromkeys(numbers))
    return examples(names) if len(names) == 1 else f"{len(names):,} numbers ({examples(names)})"


def adopted_json(taken: Taken) -> str:
    """The same for machines."""
    return json_text(
        {
            "adopted": [
                {
                    "phone_number": each.phone_number,
                    "path": each.path,
                    "before": show_json(each.before),
                    "after": show_json(each.after),
                    "source": str(each.source),
                }
                for each in taken.fields
            ],
            "not_adopted": [*map(_left_json, taken.left)],
            "undeclared": [*taken.undeclared],
            "files": [*taken.files],
            "converged": taken.converged,
        }
    )


def _left_json(left: Left) -> dict[str, Any]:
    source = str(left.source) if left.source else None
    return {
        "phone_number": left.phone_number,
        "path": left.path,
        "reason": left.reason,
        "source": source,
    }
