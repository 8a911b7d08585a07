"""What a good file becomes, and where its pieces stand."""

from __future__ import annotations

import gc
import string
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.documents import Document, Mark
from reconciler.files import read_document

steady = settings(deadline=None, derandomize=True, database=None, max_examples=50)
pytestmark = pytest.mark.usefixtures("each_parser")


def good(text: str | bytes) -> Document:
    raw = text.encode() if isinstance(text, str) else text
    document, problems = read_document("fleet.yaml", raw)
    assert problems == []
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("123456789012345678", 123456789012345678),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("disabled", "disabled"),
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6", "3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        ("1.2.3", "1.2.3"),
        ("10.0.0.1/8", "10.0.0.1/8"),
        ("'-'", "-"),
        ("flag_calls", "flag_calls"),
        ('"yes"', "yes"),
        ("'0123'", "0123"),
        ('"+13125550001"', "+13125550001"),
        ('"tab\\tand\\nline"', "tab\tand\nline"),
        ("Zürich 📞", "Zürich 📞"),
        ("{}", {}),
        ("[]", []),
    ],
)  # fmt: skip
def test_a_value_is_what_every_reader_takes_it_for(text: str, value: object) -> None:
    got = good(f"k: {text}\n").data["k"]
    assert (type(got), got) == (type(value), value)


def test_block_scalars_keep_their_lines() -> None:
    assert good("a: |\n  x\n  y\nb: >-\n  x\n  y\n").data == {"a": "x\ny\n", "b": "x y"}


def test_a_date_is_text_as_the_value_of_until() -> None:
    assert good("ignore: [{until: 2026-12-31}]\n").data == {"ignore": [{"until": "2026-12-31"}]}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff", "---\n...\n"])
def test_an_empty_file_holds_nothing_and_is_no_problem(text: str) -> None:
    assert good(text).data is None


@pytest.mark.parametrize(
    "text", ["---\na: 1\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1\n", "# c\n%YAML 1.1\n--- \na: 1\n"]
)
def test_a_document_may_have_its_marks_and_its_version(text: str) -> None:
    assert good(text).data == {"a": 1}


def test_a_byte_order_mark_does_not_move_the_columns() -> None:
    document = good("\ufeffab: 1\n")
    assert document.entry(["ab"]) == (Mark(1, 1), Mark(1, 5))


def test_windows_line_ends_do_not_move_the_places() -> None:
    document = good(b"a: 1\r\nb:\r\n  c: xyz\r\n")
    assert document.entry(["b", "c"]) == (Mark(3, 3), Mark(3, 6))
    assert document.data["b"]["c"] == "xyz"


def test_columns_count_characters_not_bytes() -> None:
    assert good("é📞: {x: ü, z: 1}\n").entry(["é📞", "z"]).value == Mark(1, 15)


def test_items_of_lists_have_places() -> None:
    assert good("a:\n  - x\n  - {b: c}\n").entry(["a", 1, "b"]) == (Mark(3, 6), Mark(3, 9))


def test_a_document_begins_where_its_first_value_stands() -> None:
    assert good("# comment\n\na: 1\n").start == Mark(3, 1)


def test_every_container_has_its_marks() -> None:
    document = good("a: [1, {b: []}]\nc: {}\n")
    containers = list(containers_of(document.data))
    assert len(containers) == 5
    assert {id(each) for each in containers} == set(document.marks)
    for each in containers:
        keys = set(each) if isinstance(each, dict) else set(range(len(each)))
        assert set(document.marks[id(each)]) == keys


def containers_of(value: Any) -> Any:
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers_of(child)


def test_an_alias_shares_what_its_anchor_holds() -> None:
    document = good("a: &x [1]\nb: *x\n")
    assert document.data["a"] is document.data["b"]
    assert document.entry(["b", 0]).value == Mark(1, 8)


def test_an_alias_may_stand_for_a_key() -> None:
    assert good("a: &x name\nb: {*x : 1}\n").data["b"] == {"name": 1}


def test_a_merge_key_gives_what_the_mapping_lacks() -> None:
    document = good("a: &a {k: 1, l: 2}\nb: {l: 3, <<: *a}\n")
    assert document.data["b"] == {"l": 3, "k": 1}
    assert document.data["a"] == {"k": 1, "l": 2}


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\nc:\n  <<: [*a, *b]\n  o: 3\n"
    assert good(text).data["c"] == {"k": 1, "l": 1, "m": 2, "o": 3}


def test_a_merged_entry_stands_where_it_is_written() -> None:
    document = good("a: &a {k: 1}\nb:\n  <<: [*a]\n")
    assert document.entry(["b", "k"]) == (Mark(1, 8), Mark(1, 11))
    assert set(document.marks) == {id(each) for each in containers_of(document.data)}


def test_a_merge_key_takes_a_mapping_written_in_place() -> None:
    document = good("b:\n  <<: {k: {l: 1}}\n")
    assert document.data == {"b": {"k": {"l": 1}}}
    assert document.entry(["b", "k", "l"]).value == Mark(2, 15)


def test_merges_of_merges_agree_with_another_reader() -> None:
    text = "".join(
        ["a0: &a0 {k0: 1, s: 0}\n"]
        + [f"a{i}: &a{i} {{<<: [*a{i - 1}], k{i}: 1, s: {i}}}\n" for i in range(1, 60)]
    )
    assert good(text).data == yaml.safe_load(text)


def test_a_quoted_merge_sign_is_an_ordinary_key() -> None:
    assert good('"<<": 1\n').data == {"<<": 1}


def test_fifty_levels_are_not_too_deep() -> None:
    assert good("[" * 50 + "]" * 50).data is not None


def test_ten_thousand_numbers_may_share_one_anchor() -> None:
    numbers = "".join(f'  "+1312{i:07d}": *desk\n' for i in range(10_000))
    document = good(f"desk: &desk {{tags: [a, b], voice: {{x: on-hold}}}}\nnumbers:\n{numbers}")
    assert len(document.data["numbers"]) == 10_000


def test_the_collector_is_left_as_it_was() -> None:
    good("a: 1\n")
    assert gc.isenabled()


# Numbers whose text every reader takes for a number; safe_dump writes others in other ways.
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=30),
    lambda below: (
        st.lists(below, max_size=5)
        | st.dictionaries(st.text(string.ascii_letters + "+_ .", max_size=12), below, max_size=5)
    ),
    max_leaves=25,
)


@given(PLAIN, st.booleans())
@steady
def test_what_another_tool_wrote_comes_back(data: object, flow: bool) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow)
    document, problems = read_document("fleet.yaml", text.encode())
    quoted = [problem for problem in problems if "put it in quotes" not in problem.message]
    assert quoted == []
    assert document is not None
    if not problems:
        assert document.data == data


WORDS = st.text(string.ascii_lowercase, min_size=4, max_size=8).filter(
    lambda word: word not in ("true", "false", "null")
)


@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS, max_size=3), min_size=1), st.booleans())
@steady
def test_marks_point_at_the_text_that_stands_there(data: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump({"top": data}, default_flow_style=flow)
    lines = text.splitlines()
    document = good(text)
    for key, value in data.items():
        entry = document.entry(["top", key])
        assert lines[entry.key.line - 1][entry.key.column - 1 :].startswith(key)
        if isinstance(value, str):
            assert lines[entry.value.line - 1][entry.value.column - 1 :].startswith(value)
        for index in range(len(value) if isinstance(value, list) else 0):
            mark = document.entry(["top", key, index]).value
            assert lines[mark.line - 1][mark.column - 1 :].startswith(value[index])
