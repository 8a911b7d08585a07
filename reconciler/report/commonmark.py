r"""Markdown (CommonMark with GitHub's tables) from text that nobody vouches for.

A forge reads more than CommonMark: it links `@name`, `#123`, `GH-1`, `user/repo#1`, commit
hashes, bare addresses and a repository's own ticket patterns, in the text that is left once the
escapes are gone. So an escape is not enough. Inside of a code span none of that happens, and
there is no escape to get wrong: `code` carries every value, `prose` puts into code whatever is
not a plain word. What these two return is one line, and so is a cell of a `table`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from reconciler.core.text import neutral, shortened

COMMENT_LIMIT = 60_000
"""Characters of one comment: GitHub takes 65,536, and the rest is room for what a bot adds."""

_BACKTICKS = re.compile("`+")
# Letters with an apostrophe or hyphen between letters, or a number as people write it; marks
# before and after. Nothing in here can start a link, a list, a heading or an emoji. Words of hex
# digits could be a commit, a hyphen before a digit a ticket.
_PLAIN = re.compile(
    r"[(\"']{0,2}(?![0-9a-fA-F]{7,}\b)"
    r"(?:[^\W\d_]+(?:['’-][^\W\d_]+)*|[0-9]{1,6}(?:,[0-9]{3})*(?:\.[0-9]{1,3})?%?)"
    r"[)\"']{0,2}[.,;:!?…]?|→|–|—|…"
)
_STARTS_A_LIST = re.compile(r"[0-9]+[.)]")
_WEB = re.compile(r"(?i)www|https?|ftp|mailto|xmpp")


def code(text: str, limit: int = 250) -> str:
    r"""`text` in a code span, neutral and at most `limit` characters: what it looks like is what
    it is. For a cell of a table, pass the result through `table`, which escapes the pipes."""
    inner = shortened(neutral(text), limit) or " "
    longest = max((len(run) for run in _BACKTICKS.findall(inner)), default=0)
    fence = "`" * (longest + 1)
    # One space a side is taken off again by the reader. It keeps a backtick off the fence, and a
    # dollar sign too: to GitHub a dollar beside a backtick is mathematics.
    both_spaces = inner[0] == inner[-1] == " " and not inner.isspace()
    pad = " " if both_spaces or inner[0] in "`$" or inner[-1] in "`$" else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def prose(text: str, limit: int = 500) -> str:
    """A sentence that may quote others: plain words as they are, all the rest in code spans.

    Neutral and at most `limit` characters before the spans. Marks around a word stay outside of
    its span, and neighbours without a mark between them share one.
    """
    parts: list[str] = []
    quoted: list[str] = []

    def unquote() -> None:
        if quoted:
            parts.append(code(" ".join(quoted), limit))
            quoted.clear()

    for at, word in enumerate(shortened(neutral(text), limit).split()):
        if _is_plain(word, first=at == 0):
            unquote()
            parts.append(word)
            continue
        before, core, after = _marks(word)
        if before:
            unquote()
        quoted.append(core)
        if before or after:
            parts.append(before + code(" ".join(quoted), limit) + after)
            quoted.clear()
    unquote()
    return " ".join(parts)


def _marks(word: str) -> tuple[str, str, str]:
    """The marks before a word, the word, and the marks after it."""
    core = word.lstrip("(\"'").rstrip(")\"'.,;:!?…")
    if not core:
        return "", word, ""
    before, _, after = word.partition(core)
    return before, core, after


def _is_plain(word: str, *, first: bool) -> bool:
    if not _PLAIN.fullmatch(word) or _WEB.search(word):
        return False
    return not (first and _STARTS_A_LIST.match(word))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: two for its head, then one a row, so that a caller may cut rows.

    Cells are Markdown of one line, such as `code` and `prose` return.
    """
    lines = [_row(head), "| " + " | ".join("---" for _ in head) + " |"]
    return lines + [_row(row) for row in rows]


