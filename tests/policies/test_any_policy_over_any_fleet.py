"""Any policies over any fleet: a violation is reported where a judge that knows everything, and
goes the long way, says so; and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import Action, Change, FieldChange
from reconciler.core.desired import build
from reconciler.core.fields import Kind
from reconciler.core.judging import judge_declared, judge_live, judges_of
from reconciler.core.model import Desired, LiveNumber, Snapshot, Source
from reconciler.core.safety import Select
from reconciler.core.values import UNKNOWN
from reconciler.files import read_document
from tests.plan.world import BASE_URL, NOON

steady = settings(deadline=None, derandomize=True, database=None, max_examples=100)

SCREENING = "voice.inbound_call_screening"
MOBILE_SCREENING = "inbound_call_screening"
SCREENINGS = ["disabled", "reject_calls", "flag_calls"]
DOMAIN: dict[str, list[Any]] = {
    "tags": [(), ("a",), ("b",), ("a", "b")],
    "customer_reference": [None, "desk-1", "x"],
    "hd_voice_enabled": [True, False],
    SCREENING: SCREENINGS,
    MOBILE_SCREENING: SCREENINGS,
}
PATHS = {
    Kind.NUMBER: ("tags", "customer_reference", "hd_voice_enabled", SCREENING),
    Kind.MOBILE: ("tags", "customer_reference", MOBILE_SCREENING),
}
TYPES = ["local", "toll_free"]
NUMBERS = {
    "+13125550001": (Kind.NUMBER, ["US", "CA"]),
    "+13125550002": (Kind.NUMBER, ["US", "CA"]),
    "+4930123456": (Kind.NUMBER, ["DE"]),
    "+13125550300": (Kind.MOBILE, ["US", "CA"]),
}
"""What each number is, and the countries that it can be of."""

# ---- what is made up ---------------------------------------------------------------------------

TEXT_SCHEMAS = [
    {"pattern": "^desk-"},
    {"type": "string"},
    {"not": {"const": None}},
    {"anyOf": [{"const": "x"}, {"minLength": 3}]},
]
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "tags": st.sampled_from(
        [["a"], None, {"contains": {"const": "a"}}, {"maxItems": 1}, {"items": {"enum": ["b"]}}]
    ),
    "customer_reference": st.sampled_from([None, "x", *TEXT_SCHEMAS]),
    "hd_voice_enabled": st.sampled_from([True, {"const": False}]),
    SCREENING: st.sampled_from(["flag_calls", {"enum": SCREENINGS[:2]}]),
    MOBILE_SCREENING: st.sampled_from(["disabled", {"not": {"const": "disabled"}}]),
}


def some_of(of: Mapping[str, st.SearchStrategy[Any]], least: int) -> st.SearchStrategy[Any]:
    """A mapping with some of these keys."""
    keys = st.lists(st.sampled_from(sorted(of)), unique=True, min_size=least, max_size=2)
    return keys.flatmap(lambda found: st.fixed_dictionaries({key: of[key] for key in found}))


MATCH_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "numbers": st.sampled_from(["+1312555000?", ["+4930123456", "*300"]]),
    "kind": st.sampled_from(["number", ["mobile"]]),
    "country": st.sampled_from(["us", ["DE", "CA"]]),
    "type": st.sampled_from(["local", "toll-free"]),
    "tags": st.sampled_from(["a", ["a", "b"]]),
    "customer_reference": st.sampled_from(["desk-*", "?"]),
    SCREENING: CONDITIONS[SCREENING],
    "hd_voice_enabled": CONDITIONS["hd_voice_enabled"],
}


@st.composite
def some_policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for name in ("p", "q"):
        policy = {"name": name, "require": draw(some_of(CONDITIONS, 1))}
        if draw(st.booleans()):
            policy["match"] = draw(some_of(MATCH_KEYS, 0))
        if draw(st.booleans()):
            policy["unless"] = draw(some_of(MATCH_KEYS, 1))
        if policy.get("match", {}).get("kind") is None:  # else it might mean no number at all
            found.append(policy)
    return found


@st.composite
def some_values(draw: st.DrawFn, kind: Kind, *, unknown: bool) -> dict[str, Any]:
    return {
        path: draw(st.sampled_from([*DOMAIN[path], *([UNKNOWN] if unknown else [])]))
        for path in PATHS[kind]
    }


def project(policies: list[dict[str, Any]], declared: Mapping[str, Mapping[str, Any]]) -> Desired:
    """The project that declares these settings, as its files would."""

    def nested(given: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, value in given.items():
            *parents, leaf = path.split(".")
            level = found
            for parent in parents:
                level = level.setdefault(parent, {})
            level[leaf] = list(value) if isinstance(value, tuple) else value
        return found

    numbers: dict[str, Any] = {kind.yaml_key: {} for kind in Kind}
    for name, settings_ in declared.items():
        numbers[NUMBERS[name][0].yaml_key][name] = nested(settings_)
    text = json.dumps({"policies": policies, **numbers})
    document, problems = read_document("reconciler.yaml", text.encode())
    assert problems == []
    desired, problems = build(document, [])
    assert problems == []
    return desired


# ---- the judge that goes the long way ----------------------------------------------------------


@cache
def holds(written: str, value: str) -> bool:
    """A condition and a value, both as JSON, by the other validator."""
    wanted, held = json.loads(written), json.loads(value)
    if isinstance(wanted, dict):
        return bool(jsonschema.Draft202012Validator(wanted).is_valid(held))
    if isinstance(held, list):
        return set(wanted or ()) == set(held)
    return bool(wanted == held)


def many(raw: Any) -> list[str]:
    return [raw] if isinstance(raw, str) else raw


def means(match: Mapping[str, Any], name: str, facts: Mapping[str, Any]) -> bool:
    """Whether a match means a number of which all is known."""
    kind = NUMBERS[name][0]
    for key, asked in match.items():
        match key:
            case "numbers":
                fits = any(fnmatchcase(name, glob) for glob in many(asked))
            case "kind":
                fits = str(kind) in many(asked)
            case "country":
                fits = facts["country"] in {each.upper() for each in many(asked)}
            case "type":
                fits = facts["type"] in {each.replace("-", "_") for each in many(asked)}
            case "tags":
                fits = not set(many(asked)).isdisjoint(facts["tags"])
            case "customer_reference":
                held = facts["customer_reference"] or ""
                fits = any(fnmatchcase(held, glob) for glob in many(asked))
            case _:
                there = key in PATHS[kind]
                fits = there and holds(json.dumps(asked), json.dumps(facts[key]))
        if not fits:
            return False
    return True


def breaks(policy: Mapping[str, Any], path: str, name: str, facts: Mapping[str, Any]) -> bool:
    """Whether a number of which all is known breaks a policy in one setting."""
    if not means(policy.get("match", {}), name, facts):
        return False
    if "unless" in policy and means(policy["unless"], name, facts):
        return False
    return not holds(json.dumps(policy["require"][path]), json.dumps(facts[path]))


def completions(name: str, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything that a number may be of which some is UNKNOWN."""
    possible = DOMAIN | {"country": NUMBERS[name][1], "type": TYPES}
    choices = [possible[key] if value is UNKNOWN else [value] for key, value in facts.items()]
    for values in product(*choices):
        yield dict(zip(facts, values, strict=True))


