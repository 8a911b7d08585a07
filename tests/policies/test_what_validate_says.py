"""validate judges what is declared, offline, at its line; what only an account knows is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler import workflow
from reconciler.errors import InputError
from reconciler.workflow import Validated
from tests.cli.support import Shell
from tests.core.project import ONE, Declared

FORWARDS = "voice.call_forwarding.forwards_to"
PROJECT = """\
policies:
  - name: no number forwards abroad
    require:
      voice.call_forwarding.forwards_to: {pattern: "^[+]1"}
"""
ABROAD = "voice: {call_forwarding: {call_forwarding_enabled: true, forwards_to: '+4420794600%02d'}}"


def judged(declared: Declared, numbers: str, *policies: dict[str, Any]) -> Validated:
    declared.write({"reconciler.yaml": json.dumps({"policies": policies}), "a.yaml": numbers})
    return workflow.validate(declared.root)


def wrong(declared: Declared, files: dict[str, str]) -> list[str]:
    declared.write(files)
    with pytest.raises(InputError) as caught:
        workflow.validate(declared.root.relative_to(declared.root))
    return [str(problem) for problem in caught.value.problems]


def number(settings: str, name: str = ONE) -> str:
    return f'numbers:\n  "{name}": {{{settings}}}\n'


# ---- what is wrong ------------------------------------------------------------------------------


def test_a_violation_stands_at_the_line_that_declares_the_value(declared: Declared) -> None:
    numbers = (
        f'numbers:\n  "{ONE}":\n    voice:\n      call_forwarding:\n'
        "        call_forwarding_enabled: true\n        forwards_to: '+442079460000'\n"
    )
    (found,) = wrong(declared, {"reconciler.yaml": PROJECT, "a.yaml": numbers})
    assert found == (
        f"a.yaml:6:9: {FORWARDS} of {ONE} is \"+442079460000\": policy 'no number forwards abroad' "
        '(reconciler.yaml:2) says that it must match {"pattern": "^[+]1"}'
    )


def test_numbers_that_a_group_makes_break_it_are_one_line(declared: Declared) -> None:
    text = f"{PROJECT}groups:\n  g: {{{ABROAD % 1}}}\n"
    numbers = 'numbers:\n  "+13125550100..+13125550199": {groups: [g]}\n'
    (found,) = wrong(declared, {"reconciler.yaml": text, "a.yaml": numbers})
    assert found.startswith(
        f"reconciler.yaml:6:64: {FORWARDS} of 100 numbers (+13125550100, +13125550101, "
        '+13125550102 and 97 more) is "+442079460001"'
    )


def test_the_first_places_are_named_and_the_rest_are_counted(declared: Declared) -> None:
    numbers = "numbers:\n" + "".join(
        f'  "+131255500{at:02}": {{{ABROAD % at}}}\n' for at in range(10, 20)
    )
    found = wrong(declared, {"reconciler.yaml": PROJECT, "a.yaml": numbers})
    assert [each.split(": ")[0] for each in found[:-1]] == [f"a.yaml:{at}:77" for at in range(2, 7)]
    assert found[-1] == (
        "reconciler.yaml:2:11: policy 'no number forwards abroad': and 5 more numbers that break it"
    )


def test_a_template_is_judged_as_each_number_fills_it(declared: Declared) -> None:
    policy = {"name": "p", "require": {"customer_reference": {"pattern": "[0-4]$"}}}
    numbers = 'numbers:\n  "+13125550103..+13125550106": {customer_reference: "d-{last4}"}\n'
    declared.write({"reconciler.yaml": json.dumps({"policies": [policy]}), "a.yaml": numbers})
    with pytest.raises(InputError) as caught:
        workflow.validate(declared.root)
    said = [problem.message.split(":")[0] for problem in caught.value.problems]
    assert said == [
        'customer_reference of +13125550105 is "d-0105"',
        'customer_reference of +13125550106 is "d-0106"',
    ]


def test_violations_and_secrets_that_are_missing_come_at_once(
    declared: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_PIN", raising=False)
    numbers = number(f"external_pin: {{env: NO_SUCH_PIN}}, {ABROAD % 1}")
    declared.write({"reconciler.yaml": PROJECT, "a.yaml": numbers})
    with pytest.raises(InputError) as caught:
        workflow.validate(declared.root, secrets=True)
    assert len(caught.value.problems) == 2


def test_a_warning_is_said_and_the_project_is_valid(declared: Declared) -> None:
    policy = {"name": "p", "require": {"hd_voice_enabled": True}, "level": "warn"}
    found = judged(declared, number("hd_voice_enabled: false"), policy)
    (warning,) = found.warnings
    assert warning.message == (
        f"hd_voice_enabled of {ONE} is false: policy 'p' (reconciler.yaml:1) says that it must be "
        "true"
    )


def test_what_is_to_be_given_back_is_not_judged(declared: Declared) -> None:
    policy = {"name": "p", "require": {"hd_voice_enabled": True}}
    found = judged(declared, number("release: true"), policy)
    assert found.left == ()


# ---- what is left to plan -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "name", "unknown"),
    [
        ({"country": "US"}, "+13125550001", ("country",)),
        ({"country": "CA"}, "+13125550001", ("country",)),
        ({"country": "US", "type": "local"}, "+13125550001", ("country", "type")),
        ({"country": "US"}, "+442079460000", None),
        ({"country": ["GB", "US"]}, "+442079460000", ("country",)),
        ({"country": "DE"}, "+13125550001", None),
        ({"country": "US"}, "+88312345678", ("country",)),
        ({"tags": ["x"]}, "+13125550001", ("tags",)),
        ({"numbers": "+1313*", "tags": ["x"]}, "+13125550001", None),
    ],
)
def test_a_violation_that_only_the_account_can_confirm_is_left_to_plan(
    declared: Declared, match: dict[str, Any], name: str, unknown: tuple[str, ...] | None
) -> None:
    policy = {"name": "p", "match": match, "require": {"hd_voice_enabled": True}}
    found = judged(declared, number("hd_voice_enabled: false", name), policy)
    assert [each.unknown for each in found.left] == ([unknown] if unknown else [])


def test_a_country_is_known_where_the_calling_code_is_of_one_only(declared: Declared) -> None:
    policy = {"name": "p", "match": {"country": "DE"}, "require": {"hd_voice_enabled": True}}
    text = {"reconciler.yaml": json.dumps({"policies": [policy]})}
    found = wrong(declared, text | {"a.yaml": number("hd_voice_enabled: false", "+4930123456")})
    assert len(found) == 1


def test_what_is_declared_right_is_not_left_to_plan(declared: Declared) -> None:
    policy = {"name": "p", "match": {"country": "US"}, "require": {"hd_voice_enabled": True}}
    assert judged(declared, number("hd_voice_enabled: true"), policy).left == ()


def test_what_nobody_declares_is_left_to_plan_and_counted(declared: Declared) -> None:
    policy = {"name": "p", "require": {"hd_voice_enabled": True, FORWARDS: None}}
    numbers = 'numbers:\n  "+13125550100..+13125550199": {}\n'
    (left,) = judged(declared, numbers, policy).left
    assert (left.policy, left.numbers) == ("p", 100)
    assert left.unknown == ("hd_voice_enabled", FORWARDS)


def test_an_edit_of_tags_tells_what_it_adds_and_takes(declared: Declared) -> None:
    policy = {"name": "p", "match": {"tags": ["x"]}, "require": {"hd_voice_enabled": True}}
    taken = judged(declared, number("tags: {remove: [x]}, hd_voice_enabled: false"), policy)
    assert taken.left == ()
    other = judged(declared, number("tags: {add: [z]}, hd_voice_enabled: false"), policy)
    assert [each.unknown for each in other.left] == [("tags",)]
    with pytest.raises(InputError):
        judged(declared, number("tags: {add: [x]}, hd_voice_enabled: false"), policy)


# ---- at the command line ------------------------------------------------------------------------


@pytest.fixture
def reconciler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


def test_validate_says_what_is_left_to_plan(declared: Declared, reconciler: Shell) -> None:
    policy = {"name": "p", "match": {"country": "US"}, "require": {"hd_voice_enabled": True}}
    declared.write({"reconciler.yaml": json.dumps({"policies": [policy]}), "a.yaml": number("")})
    said = reconciler("validate")
    left = "Left to plan: policy 'p' on 1 number (country, hd_voice_enabled).\n"
    assert (said.code, said.out) == (0, f"Valid: 1 number declared.\n{left}")
    assert reconciler("validate", "--format", "json").json["left_to_plan"] == [
        {"policy": "p", "numbers": 1, "unknown": ["country", "hd_voice_enabled"]}
    ]


@pytest.mark.parametrize(("level", "code"), [("error", 1), ("warn", 0)])
def test_only_an_error_ends_in_exit_1(
    declared: Declared, reconciler: Shell, level: str, code: int
) -> None:
    policy = {"name": "p", "require": {"hd_voice_enabled": True}, "level": level}
    numbers = number("hd_voice_enabled: false")
    declared.write({"reconciler.yaml": json.dumps({"policies": [policy]}), "a.yaml": numbers})
    for words in (("validate",), ("validate", "--format", "json")):
        said = reconciler(*words)
        assert said.code == code
        assert "policy 'p' (reconciler.yaml:1)" in said.out + said.err


THREE = [
    {"name": "wrong", "require": {"hd_voice_enabled": True}},
    {"name": "odd", "require": {"hd_voice_enabled": True}, "level": "warn"},
    {"name": "open", "require": {"customer_reference": "desk"}},
]


@pytest.mark.parametrize("every", [(), ("--all",)])
@pytest.mark.parametrize("output_format", ["text", "github"])
def test_an_error_hides_neither_warnings_nor_what_is_left_to_plan(
    declared: Declared, reconciler: Shell, every: tuple[str, ...], output_format: str
) -> None:
    numbers = number("hd_voice_enabled: false")
    declared.write({"reconciler.yaml": json.dumps({"policies": THREE}), "a.yaml": numbers})
    said = reconciler("validate", *every, "--format", output_format)
    assert said.code == 1
    assert "policy 'wrong'" in said.err
    assert "policy 'odd'" in (said.err if output_format == "text" else said.out)
    assert "Left to plan: policy 'open' on 1 number (customer_reference)." in said.out


@pytest.mark.parametrize("every", [(), ("--all",)])
def test_the_document_of_an_error_has_warnings_and_what_is_left_to_plan(
    declared: Declared, reconciler: Shell, every: tuple[str, ...]
) -> None:
    numbers = number("hd_voice_enabled: false")
    declared.write({"reconciler.yaml": json.dumps({"policies": THREE}), "a.yaml": numbers})
    found = reconciler("validate", *every, "--format", "json").json
    document = found["projects"][0]["result"] if every else found
    assert (document["valid"], len(document["errors"]), len(document["warnings"])) == (False, 1, 1)
    assert [each["policy"] for each in document["left_to_plan"]] == ["open"]


# ---- a policy that judges nothing ---------------------------------------------------------------

REFERRED = {"customer_reference": "x"}
IDLE = "policy 'p' judges nothing: none of the declared numbers is one that it means"


@pytest.mark.parametrize(
    ("match", "is_idle"),
    [
        ({}, False),
        ({"numbers": "+1312*"}, False),
        ({"numbers": "+1999*"}, True),
        ({"kind": "mobile"}, True),
        ({"tags": ["desk"]}, False),
        ({"tags": ["dekst"]}, True),
        ({"country": "US"}, False),  # which only the account knows
        ({"country": "DE"}, True),
        ({"connection_id": "1"}, False),
    ],
)
def test_a_policy_that_can_mean_no_declared_number_is_warned_of(
    declared: Declared, match: dict[str, Any], is_idle: bool
) -> None:
    policy = {"name": "p", **({"match": match} if match else {}), "require": REFERRED}
    found = judged(declared, number("tags: [desk], customer_reference: x"), policy)
    assert [each.message for each in found.warnings] == ([IDLE] if is_idle else [])
    assert all(each.path.endswith("reconciler.yaml") for each in found.warnings)


@pytest.mark.parametrize(
    "files", [{"a.yaml": "numbers: {}\n"}, {"a.yaml": number("release: true")}, {}]
)
def test_where_no_number_is_declared_no_policy_is_warned_of(
    declared: Declared, files: dict[str, str]
) -> None:
    policy = {"name": "p", "match": {"numbers": "+1999*"}, "require": REFERRED}
    declared.write({"reconciler.yaml": json.dumps({"policies": [policy]}), **files})
    assert workflow.validate(declared.root).warnings == ()


def test_of_one_file_of_a_project_it_is_not_told(declared: Declared) -> None:
    policy = {"name": "p", "match": {"numbers": "+1999*"}, "require": REFERRED}
    declared.write({"reconciler.yaml": json.dumps({"policies": [policy]}), "a.yaml": number("")})
    assert workflow.validate(declared.root / "a.yaml").warnings == ()
    assert len(workflow.validate(declared.root).warnings) == 1


def test_where_assign_may_bring_numbers_it_is_not_told(declared: Declared) -> None:
    policy = {"name": "p", "match": {"numbers": "+1999*"}, "require": REFERRED}
    project = {
        "policies": [policy],
        "groups": {"g": {"tags": ["x"]}},
        "assign": [{"match": {"country": ["US"]}, "groups": ["g"]}],
    }
    declared.write({"reconciler.yaml": json.dumps(project), "a.yaml": number("")})
    assert workflow.validate(declared.root).warnings == ()
