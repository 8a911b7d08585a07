"""Files as nobody would write them: `fmt` changes none of what they say, and is done after once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.errors import InputError
from reconciler.files.layout import formatted
from reconciler.files.reader import read_document
from reconciler.files.source import read_source
from tests.export.fleets import HOSTILE

KEYS = st.sampled_from(
    ["version", "groups", "numbers", "tags", "voice", "+13125550001", "a", "b c", "no", "until"]
)
SCALARS = st.one_of(
    st.sampled_from(HOSTILE), st.booleans(), st.none(), st.integers(-9, 9), st.just(2.5),
    st.sampled_from(["word", "two words", "long " * 25, "3fa85f64-5717-4562-b3fc-2c963f66afa6"]),
)  # fmt: skip
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)
        ),
        max_leaves=12,
    ),
    max_size=5,
)
PIECES = st.sampled_from(
    [
        "numbers:", '"+13125550001":', "a:", "version: 1", "- x", "- a: 1", "- ", "tags: [x, w]",
        "b: {c: 1,", "d: 2}", "c: &n w", "d: *n", "<<: *m", "e: &m {f: 1}", "t: |", "t: >-", "text",
        "'q # q'", "# remark", "k: v # beside", "k: v    # beside", "", "", "---", "? z", ": y",
        "# yaml-language-server: $schema=x", "l: [", "]", "x,", "f: # of f", "- # of it", "&r",
    ]
)  # fmt: skip


def remarks(text: str) -> Counter[str]:
    """All comments of a file."""
    return Counter(each.text for each in read_source(text).comments)


def check(raw: bytes) -> None:
    """Same data, same comments, and a second time nothing."""
    before, _ = read_document("x.yaml", raw)
    after = formatted("x.yaml", raw)
    document, problems = read_document("x.yaml", after)
    assert before is not None
    assert document is not None
    assert not problems
    assert document.data == before.data
    assert remarks(raw.decode("utf-8-sig").replace("\r\n", "\n")) == remarks(after.decode())
    assert formatted("x.yaml", after) == after


@given(DATA, st.sampled_from([None, True, False]), st.sampled_from([2, 4, 7]), st.booleans())
def test_what_a_library_wrote(data: Any, flow: bool | None, indent: int, crlf: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, indent=indent, sort_keys=False)
    raw = text.replace("\n", "\r\n" if crlf else "\n").encode()
    assume(not read_document("x.yaml", raw)[1])
    check(raw)


@given(st.lists(st.tuples(st.integers(0, 3), PIECES), max_size=14))
def test_lines_with_remarks_anywhere(lines: list[tuple[int, str]]) -> None:
    raw = "\n".join("  " * indent + piece for indent, piece in lines).encode()
    document, problems = read_document("x.yaml", raw)
    assume(document is not None and not problems)
    check(raw)


@given(st.lists(st.tuples(st.integers(0, 2), PIECES), min_size=1, max_size=6))
def test_what_is_refused_is_refused_with_a_place(lines: list[tuple[int, str]]) -> None:
    raw = "\n".join("  " * indent + piece for indent, piece in lines).encode()
    assume(read_document("x.yaml", raw)[1])
    with pytest.raises(InputError) as refused:
        formatted("x.yaml", raw)
    assert refused.value.problems[0].line
