"""A plan that somebody else wrote, digest and all, does what it shows or is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.changes import Action, Change, Difference
from reconciler.core.diff import diff
from reconciler.core.fields import Kind
from reconciler.core.plan import Origin, make_plan
from reconciler.core.planfile import plan_document
from reconciler.core.values import Secret
from reconciler.errors import UsageError
from tests.plan.world import (
    CNAM,
    FORWARDING,
    N1,
    N2,
    N3,
    NOON,
    PROFILE,
    PROFILE_ID,
    account,
    declare,
    e164,
    phone,
    plan_for,
)
from tests.saved.support import Document, forged, read

PIN = Secret("env:PIN_DESK_1")
TARGET = "+13035559123"


def settings() -> Document:
    """Three numbers alike by a job, one with a PIN of its own, one that is forwarded."""
    wishes: dict[str, dict[str, Any]] = {
        each: {"customer_reference": "desk", "hd_voice_enabled": True} for each in (N1, N2, N3)
    }
    wishes[e164(4)] = {"tags": ("a", "b"), "external_pin": PIN, PROFILE_ID: PROFILE}
    wishes[e164(5)] = {
        f"{FORWARDING}.call_forwarding_enabled": True,
        f"{FORWARDING}.forwards_to": TARGET,
    }
    live = account(phone(1), phone(2), phone(3), phone(4, external_pin="1111"), phone(5))
    return plan_document(plan_for(declare(wishes), live, secrets={PIN.ref: "7315"}))


def release() -> Document:
    """Two numbers given back."""
    off = {"emergency.emergency_status": "disabled"}
    live = account(phone(1).have(off), phone(2).have(off))
    changes = tuple(
        Change(each, live.numbers[each].id, Kind.NUMBER, Action.RELEASE, ()) for each in (N1, N2)
    )
    made = make_plan(
        Difference(changes, (), (), (), 2, 0, 0),
        live,
        created_at=NOON,
        origin=Origin("", ""),
        allowed=("allow_release",),
    )
    return plan_document(made)


def bundle() -> Document:
    """A number that moves from one bundle to another."""
    wishes = {N1: {"bundle_id": "5194d8fc-87e6-4188-baa9-1c434bbe861b"}}
    plan = plan_for(declare(wishes), account(phone(1)))
    assert not plan.operations  # nobody allowed it
    document = plan_document(plan)
    document["withheld"] = []
    document["allowed"] = ["allow_unreadable"]
    document["changes"] = [
        {
            "phone_number": N1,
            "id": "913125550001",
            "kind": "number",
            "action": "update",
            "fields": [
                {
                    "path": "bundle_id",
                    "before": {"unknown": True},
                    "after": wishes[N1]["bundle_id"],
                    "source": "fleet.yaml:1",
                    "risk": [],
                }
            ],
        }
    ]
    document["operations"] = [_bundle_call(1, None), _bundle_call(2, wishes[N1]["bundle_id"])]
    document["summary"] |= {"numbers_changed": 1, "fields_changed": 1, "withheld": 0}
    document["summary"] |= {"write_calls": 2}
    document["summary"]["calls"]["bundle"] = 2
    return forged(document)


def _bundle_call(place: int, bundle_id: str | None) -> Document:
    return {
        "id": f"op-{place:04d}",
        "call": "bundle",
        "numbers": [N1],
        "body": {"bundle_id": bundle_id},
        "guards": {},
        "depends_on": [] if place == 1 else [f"op-{place - 1:04d}"],
    }


def recount(document: Document) -> None:
    """Make the summary count what is in the plan."""
    changes, operations = document["changes"], document["operations"]
    summary = document["summary"]
    calls = Counter(each["call"] for each in operations)
    summary["calls"] = {call: calls[call] for call in summary["calls"]}
    summary["write_calls"] = len(operations)
    summary["numbers_changed"] = len(changes)
    summary["withheld"], summary["unknown"] = len(document["withheld"]), len(document["unknown"])
    summary["fields_changed"] = sum(len(each["fields"]) for each in changes)
    summary["released"] = sum(each["action"] == "release" for each in changes)


def operation(document: Document, call: str) -> Document:
    """The first operation by this call."""
    return next(each for each in document["operations"] if each["call"] == call)


def change(document: Document, number: str = N1) -> Document:
    """The change of a number."""
    return next(each for each in document["changes"] if each["phone_number"] == number)


def field(document: Document, path: str, number: str = N1) -> Document:
    """One field of it."""
    return next(each for each in change(document, number)["fields"] if each["path"] == path)


@pytest.mark.parametrize("made", [settings, release, bundle])
def test_a_plan_with_a_digest_of_its_own_is_read(made: Callable[[], Document]) -> None:
    assert plan_document(read(forged(made()))) == made()


EDITS: dict[str, Callable[[Document], object]] = {
    "a body with one more setting": lambda d: operation(d, "update_job")["body"].update(
        billing_group_id="62e4bf2e-c278-4282-b524-488d9c9c43b2"
    ),
    "a body with a filter": lambda d: operation(d, "update_job")["body"].update(
        filter={"has_bundle": "false"}
    ),
    "a body with numbers": lambda d: operation(d, "update_job")["body"].update(phone_numbers=["1"]),
    "a body with another value": lambda d: operation(d, "update_job")["body"].update(
        customer_reference="x"
    ),
    "1 for true": lambda d: operation(d, "update_job")["body"].update(hd_voice_enabled=1),
    "1.0 for true": lambda d: operation(d, "update_job")["body"].update(hd_voice_enabled=1.0),
    "a secret that is another": lambda d: operation(d, "patch_number")["body"].update(
        external_pin={"secret": "env:TELNYX_API_KEY"}
    ),
    "a secret in clear": lambda d: operation(d, "patch_number")["body"].update(external_pin="7315"),
    "a body without what changes": lambda d: operation(d, "update_job")["body"].pop(
        "customer_reference"
    ),
    "an empty body": lambda d: operation(d, "update_job").update(body={}),
    "a number that does not change": lambda d: operation(d, "update_job")["numbers"].append(
        "+13125559999"
    ),
    "a number of another change": lambda d: operation(d, "update_job")["numbers"].append(e164(4)),
    "a number less": lambda d: operation(d, "update_job")["numbers"].pop(),
    "a number twice": lambda d: operation(d, "update_job")["numbers"].append(N1),
    "no number": lambda d: operation(d, "update_job").update(numbers=[]),
    "another call": lambda d: operation(d, "update_job").update(call="delete_job"),
    "a call for mobile numbers": lambda d: operation(d, "patch_number").update(call="patch_mobile"),
    "a guard beside the link": lambda d: (
        operation(d, "patch_voice")["guards"].update({"voice.tech_prefix_enabled": True}),
        operation(d, "patch_voice")["body"].update(tech_prefix_enabled=True),
    ),
    "a setting sent again that changes on no number": lambda d: (
        operation(d, "update_job")["guards"].update({"voice.tech_prefix_enabled": False}),
        operation(d, "update_job")["body"].update(voice={"tech_prefix_enabled": False}),
    ),
    "a guard that is not sent": lambda d: operation(d, "patch_voice")["guards"].update(
        {f"{CNAM}.cnam_listing_enabled": False}
    ),
    "a guard of no field": lambda d: operation(d, "patch_voice")["guards"].update({"x": False}),
    "a guard of no value": lambda d: operation(d, "patch_voice")["guards"].update(
        {f"{FORWARDING}.forwarding_type": 7}
    ),
    "a guard taken out": lambda d: operation(d, "patch_voice").update(
        guards={}, body={**operation(d, "patch_voice")["body"], "call_forwarding": {}}
    ),
    "an operation twice": lambda d: d["operations"].append(d["operations"][-1]),
    "the same call under another name": lambda d: d["operations"].append(
        {
            **d["operations"][-1],
            "id": f"op-{len(d['operations']) + 1:04d}",
            "depends_on": [d["operations"][-1]["id"]],
        }
    ),
    "two operations of one name": lambda d: d["operations"][1].update(id="op-0001"),
    "an operation with a name of its own": lambda d: d["operations"][-1].update(id="../../x"),
    "an operation missing": lambda d: d["operations"].pop(),
    "operations in another order": lambda d: d["operations"].reverse(),
    "no waiting": lambda d: d["operations"][-1].update(depends_on=[]),
    "waiting for itself": lambda d: d["operations"][0].update(depends_on=["op-0001"]),
    "waiting for what is to come": lambda d: d["operations"][0].update(depends_on=["op-0002"]),
    "an id that leads elsewhere": lambda d: change(d).update(id="../../v2/phone_numbers"),
    "an id with a query": lambda d: change(d).update(id="1?x=y"),
    "an id of another change": lambda d: change(d).update(id="913125550002"),
    "no id": lambda d: change(d).update(id=""),
    "a number that is none": lambda d: change(d).update(phone_number="+1"),
    "a number twice in the changes": lambda d: d["changes"].append(change(d)),
    "a mobile number": lambda d: change(d, e164(4)).update(kind="mobile"),
    "a release with fields": lambda d: change(d).update(action="release"),
    "an update without fields": lambda d: change(d).update(fields=[]),
    "a field twice": lambda d: change(d)["fields"].append(change(d)["fields"][0]),
    "a field that nothing writes": lambda d: change(d)["fields"].append(
        {
            **change(d)["fields"][0],
            "path": "voice.tech_prefix_enabled",
            "before": False,
            "after": True,
        }
    ),
    "a field that is read only": lambda d: field(d, "customer_reference").update(
        path="emergency.emergency_status"
    ),
    "a field that is none": lambda d: field(d, "customer_reference").update(path="status"),
    "a value that is none": lambda d: field(d, "hd_voice_enabled").update(after="yes"),
    "null for a boolean": lambda d: field(d, "hd_voice_enabled").update(after=None),
    "a list for text": lambda d: field(d, "customer_reference").update(after=["x"]),
    "what is not known": lambda d: field(d, "customer_reference").update(after={"unknown": True}),
    "a secret where none belongs": lambda d: field(d, "customer_reference").update(
        after={"secret": "env:TELNYX_API_KEY"}
    ),
    "a PIN in clear": lambda d: field(d, "external_pin", e164(4)).update(after="7315"),
    "a PIN from nowhere": lambda d: (
        field(d, "external_pin", e164(4)).update(after={"secret": "vault:PIN"}),
        operation(d, "patch_number")["body"].update(external_pin={"secret": "vault:PIN"}),
    ),
    "a PIN that was known": lambda d: field(d, "external_pin", e164(4)).update(
        before={"secret": "env:OLD"}
    ),
    "tags out of order": lambda d: (
        field(d, "tags", e164(4)).update(after=["b", "a"]),
        operation(d, "patch_number")["body"].update(tags=["b", "a"]),
    ),
    "what would not change": lambda d: field(d, "customer_reference").update(before="desk"),
    "nobody looks what it was": lambda d: field(d, "customer_reference").update(
        before={"unknown": True}
    ),
    "no risk": lambda d: field(d, "hd_voice_enabled").update(risk=[]),
    "a time in another form": lambda d: d.update(created_at="2026-7-1T12:00:00Z"),
    "no time": lambda d: d.update(created_at="yesterday"),
    "a time of other digits": lambda d: d.update(created_at="٢٠٢٦-07-01T12:00:00Z"),
    "a key of its own": lambda d: d.update(more=True),
    "a key missing": lambda d: d.pop("source"),
    "no refusals, in so many words": lambda d: d.update(refusals=[]),
    "what is no field is withheld": lambda d: d.update(
        withheld=[
            {
                "phone_number": N1,
                "path": "\x1b[2J",
                "before": None,
                "after": None,
                "rule": "status",
                "reason": "",
            }
        ]
    ),
    "what is no field is unknown": lambda d: d.update(
        unknown=[{"phone_number": N1, "path": "status", "reason": ""}]
    ),
    "what nothing is called is allowed": lambda d: d.update(allowed=["everything"]),
    "a source with a line of 5,000 digits": lambda d: field(d, "customer_reference").update(
        source="fleet.yaml:0" + 5000 * "1"
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_plan_is_refused_although_its_digest_matches(
    edit: Callable[[Document], object],
) -> None:
    document = forged(settings(), edit, recount)
    with pytest.raises(UsageError, match=r"plan\.json: not a plan that `plan --out` wrote: "):
        read(document)


COUNTS: dict[str, Callable[[Document], object]] = {
    "a summary of nothing": lambda d: d["summary"].update(numbers_changed=0),
    "a summary of other calls": lambda d: d["summary"]["calls"].update(update_job=0),
    "a summary that releases nothing": lambda d: d["summary"].update(released=1),
    "a count that is a fraction": lambda d: d["summary"].update(declared=4.0),
    "a time that no report can tell": lambda d: d["summary"].update(eta_seconds=10**400),
}


@pytest.mark.parametrize("edit", COUNTS.values(), ids=COUNTS)
def test_a_summary_that_counts_something_else_is_refused(
    edit: Callable[[Document], object],
) -> None:
    with pytest.raises(UsageError, match="summary"):
        read(forged(settings(), edit))


RELEASES: dict[str, Callable[[Document], object]] = {
    "not allowed": lambda d: d.update(allowed=[]),
    "no look at the lock": lambda d: d["operations"][0]["guards"].pop("deletion_lock_enabled"),
    "no look at emergency service": lambda d: d["operations"][0]["guards"].pop(
        "emergency.emergency_enabled"
    ),
    "only where it is locked": lambda d: d["operations"][0]["guards"].update(
        deletion_lock_enabled=True
    ),
    "one more guard": lambda d: d["operations"][0]["guards"].update(hd_voice_enabled=False),
    "a body": lambda d: d["operations"][0].update(body={"filter": {}}),
    "an update of it": lambda d: d["operations"][0].update(call="update_job"),
    "a mobile number": lambda d: d["changes"][0].update(kind="mobile"),
    "one more number": lambda d: d["operations"][0]["numbers"].append(N3),
    "one number less": lambda d: d["operations"][0]["numbers"].pop(),
    "twice": lambda d: d["operations"].append(
        {**d["operations"][0], "id": "op-0002", "depends_on": ["op-0001"]}
    ),
}


@pytest.mark.parametrize("edit", RELEASES.values(), ids=RELEASES)
def test_an_edited_release_is_refused(edit: Callable[[Document], object]) -> None:
    with pytest.raises(UsageError, match="not a plan"):
        read(forged(release(), edit, recount))


BUNDLES: dict[str, Callable[[Document], object]] = {
    "only out of it": lambda d: d["operations"].pop(),
    "in and out again": lambda d: d.update(
        operations=[
            {**d["operations"][1], "id": "op-0001", "depends_on": []},
            {**d["operations"][0], "id": "op-0002", "depends_on": ["op-0001"]},
        ]
    ),
    "out twice": lambda d: (
        d["operations"].insert(1, {**_bundle_call(2, None)}),
        d["operations"][2].update(id="op-0003", depends_on=["op-0002"]),
    ),
    "a bundle that is a list": lambda d: d["operations"][0].update(body={"bundle_id": []}),
    "nobody allowed what cannot be read": lambda d: d.update(allowed=[]),
}


@pytest.mark.parametrize("edit", BUNDLES.values(), ids=BUNDLES)
def test_an_edited_change_of_bundle_is_refused(edit: Callable[[Document], object]) -> None:
    with pytest.raises(UsageError, match="not a plan"):
        read(forged(bundle(), edit, recount))


def test_half_of_a_nested_object_is_refused() -> None:
    """The rest of it would be lost on a service that replaces nested objects."""

    def half(document: Document) -> None:
        call = operation(document, "patch_voice")
        call["guards"] = {}
        call["body"]["call_forwarding"].pop("forwarding_type")

    wishes = {N1: {f"{FORWARDING}.forwards_to": "+13035550000"}}
    live = account(
        phone(1).have(
            {
                f"{FORWARDING}.call_forwarding_enabled": True,
                f"{FORWARDING}.forwards_to": TARGET,
                f"{FORWARDING}.forwarding_type": "always",
            }
        )
    )
    document = plan_document(plan_for(declare(wishes), live))
    document = forged(
        document,
        half,
        lambda d: d["operations"][0]["body"]["call_forwarding"].pop("call_forwarding_enabled"),
    )
    with pytest.raises(UsageError, match="not a plan"):
        read(document)


@pytest.mark.parametrize(
    ("path", "before", "option"),
    [
        ("emergency.emergency_enabled", True, "--allow-emergency-off"),
        ("deletion_lock_enabled", True, "--allow-unlock"),
    ],
)
def test_what_has_to_be_allowed_is_refused_where_nobody_allowed_it(
    path: str, before: object, option: str
) -> None:
    live = account(
        phone(1).have(
            {
                path: before,
                "emergency.emergency_address_id": "53829456729313",
                "emergency.emergency_status": "active",
            }
        )
    )
    change_ = diff(declare({N1: {path: False}}), live, {})
    made = make_plan(change_, live, created_at=NOON, origin=Origin("", ""))
    with pytest.raises(UsageError, match=option):
        read(plan_document(made))
