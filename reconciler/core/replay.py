"""The lines of a journal -> what is known of every operation of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reconciler import __version__
from reconciler.core.plan import Plan
from reconciler.core.planload import read_plan
from reconciler.core.values import LiveValue
from reconciler.errors import ApiErrorItem, Exit, UsageError

VERSION = 1


class Came(StrEnum):
    """What came of a write that was about to be sent. NOT_SENT is also one that a refused key
    kept from being carried out."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not-sent"
    LOST = "lost"


class Because(StrEnum):
    """Why a write leaves a number out."""

    MOVED = "moved"
    """Somebody else changed it: it is left out for good."""
    ALREADY = "already"
    """It was as declared before anything was sent."""
    SENT = "sent"
    """It was sent before, and shows, or cannot show, what came of it."""
    UNREAD = "unread"
    """It cannot be read now: a later run may send it."""


@dataclass(slots=True)
class Past:
    """What the journal knows of one operation.

    `numbers` are those of the last time it was about to be sent, at `intent_at`; `came` is empty
    where no answer was written down. `touched` are all numbers it was ever sent for, or may have
    been. `background` is the id of its job or order. `skipped` are numbers that were left out for
    good, and why; `already` those that were as declared before; `applied` the fields that were
    read back.
    """

    numbers: tuple[str, ...] = ()
    touched: set[str] = field(default_factory=set)
    intent_at: datetime | None = None
    came: Came | None = None
    background: str = ""
    errors: tuple[ApiErrorItem, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    already: set[str] = field(default_factory=set)
    failed: dict[str, tuple[ApiErrorItem, ...]] = field(default_factory=dict)
    applied: set[tuple[str, str]] = field(default_factory=set)
    settled: bool = False
    """Whether nothing more can become of it: the journal says it is done."""

    def may_have_been_sent(self) -> bool:
        """Whether the last intent, as far as it is known by now, may have left this machine."""
        return self.intent_at is not None and self.came is not Came.NOT_SENT


@dataclass(frozen=True, slots=True)
class History:
    """A journal, read. `by` is who, where and from which commit, as the first line says;
    `connections` are the connection_id, before, of the numbers whose forwarding is switched on,
    and those in `pinned` declare it. `ended` is the exit code of the last run, OK where none
    came to its end.
    """

    plan: Plan
    started_at: str
    by: Mapping[str, str]
    operations: Mapping[str, Past]
    finished: bool
    ended: Exit
    connections: Mapping[str, LiveValue]
    pinned: frozenset[str]


def replay(entries: Sequence[Mapping[str, Any]], name: str) -> History:
    """What the lines of the journal called `name` say. UsageError where they make no sense."""
    first = entries[0]
    version = first.get("journal_version")
    if isinstance(version, int) and version != VERSION:
        raise UsageError(f"{name}: journal format {version} is not known to {__version__}")
    if first.get("entry") != "plan" or first.get("journal_version") != VERSION:
        raise UsageError(f"{name}: its first line holds no plan that this version knows")
    plan = read_plan(first.get("plan"), name)
    operations = {operation.id: Past() for operation in plan.operations}
    numbers = {operation.id: frozenset(operation.numbers) for operation in plan.operations}
    try:
        for entry in entries[1:]:
            _take(operations, entry)
        for id_, past in operations.items():
            _close(past)
            _check_numbers(past, numbers[id_])
        return History(
            plan,
            str(first["started_at"]),
            {str(key): str(value) for key, value in first["by"].items()},
            operations,
            finished=entries[-1]["entry"] == "end" and not entries[-1]["open"],
            ended=_ended(entries[-1]),
            connections=_connections(first["connections"]),
            pinned=frozenset(map(_text, first["pinned"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise UsageError(f"{name}: a line of it makes no sense for its plan") from None


def _ended(last: Mapping[str, Any]) -> Exit:
    if last["entry"] != "end" or last["converged"] is True:
        return Exit.OK  # though it was interrupted, when nothing was left to be done
    return Exit(last["exit_code"])


def _check_numbers(past: Past, known: frozenset[str]) -> None:
    if not {*past.touched, *past.skipped, *past.already, *past.numbers, *past.failed} <= known:
        raise ValueError("numbers")


def _connections(raw: Mapping[str, Any]) -> dict[str, LiveValue]:
    if not all(value is None or isinstance(value, str) for value in raw.values()):
        raise ValueError("connections")
    return dict(raw)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _take(operations: Mapping[str, Past], entry: Mapping[str, Any]) -> None:
    kind = entry["entry"]
    if kind in {"resume", "end"}:
        return
    past = operations[entry["operation"]]
    match kind:
        case "intent":
            _close(past)
            past.numbers = tuple(map(_text, entry["numbers"]))
            past.intent_at = datetime.fromisoformat(entry["at"]).astimezone(UTC)
            past.came, past.background, past.settled = None, "", False
        case "left out":
            _leave_out(past, entry["numbers"], Because(entry["because"]))
        case "answer":
            past.came = Came(entry["came"])
            past.background = _text(entry.get("background", "")) or past.background
            past.errors = tuple(errors_from(entry.get("errors", ())))
        case "done":
            past.applied.update((_text(number), _text(path)) for number, path in entry["applied"])
            past.failed = {n: tuple(errors_from(e)) for n, e in entry["failed"].items()}
            past.settled = bool(entry["settled"])
        case _:
            raise ValueError(kind)


def _leave_out(past: Past, numbers: Mapping[str, str], because: Because) -> None:
    past.numbers = tuple(n for n in past.numbers if n not in numbers)
    if because is Because.MOVED:
        past.skipped.update({number: _text(why) for number, why in numbers.items()})
    elif because is Because.ALREADY:
        past.already.update(numbers)


def _close(past: Past) -> None:
    """What the last intent was for may have been sent, unless it is known that it was not."""
    if past.may_have_been_sent():
        past.touched.update(past.numbers)


def errors_as_json(items: Iterable[ApiErrorItem]) -> list[dict[str, str]]:
    """The errors of an answer as the journal holds them; they are redacted already."""
    return [
        {"code": e.code, "title": e.title, "detail": e.detail, "pointer": e.pointer} for e in items
    ]


def errors_from(raw: Iterable[Mapping[str, str]]) -> Iterable[ApiErrorItem]:
    """The same, read."""
    return (ApiErrorItem(**{key: _text(text) for key, text in each.items()}) for each in raw)
