"""What GitHub Actions reads: annotations at file and line, and no command of anybody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import FieldChange, NotOwned, Withheld
from reconciler.core.model import Source
from reconciler.core.outcome import Failed, Left
from reconciler.core.text import neutral
from reconciler.errors import Problem
from reconciler.report import github
from reconciler.report.jsonreport import plan_json
from reconciler.report.markdown import plan_markdown
from reconciler.report.text import drift_text, outcome_text, plan_text
from reconciler.report.view import View
from tests.plan.world import N1, N2, N3
from tests.report.rendered import hostile_text
from tests.report.runner import NAMES, Command, commands, outputs
from tests.report.test_markdown import READ, change, hostile_plan, plan_of, release
from tests.report.test_outcome import DONE

anything = settings(max_examples=80, derandomize=True, deadline=None)
TOKEN = "0123456789abcdef"
steering = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "::error::x",
                "::stop-commands::x",
                f"::{TOKEN[:-1]}::",
                "##[error]x",
                "##[set-output name=a]b",
                "##",
                "[error]",
                ":",
                "::",
                "\n",
                "\r",
                "\u2028",
                "%0A::error::x",
                "%3A",
                ",file=x",
                "<<EOF",
                f"\n{TOKEN[:-1]}\n",
            ]
        ),
        st.sampled_from([f"::{name} a=b::c" for name in sorted(NAMES)]),
        hostile_text,
    ),
    min_size=1,
    max_size=4,
).map("".join)


def here(path: str) -> str:
    return path


def annotated(*found: github.Annotation) -> list[Command]:
    return commands("\n".join(github.annotation_lines(found, here)))


def test_a_command_is_escaped_as_documented() -> None:
    line = github.command("error", "100%\r\na:b,c", {"file": "a:b,c%.yaml", "line": "3"})
    assert line == "::error file=a%3Ab%2Cc%25.yaml,line=3::100%25%0D%0Aa:b,c"


def test_a_property_without_a_value_is_left_out() -> None:
    assert github.command("error", "x", {"file": ""}) == "::error::x"


def test_a_validation_error_stands_at_file_line_and_column() -> None:
    found = github.problem_annotations((Problem("fleet.yaml", 4, 2, "no such alias"),), ())
    assert annotated(*found) == [
        Command(
            "error",
            "no such alias",
            {"file": "fleet.yaml", "line": "4", "col": "2", "title": "Invalid"},
        )
    ]


def test_an_error_of_a_whole_file_has_no_line() -> None:
    found = github.problem_annotations((Problem("fleet.yaml", 0, 0, "is empty"),), ())
    assert annotated(*found)[0].properties == {"file": "fleet.yaml", "title": "Invalid"}


def test_a_warning_of_validate_is_a_warning() -> None:
    found = github.problem_annotations((), (Problem("fleet.yaml", 1, 1, "is odd"),))
    assert annotated(*found)[0].name == "warning"


def test_files_are_named_from_the_root_of_the_repository() -> None:
    found = [github.Annotation("error", "t", "m", "fleet.yaml", 1)]
    (line,) = github.annotation_lines(found, lambda path: f"east/{path}")
    assert commands(line)[0].properties["file"] == "east/fleet.yaml"


def test_more_than_github_shows_are_counted_in_the_last() -> None:
    problems = tuple(Problem("fleet.yaml", line, 1, "wrong") for line in range(1, 26))
    found = annotated(*github.problem_annotations(problems, ()))
    assert len(found) == 10
    assert found[-1].data.startswith("16 more")


def test_errors_and_warnings_are_counted_apart() -> None:
    problems = tuple(Problem("fleet.yaml", line, 1, "wrong") for line in range(1, 11))
    assert len(annotated(*github.problem_annotations(problems, problems))) == 20


def test_a_risky_change_is_a_warning_at_its_line() -> None:
    source = Source("fleet.yaml", 7, 3)
    field = FieldChange("connection_id", "1", None, source, ("connection", "unassign"))
    plan = plan_of(change(N1, field), change(N2, field))
    assert annotated(*github.plan_annotations(plan, READ)) == [
        Command(
            "warning",
            f'connection_id of 2 numbers ({N1}, {N2}): "1" → null',
            {
                "file": "fleet.yaml",
                "line": "7",
                "col": "3",
                "title": "Risk: connection, unassign",
            },
        )
    ]


def test_the_warning_at_a_line_tells_the_values_of_its_own_numbers() -> None:
    moves = {N1: ("1", 7), N2: ("2", 8)}
    plan = plan_of(
        *(
            change(n, FieldChange("connection_id", was, "3", Source("a", at), ("connection",)))
            for n, (was, at) in moves.items()
        )
    )
    found = {each.message for each in github.plan_annotations(plan, READ)}
    assert found == {
        f'connection_id of 1 number ({N1}): "1" → "3"',
        f'connection_id of 1 number ({N2}): "2" → "3"',
    }


def test_a_change_without_risk_is_not_annotated() -> None:
    field = FieldChange("customer_reference", None, "x", Source("fleet.yaml", 7))
    assert annotated(*github.plan_annotations(plan_of(change(N1, field)), READ)) == []


def test_refusals_come_first_then_releases_then_what_is_held_back() -> None:
    source = Source("fleet.yaml", 7)
    plan = plan_of(
        release(1),
        withheld=(Withheld(N2, "tags", (), ("a",), "status", "not active", source),),
        not_owned=(NotOwned(N3, source),),
    )
    found = annotated(*github.plan_annotations(plan, replace(READ, refusals=("too many",))))
    assert [each.properties["title"] for each in found] == [
        "Apply would be refused",
        "Risk: release",
        "Withheld (status)",
        "Not owned",
    ]


def test_a_drift_is_a_warning_though_nothing_in_it_is_risky() -> None:
    field = FieldChange("customer_reference", None, "x", Source("fleet.yaml", 7))
    view = replace(READ, drift=True, refusals=("too many",))
    (found,) = annotated(*github.plan_annotations(plan_of(change(N1, field)), view))
    assert found.properties["title"] == "Drift"


def test_what_an_apply_left_is_an_error() -> None:
    outcome = replace(DONE, failed=(Failed(N2, "tags", "op-1", "10015", "bad"),))
    found = annotated(*github.outcome_annotations(outcome))
    assert [each.data for each in found] == [
        f"tags of 1 number ({N2}): 10015 bad",
        "What is left shows in the next plan: run `reconciler plan`, then apply again.",
    ]


def test_a_complete_apply_annotates_nothing() -> None:
    assert annotated(*github.outcome_annotations(DONE)) == []


# ---- injection ---------------------------------------------------------------------------------


@anything
@given(st.lists(steering, min_size=6, max_size=6))
def test_no_text_of_others_becomes_a_command(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    found = list(github.plan_annotations(plan, view))
    lines = [
        *github.annotation_lines(found, here),
        github.guarded(plan_text(plan, reads=3), TOKEN),
    ]
    assert [each.name for each in commands("\n".join(lines))] == ["warning"] * len(found)


@anything
@given(steering, steering, steering)
def test_an_annotation_says_what_it_was_given(path: str, title: str, message: str) -> None:
    (found,) = annotated(github.Annotation("error", title, message, path, 1, 2))
    assert found.data == neutral(message)
    assert found.properties == {
        "file": neutral(path),
        "line": "1",
        "col": "2",
        "title": neutral(title),
    }


@anything
@given(st.lists(steering, min_size=6, max_size=6))
def test_no_other_report_holds_a_command(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    for report in (
        plan_text(plan, reads=3),
        drift_text(plan, reads=3),
        plan_json(plan),
        plan_markdown(plan, view),
    ):
        assert commands(report) == []


@anything
@given(steering, steering)
def test_no_answer_of_the_api_becomes_a_command(code: str, detail: str) -> None:
    outcome = replace(
        DONE,
        failed=(Failed(N2, "tags", "op-1", code, detail),),
        skipped=(Left(N2, "tags", "op-1", detail),),
        stopped=code,
    )
    found = list(github.outcome_annotations(outcome))
    lines = github.annotation_lines(found, here)
    assert len(commands("\n".join(lines))) == len(found)
    assert commands(outcome_text(outcome)) == []


@anything
@given(steering)
def test_what_is_neutral_is_no_command_and_stays_so(text: str) -> None:
    assert commands(neutral(text)) == []
    assert neutral(neutral(text)) == neutral(text)


# ---- outputs -----------------------------------------------------------------------------------


def test_outputs_say_how_much_a_plan_changes() -> None:
    field = FieldChange("customer_reference", None, "x", Source("fleet.yaml", 7))
    plan = plan_of(change(N1, field), release(2))
    values = github.plan_outputs(plan, replace(READ, refusals=("too many",)))
    del values["plan-digest"]
    assert values == {
        "has-changes": "true",
        "refused": "true",
        "numbers-changed": "2",
        "fields-changed": "1",
        "released": "1",
        "withheld": "0",
        "unknown": "0",
        "not-owned": "0",
        "write-calls": "0",
    }


def test_a_number_that_is_not_owned_is_a_drift_and_no_change() -> None:
    plan = plan_of(not_owned=(NotOwned(N3, Source("fleet.yaml", 7)),))
    assert github.plan_outputs(plan, View())["has-changes"] == "false"
    assert github.plan_outputs(plan, View(drift=True))["has-changes"] == "true"


def test_outputs_say_what_an_apply_did() -> None:
    values = github.outcome_outputs(replace(DONE, journal="j.jsonl"))
    assert (values["converged"], values["applied"], values["journal"]) == ("true", "2", "j.jsonl")


@anything
@given(st.dictionaries(st.sampled_from("abcd"), steering, min_size=1))
def test_no_value_ends_itself_or_adds_another(values: dict[str, str]) -> None:
    assert outputs(github.outputs(values, TOKEN)) == values


@pytest.mark.parametrize("text", ["a\nb", "", "a=b", "x<<y"])
def test_a_value_comes_out_as_it_went_in(text: str) -> None:
    assert outputs(github.outputs({"a": text, "b": "1"}, TOKEN)) == {"a": text, "b": "1"}
