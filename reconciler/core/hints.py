"""What error messages show of a user's text, and the name that a misspelled one stands for."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from reconciler.core.text import neutral, shortened

_MOST_SHOWN = 60
_LONGEST_NAME = 64
_COMPARISONS = 100_000  # at some 15 microseconds each


def shown(text: str) -> str:
    """A user's text as a message may hold it: on one line, steering nothing, not too long."""
    return shortened(neutral(text), _MOST_SHOWN)


def quoted(text: str) -> str:
    """`shown`, in quotes."""
    return f"'{shown(text)}'"


class Hints:
    """Did-you-mean, with an end: comparing is slow, and 10,000 names may all be misspelled."""

    __slots__ = ("_found", "_left")

    def __init__(self) -> None:
        self._left = _COMPARISONS
        self._found: dict[tuple[str, str], str] = {}

    def closest(self, text: str, known: Collection[str], of: str = "") -> str:
        """The name among `known` most like `text`; empty where none is, or the time is used up.

        `of` says what the names are, so that one misspelling is looked up once.
        """
        asked = (of, text)
        if asked not in self._found:
            self._found[asked] = self._look(text, known)
        return self._found[asked]

    def _look(self, text: str, known: Collection[str]) -> str:
        if len(text) > _LONGEST_NAME or self._left < len(known):
            return ""
        self._left -= len(known)
        fit = [name for name in known if len(name) <= _LONGEST_NAME]
        close = get_close_matches(text, fit, n=1, cutoff=0.6)
        return close[0] if close else ""
