"""Each of the 26 calls, made by the published SDK over a socket with strict response models."""

from __future__ import annotations

import asyncio

import pytest
import telnyx

from reconciler.sandbox.calls import CALLS
from reconciler.sandbox.server import RunningSandbox
from tests.sandbox.spec import address, operations
from tests.sandbox.support import MOBILE, ONE, PROFILE, THREE, TWO, root_sdk, sdk


def id_of(sandbox: RunningSandbox, phone_number: str) -> str:
    known: str = sandbox.control.state(phone_number)["id"]
    return known


def test_the_sandbox_has_exactly_the_calls_of_the_specification() -> None:
    ours = {(call.method, call.path.replace("{}", "{id}")) for call in CALLS}
    theirs = {
        (method, address(path).replace("{order_id}", "{id}")) for method, path in operations()
    }
    assert ours == theirs
    assert len(CALLS) == 26


def test_the_client_reads_the_four_number_lists(shared: RunningSandbox) -> None:
    client = sdk(shared)
    full = client.phone_numbers.list(sort="phone_number")
    slim = client.phone_numbers.slim_list(include_tags=True, include_connection=True)
    voice = client.phone_numbers.voice.list(sort="phone_number")
    messaging = client.phone_numbers.messaging.list(sort_phone_number="desc")
    assert [row.phone_number for row in full.data] == [ONE, TWO, THREE]
    assert {row.phone_number for row in slim.data} == {ONE, TWO, THREE}
    assert [row.phone_number for row in voice.data] == [ONE, TWO, THREE]
    assert [row.phone_number for row in messaging.data] == [THREE, TWO, ONE]


def test_the_client_turns_pages_by_itself(shared: RunningSandbox) -> None:
    pages = sdk(shared).phone_numbers.list(page_size=1, sort="phone_number")
    assert [row.phone_number for row in pages] == [ONE, TWO, THREE]


def test_the_client_filters_as_it_writes_filters(shared: RunningSandbox) -> None:
    client = sdk(shared)
    assert [
        row.phone_number
        for row in client.phone_numbers.list(
            filter={"tag": "support", "country_iso_alpha2": ["US", "CA"], "status": "active"}
        )
    ] == [ONE]
    assert [
        row.phone_number
        for row in client.phone_numbers.messaging.list(filter_phone_number=f"{TWO},{THREE}")
    ] == [THREE, TWO]
    named = client.phone_numbers.list(filter={"voice_connection_name": {"contains": "6306"}})
    assert [row.phone_number for row in named] == [ONE]


def test_the_client_reads_one_number_three_ways(shared: RunningSandbox) -> None:
    client, one = sdk(shared), id_of(shared, ONE)
    full = client.phone_numbers.retrieve(one).data
    voice = client.phone_numbers.voice.retrieve(one).data
    messaging = client.phone_numbers.messaging.retrieve(one).data
    assert full is not None
    assert voice is not None
    assert messaging is not None
    assert full.phone_number == voice.phone_number == messaging.phone_number == ONE
    assert full.external_pin == "1234"


def test_the_client_patches_number_voice_and_messaging(running: RunningSandbox) -> None:
    client, one = sdk(running), id_of(running, ONE)
    client.phone_numbers.update(one, customer_reference="desk-1", hd_voice_enabled=True)
    client.phone_numbers.voice.update(
        one,
        call_forwarding={
            "call_forwarding_enabled": True,
            "forwarding_type": "always",
            "forwards_to": TWO,
        },
        inbound_call_screening="flag_calls",
    )
    client.phone_numbers.messaging.update(one, messaging_profile_id=PROFILE)
    state = running.control.state(ONE)
    assert (state["customer_reference"], state["hd_voice_enabled"]) == ("desk-1", True)
    assert state["voice"]["call_forwarding"]["forwards_to"] == TWO
    assert state["messaging"]["messaging_profile_id"] == PROFILE


def test_the_client_deletes_a_number(running: RunningSandbox) -> None:
    client, three = sdk(running), id_of(running, THREE)
    gone = client.phone_numbers.delete(three).data
    assert gone is not None
    assert gone.status == "deleted"
    with pytest.raises(telnyx.NotFoundError):
        client.phone_numbers.retrieve(three)


