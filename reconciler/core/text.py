"""Text that came from elsewhere, made fit to show: no secrets, nothing that steers a terminal.

Redact first, then neutralise, then cut: cutting first could leave the readable half of a key.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"

# Category C holds control, format (bidi, zero-width), surrogate, private and unassigned; Zl and
# Zp are the two line separators that are neither. None of them belongs in one line of a report.
_STEERING_SEPARATORS = frozenset({"Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What GitHub's runner takes for a command to itself wherever it is printed: `::name::` at the
# start of a line and `##[name]` anywhere in one.
_COMMANDS = re.compile(r"^(\s*):(?=:)|(##)\[")

_BEARER = re.compile(r"(?i)\b(?:bearer[\s:=]+)(?!\[redacted\])(?P<value>[^\s\"'\\,;<>]+)")
# `"external_pin": "12\"34"`, the same inside a quoted JSON text, `'external_pin': '1'`,
# `external_pin=1` and `external_pin: [..]`. The quote that opens a value also ends it.
_PIN = re.compile(
    r"(?i)(?:external_pin\\*[\"']?\s*(?:[:=]|=>)\s*)"
    r"(?:(?P<open>\\*[\"'])(?P<quoted>(?:(?!(?P=open)).)*)(?:(?P=open)|$)"
    r"|(?!null\b|\[redacted\])(?P<value>[^\s,;&}\]\"']+))",
    re.DOTALL,
)
_PIN_PLAIN_QUOTE = re.compile(
    r"(?i)(?:external_pin[\"']?\s*(?:[:=]|=>)\s*)\"(?P<quoted>(?:[^\"\\]|\\.)*)(?:\"|$)",
    re.DOTALL,
)

# One character in another spelling: in a URL, in JSON or a repr of it, in HTML.
_SPELT = re.compile(
    r"%(?P<url>[0-9a-fA-F]{2})"
    r"|\\(?:u(?P<json>[0-9a-fA-F]{4})|x(?P<repr>[0-9a-fA-F]{2})|(?P<one>.))"
    r"|&(?:#[xX](?P<hex>[0-9a-fA-F]{1,6})|#(?P<dec>[0-9]{1,7})|(?P<name>amp|quot|apos|lt|gt));?",
    re.DOTALL,
)
_ENTITIES = {"amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">"}
_LINE_ENDS = frozenset("nrtbf")
_MOST_LAYERS = 4
"""How deep one spelling is unpacked within another: JSON in JSON in a URL, and one more."""
_FEW = 10
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def neutral(text: str) -> str:
    r"""The text on one line with every control, bidi, zero-width and line character escaped.

    ESC becomes ``\x1b``, a right-to-left override ``\u202e``; printable text in any script is
    unchanged, and so is text that is neutral already (applying it twice changes nothing). A
    command to a CI runner loses a character too: ``##[`` becomes ``##\x5b``.
    """
    if not text.isprintable():
        text = "".join(_escaped(char) if _steers(char) else char for char in text)
    return without_commands(text)


def neutral_lines(text: str) -> str:
    """The same for a text whose line ends are our own."""
    return "\n".join(map(neutral, text.split("\n")))


def without_commands(text: str) -> str:
    """One line with what a CI runner would take for a command escaped."""
    if "::" not in text and "##[" not in text:
        return text
    return _COMMANDS.sub(lambda found: f"{found[2]}\\x5b" if found[2] else f"{found[1]}\\x3a", text)


def _steers(char: str) -> bool:
    category = unicodedata.category(char)
    return category.startswith("C") or category in _STEERING_SEPARATORS


def _escaped(char: str) -> str:
    named = _NAMED.get(char)
    if named:
        return named
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis stands for what was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


class Redactor:
    """Takes known secrets, bearer tokens and PIN values out of text.

    A secret is known in whatever case it stands, in whatever way its characters are spelt (in a
    URL, as an escape of JSON or HTML, one within another), and with characters in it that do not
    show; empty ones are ignored. The secrets are in no `repr`.
    """

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[str]) -> None:
        given = {secret for secret in secrets if secret}
        spellings = {form for each in given for form in (each, quote(each, ""), quote_plus(each))}
        self._secrets: dict[int, set[str]] = {}
        for each in spellings:
            self._secrets.setdefault(len(each), set()).add(each.translate(_LOWER))

    def __repr__(self) -> str:
        return f"Redactor({sum(map(len, self._secrets.values()))} secrets)"

    def redact(self, text: str) -> str:
        """`text` with every secret, `Bearer …` token and value of `external_pin` replaced."""
        found: list[tuple[int, int]] = []
        names_a_pin = False
        for plain, places in _layers(text):
            spans = [*self._known(plain), *_values(_BEARER, plain)]
            if not names_a_pin and "external_pin" in plain.translate(_LOWER):
                # Not once more below: what is unpacked further has lost its quotes.
                names_a_pin = True
                spans += [*_values(_PIN_PLAIN_QUOTE, plain), *_values(_PIN, plain)]
            found += [(places[start], places[end]) for start, end in spans] if places else spans
        return _without(text, found)

    def clean(self, text: str, limit: int = 500) -> str:
        """Redacted, neutral, and at most `limit` characters: what an error message may hold."""
        return shortened(neutral(self.redact(text)), limit) if text else ""

    def _known(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a secret stands. It takes no longer for a thousand PINs than for ten."""
        text = text.translate(_LOWER)
        for length, secrets in self._secrets.items():
            if len(secrets) > _FEW:
                places = range(len(text) - length + 1)
                yield from ((at, at + length) for at in places if text[at : at + length] in secrets)
                continue
            for secret in secrets:
                at = text.find(secret)
                while at >= 0:
                    yield at, at + length
                    at = text.find(secret, at + length)