Key = tuple[str, str, str]


def check(
    policies: list[dict[str, Any]],
    fleet: Mapping[str, Mapping[str, Any]],
    violations: set[Key],
    unjudged: set[Key],
) -> None:
    """Whether what was said of each policy, number and setting is so whatever is not known."""
    for policy, (name, facts) in product(policies, fleet.items()):
        for path in policy["require"]:
            if path not in PATHS[NUMBERS[name][0]]:
                continue
            key = (policy["name"], name, path)
            answers = {breaks(policy, path, name, each) for each in completions(name, facts)}
            if UNKNOWN not in facts.values():
                assert key not in unjudged
                assert (key in violations) == (answers == {True}), key
            elif key in violations:
                assert answers == {True}, key
            elif key not in unjudged:
                assert answers == {False}, key
    assert not violations & unjudged


# ---- live ---------------------------------------------------------------------------------------


def snapshot_of(fleet: Mapping[str, Mapping[str, Any]]) -> Snapshot:
    def text(value: Any) -> str:
        return "" if value is UNKNOWN else str(value)

    numbers = {
        name: LiveNumber(
            name,
            f"id-{name[1:]}",
            NUMBERS[name][0],
            "active",
            text(facts["country"]),
            text(facts["type"]),
            tuple(facts[path] for path in PATHS[NUMBERS[name][0]]),
        )
        for name, facts in fleet.items()
    }
    return Snapshot(BASE_URL, NOON, (), PATHS, numbers)


@steady
@given(st.data())
def test_of_a_live_fleet_the_same_is_said_as_the_long_way(data: st.DataObject) -> None:
    policies = data.draw(some_policies())
    fleet: dict[str, dict[str, Any]] = {}
    changes: list[Change] = []
    after: dict[str, dict[str, Any]] = {}
    for name, (kind, countries) in NUMBERS.items():
        unknown = [UNKNOWN] if data.draw(st.booleans()) else []
        country = data.draw(st.sampled_from([*countries, *unknown]))
        type_ = data.draw(st.sampled_from([*TYPES, *unknown]))
        values = data.draw(some_values(kind, unknown=bool(unknown)))
        fleet[name] = {"country": country, "type": type_, **values}
        change = {
            path: value
            for path, value in data.draw(some_values(kind, unknown=False)).items()
            if data.draw(st.booleans())
        }
        after[name] = fleet[name] | change
        fields = tuple(
            FieldChange(path, fleet[name][path], value, Source("a.yaml", 1))
            for path, value in change.items()
        )
        if fields:
            changes.append(Change(name, f"id-{name[1:]}", kind, Action.UPDATE, fields))
    desired = project(policies, {name: {} for name in NUMBERS})
    snapshot = snapshot_of(fleet)
    for state, made in ((after, changes), (fleet, [])):
        judged = judge_live(desired.policies, desired.numbers, snapshot, Select(), made)
        check(
            policies,
            state,
            {(each.policy, each.phone_number, each.path) for each in judged.violations},
            {(each.policy, each.phone_number, each.path) for each in judged.unjudged},
        )


# ---- declared -----------------------------------------------------------------------------------


@steady
@given(st.data())
def test_of_what_is_declared_nothing_is_said_that_an_account_could_belie(
    data: st.DataObject,
) -> None:
    policies = data.draw(some_policies())
    declared = {
        name: {
            path: value
            for path, value in data.draw(some_values(kind, unknown=False)).items()
            if data.draw(st.booleans())
        }
        for name, (kind, _) in NUMBERS.items()
    }
    desired = project(policies, declared)
    fleet = {
        name: dict.fromkeys(("country", "type", *PATHS[kind]), UNKNOWN) | dict(declared[name])
        for name, (kind, _) in NUMBERS.items()
    }
    violations: set[Key] = set()
    unjudged: set[Key] = set()
    for found in judge_declared(judges_of(desired.policies), desired.numbers):
        into = unjudged if found.finding.unknown else violations
        path = found.finding.condition.path
        into |= {(found.finding.policy.name, name, path) for name in found.numbers}
    check(policies, fleet, violations, unjudged)
