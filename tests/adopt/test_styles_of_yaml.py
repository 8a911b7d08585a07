"""Whatever way a file is written in, an edit is right, or refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.adopt.test_which_line_says_it import ONE, TWO, adopted
from tests.adopt.world import fields_of, world

SET = (ONE, "customer_reference", "new one")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'desk 1'", "new one"),
        ('"desk 1"', "new one"),
        ("desk 1 # remark", "new one # remark"),
        ("two\n      lines", "new one"),
        ('"two\n      lines"  # remark', "new one  # remark"),
        ("|\n      two\n      lines", "new one"),
        ("|  # remark\n      two\n      lines", "new one  # remark"),
        (">-\n      two\n\n      lines", "new one"),
        ("null", "new one"),
        ("~  # remark", "new one  # remark"),
        ("&unused desk", "new one"),
        ("\n      desk", "\n      new one"),
        ("# remark\n      desk", "# remark\n      new one"),
        ("дом 7", "new one"),
        ("😀 desk  # 😀", "new one  # 😀"),
    ],
)
def test_a_value_in_a_block(tmp_path: Path, before: str, after: str) -> None:
    text = f'numbers:\n  "{ONE}":\n    customer_reference: {{}}\n    hd_voice_enabled: true\n'
    assert adopted(tmp_path, text.replace("{}", before), SET) == text.replace("{}", after)


def test_a_key_without_a_value(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}":\n    customer_reference:   # none yet\n    tags: [a]\n'
    after = adopted(tmp_path, text, SET)
    assert after == text.replace("reference:   #", "reference: new one   #")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{customer_reference: desk, tags: [a]}", "{customer_reference: new one, tags: [a]}"),
        ('{"customer_reference":"desk"}', '{"customer_reference":new one}'),
        ("{customer_reference: , tags: [a]}", "{customer_reference: new one , tags: [a]}"),
        ("{customer_reference, tags: [a]}", "{customer_reference: new one, tags: [a]}"),
        (
            "{tags: [a],  # of the desk\n    customer_reference: desk,  # its own\n  }",
            "{tags: [a],  # of the desk\n    customer_reference: new one,  # its own\n  }",
        ),
    ],
)
def test_a_value_in_brackets(tmp_path: Path, before: str, after: str) -> None:
    text = 'numbers: {"%s": %s, "%s": {}}\n'
    assert adopted(tmp_path, text % (ONE, before, TWO), SET) == text % (ONE, after, TWO)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{tags: [a]}", "{tags: [a], customer_reference: new one}"),
        ("{tags: [a], }", "{tags: [a], customer_reference: new one, }"),
        ("{hd_voice_enabled: true}", "{customer_reference: new one, hd_voice_enabled: true}"),
        ("{ }", "{customer_reference: new one }"),
        ("{\n  # nothing yet\n  }", "{customer_reference: new one\n  # nothing yet\n  }"),
        ("\n    tags: [a]", "\n    tags: [a]\n    customer_reference: new one"),
        (
            "\n    # of the desk\n    hd_voice_enabled: true",
            "\n    customer_reference: new one\n    # of the desk\n    hd_voice_enabled: true",
        ),
    ],
)
def test_a_new_key(tmp_path: Path, before: str, after: str) -> None:
    head = "defaults: {customer_reference: x}\n"
    text = head + 'numbers:\n  "%s": {}\n  "%s": %s'
    assert adopted(tmp_path, text % (TWO, ONE, before), SET) == text % (TWO, ONE, after)


def test_crlf_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    text = f'defaults: {{customer_reference: x}}\r\nnumbers:\r\n  "{TWO}": {{}}\r\n  "{ONE}":\r\n'
    text += "    tags: # mine\r\n      - a\r\n"
    raw = b"\xef\xbb\xbf" + text.encode()
    account = world(tmp_path, {"fleet.yaml": raw}, SET, (ONE, "tags", ("a", "b")))
    assert account.adopt().converged
    now = raw + b"      - b\r\n    customer_reference: new one\r\n"
    assert (tmp_path / "fleet.yaml").read_bytes() == now


def test_an_alias_of_one_line_is_replaced_there(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{TWO}": {{customer_reference: &desk desk}}
  "{ONE}": {{customer_reference: *desk}}
"""
    assert adopted(tmp_path, text, SET) == text.replace("*desk", "new one")


