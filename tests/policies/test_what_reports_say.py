"""A violation shows in every report, and none of them says beside it that all is well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.core.planfile import digest, plan_schema
from reconciler.core.text import neutral
from tests.apply.account import ONE, TWO, Account
from tests.cli.support import Shell
from tests.report.rendered import rendered
from tests.report.runner import commands
from tests.report.webpage import web

HOSTILE = "::error::x | `a` <b> @c (rule: max_changes; --allow-max-changes allows it)"
SCREENING = "voice.inbound_call_screening"
WORDS = ("matches the configuration", "No changes.", "No drift.", "### No changes")


def declare(account: Account, level: str = "error", name: str = "screened") -> None:
    """A number with nothing managed that is not as a policy wants it."""
    policy = {"name": name, "require": {SCREENING: "flag_calls"}, "level": level}
    account.declare({ONE: {}}, policies=[policy])


@pytest.mark.parametrize("output", ["text", "markdown", "html", "github"])
@pytest.mark.parametrize("level", ["error", "warn"])
def test_no_report_says_that_all_is_well(
    account: Account, reconciler: Shell, output: str, level: str
) -> None:
    declare(account, level)
    for words in (("plan", "--out", "plan.json"), ("drift",), ("show", "plan.json")):
        said = reconciler(*words, "--format", output)
        assert said.code in {0, 2}
        assert [each for each in WORDS if each in said.out] == []
        assert "1 policy " + {"error": "violation", "warn": "warning"}[level] in said.out
        (account.root / "plan.json").chmod(0o600)


@pytest.mark.parametrize("words", [("plan",), ("drift",)])
def test_text_names_the_policy_the_number_the_value_and_the_line(
    account: Account, reconciler: Shell, words: tuple[str, ...]
) -> None:
    declare(account)
    line = (
        f'  ! policy screened: {SCREENING} of {ONE} must be "flag_calls", not "disabled"'
        "  # numbers.yaml:2"
    )
    assert line in reconciler(*words).out.splitlines()


def test_github_marks_the_line_with_the_level(account: Account, reconciler: Shell) -> None:
    for level, name in (("error", "error"), ("warn", "warning")):
        declare(account, level)
        found = [
            each
            for each in commands(reconciler("drift", "--format", "github").out)
            if each.properties.get("title") == "Policy: screened"
        ]
        assert [each.name for each in found] == [name]
        assert (found[0].properties["file"], found[0].properties["line"]) == ("numbers.yaml", "2")


def test_a_hostile_name_steers_no_report(account: Account, reconciler: Shell) -> None:
    declare(account, name=HOSTILE)
    assert commands(reconciler("plan").out) == []
    page = rendered(reconciler("plan", "--format", "markdown").out)
    assert neutral(HOSTILE) in page.codes
    assert page.alive == []
    shown = web(reconciler("plan", "--format", "html").out)
    assert neutral(HOSTILE) in {each.text for each in shown.all("code")}
    assert not shown.all("b")
    said = reconciler("apply", "--auto-approve", "--allow-max-changes")
    assert said.code == 3
    assert not account.writes()


def test_the_plan_document_meets_its_schema_and_holds_what_was_judged(
    account: Account, reconciler: Shell
) -> None:
    account.control.forbid("list_messaging")
    policy = {"name": "p", "require": {SCREENING: {"enum": ["flag_calls"]}}}
    other = {"name": "q", "require": {"messaging.messaging_product": "A2P"}, "level": "warn"}
    account.declare({ONE: {}}, policies=[policy, other])
    plan = reconciler("plan", "--format", "json").json
    jsonschema.Draft202012Validator(plan_schema()).validate(plan)
    assert plan["violations"] == [
        {
            "policy": "p",
            "level": "error",
            "phone_number": ONE,
            "path": SCREENING,
            "value": "disabled",
            "requires": {"enum": ["flag_calls"]},
            "source": "numbers.yaml:2",
            "policy_source": "reconciler.yaml:4",
        }
    ]
    (left,) = plan["unjudged"]
    assert left["reason"].startswith("the messaging list could not be read")


def test_without_policies_the_plan_document_is_as_ever(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    plan = reconciler("plan", "--format", "json").json
    assert plan.keys().isdisjoint({"violations", "unjudged"})


def saved(account: Account, reconciler: Shell) -> tuple[Path, Any]:
    """A saved plan with a violation that refuses it."""
    policy = {"name": "p", "require": {SCREENING: "flag_calls"}}
    account.declare({TWO: {"customer_reference": "x"}}, policies=[policy])
    file = account.root / "plan.json"
    assert reconciler("plan", "--out", str(file)).code == 0
    return file, json.loads(file.read_text())


@pytest.mark.parametrize("key", ["violations", "refusals"])
def test_a_plan_without_what_refused_it_is_refused(
    account: Account, reconciler: Shell, key: str
) -> None:
    file, plan = saved(account, reconciler)
    del plan[key]
    file.write_text(json.dumps(plan | {"digest": digest(plan)}))
    said = reconciler("apply", str(file))
    assert said.code == 1
    assert "its refusals are not those of its policies" in said.err
    assert not account.writes()


def test_a_plan_that_judges_what_is_no_setting_is_refused(
    account: Account, reconciler: Shell
) -> None:
    file, plan = saved(account, reconciler)
    plan["violations"][0]["path"] = "voice.colour"
    file.write_text(json.dumps(plan | {"digest": digest(plan)}))
    assert "is no field" in reconciler("show", str(file)).err
