"""What a file looks like after `fmt`."""

from __future__ import annotations

import pytest

from reconciler.errors import InputError
from reconciler.files.layout import formatted


def form(text: str) -> str:
    """`text` in its canonical form."""
    return formatted("fleet.yaml", text.encode()).decode()


def test_keys_of_the_schema_come_in_its_order() -> None:
    before = (
        'numbers: {"+13125550001": {customer_reference: a, tags: [b], groups: [c]}}\nversion: 1'
    )
    after = (
        'version: 1\nnumbers: {"+13125550001": {groups: [c], tags: [b], customer_reference: a}}\n'
    )
    assert form(before) == after


def test_numbers_groups_and_aliases_keep_the_order_of_their_author() -> None:
    text = """\
aliases:
  connection_id: {zeta: "2", alpha: "1"}
groups:
  z: {tags: [z]}
  a: {tags: [a]}
numbers:
  "+13125550002": {}
  "+13125550001": {}
"""
    assert form(text) == text


def test_what_is_unknown_comes_last_in_its_own_order() -> None:
    assert form("zzz: 1\naaa: 2\nversion: 1\n") == "version: 1\nzzz: 1\naaa: 2\n"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("'desk 1'", "desk 1"),
        ('"desk-1"', "desk-1"),
        ("'no'", '"no"'),
        ("'0123'", '"0123"'),
        ("'desk: 1'", '"desk: 1"'),
        ("a/b", '"a/b"'),
        ("'it''s'", '"it\'s"'),
        ("'1521916448077776306'", '"1521916448077776306"'),
        ('"3fa85f64-5717-4562-b3fc-2c963f66afa6"', "3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        ("two\n  lines", "two lines"),
        ("~", "null"),
        ("", ""),
        ("null", "null"),
        ("true", "true"),
        ("[ a,b , ]", "[a, b]"),
        ("{ }", "{}"),
    ],
)
def test_texts_are_quoted_only_where_a_reader_could_take_them_for_something_else(
    written: str, canonical: str
) -> None:
    after = f"customer_reference: {canonical}".rstrip()
    assert form(f"customer_reference: {written}\n") == f"{after}\n"


def test_telephone_numbers_stand_in_double_quotes() -> None:
    assert form("numbers:\n  '+13125550001': {}\n") == 'numbers:\n  "+13125550001": {}\n'


def test_two_spaces_a_level_and_before_a_remark() -> None:
    before = "groups:\n    a:\n          tags:\n          - x # one\n          -   z\n"
    after = "groups:\n  a:\n    tags:\n      - x     # one\n      - z\n"
    assert form(before) == after


def test_remarks_that_are_lined_up_stay_so() -> None:
    text = "groups:     # one\n  a: {}     # two\n  abcd: {}  # three\n"
    assert form(text) == text


def test_a_remark_moves_with_what_it_stands_above_or_beside() -> None:
    before = """\
numbers:
  "+13125550001":
    # about the reference
    customer_reference: a  # its own
    tags: [x]              # of the tags
"""
    after = """\
numbers:
  "+13125550001":
    tags: [x]              # of the tags
    # about the reference
    customer_reference: a  # its own
"""
    assert form(before) == after


def test_a_remark_at_the_end_of_a_mapping_stays_there() -> None:
    before = """\
groups:
  a:
    voice:
      tech_prefix_enabled: true
      # end of voice
    tags: [x]
    # end of a
  # about b
  b: {}
  # end of groups
# end of the file
"""
    after = """\
groups:
  a:
    tags: [x]
    voice:
      tech_prefix_enabled: true
      # end of voice
    # end of a
  # about b
  b: {}
  # end of groups
# end of the file
"""
    assert form(before) == after


def test_the_modeline_comes_first_and_the_head_of_the_file_stays_its_head() -> None:
    before = """\
# Desks of the first floor.
# yaml-language-server: $schema=../schemas/numbers.schema.json

# what numbers share
numbers: {}
version: 1
"""
    after = """\
# yaml-language-server: $schema=../schemas/numbers.schema.json
# Desks of the first floor.

version: 1
# what numbers share
numbers: {}
"""
    assert form(before) == after


