"""The one comment of a pull request."""

from __future__ import annotations

from tests.action.conftest import WANTED, MakeRunner, declare
from tests.action.runner import Runner
from tests.apply.account import ONE, TWO


def comment_of(runner: Runner) -> list[str]:
    """The lines of the one comment."""
    (comment,) = runner.comments()
    lines: list[str] = comment["body"].split("\n")
    return lines


def test_a_plan_is_commented_with_its_whole_digest(runner: Runner) -> None:
    done = runner.use("plan", path="telnyx")
    lines = comment_of(runner)
    assert lines[:2] == [
        "<!-- telnyx-reconciler:comment plan telnyx -->",
        f"<!-- telnyx-reconciler:digest {done.digest} -->",
    ]
    assert any("2 numbers to change" in line for line in lines)


def test_the_next_run_updates_the_comment(runner: Runner) -> None:
    runner.use("plan", path="telnyx")
    declare(runner.workspace / "telnyx", {ONE: WANTED[ONE]})
    done = runner.use("plan", path="telnyx")
    assert comment_of(runner)[1] == f"<!-- telnyx-reconciler:digest {done.digest} -->"


def test_a_comment_of_somebody_else_is_left_alone(runner: Runner) -> None:
    marker = "<!-- telnyx-reconciler:comment plan telnyx -->"
    theirs = {"id": 1, "user": {"login": "mallory"}, "body": f"{marker}\nhello"}
    runner.on_github(comments={"7": [theirs, theirs | {"id": 2}, theirs | {"id": 3, "body": None}]})
    runner.use("plan", path="telnyx")
    runner.use("plan", path="telnyx")
    assert [each["user"]["login"] for each in runner.comments()] == [
        *["mallory"] * 3,
        "github-actions[bot]",
    ]
    assert runner.comments()[0]["body"] == theirs["body"]


def test_projects_have_a_comment_each(runner: Runner) -> None:
    declare(runner.workspace / "other", {TWO: {"customer_reference": "x"}})
    for path in ("telnyx", "other", "telnyx"):
        runner.use("plan", path=path)
    assert len(runner.comments()) == 2


def test_a_plan_that_fails_takes_the_place_of_the_one_before(runner: Runner) -> None:
    runner.use("plan", path="telnyx")
    (runner.workspace / "telnyx" / "bad.yaml").write_text("version: 1\nnumbrs: {}\n")
    done = runner.use("plan", path="telnyx")
    body = "\n".join(comment_of(runner))
    assert (done.code, "digest" in body, "numbrs" in body) == (1, False, True)


def test_no_comment_where_none_is_wanted(runner: Runner) -> None:
    runner.use("plan", path="telnyx", comment="false")
    assert runner.comments() == []


def test_a_push_has_nothing_to_comment_on(make_runner: MakeRunner, key: dict[str, str]) -> None:
    runner = make_runner(env=key, event="push")
    assert runner.use("plan", path="telnyx").code == 0
    assert runner.comments() == []
