"""Text of others in Markdown: it is read as text, whatever it says; and a report fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.text import neutral
from reconciler.report.commonmark import Part, code, details, fit, marker, prose, table
from tests.report.rendered import HOSTILE, hostile_text, rendered

anything = settings(max_examples=150, derandomize=True, deadline=None)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_exactly_the_text(text: str) -> None:
    assert rendered(code(text)).codes == [neutral(text)]


@anything
@given(hostile_text)
def test_a_code_span_holds_any_text(text: str) -> None:
    page = rendered(f"a {code(text)} b")
    assert page.codes == [neutral(text)]
    assert page.loose[0] == "a "
    assert page.loose[1].rstrip() == " b"


def test_a_code_span_of_nothing_is_still_one() -> None:
    assert rendered(code("")).codes == [" "]


def test_a_dollar_never_stands_beside_a_backtick() -> None:
    assert "$`" not in code("x$")
    assert "`$" not in code("$x")


@anything
@given(hostile_text)
def test_a_sentence_of_others_links_and_mentions_nothing(text: str) -> None:
    page = rendered(prose(text))
    assert page.alive == []
    assert page.tags <= {"p", "code"}


@anything
@given(hostile_text)
def test_a_sentence_of_others_loses_no_word(text: str) -> None:
    page = rendered(f"- {prose(text)}")
    shown = "".join(page.codes) + "".join(page.loose)
    assert sorted("".join(shown.split())) == sorted("".join(neutral(text).split()))


def test_plain_words_stay_plain() -> None:
    words = "its status is port-pending; only 12,400 active numbers (98.4%) aren't written"
    assert prose(words) == words


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("see (rule: max_changes; --allow-x)", "see (rule: `max_changes`; `--allow-x`)"),
        ("at /base, by @me now", "at `/base`, by `@me` now"),
        ("a b_c d_e f", "a `b_c d_e` f"),
        ("deadbeef", "`deadbeef`"),
        ("1. one", "`1`. one"),
    ],
)
def test_what_is_no_plain_word_is_quoted(text: str, markdown: str) -> None:
    assert prose(text) == markdown


@anything
@given(st.lists(st.tuples(hostile_text, hostile_text), min_size=1, max_size=4))
def test_a_table_has_the_rows_and_cells_that_it_was_given(cells: list[tuple[str, str]]) -> None:
    rows = [(code(one), prose(other)) for one, other in cells]
    page = rendered("\n".join(table(("a", "b"), rows)))
    assert [len(row) for row in page.rows] == [2] * (len(cells) + 1)
    assert [row[0] for row in page.rows[1:]] == [neutral(one) for one, _ in cells]


def test_what_is_folded_is_still_markdown() -> None:
    opened, closed = details("3 & <more>")
    page = rendered(f"{opened}\n- {code('x')}\n{closed}")
    assert page.codes == ["x"]
    assert "3 & <more>" in page.loose


@anything
@given(hostile_text)
def test_a_marker_is_one_hidden_comment(key: str) -> None:
    page = rendered(marker("plan", key.encode(errors="replace").decode()) + "\n### a")
    assert len(page.comments) == 1
    assert page.tags == {"h3"}


def test_markers_differ_by_their_key() -> None:
    assert marker("plan") == "<!-- telnyx-reconciler:plan -->"
    assert marker("plan", "numbers/east") == "<!-- telnyx-reconciler:plan numbers/east -->"
    assert marker("plan", "a-->") == "<!-- telnyx-reconciler:plan a-%2D%3E -->"


# ---- fitting ----------------------------------------------------------------------------------


def lines(rank: int, rows: int, of: str = "x") -> Part:
    return Part(
        f"{of}:", tuple(f"{of}{at:03}" for at in range(rows)), rank=rank, cut=lambda n: f"+{n} {of}"
    )


def test_what_fits_is_whole() -> None:
    assert fit([Part("a"), lines(0, 2)], 100) == "a\n\nx:\nx000\nx001\n"


def test_what_does_not_fit_is_cut_from_its_end_and_counted() -> None:
    assert fit([lines(0, 100)], 30) == "x:\nx000\nx001\nx002\n\n+97 x\n"


def test_the_highest_rank_gives_way_first() -> None:
    text = fit([lines(9, 100, "a"), lines(1, 10, "b")], 80)
    assert "+100 a" in text or "+9" in text
    assert "b009" in text


def test_required_parts_stay_whole_while_others_are_cut() -> None:
    text = fit([lines(0, 100), Part("the end", required=True, rank=9)], 40)
    assert text.endswith("\n\nthe end\n")
    assert len(text) <= 40


def test_required_parts_are_replaced_by_shorter_ones_before_they_are_too_long() -> None:
    part = Part("long" * 20, required=True, shorter=("shorter" * 4, "short"))
    assert fit([part], 50) == "shorter" * 4 + "\n"
    assert fit([part], 10) == "short\n"


@anything
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), max_size=4), st.integers(60, 900))
def test_a_limit_is_kept_and_nothing_goes_uncounted(
    sizes: list[tuple[int, int]], limit: int
) -> None:
    names = "abcd"
    parts = [lines(rank, rows, names[at]) for at, (rank, rows) in enumerate(sizes)]
    text = fit(parts, limit)
    assert len(text) <= limit
    for name, (_, rows) in zip(names, sizes, strict=False):
        counted = [int(line[1:-2]) for line in text.splitlines() if line.endswith(f" {name}")]
        shown = sum(line.startswith(name) and line[1:].isdigit() for line in text.splitlines())
        assert shown + sum(counted) == rows
