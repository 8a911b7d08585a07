"""Entries that are written alike are folded into columns, and unfold to what the file says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.documents import Document, Foldable
from reconciler.files import folding
from reconciler.files.reader import read_document
from tests.files.test_regular_files_are_read_quickly import lines_of_any_kind, thorough, told

WHICH = Foldable(("numbers", "mobile_numbers"), frozenset({"release"}))


@pytest.fixture(autouse=True)
def _one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a single entry is folded."""
    monkeypatch.setattr(folding, "_FEWEST", 1)


def folded(text: str) -> Document | None:
    """The document of `text` if it was folded; then nothing may be lost by that."""
    document, problems = read_document("fleet.yaml", text.encode(), WHICH)
    if document is None or document.folded is None:
        return None
    assert problems == []
    whole, problems = read_document("fleet.yaml", text.encode())
    assert whole is not None
    assert problems == []
    assert told(document.folded.unfold()[0] or document) == told(whole)
    expected = dict(whole.data)
    for table in document.folded.tables:
        entries = whole.data[table.section]
        for at, key in enumerate(table.keys):
            assert all(
                at_path(entries[key], column.path) == column.values[at] for column in table.columns
            )
            assert places(table.read(at), table.section, key) == places(whole, table.section, key)
            assert whole.entry((table.section, key)).key.line == table.lines[at]
        left = expected[table.section] or {}
        expected[table.section] = {k: left[k] for k in left if k not in table.keys} or None
    assert document.data == expected
    return document


