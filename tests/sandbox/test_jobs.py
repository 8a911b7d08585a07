"""Background jobs: what is refused at once, what happens over time, and how it can end."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import Fleet, number
from tests.sandbox.spec import document
from tests.sandbox.support import ONE, PROFILE, THREE, TWO, Desk, numbers_of, pointer

UPDATE, DELETE, EMERGENCY = (
    "update_phone_numbers",
    "delete_phone_numbers",
    "update_emergency_settings",
)
BODIES: dict[str, dict[str, Any]] = {
    UPDATE: {"tags": ["new"]},
    DELETE: {},
    EMERGENCY: {"emergency_enabled": True, "emergency_address_id": "5382"},
}
KINDS = list(BODIES)


def three(**switches: Any) -> Desk:
    return Desk(number(ONE), number(TWO), number(THREE), **switches)


def example(name: str) -> Any:
    return document()["components"]["examples"][name]["value"]["errors"][0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ([], "MinimumAllowedPhoneNumbers"),
        ([ONE] * 1001, "MaximumAllowedPhoneNumbers"),
        ([ONE, "1600000013125550002"], "MixedIdsAndE164Values"),
        ([ONE, "+19705550000"], "PhoneNumberOwnership"),
        (["1", "2"], "PhoneNumberOwnership"),
        (None, "PhoneNumbersMustBePresent"),
    ],
)
def test_the_numbers_of_a_job_are_refused_as_in_the_examples(
    kind: str, numbers: list[str] | None, name: str
) -> None:
    desk = three()
    before = desk.control.dump()
    body = {**BODIES[kind], **({} if numbers is None else {"phone_numbers": numbers})}
    assert desk.refused("POST", f"/phone_numbers/jobs/{kind}", body) == example(name)
    assert desk.control.dump() == before
    assert desk.get("/phone_numbers/jobs")["data"] == []


def test_an_update_without_a_field_is_refused_as_in_the_example() -> None:
    error = three().refused("POST", f"/phone_numbers/jobs/{UPDATE}", {"phone_numbers": [ONE]})
    responses = document()["paths"][f"/phone_numbers/jobs/{UPDATE}"]["post"]["responses"]
    examples = responses["422"]["content"]["application/json"]["examples"]
    assert error == examples["Minimum updateable field"]["value"]["errors"][0]


@pytest.mark.parametrize(
    ("kind", "body", "where"),
    [
        (UPDATE, {"tags": None}, "/tags"),
        (UPDATE, {"voice": {"nonsense": 1}}, "/voice/nonsense"),
        (UPDATE, {"address_id": "1"}, "/address_id"),
        (
            UPDATE,
            {"voice": {"call_forwarding": {"forwards_to": "1"}}},
            "/voice/call_forwarding/forwards_to",
        ),
        (EMERGENCY, {"emergency_enabled": True}, "/emergency_address_id"),
        (EMERGENCY, {"emergency_enabled": True, "emergency_address_id": None},
         "/emergency_address_id"),
        (EMERGENCY, {"emergency_enabled": False, "emergency_address_id": "5"},
         "/emergency_address_id"),
        (EMERGENCY, {"emergency_address_id": "5"}, "/emergency_enabled"),
        (DELETE, {"force": True}, "/force"),
    ],
)  # fmt: skip
def test_a_job_body_that_the_specification_forbids_is_refused(
    kind: str, body: dict[str, Any], where: str
) -> None:
    desk = three()
    error = desk.refused("POST", f"/phone_numbers/jobs/{kind}", {"phone_numbers": [ONE], **body})
    assert pointer(error) == where
    assert len(desk.control.violations()) == 1


def test_a_number_that_is_no_e164_is_10016() -> None:
    body = {"phone_numbers": ["+1x"], "tags": []}
    assert three().refused("POST", f"/phone_numbers/jobs/{UPDATE}", body)["code"] == "10016"


def test_a_billing_group_of_another_account_is_403_as_in_the_example() -> None:
    desk = Desk(fleet=Fleet([number(ONE)], billing_groups=frozenset()))
    body = {"phone_numbers": [ONE], "billing_group_id": PROFILE}
    error = desk.refused("POST", f"/phone_numbers/jobs/{UPDATE}", body, status=403)
    responses = document()["paths"][f"/phone_numbers/jobs/{UPDATE}"]["post"]["responses"]
    examples = responses["403"]["content"]["application/json"]["examples"]
    assert error == examples["Billing group not authorized"]["value"]["errors"][0]


def test_a_job_goes_from_pending_through_its_numbers_to_completed() -> None:
    desk = three()
    desk.control.timing(pending=10, running=30)
    job = desk.job(UPDATE, phone_numbers=[ONE, TWO, THREE], tags=["new"])
    assert job["status"] == "pending"
    assert numbers_of(job["pending_operations"]) == [ONE, TWO, THREE]
    assert job["phone_numbers"] == [{"phone_number": one} for one in (ONE, TWO, THREE)]
    assert desk.after(job, 9)["status"] == "pending"
    begun = desk.after(job, 12)
    assert begun["status"] == "in_progress"
    assert numbers_of(begun["successful_operations"]) == [ONE]
    assert numbers_of(begun["pending_operations"]) == [TWO, THREE]
    assert (desk.state(ONE)["tags"], desk.state(TWO)["tags"]) == (["new"], [])
    done = desk.after(job, 19)
    assert done["status"] == "completed"
    assert done["pending_operations"] == done["failed_operations"] == []
    assert done["created_at"] < done["updated_at"] == done["etc"] == job["etc"]


def test_a_job_takes_ids_as_well_and_names_numbers_as_they_were_given() -> None:
    desk = three()
    job = desk.job(UPDATE, phone_numbers=[desk.id(ONE), desk.id(TWO)], tags=["new"])
    assert job["phone_numbers"] == [{"id": desk.id(ONE)}, {"id": desk.id(TWO)}]
    assert numbers_of(desk.after(job)["successful_operations"]) == [ONE, TWO]


def test_numbers_given_twice_are_one() -> None:
    desk = three()
    assert len(desk.job(UPDATE, phone_numbers=[ONE, ONE], tags=[])["phone_numbers"]) == 1


def test_an_update_writes_base_and_voice_settings_together() -> None:
    desk = three()
    desk.job(
        UPDATE,
        phone_numbers=[ONE, TWO],
        connection_id="111",
        deletion_lock_enabled=True,
        external_pin="9876",
        voice={"inbound_call_screening": "flag_calls", "caller_id_name_enabled": True},
    )
    state = desk.state(TWO)
    assert (state["connection_id"], state["external_pin"]) == ("111", "9876")
    assert state["deletion_lock_enabled"] is True
    assert state["voice"]["inbound_call_screening"] == "flag_calls"
    assert desk.state(THREE)["connection_id"] is None


def test_nested_voice_objects_of_a_job_merge_or_replace_as_those_of_a_patch() -> None:
    recording = {"inbound_call_recording_format": "mp3"}
    change = {"call_recording": {"inbound_call_recording_enabled": True}}
    for nested, expected in (("merge", "mp3"), ("replace", "wav")):
        desk = Desk(number(ONE, voice={"call_recording": recording}), nested=nested)
        desk.job(UPDATE, phone_numbers=[ONE], voice=change)
        got = desk.state()["voice"]["call_recording"]["inbound_call_recording_format"]
        assert got == expected


def test_a_number_whose_cnam_would_be_half_set_fails_alone() -> None:
    listing = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
    desk = Desk(number(ONE), number(TWO, voice={"cnam_listing": listing}))
    change = {"cnam_listing": {"cnam_listing_enabled": True}}
    done = desk.after(desk.job(UPDATE, phone_numbers=[ONE, TWO], voice=change))
    assert numbers_of(done["failed_operations"]) == [ONE]
    assert numbers_of(done["successful_operations"]) == [TWO]
    assert done["failed_operations"][0]["errors"][0]["source"]["pointer"].startswith("/voice/")


def test_a_delete_job_removes_numbers_but_not_locked_or_inactive_ones() -> None:
    desk = Desk(
        number(ONE), number(TWO, deletion_lock_enabled=True), number(THREE, status="port-pending")
    )
    done = desk.after(desk.job(DELETE, phone_numbers=[ONE, TWO, THREE]))
    assert numbers_of(done["successful_operations"]) == [ONE]
    codes = [one["errors"][0]["code"] for one in done["failed_operations"]]
    assert codes == ["10035", "10027"]
    assert desk.listed("/phone_numbers") == [THREE, TWO]


def test_a_number_that_goes_away_before_its_turn_fails() -> None:
    desk = three()
    desk.control.timing(pending=5)
    job = desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"])
    desk.control.remove(ONE)
    done = desk.after(job, 5)
    assert numbers_of(done["failed_operations"]) == [ONE]
    assert done["failed_operations"][0]["errors"][0]["code"] == "10005"


def test_twenty_updates_and_deletes_together_are_the_most_that_wait() -> None:
    desk = three()
    desk.control.timing(pending=10)
    for _ in range(10):
        desk.job(UPDATE, phone_numbers=[ONE], tags=["new"])
        last = desk.job(DELETE, phone_numbers=[TWO])
    for kind in (UPDATE, DELETE):
        body = {"phone_numbers": [ONE], **BODIES[kind]}
        error = desk.refused("POST", f"/phone_numbers/jobs/{kind}", body)
        assert error == example("Maximum20JobsAllowed")
    desk.job(EMERGENCY, phone_numbers=[ONE], **BODIES[EMERGENCY])
    assert desk.control.violations() == []
    desk.after(last, 10)
    desk.job(UPDATE, phone_numbers=[ONE], tags=["new"])


def test_five_hundred_emergency_jobs_are_the_most_that_wait() -> None:
    desk = three()
    desk.control.timing(pending=10)
    for _ in range(500):
        desk.job(EMERGENCY, phone_numbers=[ONE], **BODIES[EMERGENCY])
    body = {"phone_numbers": [ONE], **BODIES[EMERGENCY]}
    error = desk.refused("POST", f"/phone_numbers/jobs/{EMERGENCY}", body)
    responses = document()["paths"][f"/phone_numbers/jobs/{EMERGENCY}"]["post"]["responses"]
    examples = responses["422"]["content"]["application/json"]["examples"]
    assert error == examples["Maximum jobs allowed"]["value"]["errors"][0]


def test_a_filter_updates_every_match_and_is_a_violation() -> None:
    desk = Desk(number(ONE, tags=["a"]), number(TWO, tags=["a"]), number(THREE))
    path = f"/phone_numbers/jobs/{UPDATE}"
    body = {"phone_numbers": [THREE], "customer_reference": "x"}
    answer = desk.ask("POST", path, params={"filter[tag]": "a"}, json=body)
    assert answer.status_code == 202
    assert len(desk.control.violations()) == 1
    assert desk.state(ONE)["customer_reference"] == desk.state(TWO)["customer_reference"] == "x"
    assert desk.state(THREE)["customer_reference"] is None


def test_an_empty_list_may_update_everything() -> None:
    desk = three(empty_job="everything")
    desk.job(UPDATE, phone_numbers=[], tags=["gone wild"])
    assert [desk.state(one)["tags"] for one in (ONE, TWO, THREE)] == [["gone wild"]] * 3
    assert len(desk.control.violations()) == 1
    desk.refused("POST", f"/phone_numbers/jobs/{DELETE}", {"phone_numbers": []})


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_number_that_is_not_owned_may_come_back_as_a_failed_operation(status: str) -> None:
    desk = three(not_owned="fail", job_with_failures=status)
    done = desk.after(desk.job(UPDATE, phone_numbers=[ONE, "+19705550000"], tags=["new"]))
    assert done["status"] == status
    assert numbers_of(done["failed_operations"]) == ["+19705550000"]
    assert numbers_of(done["successful_operations"]) == [ONE]
    by_id = desk.after(desk.job(UPDATE, phone_numbers=["404"], tags=[]))
    assert by_id["failed_operations"][0]["id"] == "404"


def test_jobs_are_listed_newest_first_and_by_type() -> None:
    desk = three()
    ids = []
    for kind in (UPDATE, EMERGENCY, UPDATE):
        desk.clock.advance(1)
        ids.append(desk.job(kind, phone_numbers=[ONE], **BODIES[kind])["id"])
    path = "/phone_numbers/jobs"
    listed = [job["id"] for job in desk.get(path)["data"]]
    assert listed == ids[::-1]
    assert [job["id"] for job in desk.get(path, sort="created_at")["data"]] == ids
    by_type = desk.get(path, **{"filter[type]": EMERGENCY})
    assert [job["id"] for job in by_type["data"]] == [ids[1]]
    assert by_type["meta"]["total_results"] == 1


def test_a_job_may_echo_the_pin_it_was_sent() -> None:
    desk = three(job_echoes_parameters=True)
    job = desk.job(UPDATE, phone_numbers=[ONE], external_pin="9876")
    assert job["parameters"] == {"external_pin": "9876", "phone_numbers": [ONE]}


def test_a_thousand_numbers_are_allowed() -> None:
    rows = [number(f"+1312555{place:04d}") for place in range(1000)]
    desk = Desk(*rows)
    done = desk.after(desk.job(UPDATE, phone_numbers=[row.phone_number for row in rows], tags=[]))
    assert len(done["successful_operations"]) == 1000
