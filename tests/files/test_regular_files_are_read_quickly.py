"""The quick way through regular YAML gives what the events give, or stands aside."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.documents import Document
from reconciler.errors import Problem
from reconciler.files import regular
from reconciler.files.events import read_by_events
from reconciler.files.regular import read_regular
from reconciler.files.text import decode

thorough = settings(deadline=None, derandomize=True, database=None, max_examples=1500)

Told = tuple[Any, Any, Any]
"""A document without the ids of its containers: its data, their places, where it begins."""


def told(document: Document) -> Told:
    def places(node: Any) -> Any:
        if not isinstance(node, dict | list):
            return type(node).__name__
        entries = document.marks[id(node)]
        children = node.items() if isinstance(node, dict) else enumerate(node)
        assert list(entries) == [key for key, _ in children]
        children = node.items() if isinstance(node, dict) else enumerate(node)
        return [
            (key, entries[key].key, entries[key].value, places(child)) for key, child in children
        ]

    return document.data, places(document.data), document.start


def by_events(text: str) -> tuple[Document | None, list[Problem]]:
    return read_by_events("fleet.yaml", text)


def agree(text: str) -> bool:
    """Whether the quick way read `text`; then the events had to say the same of it."""
    if decode("fleet.yaml", text.encode())[1]:
        return False  # neither sees it before its forbidden characters are out
    quick = read_regular("fleet.yaml", text)
    if quick is None:
        return False
    document, problems = by_events(text)
    assert problems == []
    assert document is not None
    assert told(quick) == told(document)
    assert len(quick.marks) == len(document.marks)
    return True


# ---- what it reads ----------------------------------------------------------------------------

FLEET = """\
# a fleet
---
version: 1   # of the format
aliases:
  connection_id: {support-trunk: "1521916448077776306"}
groups:
    base:
        voice: {inbound_call_screening: flag_calls}

    support:
        extends: [base]
        tags: []
numbers:
  "+13125550001":
    groups: [support, 'two words', plain words]
    customer_reference: desk-1:the 1#"front"
    external_pin: {env: PIN_DESK_1}
    tags:
    - a
    - "b c"  # why
    voice:
      # nothing but
      call_forwarding:

        call_forwarding_enabled: true
      translated_number:
  '+13125550002':
  "+13125550003": {tags: {add: [x, z], remove: []}, voice: {tech_prefix_enabled: false}}
  "+13125550004":
    tags:
      - {a: b}
      - [c, [d]]
      - -5
    emergency: {}
    messaging:
      messaging_profile_id: ~
limits: {rate_per_second: 2.5}
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_fleet_as_people_write_it(ends: str) -> None:
    assert agree(FLEET.replace("\n", ends))
    assert agree(FLEET.rstrip("\n").replace("\n", ends))


WRITTEN = {
    "version": 1,
    "numbers": {
        "+13125550001": {
            "tags": ["a", "b c"],
            "customer_reference": "0123",
            "voice": {"inbound_call_screening": "flag_calls", "call_recording": {}},
            "emergency": {"emergency_enabled": True, "emergency_address_id": None},
        },
        "+13125550002": None,
    },
}


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_fleet_as_libraries_write_it(indent: int | None, quote: str) -> None:
    text = yaml.safe_dump(WRITTEN, default_flow_style=False, indent=indent)
    assert agree(text.replace("'", quote))


# ---- what it leaves to the events -------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "- a\n",
        " a: 1\n",
        "a\n",
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a:\n  b: 1\n c: 2\n",
        "a: 1\n  b: 2\n",
        "a: x\n  y\n",
        "a: 'x\n  y'\n",
        "a: |\n  x\n",
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        'a: "\\u00e9"\n',
        "a: 'it''s'\n",
        "a: yes\n",
        "a: 0123\n",
        "a: [1:30]\n",
        "yes: 1\n",
        "1: 1\n",
        "<<: {}\n",
        "a: b: c\n",
        "a: [b\n",
        "a: [b]]\n",
        "a: [b,]\n",
        "a: [,]\n",
        "a: {b}\n",
        "a: {b:}\n",
        "a: [b: c]\n",
        "a: - b\n",
        "a: 1\n- b\n",
        "a:\n  - b\n  c: 1\n",
        "a:\n- b: 1\n",
        "a: @b\n",
        "a: ---\n",
        "a: \tb\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n...\n",
        "? a\n: b\n",
        "a: \u200b\n",
        "a: '\u200b'\n",
        "a: " + "x" * 2000 + "\n",
        "a: " + "[" * 20 + "]" * 20 + "\n",
        "".join(" " * depth + "a:\n" for depth in range(60)),
        "a: 'b' c\n",
        "a: 'b'#c\n",
        'a: "b""c"\n',
        "a : 1\n",
        "a:1\n",
        "external_pin: 0123\n",
        "until: 2026-12-31\n",
    ],
)  # fmt: skip
def test_what_is_not_regular_is_left_to_the_events(text: str) -> None:
    assert read_regular("fleet.yaml", text) is None