def at_path(entry: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        entry = entry[step]
    return entry


def places(document: Document, section: str, key: str) -> Any:
    """An entry, with the places of all in it."""

    def below(node: Any) -> Any:
        if not isinstance(node, dict | list):
            return node
        children = node.items() if isinstance(node, dict) else enumerate(node)
        entries = document.marks[id(node)]
        return [(k, entries[k].key, entries[k].value, below(child)) for k, child in children]

    return below({key: document.data[section][key]}[key]), document.marks[
        id(document.data[section])
    ][key].key


FLEET = """\
version: 1
groups:
  sales: {tags: [sales]}
numbers:
  "+13125550001":
    groups: [sales]
    customer_reference: desk-1
    voice:
      inbound_call_screening: flag_calls
  # the front door
  "+13125550002":
    groups: []  # none
    customer_reference: "desk: 2"
    voice:
      # as ever
      inbound_call_screening: disabled

  "+13125550003": {tags: [a]}
  "+13125550004":
    release: true
  "+13125550005":
    tags:
      - a
    external_pin: {env: PIN}
  "+13125550006":
mobile_numbers:
    "+13125550007":
        tags: [a, b]
defaults:
  hd_voice_enabled: true
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_fleet_as_people_write_it(ends: str, end: str) -> None:
    document = folded((FLEET.rstrip("\n") + end).replace("\n", ends))
    assert document is not None
    assert document.folded is not None
    keys = [list(table.keys) for table in document.folded.tables]
    assert keys == [
        ["+13125550001"],
        ["+13125550002"],
        ["+13125550005"],
        ["+13125550007"],
    ]
    assert list(document.data["numbers"]) == ["+13125550003", "+13125550004", "+13125550006"]


def test_what_only_differs_in_values_is_one_table() -> None:
    entries = "".join(
        f'  "+1312555000{at}":\n    customer_reference: {value}\n    tags: [{value}]\n'
        for at, value in enumerate(["a", "'b'", '"c"', "d e", "1x", "x.y", "é"])
    )
    document = folded(f"numbers:\n{entries}")
    assert document is not None
    assert document.folded is not None
    (table,) = document.folded.tables
    assert [column.path for column in table.columns] == [("customer_reference",), ("tags",)]
    assert table.columns[0].values == ["a", "b", "c", "d e", "1x", "x.y", "é"]


def test_a_list_an_item_a_line_is_one_value() -> None:
    entries = "".join(
        f'  "+1312555000{at}":\n    tags:\n    - a{at}\n    # c\n    - "b: {at}"\n    a: {{b: c}}\n'
        for at in range(9)
    )
    document = folded(f"numbers:\n{entries}")
    assert document is not None
    assert document.folded is not None
    (table,) = document.folded.tables
    assert [column.path for column in table.columns] == [("tags",), ("a",)]
    assert table.columns[0].values[1] == ["a1", "b: 1"]


def test_a_few_of_a_shape_are_left_in_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_FEWEST", 3)
    many = "".join(f'  "+1312555000{at}":\n    a: x\n' for at in range(3))
    few = "".join(f'  "+1312555001{at}":\n    b: x\n' for at in range(2))
    document = folded(f"numbers:\n{few}{many}")
    assert document is not None
    assert list(document.data["numbers"]) == ["+13125550010", "+13125550011"]
    assert folded(f"numbers:\n{few}") is None


A, B = '  "+13125550001":\n    a: x\n', '  "+13125550002":\n    a: y\n'


@pytest.mark.parametrize(
    "text",
    [
        f"numbers:\n{A}{A}",
        f'numbers:\n{A}  "+13125550001": null\n',
        f"numbers:\n{A}numbers:\n{B}",
        f"numbers:\n{A}    a: z\n",
        f"numbers:\n{A}      b: z\n",
        f"numbers:\n{A} b: z\n",
        f"numbers:\n{A} {A}",
        f"numbers:\n{A}   b: z\n",
        f"numbers:\n{A}  - z\n",
        f"numbers:\n{A}- z\n",
        f"numbers:\n{A}  b: &x z\n",
        f"numbers:\n{A}  b: *x\n",
        f"numbers:\n{A}  b: |\n    c\n",
        f"numbers:\n{A}  b: 'c\n    d'\n",
        f"numbers:\n{A}---\n",
        f"numbers:\n{A}{B}x",
        f"numbers:\n{A}\t{B}",
        f"numbers:\n{A.replace('x', 'yes')}{B}",
        f"numbers:\n{A.replace('x', '0123')}{B}",
        f"numbers:\n{A.replace('x', 'x: y')}{B}",
        f"numbers:\n{A.replace('x', '# x')}{B}",
        f"numbers:\n{A.replace('x', '&x y')}{B}",
        f"numbers:\n{A.replace('x', chr(34) + 'x')}{B}",
        f"numbers:\n{A.replace('x', 'x' * 2000)}{B}",
        f"numbers: # c\n{A}",
        f"a: 'b\nnumbers:\n{A}'\n",
        f"a: |\n  numbers:\n{A}",
        f"a: {{\nnumbers:\n{A}}}\n",
        f"a:\n numbers:\n{A}",
        "numbers:\n",
        "numbers:\n  a: b\n",
        'numbers:\n  "+13125550001":\n    release: true\n',
        'numbers:\n"+13125550001":\n  a: x\n',
    ],
)
def test_what_is_not_plain_to_see_is_not_folded(text: str) -> None:
    assert folded(text) is None


SECTIONS = ["mobile_numbers:", "aliases:", "numbers: {}", "# c", "  # c", "", "  b: x", "  b:"]
ODD = st.one_of(st.sampled_from(SECTIONS), lines_of_any_kind())
BODIES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "    a: x",
                    '    a: "y"',
                    "    a: ~",
                    "    b: [x, {c: d}]",
                    "    c:",
                    "      d: 1",
                ),
                *("      d: 'x'", "    e: x  # c", "", "# c: d", '    f: {a: "b: c"}'),
            ]
        ),
        st.sampled_from(
            [
                "    - x",
                "      - y",
                "    - [x, y]",
                "    - a: x",
                "   e: x",
                '    "g: h": x',
                "    release: x",
            ]
        ),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Mostly entries with a few keys, and hardly anything between them."""
    lines = ["numbers:"]
    for place in range(draw(st.integers(1, 4))):
        again = draw(st.integers(0, 19)) == 0
        lines += [f'  "+1312555000{0 if again else place}":', *draw(BODIES)]
        if draw(st.integers(0, 5)) == 0:
            lines.append(draw(ODD))
    return "\n".join([*lines, ""])


@thorough
@given(files())
@example('numbers:\n  "+13125550001":\n    a: x\n b: y\n')
def test_any_lines_say_the_same_folded(text: str) -> None:
    folded(text)
