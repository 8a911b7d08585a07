"""The plan as a document: its keys, its digest, its counts."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.plan import Plan
from reconciler.core.planfile import canonical_json, digest, plan_document, plan_schema, timestamp
from reconciler.core.values import Secret
from reconciler.report.jsonreport import plan_json
from tests.plan.world import (
    FORWARDING,
    N1,
    N2,
    N3,
    PROFILE,
    PROFILE_ID,
    SCREENING,
    Phone,
    account,
    declare,
    e164,
    phone,
    plan_for,
)

PIN = Secret("env:PIN_DESK_1")
SECRETS = {PIN.ref: "7315"}


def mixed() -> Plan:
    """A plan with something in every list."""
    fleet = [
        phone(1, external_pin="1111").have({PROFILE_ID: PROFILE}),
        phone(2).status("port-pending"),
        phone(3).have({SCREENING: "block_everything"}),
        phone(4),
        phone(5),
    ]
    wishes: dict[str, dict[str, Any]] = {
        N1: {
            "tags": ("a",),
            "external_pin": PIN,
            f"{FORWARDING}.forwards_to": "+13035559123",
            PROFILE_ID: None,
        },
        N2: {"customer_reference": "x"},
        N3: {SCREENING: "disabled"},
        e164(4): {"tags": ()},
        e164(6): {},
    }
    return plan_for(declare(wishes), account(*fleet), secrets=SECRETS)


def empty() -> Plan:
    return plan_for(declare({}), account())


PLANS = pytest.mark.parametrize("plan", [mixed(), empty()], ids=["mixed", "empty"])


@PLANS
def test_jsonschema_takes_the_document(plan: Plan) -> None:
    jsonschema.Draft202012Validator(plan_schema()).validate(plan_document(plan))


@PLANS
def test_jsonschema_rs_takes_the_document(plan: Plan) -> None:
    jsonschema_rs.Draft202012Validator(plan_schema()).validate(plan_document(plan))


def test_the_keys_are_those_of_the_contract() -> None:
    document = plan_document(mixed())
    assert list(document) == [
        "format_version",
        "tool_version",
        "created_at",
        "account",
        "allowed",
        "source",
        "live",
        "summary",
        "changes",
        "operations",
        "withheld",
        "not_owned",
        "unknown",
        "digest",
    ]


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("account", {"base_url"}),
        ("source", {"commit", "digest"}),
        ("live", {"fetched_at", "numbers"}),
        ("changes", {"phone_number", "id", "kind", "action", "fields"}),
        ("operations", {"id", "call", "numbers", "body", "guards", "depends_on"}),
        ("withheld", {"phone_number", "path", "before", "after", "rule", "reason"}),
        ("not_owned", {"phone_number", "source"}),
        ("unknown", {"phone_number", "path", "reason"}),
    ],
)
def test_the_keys_of_a_part_are_those_of_the_contract(part: str, keys: set[str]) -> None:
    found = plan_document(mixed())[part]
    assert (found[0] if isinstance(found, list) else found).keys() == keys


def test_the_keys_of_a_changed_field_are_those_of_the_contract() -> None:
    field = plan_document(mixed())["changes"][0]["fields"][0]
    assert field.keys() == {"path", "before", "after", "source", "risk"}


def test_the_summary_counts_everything_once() -> None:
    summary = plan_document(mixed())["summary"]
    calls = summary.pop("calls")
    assert summary == {
        "declared": 5,
        "numbers_changed": 1,
        "fields_changed": 4,
        "released": 0,
        "unchanged": 1,
        "unmanaged": 1,
        "not_owned": 1,
        "unknown": 1,
        "withheld": 1,
        "write_calls": 2,
        "write_calls_floor": 2,
        "eta_seconds": 12,
    }
    assert {call: count for call, count in calls.items() if count} == {
        "update_job": 1,
        "patch_messaging": 1,
    }


def test_every_call_of_the_contract_is_counted_even_at_none() -> None:
    assert set(plan_document(empty())["summary"]["calls"]) == {
        "update_job",
        "emergency_job",
        "delete_job",
        "messaging_bulk",
        "patch_number",
        "patch_voice",
        "patch_messaging",
        "patch_mobile",
        "enable_emergency",
        "bundle",
        "delete_number",
    }


def test_write_calls_are_the_operations() -> None:
    document = plan_document(mixed())
    assert document["summary"]["write_calls"] == len(document["operations"])
    assert document["summary"]["write_calls"] == sum(document["summary"]["calls"].values())


def test_the_digest_is_that_of_sorted_spaceless_json() -> None:
    document = plan_document(mixed())
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert document["digest"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("key", [key for key in plan_document(empty()) if key != "digest"])
def test_the_digest_covers(key: str) -> None:
    document = plan_document(mixed())
    before = document["digest"]
    assert digest(document) == before
    assert digest(document | {key: "edited"}) != before


def test_an_edited_operation_changes_the_digest() -> None:
    document = plan_document(mixed())
    before = document["digest"]
    document["operations"][0]["body"]["tags"] = ["b"]
    assert digest(document) != before


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(document=values)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_canonical_json_is_what_any_json_library_would_write(document: object) -> None:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_json(document) == text.encode()


@PLANS
def test_the_json_report_is_the_document(plan: Plan) -> None:
    assert json.loads(plan_json(plan)) == plan_document(plan)


def test_a_pin_is_a_reference_in_changes_and_in_bodies() -> None:
    document = plan_document(mixed())
    fields = {field["path"]: field for field in document["changes"][0]["fields"]}
    assert fields["external_pin"]["before"] == {"secret": "live"}
    assert fields["external_pin"]["after"] == {"secret": "env:PIN_DESK_1"}
    assert document["operations"][0]["body"]["external_pin"] == {"secret": "env:PIN_DESK_1"}


def test_no_pin_is_in_the_document() -> None:
    text = canonical_json(plan_document(mixed())).decode()
    assert not [pin for pin in ("7315", "1111") if f'"{pin}"' in text]


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    there = timezone(timedelta(hours=2))
    assert timestamp(datetime(2026, 7, 1, 14, tzinfo=there)) == "2026-07-01T12:00:00Z"


@PLANS
def test_the_same_input_gives_the_same_document(plan: Plan) -> None:
    again = {"mixed": mixed, "empty": empty}["mixed" if plan.operations else "empty"]()
    assert canonical_json(plan_document(again)) == canonical_json(plan_document(plan))


def test_an_operation_is_for_numbers_that_change() -> None:
    fleet = [Phone(e164(at)) for at in range(20)]
    plan = plan_for(
        declare({each.phone_number: {"tags": ("a",)} for each in fleet}), account(*fleet)
    )
    document = plan_document(plan)
    changed = {change["phone_number"] for change in document["changes"]}
    assert changed == {n for operation in document["operations"] for n in operation["numbers"]}
