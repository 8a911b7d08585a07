"""Text of the service, made fit to show: redacted, neutral, bounded."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text import REDACTED, Redactor, neutral, shortened

KEY = "KEY0123456789ABCDEF_made_up"
CLEAN = Redactor([KEY])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, é, 東京, 🙂", "plain text, é, 東京, 🙂"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\nb\rc\td\0", "a\\nb\\rc\\td\\x00"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028end\u2029\x85", "line\\u2028end\\u2029\\x85"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("non\u00a0breaking", "non\u00a0breaking"),
    ],
)
def test_control_bidi_and_zero_width_characters_are_escaped(text: str, shown: str) -> None:
    assert neutral(text) == shown


@given(st.text(st.characters(codec=None)))
def test_neutral_text_is_one_encodable_line_and_stays_as_it_is(text: str) -> None:
    shown = neutral(text)
    shown.encode("utf-8")
    assert not re.search(
        r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028]", shown
    )
    assert neutral(shown) == shown


@given(st.text(), st.text(), st.integers(0, 60))
def test_a_known_secret_is_in_no_cleaned_text_whatever_stands_around_it(
    before: str, after: str, limit: int
) -> None:
    for shown in (CLEAN.redact(before + KEY + after), CLEAN.clean(before + KEY + after, limit)):
        assert KEY not in shown
        assert KEY[:8] not in shown.replace(before, "").replace(after, "")


def test_a_secret_is_redacted_before_the_text_is_cut() -> None:
    assert CLEAN.clean("x" * 20 + KEY, 24) == "x" * 20 + "[re…"


def test_a_percent_encoded_secret_is_redacted_too() -> None:
    assert Redactor(["a/b+c"]).redact("?key=a%2Fb%2Bc a/b+c") == f"?key={REDACTED} {REDACTED}"


AWKWARD = "Ab/9 +\"'<>"


def _json_escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04X}" for each in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "lower case": str.lower,
    "upper case": str.upper,
    "json": lambda text: json.dumps(text)[1:-1],
    "json with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "every character escaped in json": _json_escaped,
    "json in json": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "every character escaped in json in json": lambda text: json.dumps(_json_escaped(text))[1:-1],
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "every character escaped in a url": lambda text: "".join(f"%{b:02x}" for b in text.encode()),
    "url in url": lambda text: quote(quote(text, safe=""), safe=""),
    "json in a url": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "html": html.escape,
    "html by number": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "repr": lambda text: repr(text)[1:-1],
    "broken over lines": "\n".join,
    "broken over lines in json": lambda text: json.dumps("\r\n".join(text))[1:-1],
    "with what does not show": "\u200b".join,
    "made neutral": lambda text: neutral("\u200b".join(text)),
}
"""Ways in which an answer, or what stands between, may repeat a secret."""


@pytest.mark.parametrize("secret", [KEY, "471147", AWKWARD], ids=repr)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_redacted_in_whatever_way_it_is_spelt(spelling: str, secret: str) -> None:
    spelt = SPELLINGS[spelling](secret)
    assert Redactor([secret]).redact(f"it was {spelt}, you see") == f"it was {REDACTED}, you see"


@pytest.mark.parametrize("secret", ["a\\b\\nc", "Ünï-çode", "100%41"], ids=repr)
@pytest.mark.parametrize("spelling", ["as it is", "json", "json in json", "url", "json in a url"])
def test_a_secret_that_looks_like_a_spelling_itself_is_redacted_too(
    spelling: str, secret: str
) -> None:
    spelt = SPELLINGS[spelling](secret)
    assert Redactor([secret]).redact(f"it was {spelt}, you see") == f"it was {REDACTED}, you see"


@given(st.text(), st.text(), st.sampled_from(sorted(SPELLINGS)))
def test_a_secret_is_redacted_whatever_stands_around_its_spelling(
    before: str, after: str, spelling: str
) -> None:
    spelt = SPELLINGS[spelling](KEY)
    shown = Redactor([KEY]).redact(f"{before} {spelt} {after}")
    assert spelt not in shown
    assert KEY not in html.unescape(unquote(shown))


@given(st.text())
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert Redactor([KEY]).redact(text) == text


def test_a_pin_whose_name_is_spelt_in_another_way_is_redacted() -> None:
    assert "PIN-1" not in CLEAN.redact("%22external%5Fpin%22%3A%22PIN-1%22%2C%22a%22%3A1")
    assert "PIN-1" not in CLEAN.redact('{"external\\u005fpin":"PIN-1","tags":["kept"]}')


def test_one_of_many_secrets_is_redacted_like_the_only_one() -> None:
    many = Redactor(f"{each:06}" for each in range(5000))
    assert many.redact("it was 004711, or 9004712.") == f"it was {REDACTED}, or 9{REDACTED}."
    assert many.redact("it was %30%30%34711, or 471.") == f"it was {REDACTED}, or 471."


def test_an_empty_pin_is_redacted_like_any_other() -> None:
    assert CLEAN.redact('{"external_pin": "", "a": 1}') == '{"external_pin": "[redacted]", "a": 1}'


def test_empty_secrets_redact_nothing_and_longer_ones_go_first() -> None:
    assert Redactor(["", "abc", "abcdef"]).redact("abcdef abc x") == f"{REDACTED} {REDACTED} x"


@pytest.mark.parametrize(
    "text", ["Bearer abc.def-1", "authorization: bearer  abc.def-1", "BEARER:abc.def-1"]
)
def test_any_bearer_token_is_redacted(text: str) -> None:
    assert "abc" not in CLEAN.redact(text)
    assert CLEAN.redact(CLEAN.redact(text)) == CLEAN.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"external_pin": "PIN-1", "tags": ["kept"]}',
        '{"external_pin":"PIN-1 \\"PIN-1","tags":["kept"]}',
        "{'external_pin': 'PIN-1', 'tags': ['kept']}",
        '{\\"external_pin\\": \\"PIN-1\\", \\"tags\\": [\\"kept\\"]}',
        "external_pin=PIN-1&tags=kept",
        "EXTERNAL_PIN: PIN-1, tags: kept",
        '{"external_pin" => "PIN-1", "tags" => ["kept"]}',
    ],
)
def test_the_value_of_external_pin_is_redacted_and_the_rest_kept(text: str) -> None:
    shown = CLEAN.redact(text)
    assert "PIN-1" not in shown
    assert "kept" in shown
    assert REDACTED in shown


def test_a_pin_that_was_never_closed_or_is_null_does_no_harm() -> None:
    assert "PIN" not in CLEAN.redact('{"external_pin": "PIN')
    assert CLEAN.redact('{"external_pin": null}') == '{"external_pin": null}'
    assert CLEAN.redact('{"external_pin": 4711, "a": 1}') == '{"external_pin": [redacted], "a": 1}'


@given(st.text(min_size=1).filter(lambda pin: pin not in '"external_pin: [redacted],a1{}'))
def test_any_pin_in_echoed_json_is_redacted(pin: str) -> None:
    inner = json.dumps({"external_pin": pin, "a": 1})
    assert json.loads(CLEAN.redact(inner)) == {"external_pin": REDACTED, "a": 1}


@pytest.mark.parametrize("filler", ["external_pin", 'external_pin":"', "Bearer ", KEY, "\\", '\\"'])
def test_redaction_takes_time_in_proportion_to_the_text(filler: str) -> None:
    text = filler * (200_000 // len(filler))
    assert len(CLEAN.clean(text, 100)) == 100


def test_secrets_are_in_no_repr() -> None:
    assert KEY not in repr(CLEAN)
    assert repr(CLEAN) == "Redactor(1 secrets)"


def test_shortened_text_says_that_it_was_cut() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("abc", 0) == "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::owned", "\\x3a:error::owned"),
        ("  ::error::owned", "  \\x3a:error::owned"),
        ("a ##[group]b", "a ##\\x5bgroup]b"),
        ("::a ##[b", "\\x3a:a ##\\x5bb"),
        ("a :: b", "a :: b"),
    ],
)
def test_a_command_to_a_ci_runner_is_escaped(text: str, shown: str) -> None:
    assert neutral(text) == shown


def test_many_secrets_of_one_length_leave_none_of_another() -> None:
    pins = [f"{each:04}" for each in range(1000, 1100)]
    redactor = Redactor([*pins, KEY, "770077"])
    for secret in (pins[0], pins[-1], KEY, "770077"):
        assert redactor.redact(f"<{secret}>") == f"<{REDACTED}>"
        assert redactor.redact(secret) == REDACTED
