"""What a scalar without quotes stands for, and whether every YAML reader would agree.

YAML 1.1, YAML 1.2 and the readers in between disagree about `0123`, `1:30`, `no` and dates. A
file here must mean the same to all of them, so whatever one of them would take for something else
than text is refused, with the quotes to put around it.
"""

from __future__ import annotations

import re
from typing import Final

from reconciler.errors import Problem
from reconciler.files.text import shown

Scalar = str | int | float | bool | None

CONSTANTS: Final[dict[str, Scalar]] = {
    "true": True, "false": False, "null": None, "~": None, "": None,
}  # fmt: skip

_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_CAPITALS = frozenset({"true", "false", "null"})
RESERVED: Final = _CAPITALS.union(_BOOLEANS)
"""Words that some reader takes for no text, in lower case."""

_LONGEST_INTEGER = 18  # one more digit, and 64-bit readers begin to wrap or to round
_LONGEST_FLOAT = 15  # the decimal digits that a double keeps

_TOO_LONG = "it has more digits than a number can keep"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_DIGITS = re.compile(r"[-+.:_0-9]+")
_LONGEST_FORM = 100  # longer texts are not told apart: only whether they are all digits

_TAKEN_FOR = {
    "octal": "an octal number",
    "zeros": "a number and drop its zeros",
    "hexadecimal": "a hexadecimal number",
    "binary": "a binary number",
    "grouped": "a number with its digits in groups",
    "sexagesimal": "a number in base 60, as in hours and minutes",
    "fraction": "a number with a fraction or an exponent",
    "special": "infinity or not-a-number",
    "date": "a date",
    "symbol": "a YAML instruction",
}

_OTHER_FORMS = re.compile(
    r"""
      (?P<plus>         \+[0-9]+ )
    | (?P<octal>        [-+]?0o?[0-7_]+ )
    | (?P<zeros>        [-+]?0[0-9_]+ )
    | (?P<hexadecimal>  [-+]?0[xX][0-9a-fA-F_]+ )
    | (?P<binary>       [-+]?0[bB][01_]+ )
    | (?P<grouped>      [-+]?[0-9][0-9_]* )
    | (?P<sexagesimal>  [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)? )
    | (?P<fraction>     [-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)? )
    | (?P<special>      [-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN) )
    | (?P<date>         [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
                        (?:(?:[Tt]|[\ \t]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?
                           (?:[\ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)? )
    | (?P<symbol>       =|<< )
    """,
    re.VERBOSE,
)
_MAY_BE_OTHER = frozenset("+-.0123456789=<")


def resolve(text: str) -> tuple[Scalar, str]:
    """The value of the plain scalar `text`, and what is wrong with it ("" where nothing is).

    Where something is wrong the value is the text itself, so that later checks can go on. No
    digits are converted before they are counted: a long integer costs quadratic time.
    """
    if text in CONSTANTS:
        return CONSTANTS[text], ""
    if text[0] not in _MAY_BE_OTHER:
        return text, _word(text)
    if _INTEGER.fullmatch(text):
        if len(text.lstrip("-")) <= _LONGEST_INTEGER:
            return int(text), ""
        return text, quote(text, _TOO_LONG)
    if _FLOAT.fullmatch(text):
        if len(text.lstrip("-")) <= _LONGEST_FLOAT + 1:
            return float(text), ""
        return text, quote(text, _TOO_LONG)
    return text, _other_form(text)


def is_date(text: str) -> bool:
    """Whether some reader takes `text` for a date or a timestamp."""
    found = _OTHER_FORMS.fullmatch(text)
    return found is not None and found.lastgroup == "date"


def key_complaint(text: str) -> str:
    """What is wrong with `text` as a key without quotes; "" where nothing is.

    Keys are text. A telephone number as a key is the commonest slip, so it has its own words.
    """
    if text.lower() in RESERVED:
        return quote(text, "keys are text")
    value, complaint = resolve(text)
    if complaint or isinstance(value, str):
        return complaint
    if not text:
        return "a key is missing here"
    if isinstance(value, int) and not isinstance(value, bool):
        return f'put the number in quotes: "{shown(text)}"'
    return quote(text, "keys are text")


_QUOTES = "put it in quotes"


def quote(text: str, why: str) -> str:
    """The sentence that asks for quotes."""
    return f'{_QUOTES}: "{shown(text)}" ({why})'


def is_for_quotes(problem: Problem) -> bool:
    """Whether it asks for quotes around a value: then it has been taken for text."""
    return _QUOTES in problem.message


def _word(text: str) -> str:
    lower = text.lower()
    if lower in _BOOLEANS:
        meant = _BOOLEANS[lower]
        return f"write {meant}, or " + quote(text, f"some YAML readers take it for {meant}")
    if lower in _CAPITALS:
        return f'write {lower} in lower case, or put it in quotes: "{text}"'
    return ""


def _other_form(text: str) -> str:
    if len(text) > _LONGEST_FORM:
        return quote(text, _TOO_LONG) if _DIGITS.fullmatch(text) else ""
    found = _OTHER_FORMS.fullmatch(text)
    if found is None:
        return ""
    form = found.lastgroup or ""
    if form == "plus":
        return f'put the number in quotes: "{shown(text)}"'
    return quote(text, f"some YAML readers take it for {_TAKEN_FOR[form]}")
