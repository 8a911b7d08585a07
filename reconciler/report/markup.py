"""HTML in which text of others stays text: whatever is not Markup is escaped wherever it is put.

Text passes `core.text.neutral` too, so that no control or bidi character reaches a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from reconciler.core.text import neutral, shortened

_VOID = frozenset({"br", "input"})


class Markup(str):
    """HTML that is to stand in a page as it is; only `element` and `joined` make it."""

    __slots__ = ()


_BREAK = Markup("<wbr>")


def text(words: str) -> Markup:
    """`words` escaped and neutral; Markup as it is."""
    return words if isinstance(words, Markup) else Markup(escape(neutral(words)))


def joined(parts: Iterable[str]) -> Markup:
    """The parts one after the other, each as `text` gives it."""
    return Markup("".join(map(text, parts)))


def element(name: str, *children: str, **attributes: str | bool) -> Markup:
    """One element. `class_` and `for_` lose the line at the end, other lines become hyphens; True
    is an attribute without a value, False none."""
    given = "".join(
        f" {_name(key)}" + ("" if value is True else f'="{text(str(value))}"')
        for key, value in attributes.items()
        if value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def code(words: str, limit: int = 1_000) -> Markup:
    """A value, a path or a number, neutral and at most `limit` characters."""
    return element("code", shortened(neutral(words), limit))


def breakable(words: str) -> list[str]:
    """`words` with places between where a line may end, as in a path there is no blank."""
    parts: list[str] = []
    for part in re.split(r"(?<=[._/:])(?=\w)", words):
        parts += [_BREAK, part] if parts else [part]
    return parts


def sentence(words: str) -> Markup:
    """`words` with each option of the command line (--allow-release) kept in one line."""
    parts = re.split(r"((?<!\S)--[a-z][a-z-]*)", words)
    return joined(
        element("span", part, class_="option") if at % 2 else part for at, part in enumerate(parts)
    )


def listed(parts: Iterable[str], between: str = ", ") -> Markup:
    """The parts with `between` between them."""
    made: list[str] = []
    for part in parts:
        made += [between, part] if made else [part]
    return joined(made)


def table(
    caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], *, class_: str = ""
) -> Markup:
    """A table that a screen reader can name and walk, in a frame that scrolls where it is narrow.
    The first cell of a row is its heading."""
    columns = joined(element("th", each, scope="col") for each in head)
    body = (
        joined(
            element("td", cell) if at else element("th", cell, scope="row")
            for at, cell in enumerate(row)
        )
        for row in rows
    )
    made = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", columns)),
        element("tbody", joined(element("tr", row) for row in body)),
        class_=class_ or False,
    )
    return frame(caption, made)


def frame(label: str, inside: Markup) -> Markup:
    """What may be wider than the window; it scrolls by keyboard too."""
    return element("div", inside, class_="frame", role="region", aria_label=label, tabindex="0")