def test_a_mapping_that_two_numbers_name_is_changed_where_both_drifted(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{ONE}": &desk
    customer_reference: desk
  "{TWO}": *desk
"""
    after = adopted(tmp_path, text, SET, (TWO, *SET[1:]))
    assert after == text.replace("reference: desk", "reference: new one")


def test_what_a_merge_key_gives_is_set_over_it(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{TWO}": &desk {{customer_reference: desk}}
  "{ONE}":
    <<: *desk
    tags: [a]
"""
    after = adopted(tmp_path, text, SET)
    assert after == text + "    customer_reference: new one\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'numbers:\n  "{TWO}": &d {{tags: [a]}}\n  "{ONE}": *d\n', "behind an alias"),
        (f'numbers:\n  "{ONE}": &d {{tags: [a]}}\n  "{TWO}": *d\n', "by *d"),
        (f'numbers:\n  "{ONE}": {{tags: &d [a]}}\n  "{TWO}": {{tags: *d}}\n', "by *d"),
        (f'numbers:\n  "{ONE}": {{tags: [&d a]}}\n  "{TWO}": {{tags: [*d]}}\n', "by *d"),
        (f'numbers:\n  "{TWO}": {{tags: [&d a]}}\n  "{ONE}": {{tags: [*d]}}\n', "are aliases"),
        (f'numbers:\n  "{ONE}":\n    tags: [a, # one\n      b]\n', "comments"),
        (f'numbers:\n  "{ONE}": {{tags: {{add: [a, # one\n    b]}}}}\n', "comments"),
    ],
)
def test_what_cannot_be_edited_is_left_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    account = world(tmp_path, {"fleet.yaml": text}, (ONE, "tags", ("new",)))
    found = account.adopt()
    assert account.text() == text
    assert found.fields == ()
    assert {(each.phone_number, each.path) for each in found.left} == {(ONE, "tags")}
    assert why in found.left[0].reason
    assert fields_of(account.drift()) == {(ONE, "tags")}


def test_a_part_of_a_mapping_that_a_merge_key_gives_is_left(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{TWO}": &desk {{voice: {{tech_prefix_enabled: true}}}}
  "{ONE}": {{<<: *desk, tags: [a]}}
"""
    account = world(tmp_path, {"fleet.yaml": text}, (ONE, "voice.tech_prefix_enabled", False))
    found = account.adopt()
    assert account.text() == text
    assert "merge key" in found.left[0].reason


HOSTILE: list[Any] = ["no", "0123", "1:30", "a: b", "x #y", " lead", "a\nb", "'", '"', "\\", "{x}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_any_text_comes_back_as_it_is(tmp_path: Path, value: str) -> None:
    text = f'numbers:\n  "{ONE}": {{customer_reference: x, tags: [a]}}\n'
    tags = tuple(sorted(("a", value)))
    adopted(tmp_path, text, (ONE, "customer_reference", value), (ONE, "tags", tags))


def test_a_file_in_canonical_form_stays_in_it(tmp_path: Path) -> None:
    tags = ", ".join(f"tag-{at:02}" for at in range(9))
    text = f'numbers:\n  "{ONE}": {{tags: [{tags}]}}\n  # next\n  "{TWO}": {{tags: [a]}}\n'
    more = tuple(f"tag-{at:02}" for at in range(15))
    after = adopted(tmp_path, text, (ONE, "tags", more))
    items = "".join(f"      - {each}\n" for each in more)
    head = f'  "{ONE}":\n    tags:\n'
    assert after == f'numbers:\n{head}{items}  # next\n  "{TWO}": {{tags: [a]}}\n'
