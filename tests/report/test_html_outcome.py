"""What an apply did, as one page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import RELEASE, NotOwned, UnknownField, Withheld
from reconciler.core.model import Source
from reconciler.core.outcome import Applied, Failed, Left, Outcome
from reconciler.core.text import neutral
from reconciler.report.htmloutcome import outcome_html
from tests.plan.world import N1, N2, N3, e164
from tests.report.rendered import hostile_text
from tests.report.test_html import parts
from tests.report.test_outcome import DONE, FAILED, leftovers
from tests.report.webpage import web

anything = settings(max_examples=40, derandomize=True, deadline=None)


def test_a_complete_apply_reads_so() -> None:
    page = web(outcome_html(DONE, "east"))
    assert page.one("h1").text == "Apply of east complete"
    assert page.one("title").text == "Apply of east: complete"
    assert page.sections == ["What became of it", "What became of every field"]
    assert (
        "2 changes on 1 number applied and read back: 1 update job, 4 reads, 1 min 12 s."
        in page.static
    )


def test_every_field_that_was_applied_is_a_row() -> None:
    assert web(outcome_html(DONE)).rows() == [
        {"number": N1, "fate": "applied", "field": "tags", "operation": "op-0001"},
        {"number": N1, "fate": "applied", "field": "connection_id", "operation": "op-0001"},
    ]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [(word, outcome) for word, outcome, _ in leftovers()],
    ids=[word for word, _, _ in leftovers()],
)
def test_what_is_left_is_named(word: str, outcome: Outcome) -> None:
    page = web(outcome_html(outcome))
    assert word in page.static
    assert page.one("h1").text == "Apply incomplete"
    assert "To do:" in page.static


def test_what_failed_stands_before_what_was_applied() -> None:
    page = web(outcome_html(replace(DONE, failed=(FAILED,))))
    assert page.sections[0] == "What is left"
    assert [row["fate"] for row in page.rows()] == ["failed", "applied", "applied"]


def test_what_was_given_back_is_named() -> None:
    gone = tuple(Applied(e164(at), RELEASE, "op-0001") for at in range(1, 40, 2))
    static = web(outcome_html(replace(DONE, applied=gone))).static
    assert all(each.phone_number in static for each in gone)


def test_who_did_it_and_where_the_journal_is_stand_at_the_end() -> None:
    audit = {"who": "ops", "commit": "0123abcd", "plan_digest": "sha256:aa", "started_at": "noon"}
    footer = web(outcome_html(replace(DONE, journal="j-1.jsonl", audit=audit))).one("footer").text
    assert all(word in footer for word in (*audit.values(), "j-1.jsonl"))


def test_nothing_to_do_is_a_page_too() -> None:
    page = web(outcome_html(replace(DONE, applied=(), calls={})))
    assert page.sections == []
    assert page.one("h1").text == "Apply complete"


@anything
@given(st.lists(hostile_text, min_size=4, max_size=4))
def test_what_the_api_says_is_only_text(texts: list[str]) -> None:
    def of(words: list[str]) -> str:
        a, b, c, d = words
        outcome = replace(
            DONE,
            failed=(Failed(N2, "tags", "op-2", a, b),),
            unconfirmed=(Left(N3, "tags", "op-3", c),),
            skipped=(Left(N3, "tags", "op-3", d),),
            unverifiable=(Left(N2, "bundle_id", "op-3", a),),
            already=(Left(N2, "tags", "op-3", b),),
            withheld=(Withheld(N3, "tags", (), (a,), b, c),),
            unknown=(UnknownField(N3, "tags", d),),
            not_owned=(NotOwned(N1, Source("fleet.yaml", 9)),),
            notes=(d,),
            stopped=a,
            journal=b,
            audit={"who": c, "commit": d, "plan_digest": a},
        )
        return outcome_html(outcome, neutral(a))

    page = web(of(texts))
    assert parts(page) <= parts(web(of(["q", "r", "s", "t"])))
    assert {row["fate"] for row in page.rows()} == {
        *("failed", "unconfirmed", "not tried", "withheld", "unknown", "not owned"),
        *("cannot be verified", "made already", "applied"),
    }
