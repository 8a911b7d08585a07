"""What was asked of the sandbox, and which of it the specification does not allow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Entry:
    """One request. `status` is 0 while it has no answer, and for ever when it never got one.

    `call` is "" for a path that is no call; `body` is decoded JSON, or text where it is not JSON.
    `at` is a moment of the sandbox's clock.
    """

    place: int
    at: float
    method: str
    path: str
    query: str
    body: object
    call: str = ""
    status: int = 0
    violations: tuple[str, ...] = ()


@dataclass(slots=True)
class Log:
    """Every request so far, oldest first."""

    entries: list[Entry] = field(default_factory=list)
    _seen: int = 0

    def open(self, at: float, method: str, path: str, query: str) -> Entry:
        """Begin the entry of a request."""
        self._seen += 1
        entry = Entry(self._seen, at, method, path, query, None)
        self.entries.append(entry)
        return entry

    def of(self, call: str) -> list[Entry]:
        """The entries of one call, by its name (`patch_voice`)."""
        return [entry for entry in self.entries if entry.call == call]

    @property
    def counts(self) -> Counter[str]:
        """How often each call was made; paths that are no call count under ""."""
        return Counter(entry.call for entry in self.entries)

    @property
    def violations(self) -> list[str]:
        """Every violation, with the request that made it."""
        return [
            f"{entry.method} {entry.path}: {violation}"
            for entry in self.entries
            for violation in entry.violations
        ]

    @property
    def writes(self) -> list[Entry]:
        """The requests that could change something."""
        return [
            entry
            for entry in self.entries
            if entry.method != "GET" and entry.call != "verify_ownership"
        ]

    def clear(self) -> None:
        """Forget every entry; the numbering goes on."""
        self.entries.clear()
