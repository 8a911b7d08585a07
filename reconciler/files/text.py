"""From bytes to text: the encoding, the characters that may not stand in a file, and places.

Invisible and control characters are how a file comes to mean something else than what its
reviewer saw, so they are refused wherever they stand, comments included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from reconciler.core.text import without_commands
from reconciler.errors import Problem

MAX_SHOWN: Final = 60
MAX_FORBIDDEN: Final = 100  # with more of them, it is hardly a text file
MAX_CONFLICTS: Final = 100
STAND_IN: Final = "\ufffd"

# Controls but tab and newline, bidi controls, line separators that only some readers know, what
# surrogateescape makes of bytes that are not UTF-8, and a byte order mark in the middle.
_FORBIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
)
_ANYWHERE = re.compile(rf"[{_FORBIDDEN}]|\r(?!\n)")
_BUT_FOREIGN = re.compile(rf"(?![\udc80-\udcff])[{_FORBIDDEN}]|\r(?!\n)")
_IN_SCALARS = re.compile(
    rf"[\r{_FORBIDDEN}\u00ad\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    r"\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_IN_NAMES = re.compile(rf"[\t\n{_IN_SCALARS.pattern[1:]}")
_ASCII_TEXT: Final = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])

_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_CONFLICT_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)


def shown(text: str) -> str:
    """User text as it may stand in a message: printable, on one line, of bounded length."""
    cut = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return neutral(cut)


def neutral(text: str) -> str:
    """`text` with everything that is not printable as an escape, so that a terminal is safe, and
    a CI runner too."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escape(char) for char in text)
    return without_commands(text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def hidden_in_scalar(text: str) -> Iterator[re.Match[str]]:
    """What may not stand in a key or a value, whether typed or written as an escape."""
    return _IN_SCALARS.finditer(text)


def name_as_text(name: str) -> str:
    """The name of a file in letters, whatever locale it was read in; its bytes that are not UTF-8
    are lone surrogates."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def hidden_in_name(name: str) -> re.Match[str] | None:
    """What may not stand in the name of a file."""
    return _IN_NAMES.search(name)


def forbidden(char: str) -> str:
    """The sentence about a character that may not stand in a file."""
    code = ord(char)
    if char == "\r":
        return "U+000D, a carriage return without a line feed, is not allowed: save with LF or CRLF"
    kind = "control character" if code < 0xA0 else "invisible character"
    return f"U+{code:04X}, {_article(kind)}, is not allowed: remove it"


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] == "i" else f"a {kind}"


def foreign_encoding(raw: bytes) -> str:
    """The name of the UTF-16 or UTF-32 encoding that `raw` looks like, else "".

    Without a mark it shows in the NUL halves of the ASCII characters.
    """
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return name
    head = raw[:1024]
    lanes = [head[lane::4].count(0) for lane in range(4)]
    if len(head) < 4 or not any(lanes):
        return ""
    quarter = len(head) // 4
    full = [count * 2 > quarter for count in lanes]
    if sum(full) == 3:
        return "UTF-32"
    return "UTF-16" if full in ([True, False, True, False], [False, True, False, True]) else ""


def decode(path: str, raw: bytes) -> tuple[str | None, list[Problem]]:
    """`raw` as text without its byte order mark, and the characters in it that are refused.

    Each of those is a stand-in in the text, so that the rest can be read. None: it is no text.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.translate(None, _ASCII_TEXT) and raw.count(b"\r") == raw.count(b"\r\n"):
        return raw.decode("ascii"), []
    text = raw.decode("utf-8", "surrogateescape")
    problems = list(islice(_forbidden_characters(path, text), MAX_FORBIDDEN + 1))
    if len(problems) > MAX_FORBIDDEN:
        message = f"more than {MAX_FORBIDDEN} characters that are not allowed: is this a text file?"
        return None, [*problems[:-1], Problem(path, 0, 0, message)]
    return _ANYWHERE.sub(STAND_IN, text) if problems else text, problems


def _forbidden_characters(path: str, text: str) -> Iterator[Problem]:
    """Each forbidden character; only the first byte that is not UTF-8, for one fix mends all."""
    line, line_start, pattern = 1, 0, _ANYWHERE
    found = pattern.search(text)
    while found is not None:
        offset, char = found.start(), found.group()
        line += text.count("\n", line_start, offset)
        line_start = max(line_start, text.rfind("\n", line_start, offset) + 1)
        foreign = "\udc80" <= char <= "\udcff"
        message = _not_utf8(char) if foreign else forbidden(char)
        yield Problem(path, line, offset - line_start + 1, message)
        if foreign:
            pattern = _BUT_FOREIGN
        found = pattern.search(text, offset + 1)


def _not_utf8(char: str) -> str:
    return f"byte 0x{ord(char) - 0xDC00:02X} is not UTF-8: save the file as UTF-8"


def conflicts(path: str, text: str) -> list[Problem]:
    """Each merge conflict that Git left in `text`, once, where it begins; at most a hundred."""
    if not any(marker in text for marker in _CONFLICT_MARKERS):
        return []
    problems: list[Problem] = []
    inside = False
    for found in islice(_CONFLICT.finditer(text), MAX_CONFLICTS):
        begins = found.group()[0] == "<"
        if begins or not inside:
            message = "unresolved merge conflict: keep one side and delete the marker lines"
            problems.append(Problem(path, *place(text, found.start()), message))
        inside = begins or (inside and found.group()[0] != ">")
    return problems
