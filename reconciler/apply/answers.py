"""What answers, and the looks before them, mean: small judgements without state."""

from __future__ import annotations

import re
from typing import TypeGuard

from reconciler.api.write import Refused, Sent
from reconciler.core.freshness import Standing, State
from reconciler.core.replay import Because
from reconciler.core.verdict import Record
from reconciler.errors import ApiError, ApiErrorItem, ForbiddenError, KeyRefusedError

_AS_DOCUMENTED = re.compile(r"at most \d+ pending", re.IGNORECASE)
_IN_OTHER_WORDS = re.compile(
    r"\b(?:too many|limit|maximum|at most|pending|in progress)\b.*\bjobs\b"
    r"|\bjobs\b.*\b(?:too many|limit|maximum|pending|in progress)\b",
    re.IGNORECASE,
)


def may_go(standing: Standing, record: Record, number: str) -> bool:
    """Whether a number may be sent. What cannot be seen is sent once, and never again."""
    return standing.state is State.FRESH or (
        standing.state is State.BLIND and number not in record.touched
    )


def because(standing: Standing, *, was_sent: bool) -> Because:
    """Why a number that may not be sent is left out."""
    if was_sent:
        return Because.SENT
    if standing.state is State.UNREAD:
        return Because.UNREAD
    return Because.ALREADY if standing.state is State.DONE else Because.MOVED


def why(standing: Standing) -> str:
    """The same in words."""
    if standing.state is State.MOVED:
        return f"it has moved since the plan: {standing.reason}"
    return f"not written without looking first: {standing.reason}"


def items_of(error: ApiError) -> tuple[ApiErrorItem, ...]:
    """What an error says, item by item; never nothing."""
    code = str(error.status) if error.status else ""
    return error.items or (ApiErrorItem(code, "", error.reason, ""),)


def is_key_refused(sent: Sent) -> TypeGuard[Refused]:
    """Whether it was the key that was refused, and not what was sent."""
    return isinstance(sent, Refused) and isinstance(sent.error, KeyRefusedError | ForbiddenError)


def is_cap(sent: Sent) -> bool:
    """422/10015 at /base: 'You can have at most 20 pending or in progress jobs'."""
    return isinstance(sent, Refused) and any(
        item.code == "10015"
        and (
            _AS_DOCUMENTED.search(item.detail)
            or (item.pointer == "/base" and _IN_OTHER_WORDS.search(f"{item.title} {item.detail}"))
        )
        for item in sent.error.items
    )
