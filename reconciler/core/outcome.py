"""What became of every field of an apply, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.changes import NotOwned, UnknownField, Withheld
from reconciler.core.fields import Channel
from reconciler.errors import Exit, gravest


@dataclass(frozen=True, slots=True, order=True)
class Applied:
    """A field that was written and read back as declared."""

    phone_number: str
    path: str
    operation: str


@dataclass(frozen=True, slots=True, order=True)
class Failed:
    """A field that the API refused. `code` is its error code, `detail` its words and pointer."""

    phone_number: str
    path: str
    operation: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """A field that was not confirmed, could not be, or was not tried, and why."""

    phone_number: str
    path: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything an apply did. `calls` counts write calls that went out, by channel.

    `already` was as declared before anything was sent. `stale` are numbers that had moved before
    the first write. `stopped` says why writing ended early, with `key_refused` when the key was
    the reason.
    `notes` are changes that the provider made on its own.
    """

    applied: tuple[Applied, ...]
    failed: tuple[Failed, ...]
    unconfirmed: tuple[Left, ...]
    unverifiable: tuple[Left, ...]
    skipped: tuple[Left, ...]
    withheld: tuple[Withheld, ...]
    not_owned: tuple[NotOwned, ...]
    unknown: tuple[UnknownField, ...]
    calls: Mapping[Channel, int]
    reads: int
    seconds: float
    stopped: str = ""
    key_refused: bool = False
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    already: tuple[Left, ...] = ()
    stale: frozenset[str] = frozenset()
    journal: str = ""
    """Where the journal is, "" where there was nothing to send."""
    open: tuple[str, ...] = ()
    """The operations that `resume` can still bring to an end."""
    audit: Mapping[str, str] = field(default_factory=dict)
    """Who, where and from which commit, which plan, and when."""

    @property
    def converged(self) -> bool:
        """Whether the account is as declared, as far as it can be read."""
        left = (self.failed, self.unconfirmed, self.skipped, self.withheld)
        return not (self.stopped or any(left) or self.not_owned or self.unknown)

    @property
    def exit_code(self) -> Exit:
        """The gravest of what happened."""
        codes = [Exit.OK]
        if self.interrupted:
            codes.append(Exit.INTERRUPTED)
        if self.key_refused:
            codes.append(Exit.KEY_REFUSED)
        late = any(each.phone_number not in self.stale for each in self.skipped)
        if self.failed or self.unconfirmed or late or self.not_owned or self.unknown:
            codes.append(Exit.INCOMPLETE)
        if self.stale:
            codes.append(Exit.STALE)
        if self.stopped and not self.key_refused and not self.interrupted:
            codes.append(Exit.INCOMPLETE)
        if self.withheld:
            codes.append(Exit.REFUSED)
        return gravest(codes)
