"""Text of the service, made fit to show: redacted, neutral, bounded."""

from __future__ import annotations

import json
import re

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