def test_a_modeline_between_blank_lines_leaves_one_of_them() -> None:
    text = "\n# yaml-language-server: $schema=x\n\nnumbers:\n"
    assert form(text) == "# yaml-language-server: $schema=x\n\nnumbers:\n"


def test_an_anchor_of_the_whole_goes_and_its_keys_are_sorted() -> None:
    assert form("&all\nnumbers:\nversion: 1\n") == "version: 1\nnumbers:\n"


def test_blank_lines_stay_one_at_a_time() -> None:
    before = "\n\nversion: 1\n\n\n\ngroups:\n\n  a: {}\n\n\n  # of b\n\n  b: {}\n\n\n"
    assert form(before) == "version: 1\n\ngroups:\n  a: {}\n\n  # of b\n\n  b: {}\n"


def test_brackets_that_no_line_holds_get_a_line_an_entry() -> None:
    tags = ", ".join(f"tag-number-{at}" for at in range(12))
    before = f'numbers: {{"+13125550001": {{groups: [a], tags: [{tags}]}}}}\n'
    items = "".join(f"      - tag-number-{at}\n" for at in range(12))
    after = f'numbers:\n  "+13125550001":\n    groups: [a]\n    tags:\n{items}'
    assert form(before) == after


def test_brackets_with_remarks_in_them_get_a_line_an_entry() -> None:
    before = "groups: {a: {tags: [x, # one\n  z]}} # all\n"
    after = "groups:  # all\n  a:\n    tags:\n      - x  # one\n      - z\n"
    assert form(before) == after


def test_a_list_of_mappings_keeps_its_remarks_above_the_dash() -> None:
    before = "ignore:\n-\n  # why\n  reason: trial\n  numbers: '+1*'\n"
    after = 'ignore:\n  # why\n  - numbers: "+1*"\n    reason: trial\n'
    assert form(before) == after
    assert form("ignore:\n- # why\n  numbers: '+1*'\n") == 'ignore:\n  # why\n  - numbers: "+1*"\n'


def test_a_text_on_several_lines_keeps_its_lines() -> None:
    before = "ignore:\n- reason: >-  # remark\n     one\n     two\n\n     three\n"
    after = "ignore:\n  - reason: >-  # remark\n      one\n      two\n\n      three\n"
    assert form(before) == after


def test_anchors_and_aliases_stay_and_their_mappings_keep_their_order() -> None:
    text = """\
numbers:
  "+13125550001": &desk
    customer_reference: a
    tags: &tags [x]
  "+13125550002": *desk
  "+13125550003":
    <<: *desk
    tags: *tags
"""
    assert form(text) == text


def test_a_byte_order_mark_and_carriage_returns_go() -> None:
    raw = b"\xef\xbb\xbfversion: 1\r\n\r\nnumbers: {}\r\n"
    assert formatted("fleet.yaml", raw) == b"version: 1\n\nnumbers: {}\n"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "--- \n# nothing\n", "- a\n", "a text\n"])
def test_a_file_that_declares_nothing_is_left_in_peace(text: str) -> None:
    assert form(text) == text.replace(" \n", "\n")


def test_what_stands_before_the_document_stays_there() -> None:
    text = "# head\n%YAML 1.2\n---\nversion: 1\n"
    assert form(text) == text
    assert form("--- # remark\nversion: 1\n") == "---\n# remark\nversion: 1\n"


def test_what_is_wrong_with_its_settings_can_be_formatted() -> None:
    assert form("numbers: {'+13125550001': {tagz: [a]}}") == (
        'numbers: {"+13125550001": {tagz: [a]}}\n'
    )


@pytest.mark.parametrize("text", ["a: [\n", "a: 1\na: 2\n", "a: !x 1\n", "a: 012\n", "a: \u200b\n"])
def test_what_the_reader_refuses_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError) as refused:
        form(text)
    assert refused.value.problems[0].line
