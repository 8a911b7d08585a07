"""Jobs that do not end as the client hopes."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.sandbox.support import ONE, THREE, TWO, Desk, numbers_of

UPDATE = "update_phone_numbers"
BODIES: dict[str, dict[str, Any]] = {
    UPDATE: {"tags": ["new"]},
    "delete_phone_numbers": {},
    "update_emergency_settings": {"emergency_enabled": True, "emergency_address_id": "5382"},
}


def three() -> Desk:
    return Desk(number(ONE), number(TWO), number(THREE))


def test_a_script_makes_chosen_numbers_fail() -> None:
    desk = three()
    failure = Failure(code="10036", detail="busy", pointer="/tags")
    desk.control.script(call="update_job", fail={TWO: failure})
    done = desk.after(desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"]))
    error = done["failed_operations"][0]["errors"][0]
    assert (error["code"], error["detail"]) == ("10036", "busy")
    assert desk.state(TWO)["tags"] == []
    again = desk.after(desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"]))
    assert again["failed_operations"] == []


def test_a_script_is_laid_on_so_many_writes_of_its_call_or_on_every_one() -> None:
    desk = three()
    desk.control.script(call="update_job", times=2, no_effect=True)
    desk.control.script(call="delete_job", times=None, no_effect=True)
    for tags, expected in ((["a"], []), (["b"], []), (["c"], ["c"])):
        desk.after(desk.job(UPDATE, phone_numbers=[ONE], tags=tags))
        assert desk.state()["tags"] == expected
        desk.after(desk.job("delete_phone_numbers", phone_numbers=[ONE]))
    desk.control.clear()
    desk.after(desk.job("delete_phone_numbers", phone_numbers=[ONE]))
    assert desk.listed("/phone_numbers") == [THREE, TWO]


def test_a_job_may_expire_with_numbers_left_over() -> None:
    desk = three()
    desk.control.script(call="update_job", ends="expired", done=1)
    done = desk.after(desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"]))
    assert done["status"] == "expired"
    assert numbers_of(done["successful_operations"]) == [ONE]
    assert numbers_of(done["pending_operations"]) == [TWO]


def test_a_job_may_fail_as_a_whole() -> None:
    desk = three()
    desk.control.script(ends="failed")
    done = desk.after(desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"]))
    assert done["status"] == "failed"
    assert numbers_of(done["failed_operations"]) == [ONE, TWO]
    assert desk.state()["tags"] == []


def test_a_job_may_never_get_on() -> None:
    desk = three()
    desk.control.script(stall=True)
    desk.control.script(stall=True, done=1)
    never = desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"])
    stuck = desk.job(UPDATE, phone_numbers=[ONE, TWO], tags=["new"])
    assert desk.after(never, 1e6)["status"] == "pending"
    half = desk.after(stuck, 1e6)
    assert half["status"] == "in_progress"
    assert numbers_of(half["pending_operations"]) == [TWO]


def test_a_job_may_report_success_and_change_nothing() -> None:
    for kind in BODIES:
        desk = three()
        desk.control.script(no_effect=True)
        before = desk.control.dump()
        done = desk.after(desk.job(kind, phone_numbers=[ONE], **BODIES[kind]))
        assert numbers_of(done["successful_operations"]) == [ONE]
        assert desk.control.dump() == before


def test_a_job_may_ignore_a_field() -> None:
    desk = three()
    desk.control.script(ignore=("tags", "voice.inbound_call_screening"))
    voice = {"inbound_call_screening": "flag_calls", "tech_prefix_enabled": True}
    desk.job(UPDATE, phone_numbers=[ONE], tags=["new"], customer_reference="x", voice=voice)
    state = desk.state()
    assert (state["tags"], state["customer_reference"]) == ([], "x")
    assert state["voice"]["inbound_call_screening"] == "disabled"
    assert state["voice"]["tech_prefix_enabled"] is True


def test_a_job_may_list_other_numbers_than_were_sent() -> None:
    desk = three()
    desk.control.script(lists=(THREE,))
    job = desk.job(UPDATE, phone_numbers=[ONE], tags=["new"])
    assert job["phone_numbers"] == [{"phone_number": THREE}]
    done = desk.after(job)
    assert numbers_of(done["successful_operations"]) == [THREE]


def test_a_script_sets_the_time_of_its_own_job() -> None:
    desk = three()
    desk.control.script(pending=1, running=2)
    job = desk.job(UPDATE, phone_numbers=[ONE], tags=[])
    assert [desk.after(job, step)["status"] for step in (0.5, 1, 2)] == [
        "pending",
        "in_progress",
        "completed",
    ]
