"""One error tree and the exit codes of the command line.

Nothing in here imports the rest of the package. An error says what went wrong, where, and
what to do next; `exit_code` is what the process ends with (CONTRACT section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, in the words of the contract."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    STALE = 4
    INCOMPLETE = 5
    LOCKED = 6
    KEY_REFUSED = 7
    INTERRUPTED = 130


_GRAVEST_FIRST = (
    Exit.INTERRUPTED,
    Exit.KEY_REFUSED,
    Exit.INCOMPLETE,
    Exit.STALE,
    Exit.REFUSED,
    Exit.LOCKED,
    Exit.ERROR,
    Exit.CHANGES,
    Exit.OK,
)


def gravest(codes: Iterable[Exit]) -> Exit:
    """The one code that stands for several: 130, 7, 5, 4, 3, 6, 1, 2, 0, the first that holds."""
    return min(codes, key=_GRAVEST_FIRST.index, default=Exit.OK)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a user's file.

    `path` is as the user would type it; `line` and `column` count from 1 (0: the file as a whole).
    """

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        if not self.line:
            return f"{self.path}: {self.message}"
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class ReconcilerError(Exception):
    """Anything this package refuses or could not do. Never shown as a traceback."""

    exit_code: Exit = Exit.ERROR


class InputError(ReconcilerError):
    """Files that cannot be used: every problem found, in the order of file and line. `warnings` are
    what is odd in them besides."""

    def __init__(self, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        self.warnings = tuple(warnings)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(ReconcilerError):
    """An option, environment variable or argument that cannot be used."""


class MissingPathError(UsageError):
    """There is nothing at a path that was given."""


class NothingMatchedError(UsageError):
    """No declared number is what --target, --tag and --only mean."""


class NotBegunError(ReconcilerError):
    """One of several projects was not begun, because of another; its exit code is given."""

    def __init__(self, why: str, exit_code: Exit) -> None:
        super().__init__(f"nothing was written: {why}")
        self.exit_code = exit_code


class LeftAtOnceError(ReconcilerError):
    """The user left one of several applies at once; the text says how to go on."""

    exit_code = Exit.INTERRUPTED


class BugError(ReconcilerError):
    """An error of this program, on one line: its kind and place, none of its text, which could
    hold the key."""

    def __init__(self, bug: Exception) -> None:
        last = bug.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        code = last.tb_frame.f_code if last else None
        where = f" in {code.co_name}, line {last.tb_lineno}" if code and last else ""
        kind = type(bug).__name__
        super().__init__(f"a bug in this program, please report it: {kind}{where}")


class SafetyError(ReconcilerError):
    """A safety rule refused the whole apply; the text names the rule and what allows it."""

    exit_code = Exit.REFUSED


class StaleError(ReconcilerError):
    """Live values that a saved plan was computed from have moved; nothing was written."""

    exit_code = Exit.STALE


class LockedError(ReconcilerError):
    """Another apply is at work on this account; the text names it."""

    exit_code = Exit.LOCKED


class JournalError(ReconcilerError):
    """The journal could not be written: nothing may be sent."""


_BEING_PROCESSED = "10036"
_ITEMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ApiErrorItem:
    """One entry of `errors[]` in an answer: all of it text, already redacted."""

    code: str
    title: str
    detail: str
    pointer: str

    def __str__(self) -> str:
        text = (
            self.title
            if not self.detail or self.detail == self.title
            else (f"{self.title}: {self.detail}" if self.title else self.detail)
        )
        where = f" at {self.pointer}" if self.pointer else ""
        return f"{self.code or 'error'} {text or 'no detail given'}{where}"


class ApiError(ReconcilerError):
    """The API, or the way to it, failed.

    `status` is the HTTP status, 0 when no usable answer came. `request_id` is the answer's
    `x-request-id`, for the provider's support. Texts hold no key. `items` is whole; the text
    shows the first few.
    """

    def __init__(
        self,
        call: str,
        reason: str,
        *,
        status: int = 0,
        items: Sequence[ApiErrorItem] = (),
        request_id: str = "",
    ) -> None:
        self.call = call
        self.reason = reason
        self.status = status
        self.items = tuple(items)
        self.request_id = request_id
        parts = [f"{call}: {reason}"]
        parts += [str(item) for item in self.items[:_ITEMS_SHOWN]]
        if len(self.items) > _ITEMS_SHOWN:
            parts.append(f"and {len(self.items) - _ITEMS_SHOWN} more")
        text = "; ".join(parts)
        if request_id:
            text += f" (x-request-id {request_id})"
        super().__init__(text)

    @property
    def retryable(self) -> bool:
        """Whether the same call may fare better later, though it was refused now: code 10036,
        'being processed'."""
        return any(item.code == _BEING_PROCESSED for item in self.items)


class KeyRefusedError(ApiError):
    """401 anywhere, or 403 where nothing can go on without it."""

    exit_code = Exit.KEY_REFUSED


class ForbiddenError(ApiError):
    """403 on one call: whether that is fatal is the caller's to say."""


class NotFoundError(ApiError):
    """404."""


class RejectedError(ApiError):
    """The request was understood and refused (400, 409, 422): sending it again will not help."""


class RateLimitedError(ApiError):
    """429: nothing was carried out.

    `wait_seconds` is the pause that the API asked for, or that was chosen where it named none.
    `gave_up` says that the pause is longer than the user is ready to wait: no call was sent for
    it, and the text names the time until which the API wants none.
    """

    def __init__(
        self,
        call: str,
        reason: str,
        *,
        status: int = 429,
        items: Sequence[ApiErrorItem] = (),
        request_id: str = "",
        wait_seconds: float = 0.0,
        gave_up: bool = False,
    ) -> None:
        super().__init__(call, reason, status=status, items=items, request_id=request_id)
        self.wait_seconds = wait_seconds
        self.gave_up = gave_up


class UnavailableError(ApiError):
    """5xx, a time-out, a broken connection, or an answer that is not what the API sends."""


class ConnectError(UnavailableError):
    """No connection was made: not a byte of the request left this machine."""


class FatalNetworkError(ApiError):
    """A redirect, a failed TLS check, an unknown host, a proxy's refusal or a body that drips:
    trying again is vain.

    With `status` 0 no request was sent; with another it was, and that is what came back.
    """
