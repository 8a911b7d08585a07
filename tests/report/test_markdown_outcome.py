"""What an apply did, and what is wrong with the YAML, as Markdown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import RELEASE, NotOwned, Withheld
from reconciler.core.model import Source
from reconciler.core.outcome import Applied, Failed, Left, Outcome
from reconciler.errors import Problem
from reconciler.report.commonmark import COMMENT_LIMIT
from reconciler.report.markdownoutcome import outcome_markdown
from reconciler.report.markdownproblems import failure_markdown, problems_markdown
from tests.plan.world import N1, N2, N3, e164
from tests.report.rendered import OURS, hostile_text, rendered
from tests.report.test_outcome import DONE, FAILED, leftovers

anything = settings(max_examples=60, derandomize=True, deadline=None)


def test_a_complete_apply_reads_so() -> None:
    assert outcome_markdown(DONE) == (
        "<!-- telnyx-reconciler:apply -->\n"
        "### Apply complete: 2 changes on 1 number applied and read back\n"
        "\n"
        "1 update job, 4 reads, 1 min 12 s.\n"
        "\n"
        "<details>\n"
        "<summary>What was applied</summary>\n"
        "\n"
        "| Fields | Count | Numbers |\n"
        "| --- | --- | --- |\n"
        "| `connection_id`, `tags` | 1 | `+13125550001` |\n"
        "\n"
        "</details>\n"
    )


@pytest.mark.parametrize(
    ("word", "outcome"),
    [(word, outcome) for word, outcome, _ in leftovers()],
    ids=[word for word, _, _ in leftovers()],
)
def test_what_is_left_is_named(word: str, outcome: Outcome) -> None:
    text = outcome_markdown(outcome)
    assert word.lower() in text.lower()
    assert "### Apply incomplete" in text


def test_what_failed_stands_before_what_was_applied() -> None:
    text = outcome_markdown(replace(DONE, failed=(FAILED,)))
    assert text.index("Failed: 1 change") < text.index("What was applied")


def test_what_was_given_back_is_named() -> None:
    gone = tuple(Applied(e164(at), RELEASE, "op-0001") for at in range(1, 200, 2))
    codes = rendered(outcome_markdown(replace(DONE, applied=gone))).codes
    assert {each.phone_number for each in gone} <= set(codes)


def test_who_did_it_and_where_the_journal_is_stand_at_the_end() -> None:
    audit = {"who": "@ops", "commit": "0123456789abcdef", "plan_digest": "sha256:" + "a" * 64}
    text = outcome_markdown(replace(DONE, journal="journal-1.jsonl", audit=audit))
    assert text.splitlines()[-1] == (
        "Plan `sha256:aaaaaaaaaaaa` · commit `0123456789ab` · by `@ops` · journal `journal-1.jsonl`"
    )


def test_thousands_of_failures_fit_and_are_counted() -> None:
    failed = tuple(Failed(e164(at), "tags", "op-1", "1", f"reason {at}") for at in range(5_000))
    text = outcome_markdown(replace(DONE, failed=failed))
    assert len(text) <= COMMENT_LIMIT
    (line,) = [line for line in text.splitlines() if "more reasons" in line]
    told = sum(row[1:2] == ["tags"] for row in rendered(text).rows)
    assert told + int(line.split()[0].replace(",", "")) == 5_000


@anything
@given(st.lists(hostile_text, min_size=4, max_size=4))
def test_what_the_api_says_is_only_text(texts: list[str]) -> None:
    a, b, c, d = texts
    outcome = replace(
        DONE,
        failed=(Failed(N2, "tags", "op-2", a, b),),
        unconfirmed=(Left(N3, "tags", "op-3", c),),
        skipped=(Left(N3, "tags", "op-3", d),),
        withheld=(Withheld(N3, "tags", (), (a,), b, c),),
        not_owned=(NotOwned(N1, Source("fleet.yaml", 9)),),
        notes=(d,),
        stopped=a,
        journal=b,
        audit={"who": c, "commit": d, "plan_digest": a},
    )
    page = rendered(outcome_markdown(outcome))
    assert page.tags <= OURS
    assert page.alive == []
    assert [len(row) for row in page.rows] == [3] * 6 + [4] * 3 + [3] * 2


def test_errors_in_the_yaml_have_their_places() -> None:
    errors = (Problem("fleet.yaml", 4, 2, "no such alias"), Problem("x.yaml", 0, 0, "is empty"))
    page = rendered(problems_markdown(errors, (Problem("a.yaml", 1, 1, "is odd"),)))
    assert page.headings == ["Invalid: 2 errors"]
    assert page.rows == [
        ["Where", "Error"],
        ["fleet.yaml:4:2", "no such alias"],
        ["x.yaml", "is empty"],
        ["Where", "Warning"],
        ["a.yaml:1:1", "is odd"],
    ]


@anything
@given(hostile_text, hostile_text)
def test_what_is_wrong_is_told_as_text(path: str, message: str) -> None:
    text = problems_markdown((Problem(path, 1, 1, message),), ()) + failure_markdown(message)
    page = rendered(text)
    assert page.tags <= OURS
    assert page.alive == []
    assert len(page.rows) == 2