def _row(cells: Sequence[str]) -> str:
    # A pipe is escaped even in code: a table is cut into cells before anything else is read.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def details(summary: str) -> tuple[str, str]:
    """What opens and what closes a folded part; `summary` is plain words of ours, no Markdown."""
    title = summary.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # The blank lines make Markdown of what stands between the tags.
    return f"<details>\n<summary>{title}</summary>\n", "\n</details>"


def marker(name: str, key: str = "") -> str:
    """A hidden line by which a comment is found again: `<!-- telnyx-reconciler:NAME KEY -->`.

    `key` tells several of a kind apart (such as the path of a project); it is percent-encoded
    where it could end the line or the comment.
    """
    safe = quote(key, safe="/._").replace("--", "-%2D")
    return f"<!-- telnyx-reconciler:{name}{' ' if safe else ''}{safe} -->"


# ---- fitting ----------------------------------------------------------------------------------


def _no_line(cut: int) -> str:
    del cut
    return ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document: `head`, then `rows` a line each, then `tail`.

    `rank` says what is given up first: the highest. Rows are cut from the end, and `cut(n)` is
    the line that counts the `n` cut ones (after the tail). With `required` nothing is cut; where
    all required parts together are too long the ones of the highest rank are replaced by their
    next `shorter` text, of which the last must be short whatever happens.
    """

    head: str = ""
    rows: tuple[str, ...] = ()
    tail: str = ""
    rank: int = 0
    required: bool = False
    shorter: tuple[str, ...] = ()
    cut: Callable[[int], str] = _no_line

    def text(self, kept: int | None = None) -> str:
        """The part with its first `kept` rows (all without), and the line that counts the rest."""
        kept = len(self.rows) if kept is None else kept
        lines = [self.head, *self.rows[:kept]] if self.head else list(self.rows[:kept])
        shown = "\n".join([*lines, self.tail] if self.tail else lines)
        if kept == len(self.rows):
            return shown
        counted = self.cut(len(self.rows) - kept)
        return f"{shown}\n\n{counted}" if kept and counted else counted


_GAP = "\n\n"


def fit(parts: Sequence[Part], limit: int = COMMENT_LIMIT) -> str:
    """The parts in their order, blank lines between, in at most `limit` characters.

    Optional parts get what the required ones leave, the lowest rank first. Where even the
    shortest required texts are longer than `limit` they are all there, and `limit` is not kept.
    """
    texts = [part.text() if part.required else part.text(0) for part in parts]
    _shorten(parts, texts, limit)
    room = limit - _length(texts)
    optional = [at for at, part in enumerate(parts) if not part.required]
    for at in sorted(optional, key=lambda at: parts[at].rank):
        before = len(texts[at]) + len(_GAP) if texts[at] else 0
        text = _most(parts[at], room + before - len(_GAP))
        room += before - (len(text) + len(_GAP) if text else 0)
        texts[at] = text
    return _GAP.join(text for text in texts if text) + "\n"


def _length(texts: Sequence[str]) -> int:
    return sum(len(text) + len(_GAP) for text in texts if text)


def _shorten(parts: Sequence[Part], texts: list[str], limit: int) -> None:
    """Put shorter texts in place of required ones, the highest rank first, until all fit."""
    required = sorted(
        (at for at, part in enumerate(parts) if part.required),
        key=lambda at: parts[at].rank,
        reverse=True,
    )
    for at in required:
        for text in parts[at].shorter:
            if _length(texts) <= limit:
                return
            texts[at] = text


def _most(part: Part, room: int) -> str:
    """The part with as many rows as fit into `room` characters; without any, what counts them."""
    whole = part.text()
    if len(whole) <= room:
        return whole
    low, high = 0, len(part.rows)
    while low < high:
        middle = (low + high + 1) // 2
        if len(part.text(middle)) <= room:
            low = middle
        else:
            high = middle - 1
    return part.text(low)
