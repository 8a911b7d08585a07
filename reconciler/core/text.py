"""Text that came from elsewhere, made fit to show: no secrets, nothing that steers a terminal.

Redact first, then neutralise, then cut: cutting first could leave the readable half of a key.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

REDACTED = "[redacted]"

# Category C holds control, format (bidi, zero-width), surrogate, private and unassigned; Zl and
# Zp are the two line separators that are neither. None of them belongs in one line of a report.
_STEERING_SEPARATORS = frozenset({"Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What GitHub's runner takes for a command to itself wherever it is printed: `::name::` at the
# start of a line and `##[name]` anywhere in one.
_COMMANDS = re.compile(r"^(\s*):(?=:)|(##)\[")

_BEARER = re.compile(r"(?i)\b(bearer[\s:=]+)(?!\[redacted\])[^\s\"'\\,;<>]+")
# `"external_pin": "12\"34"`, the same inside a quoted JSON text, `'external_pin': '1'`,
# `external_pin=1` and `external_pin: [..]`. The quote that opens a value also ends it.
_PIN = re.compile(
    r"(?i)(external_pin\\*[\"']?\s*(?:[:=]|=>)\s*)"
    r"(?:(?P<open>\\*[\"'])(?:(?!(?P=open)).)*(?:(?P=open)|$)|(?!null\b|\[redacted\])[^\s,;&}\]\"']+)",
    re.DOTALL,
)
_PIN_PLAIN_QUOTE = re.compile(
    r"(?i)(external_pin[\"']?\s*(?:[:=]|=>)\s*)\"(?:[^\"\\]|\\.)*(?:\"|$)", re.DOTALL
)


def neutral(text: str) -> str:
    r"""The text on one line with every control, bidi, zero-width and line character escaped.

    ESC becomes ``\x1b``, a right-to-left override ``\u202e``; printable text in any script is
    unchanged, and so is text that is neutral already (applying it twice changes nothing). A
    command to a CI runner loses a character too: ``##[`` becomes ``##\x5b``.
    """
    if not text.isprintable():
        text = "".join(_escaped(char) if _steers(char) else char for char in text)
    return without_commands(text)


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

    `secrets` are exact strings (their percent-encoded form is taken out too); empty ones are
    ignored. The secrets are in no `repr`.
    """

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {form for secret in secrets if secret for form in (secret, quote(secret, ""))}
        self._secrets = tuple(sorted(spellings, key=len, reverse=True))

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def redact(self, text: str) -> str:
        """`text` with every secret, `Bearer …` token and value of `external_pin` replaced."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = _BEARER.sub(rf"\1{REDACTED}", text)
        if "external_pin" in text.lower():
            text = _PIN_PLAIN_QUOTE.sub(rf'\1"{REDACTED}"', text)
            text = _PIN.sub(_masked_pin, text)
        return text

    def clean(self, text: str, limit: int = 500) -> str:
        """Redacted, neutral, and at most `limit` characters: what an error message may hold."""
        return shortened(neutral(self.redact(text)), limit)


def _masked_pin(match: re.Match[str]) -> str:
    quoted = match["open"] or ""
    return f"{match[1]}{quoted}{REDACTED}{quoted}"