def test_too_many_entries_are_left_to_the_events(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [b, c]\nd:\n  - e\n"
    counted = sum(1 for _ in yaml.parse(text, yaml.SafeLoader))
    monkeypatch.setattr(regular, "MAX_EVENTS", counted - 1)
    assert not agree(text)
    monkeypatch.setattr(regular, "MAX_EVENTS", counted + 3)  # an item counts for two
    assert agree(text)


# ---- whatever it reads, it reads as the events do -----------------------------------------------

_SOME_SCALARS = r"""
x 1 -1 1.5 true ~ a:b a#b - -x [] {} [a] [a,b] [a:b] &a *a | >- !t %a @a `a` ? ?a :a ,a ] a] a} a,b
a'b 'a'b +1 0x1f 1_000 2026-01-01 no é 漢 = << $x (x) /x ~x .x _ a\b a%b a!b a&b a*b a|b a>b a@b a`b
a?b '' 'a' 'it''s' .5 a. 1e3 "a\n" [[a],{}] [-x] {k: {} a"b "" [a]#c {a}
"""
_SPACED = [
    '"q: #"', "a b", "a  b", "a #b", "a: b", "- x", "--- ", "[a, 'b']", "{k: v}", "[a b , c]",
    "{k: [a, {l: m}]}", "{'k': v, \"l\" : w}", "{k: v,l: w}", "[a #b]", "{k: }", "? a", "a -b",
    "'a' # c", "'a'# c", "a\u00a0", "\u00a0", "a\u3000b", "a - b", "", " ", "# c", "\ud7ff",
    "\U0001f4de", "a # [", "[a] # c", "{a: 1, a: 2}",
]  # fmt: skip
_SCALARS = st.sampled_from([*_SOME_SCALARS.split(), *_SPACED])
_SOME_KEYS = "a b c_d e-f g.h i/j 'k' yes null 1 +1 << '' ~ 'a' - [a] é _ .. ... --- 'a:b' \"+1\""
_KEYS = st.sampled_from([*_SOME_KEYS.split(), '"a #b"', "a b", "- a", "? a", "key "])


@st.composite
def lines_of_any_kind(draw: st.DrawFn) -> str:
    indent = " " * draw(st.sampled_from([0, 0, 2, 2, 4, 4, 6, 1, 3]))
    match draw(st.integers(0, 9)):
        case 0:
            return draw(
                st.sampled_from(("", "  ", "# c", "   # c: d", "---", "...", "--- # c", "a"))
            )
        case 1 | 2:
            return f"{indent}-{draw(st.sampled_from([' ', ' ', '  ', '']))}{draw(_SCALARS)}"
        case 3 | 4 | 5:
            return f"{indent}{draw(_KEYS)}:{draw(st.sampled_from(['', '', ' ', ' # c']))}"
        case _:
            space = draw(st.sampled_from([" ", " ", " ", "  ", ""]))
            return f"{indent}{draw(_KEYS)}:{space}{draw(_SCALARS)}"


@thorough
@given(st.lists(lines_of_any_kind(), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
@example(["a:", "- x", "b:", "  - y", "c: d"], "\n")
def test_any_lines_are_read_as_the_events_read_them(lines: list[str], ends: str) -> None:
    agree(ends.join([*lines, ""]))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@thorough
@given(_VALUES, st.sampled_from([False, None]), st.booleans())
def test_any_data_that_a_library_wrote(data: Any, flow: bool | None, unicode: bool) -> None:
    agree(yaml.safe_dump({"a": data}, default_flow_style=flow, allow_unicode=unicode))
