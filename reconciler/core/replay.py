"""The lines of a journal -> what is known of every operation of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reconciler.core.plan import Plan
from reconciler.core.planload import read_plan
from reconciler.errors import ApiErrorItem, UsageError

VERSION = 1


class Came(StrEnum):
    """What came of a write that was sent."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not-sent"
    LOST = "lost"


@dataclass(slots=True)
class Past:
    """What the journal knows of one operation.

    `numbers` are those of the last time it was about to be sent, at `intent_at`; `came` is empty
    where no answer was written down. `background` is the id of its job or order. `skipped` are
    numbers that were left out for good, and why; `applied` the fields that were read back.
    """

    numbers: tuple[str, ...] = ()
    intent_at: datetime | None = None
    came: Came | None = None
    background: str = ""
    errors: tuple[ApiErrorItem, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, tuple[ApiErrorItem, ...]] = field(default_factory=dict)
    applied: set[tuple[str, str]] = field(default_factory=set)
    settled: bool = False
    """Whether nothing more can become of it: the journal says it is done."""


@dataclass(frozen=True, slots=True)
class History:
    """A journal, read. `by` is who, where and from which commit, as the first line says."""

    plan: Plan
    started_at: str
    by: Mapping[str, str]
    operations: Mapping[str, Past]
    finished: bool
    ended: bool
    """Whether the last run came to its end, whatever it left."""


def replay(entries: Sequence[Mapping[str, Any]], name: str) -> History:
    """What the lines of the journal called `name` say. UsageError where they make no sense."""
    first = entries[0]
    if first.get("entry") != "plan" or first.get("journal_version") != VERSION:
        raise UsageError(f"{name}: its first line holds no plan that this version knows")
    plan = read_plan(first.get("plan"), name)
    operations = {operation.id: Past() for operation in plan.operations}
    try:
        for entry in entries[1:]:
            _take(operations, entry)
        ends = entries[-1]["entry"] == "end"
        return History(
            plan,
            str(first["started_at"]),
            {str(key): str(value) for key, value in first["by"].items()},
            operations,
            finished=ends and not entries[-1]["open"],
            ended=ends,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{name}: a line of it makes no sense for its plan") from None


def _take(operations: Mapping[str, Past], entry: Mapping[str, Any]) -> None:
    kind = entry["entry"]
    if kind in {"resume", "end"}:
        return
    past = operations[entry["operation"]]
    match kind:
        case "intent":
            past.numbers = tuple(entry["numbers"])
            past.intent_at = datetime.fromisoformat(entry["at"]).astimezone(UTC)
            past.came, past.background = None, ""
        case "left out":
            past.numbers = tuple(n for n in past.numbers if n not in entry["numbers"])
            if entry["for_good"]:
                past.skipped.update(entry["numbers"])
        case "answer":
            past.came = Came(entry["came"])
            past.background = entry.get("background", "") or past.background
            past.errors = tuple(errors_from(entry.get("errors", ())))
        case "done":
            past.applied.update((number, path) for number, path in entry["applied"])
            past.failed |= {n: tuple(errors_from(e)) for n, e in entry["failed"].items()}
            past.settled = bool(entry["settled"])
        case _:
            raise ValueError(kind)


def errors_as_json(items: Iterable[ApiErrorItem]) -> list[dict[str, str]]:
    """The errors of an answer as the journal holds them; they are redacted already."""
    return [
        {"code": e.code, "title": e.title, "detail": e.detail, "pointer": e.pointer} for e in items
    ]


def errors_from(raw: Iterable[Mapping[str, str]]) -> Iterable[ApiErrorItem]:
    """The same, read."""
    return (ApiErrorItem(**each) for each in raw)
