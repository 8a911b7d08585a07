"""Two states of the YAML compared: what a reviewer has to know, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH
from reconciler.core.declared_diff import (
    DeclaredDiff,
    FieldDiff,
    NumberDiff,
    Standing,
    What,
    declared_diff,
    only,
)
from reconciler.core.fields import Kind
from reconciler.core.model import NO_SETTINGS, Desired, DesiredNumber, Settings, Source
from reconciler.core.safety import Safety
from reconciler.core.scope import Section
from reconciler.core.values import UNMANAGED, Edited, Secret, TagEdit
from reconciler.files import read_document
from tests.core.project import Declared
from tests.diff.repo import ONE, THREE, TWO

steady = settings(deadline=None, derandomize=True, database=None, max_examples=100)


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declared:
    monkeypatch.chdir(tmp_path)
    return Declared(tmp_path)


def compare(declared: Declared, before: str, after: str) -> DeclaredDiff:
    """The same file with two texts."""
    return declared_diff(declared.load({"a.yaml": before}), declared.load({"a.yaml": after}))


def one(diff: DeclaredDiff) -> NumberDiff:
    (found,) = diff.numbers
    return found


def changes(number: NumberDiff) -> dict[str, tuple[Any, Any]]:
    """What becomes of each field."""
    return {field.path: (field.before, field.after) for field in number.fields}


def test_one_line_of_a_group_shows_on_every_number(declared: Declared) -> None:
    text = "groups:\n  g:\n    customer_reference: {}\nnumbers:\n" + "".join(
        f'  "+1312555{n:04d}": {{groups: [g]}}\n' for n in range(1200)
    )
    diff = compare(declared, text.replace("{}", "a", 1), text.replace("{}", "b", 1))
    assert len(diff.of(What.CHANGED)) == diff.fields_changed == 1200
    assert changes(diff.numbers[7]) == {"customer_reference": ("a", "b")}
    assert str(diff.numbers[7].fields[0].source) == "a.yaml:3"


def test_where_a_setting_stands_does_not_count(declared: Declared) -> None:
    before = f'numbers:\n  "{ONE}": {{customer_reference: a, tags: [y1, x]}}\n'
    after = (
        "groups:\n  g: {customer_reference: a}\nnumbers:\n"
        f'  "{ONE}":\n    groups: [g]\n    tags: [x, y1, x]\n'
    )
    assert compare(declared, before, after) == DeclaredDiff((), (), 1, 1)


def test_a_field_comes_under_management_and_leaves_it(declared: Declared) -> None:
    before = f'numbers:\n  "{ONE}":\n    customer_reference: a\n'
    after = f'numbers:\n  "{ONE}":\n    tags: null\n'
    found = one(compare(declared, before, after))
    assert changes(found) == {"tags": (UNMANAGED, ()), "customer_reference": ("a", UNMANAGED)}
    places = [(str(field.source), field.before_source) for field in found.fields]
    assert places == [("a.yaml:3", None), ("a.yaml:3", Source("a.yaml", 3, 5))]


def test_null_clears_and_is_not_the_same_as_unmanaged(declared: Declared) -> None:
    before, after = (f'numbers:\n  "{ONE}": {{{each}}}\n' for each in ("", "connection_id: null"))
    assert changes(one(compare(declared, before, after))) == {"connection_id": (UNMANAGED, None)}


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("", f'"{ONE}":', What.DECLARED),
        ("", f'"{ONE}": {{release: true}}', What.RELEASE),
        (f'"{ONE}":', "", What.UNDECLARED),
        (f'"{ONE}": {{release: true}}', "", What.KEPT),
        (f'"{ONE}": {{tags: [a]}}', f'"{ONE}": {{release: true}}', What.RELEASE),
        (f'"{ONE}": {{release: true}}', f'"{ONE}": {{tags: [a]}}', What.KEPT),
        (f'"{ONE}": {{tags: [a]}}', f'"{ONE}": {{tags: [b]}}', What.CHANGED),
    ],
)
def test_what_becomes_of_a_number(declared: Declared, before: str, after: str, what: What) -> None:
    diff = compare(declared, f"numbers:\n  {before}\n", f"numbers:\n  {after}\n")
    assert one(diff).what is what


def test_a_number_of_another_kind_has_moved(declared: Declared) -> None:
    before, after = (f'{key}:\n  "{ONE}": {{tags: [a]}}\n' for key in ("numbers", "mobile_numbers"))
    found = one(compare(declared, before, after))
    assert (found.what, found.fields) == (What.MOVED, ())


def test_edits_of_tags_are_told_as_edits(declared: Declared) -> None:
    before = f'numbers:\n  "{ONE}": {{tags: {{add: [b, a]}}}}\n'
    after = f'numbers:\n  "{ONE}": {{tags: {{add: [a], remove: [c]}}}}\n'
    assert changes(one(compare(declared, before, after))) == {
        "tags": (Edited(("a", "b"), ()), Edited(("a",), ("c",)))
    }
    assert not compare(declared, before, before.replace("[b, a]", "[a, b]")).numbers


def test_another_pin_in_clear_shows_and_the_same_one_elsewhere_does_not(declared: Declared) -> None:
    before = f'numbers:\n  "{ONE}": {{external_pin: "1234"}}\n  "{TWO}": {{external_pin: "5"}}\n'
    after = f'\n\nnumbers:\n  "{ONE}": {{external_pin: "1234"}}\n  "{TWO}": {{external_pin: "6"}}\n'
    diff = compare(declared, before, after)
    assert [each.phone_number for each in diff.numbers] == [TWO]
    assert changes(one(diff)) == {
        "external_pin": (Secret("yaml:a.yaml:3:20"), Secret("yaml:a.yaml:5:20"))
    }


def test_another_pin_on_the_same_line_shows(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": {{external_pin: "1234"}}\n'
    assert one(compare(declared, text, text.replace("1234", "4321"))).fields[0].risk == ("pin",)


def test_protect_and_when_owned_are_told() -> None:
    number = DesiredNumber(ONE, Kind.NUMBER, NO_SETTINGS, Source("a.yaml", 1))
    before, after = (
        Desired(numbers={ONE: each})
        for each in (replace(number, protect=True), replace(number, when_owned=True))
    )
    assert changes(one(declared_diff(before, after))) == {
        "protect": (True, False),
        "when_owned": (False, True),
    }


def test_a_change_carries_its_risk(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": {{connection_id: "1", tags: [a], deletion_lock_enabled: true}}\n'
    after = (
        text.replace('"1"', "null")
        .replace("[a]", "[b]")
        .replace("lock_enabled: true", "lock_enabled: false")
    )
    risks = {each.path: each.risk for each in one(compare(declared, text, after)).fields}
    assert risks["tags"] == ()
    assert set(risks["connection_id"]) == {"connection", "unassign"}
    assert "unlock" in risks["deletion_lock_enabled"]


def test_what_is_no_longer_managed_puts_nothing_at_risk(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": {{connection_id: "1"}}\n'
    after = f'numbers:\n  "{ONE}": {{}}\n'
    assert one(compare(declared, text, after)).fields[0].risk == ()


# ---- the project file ----------------------------------------------------------------------------


def of_projects(declared: Declared, before: str, after: str) -> list[tuple[str, Any, Any, str]]:
    """What differs between two project files, and where it stands."""
    name = "reconciler.yaml"
    sides = [declared.load({name: text}) for text in (before, after)]
    old, new = (read_document(name, text.encode())[0] for text in (before, after))
    diff = declared_diff(*sides, project_before=old, project_after=new)
    return [(e.path, e.before, e.after, str(e.source)) for e in diff.settings]


def test_settings_of_the_project_are_compared(declared: Declared) -> None:
    before = "safety: {max_changes_percent: 30}\nlimits:\n  job_size: 10\n"
    after = (
        "safety: {max_changes_percent: 80, allow_release: true}\n"
        "account:\n  base_url: https://api.example.com/v2\n"
        "select: {tags: [b, a], statuses: active}\n"
    )
    assert of_projects(declared, before, after) == [
        ("account.base_url", None, "https://api.example.com/v2", "reconciler.yaml:3"),
        ("select.tags", None, ["a", "b"], "reconciler.yaml:4"),
        ("select.statuses", None, ["active"], "reconciler.yaml:4"),
        ("safety.max_changes_percent", 30, 80, "reconciler.yaml:1"),
        ("safety.allow_release", False, True, "reconciler.yaml:1"),
        ("limits.job_size", 10, None, "reconciler.yaml:3"),
    ]


def test_a_default_that_is_written_out_is_no_change(declared: Declared) -> None:
    after = "safety: {max_changes_percent: 30.0, allow_unlock: false}\n"
    assert of_projects(declared, "version: 1\n", after) == []


def test_a_price_is_compared_as_it_is_written(declared: Declared) -> None:
    before, after = "prices: {hd_voice: 1.50}\n", "prices:\n  hd_voice: 1.75\n"
    assert of_projects(declared, before, after) == [
        ("prices.hd_voice", "1.5", "1.75", "reconciler.yaml:2"),
    ]


def test_rules_of_ignore_come_and_go_one_by_one(declared: Declared) -> None:
    rules = [f'  - {{numbers: "{each}", paths: [tags]}}\n' for each in ("+1*", "+2*", "+3*")]
    before, after = f"ignore:\n{rules[0]}{rules[1]}", f"ignore:\n{rules[2]}{rules[0]}"
    assert of_projects(declared, before, after) == [
        ("ignore", {"numbers": "+2*", "paths": ["tags"]}, None, "reconciler.yaml:3"),
        ("ignore", None, {"numbers": "+3*", "paths": ["tags"]}, "reconciler.yaml:2"),
    ]


def policy(name: str, level: str) -> str:
    return f"  - {{name: {name}, require: {{hd_voice_enabled: true}}, level: {level}}}\n"


def test_policies_are_compared_by_their_names_wherever_they_stand(declared: Declared) -> None:
    before = f"policies:\n{policy('a', 'warn')}{policy('b', 'warn')}{policy('c', 'warn')}"
    after = f"policies:\n{policy('d', 'error')}{policy('c', 'error')}{policy('b', 'warn')}"

    def written(name: str, level: str) -> dict[str, Any]:
        return {"name": name, "require": {"hd_voice_enabled": True}, "level": level}

    assert of_projects(declared, before, after) == [
        ("policies", written("a", "warn"), None, "reconciler.yaml:2"),
        ("policies", written("c", "warn"), written("c", "error"), "reconciler.yaml:3"),
        ("policies", None, written("d", "error"), "reconciler.yaml:2"),
    ]


def test_a_policy_that_says_the_same_in_other_words_is_no_change(declared: Declared) -> None:
    before = "aliases: {connection_id: {t: '1'}}\npolicies:\n  - name: a\n    match: {tags: [b, a]}"
    after = "policies:\n  - name: a\n    match: {tags: [a, b]}\n    level: error"
    require = "\n    require: {connection_id: %s}\n"
    assert of_projects(declared, before + require % "t", after + require % "'1'") == []


def test_everything_a_project_says_is_compared() -> None:
    """Whoever gives a project something more to say has to compare it too."""
    of_the_account = {"api_key_env", "base_url", "limits", "prices", "safety", "secrets"}
    compared = {"numbers", "assigning", "policies", *of_the_account}
    about_the_reading = {"declared_elsewhere", "warnings"}
    assert {each.name for each in fields(Desired)} == compared | about_the_reading
    rules = {"max_changes_percent", "max_changes", "allow", "select", "ignore", "undeclared"}
    assert {each.name for each in fields(Safety)} == rules
    of_a_number = {"phone_number", "kind", "settings", "source", "release"}
    assert {each.name for each in fields(DesiredNumber)} == of_a_number | {"protect", "when_owned"}


# ---- in general ----------------------------------------------------------------------------------

PATHS = ("tags", "connection_id", "customer_reference", "external_pin", "hd_voice_enabled")
SOURCES = st.builds(Source, st.sampled_from(["a.yaml", "b.yaml"]), st.integers(1, 9))
TAGS = st.frozensets(st.sampled_from("abc"), max_size=2)
PINS = {"yaml:a.yaml:1:1": "1", "yaml:a.yaml:2:1": "2"}
VALUES = {
    "tags": st.one_of(
        TAGS.map(lambda tags: tuple(sorted(tags))),
        st.builds(lambda add, remove: TagEdit(add, remove - add), TAGS, TAGS),
    ),
    "external_pin": st.sampled_from([None, Secret("env:A"), *map(Secret, PINS)]),
    "hd_voice_enabled": st.booleans(),
}
TEXT = st.sampled_from([None, "1", "2"])


@st.composite
def some_settings(draw: st.DrawFn, kind: Kind) -> Settings:
    paths = tuple(path for path in PATHS if path in BY_PATH[kind] and draw(st.booleans()))
    values = tuple(draw(VALUES.get(path, TEXT)) for path in paths)
    return Settings(paths, values, tuple(draw(SOURCES) for _ in paths))


@st.composite
def numbers(draw: st.DrawFn, name: str) -> DesiredNumber:
    release, kind = draw(st.booleans()), draw(st.sampled_from(Kind))
    found = NO_SETTINGS if release else draw(some_settings(kind))
    keys = [not release and draw(st.booleans()) for _ in range(2)]
    return DesiredNumber(name, kind, found, draw(SOURCES), release, *keys)


@st.composite
def states(draw: st.DrawFn) -> Desired:
    names = [name for name in (ONE, TWO, THREE) if draw(st.booleans())]
    pins = {ref: draw(st.sampled_from(["1", "2"])) for ref in PINS}
    return Desired(numbers={name: draw(numbers(name)) for name in names}, secrets=pins)


def meaning(state: Desired) -> dict[str, tuple[Any, ...]]:
    """What a state declares, apart from where."""
    return {
        name: (each.kind, each.release, shown(each, state.secrets))
        for name, each in state.numbers.items()
    }


def shown(number: DesiredNumber, pins: Any) -> dict[str, Any]:
    found = dict(zip(number.settings.paths, number.settings.values, strict=True))
    for path, value in found.items():
        if isinstance(value, TagEdit):
            found[path] = Edited(tuple(sorted(value.add)), tuple(sorted(value.remove)))
        else:
            found[path] = in_clear(value, pins)
    return found | {"protect": number.protect, "when_owned": number.when_owned}


NO_KEYS = {"protect": False, "when_owned": False}


def in_clear(value: Any, pins: Any) -> Any:
    return pins.get(value.ref, value.ref) if isinstance(value, Secret) else value


def applied(diff: DeclaredDiff, before: Desired, pins: Any) -> dict[str, tuple[Any, ...]]:
    """`before` with what `diff` says done to it."""
    found = meaning(before)
    for each in diff.numbers:
        if each.after is None:
            del found[each.phone_number]
            continue
        held = dict(found.get(each.phone_number, (0, 0, NO_KEYS))[2])
        for field in each.fields:
            held.pop(field.path, None)
            if field.after is not UNMANAGED:
                held[field.path] = in_clear(field.after, pins)
        found[each.phone_number] = (each.after.kind, each.after.release, held)
    return found


@steady
@given(states())
def test_a_state_does_not_differ_from_itself(state: Desired) -> None:
    assert declared_diff(state, state).numbers == ()


@steady
@given(states(), states())
def test_what_a_diff_says_leads_from_one_state_to_the_other(one: Desired, other: Desired) -> None:
    assert applied(declared_diff(one, other), one, other.secrets) == meaning(other)


@steady
@given(states(), states())
def test_the_way_back_is_the_way_there_turned_round(one: Desired, other: Desired) -> None:
    def turned(field: FieldDiff) -> tuple[Any, ...]:
        return (field.path, field.after, field.before)

    def sides(number: NumberDiff) -> tuple[Standing | None, Standing | None]:
        return number.before, number.after

    there = {each.phone_number: each for each in declared_diff(one, other).numbers}
    back = {each.phone_number: each for each in declared_diff(other, one).numbers}
    assert there.keys() == back.keys()
    for name, each in there.items():
        assert sides(each) == sides(back[name])[::-1]
        assert sorted(map(repr, map(turned, each.fields))) == sorted(
            repr((f.path, f.before, f.after)) for f in back[name].fields
        )


@steady
@given(states(), states(), st.sampled_from(Section))
def test_only_narrows_and_nothing_else(one: Desired, other: Desired, section: Section) -> None:
    whole = declared_diff(one, other)
    parts = [only(whole, [each]) for each in Section]
    narrowed = only(whole, [section])
    assert sum(len(n.fields) for n in narrowed.numbers) <= sum(len(n.fields) for n in whole.numbers)
    assert sum(len(n.fields) for part in parts for n in part.numbers) == sum(
        len(n.fields) for n in whole.numbers
    )
    assert only(whole, ()) == replace(whole)
