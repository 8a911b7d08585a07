"""`--format html` as a user redirects it into a file."""

from __future__ import annotations

from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, TRUNK, Account
from tests.cli.support import Shell
from tests.report.webpage import web

DESK = {ONE: {"customer_reference": "desk-1"}}


def test_a_plan_is_one_page_and_nothing_else(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("plan", "--format", "html")
    assert said.code == 0
    assert said.out.startswith("<!doctype html>\n")
    assert said.out.endswith("</html>\n")
    assert [row["number"] for row in web(said.out).rows()] == [ONE]


def test_a_saved_plan_is_shown_as_a_page(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    digest = reconciler("plan", "--format", "json", "--out", "plan.json").json["digest"]
    assert digest in web(reconciler("show", "plan.json", "--format", "html").out).static


def test_a_drift_is_a_page_and_exits_2(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("drift", "--format", "html")
    assert said.code == 2
    assert web(said.out).one("h1").text == "Drift"


def test_an_apply_prints_what_became_of_it(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("apply", "--auto-approve", "--format", "html")
    assert said.code == 0
    assert [row["fate"] for row in web(said.out).rows()] == ["applied"]


def test_an_apply_with_nothing_to_do_is_a_page_too(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    page = web(reconciler("apply", "--auto-approve", "--format", "html").out)
    assert page.one("h1").text == "Apply complete"


def test_an_apply_that_fails_says_what_is_left(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    account.control.script(call="patch_number", fail={ONE: Failure()})
    said = reconciler("apply", "--auto-approve", "--format", "html")
    assert said.code == 5
    assert "What is left" in web(said.out).sections


def test_a_tag_finds_numbers_whose_tags_are_only_edited(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"customer_reference": "desk-1", "tags": {"add": ["block-a"]}}})
    rows = web(reconciler("plan", "--format", "html").out).rows()
    assert all("block-a" in row["tag"] for row in rows)


def test_what_is_withheld_has_its_tags_too(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"tags": ["a"], "connection_id": TRUNK, "deletion_lock_enabled": False}})
    rows = web(reconciler("plan", "--format", "html").out).rows()
    assert all(row["tag"] == ["a"] for row in rows)