def _values(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """What the groups `quoted` and `value` of `pattern` matched."""
    for match in pattern.finditer(text):
        yield match.span(match.lastgroup or 0)


def _layers(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """`text`, and what is left of it as spellings are unpacked, one layer after the other. With
    each, unless it is `text` itself, where in `text` its characters begin; and where it ends."""
    yield text, ()
    places: Sequence[int] = range(len(text) + 1)
    for _ in range(_MOST_LAYERS):
        plain, begins = _unpacked(text)
        if plain == text:
            return
        places = [places[begin] for begin in begins]
        text = plain
        yield text, places


def _unpacked(text: str) -> tuple[str, list[int]]:
    """One layer: every spelling read, and what does not show left out."""
    chars: list[str] = []
    begins: list[int] = []
    at = 0
    for match in _SPELT.finditer(text):
        _take(text, at, match.start(), chars, begins)
        at = match.end()
        char = _meant(match)
        if char and char.isprintable():
            chars.append(char)
            begins.append(match.start())
    _take(text, at, len(text), chars, begins)
    return "".join(chars), [*begins, len(text)]


def _take(text: str, start: int, end: int, chars: list[str], begins: list[int]) -> None:
    part = text[start:end]
    if part.isprintable():
        chars += part
        begins += range(start, end)
        return
    for place, char in enumerate(part, start):
        if char.isprintable():
            chars.append(char)
            begins.append(place)


def _meant(spelt: re.Match[str]) -> str:
    """The character that a spelling stands for."""
    kind, said = spelt.lastgroup, spelt[spelt.lastgroup or 0]
    if kind == "one":
        return "" if said in _LINE_ENDS else said
    if kind == "name":
        return _ENTITIES[said]
    code = int(said, 10 if kind == "dec" else 16)
    return chr(code) if code <= sys.maxunicode else ""


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` with REDACTED in the place of every span; of those that overlap, once."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(set(spans)):
        if whole and start < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    ends, starts = (0, *(end for _, end in whole)), (*(start for start, _ in whole), len(text))
    return REDACTED.join(text[end:start] for end, start in zip(ends, starts, strict=True))