def test_the_client_verifies_ownership(shared: RunningSandbox) -> None:
    verified = sdk(shared).phone_numbers.actions.verify_ownership(
        phone_numbers=[ONE, "+19705550000"]
    )
    assert verified.data is not None
    assert verified.data.not_found == ["+19705550000"]
    assert [one.number_val_e164 for one in verified.data.found or []] == [ONE]


def test_the_client_enables_emergency_and_moves_into_a_bundle(running: RunningSandbox) -> None:
    client, three = sdk(running), id_of(running, THREE)
    client.phone_numbers.actions.enable_emergency(
        three, emergency_enabled=True, emergency_address_id="53829456729313"
    )
    client.phone_numbers.actions.change_bundle_status(three, bundle_id=PROFILE)
    state = running.control.state(THREE)
    assert state["emergency"]["emergency_status"] == "active"
    assert state["bundle_id"] == PROFILE


def test_the_client_runs_the_three_kinds_of_job(running: RunningSandbox) -> None:
    jobs = sdk(running).phone_numbers.jobs
    update = jobs.update_batch(
        phone_numbers=[ONE, TWO], tags=["new"], voice={"tech_prefix_enabled": True}
    )
    emergency = jobs.update_emergency_settings_batch(
        phone_numbers=[ONE], emergency_enabled=True, emergency_address_id="5382"
    )
    delete = jobs.delete_batch(phone_numbers=[THREE])
    listed = list(jobs.list())
    made = [update.data, emergency.data, delete.data]
    assert [one.status for one in made if one] == ["pending"] * 3
    assert [one.id for one in listed] == [one.id for one in reversed(made) if one]
    assert all(one.status == "completed" for one in listed)
    assert [one.type for one in jobs.list(filter={"type": "delete_phone_numbers"})] == [
        "delete_phone_numbers"
    ]
    assert update.data is not None
    done = jobs.retrieve(update.data.id or "").data
    assert done is not None
    assert len(done.successful_operations or []) == 2
    assert running.control.state(TWO)["tags"] == ["new"]
    assert running.control.state(TWO)["voice"]["tech_prefix_enabled"] is True


def test_the_client_follows_a_messaging_bulk_order(running: RunningSandbox) -> None:
    bulk = sdk(running).messaging_numbers_bulk_updates
    order = bulk.create(messaging_profile_id=PROFILE, numbers=[ONE, TWO], assign_only=True).data
    assert order is not None
    assert order.pending == [ONE, TWO]
    done = bulk.retrieve(order.order_id or "").data
    assert done is not None
    assert (done.pending, done.success, done.failed) == ([], [ONE, TWO], [])


def test_the_client_reads_and_patches_mobile_numbers_from_the_hosts_root(
    running: RunningSandbox,
) -> None:
    client, mobile = root_sdk(running), id_of(running, MOBILE)
    assert [row.phone_number for row in client.mobile_phone_numbers.list()] == [MOBILE]
    client.mobile_phone_numbers.update(mobile, noise_suppression=True, connection_id=None)
    read = client.mobile_phone_numbers.retrieve(mobile).data
    assert read is not None
    assert read.noise_suppression == "both"


def test_mobile_messaging_goes_through_the_usual_base_url(shared: RunningSandbox) -> None:
    messaging = sdk(shared).mobile_phone_numbers.messaging
    assert [row.phone_number for row in messaging.list()] == [MOBILE]
    one = messaging.retrieve(id_of(shared, MOBILE)).data
    assert one is not None
    assert one.messaging_product == "P2P"


def test_a_doubled_v2_is_not_found(shared: RunningSandbox) -> None:
    with pytest.raises(telnyx.NotFoundError):
        sdk(shared).mobile_phone_numbers.list()


def test_the_asynchronous_client_is_served_as_well(shared: RunningSandbox) -> None:
    async def count() -> int:
        async with telnyx.AsyncTelnyx(
            api_key=shared.api_key,
            base_url=shared.base_url,
            max_retries=0,
            _strict_response_validation=True,
        ) as client:
            return len([row async for row in client.phone_numbers.list(page_size=2)])

    assert asyncio.run(count()) == 3


def test_the_client_makes_no_request_that_the_specification_forbids(
    running: RunningSandbox,
) -> None:
    client = sdk(running)
    client.phone_numbers.list(sort="phone_number", page_size=250)
    client.phone_numbers.update(id_of(running, ONE), tags=[])
    assert running.control.violations() == []
