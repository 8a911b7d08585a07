"""Fleets: by hand, generated, and large."""

from __future__ import annotations

import re
import time

import msgspec
import pytest

from reconciler.sandbox.fleet import Fleet, mobile_number, number
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.state import Row
from tests.sandbox.support import MOBILE, ONE, TWO, Desk


def test_a_number_has_the_documented_defaults() -> None:
    state = Fleet.of([number(ONE)]).get(ONE)
    assert state["status"] == "active"
    assert state["voice"]["call_forwarding"]["call_forwarding_enabled"] is True
    assert state["voice"]["media_features"]["rtp_auto_adjust_enabled"] is True
    assert state["emergency"]["emergency_status"] == "disabled"
    assert state["connection_id"] is None


def test_a_fleet_takes_rows_and_mappings() -> None:
    fleet = Fleet.of(
        [
            number(ONE, emergency={"emergency_enabled": True, "emergency_address_id": "5"}),
            {"phone_number": TWO, "tags": ["a"]},
            {"phone_number": MOBILE, "mobile": True},
        ]
    )
    assert fleet.get(ONE)["emergency"]["emergency_status"] == "active"
    assert fleet.get(TWO)["tags"] == ["a"]
    assert fleet.get(MOBILE)["noise_suppression"] == "disabled"
    assert (len(fleet.numbers), len(fleet.mobiles)) == (2, 1)


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        number(ONE, tagz=[])
    with pytest.raises(msgspec.ValidationError):
        number(ONE, voice={"call_forwarding": {"to": TWO}})
    with pytest.raises(msgspec.ValidationError):
        mobile_number(MOBILE, voice={})


def test_a_number_stands_in_a_list_once_and_may_be_mobile_as_well() -> None:
    with pytest.raises(ValueError, match="in the fleet already"):
        Fleet.of([number(ONE), number(ONE, id="2")])
    both = Fleet.of([number(ONE), mobile_number(ONE)])
    assert (len(both.numbers), len(both.mobiles)) == (1, 1)


def test_what_is_not_there_is_a_key_error() -> None:
    fleet = Fleet()
    for attempt in (fleet.get, fleet.remove):
        with pytest.raises(KeyError):
            attempt(ONE)


def test_equal_dumps_are_equal_fleets() -> None:
    rows: list[Row] = [number(ONE), number(TWO, tags=["a"]), mobile_number(MOBILE)]
    assert Fleet.of(rows).dump() == Fleet.of(reversed(rows)).dump()
    changed = Fleet.of(rows)
    changed.change(TWO, "tags", ["b"])
    assert changed.dump() != Fleet.of(rows).dump()


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert make_fleet(500, 3).dump() == make_fleet(500, 3).dump()
    assert make_fleet(500, 3).dump() != make_fleet(500, 4).dump()


def test_a_generated_fleet_has_the_count_asked_for_and_every_kind_of_number() -> None:
    fleet = make_fleet(20_000, 1)
    rows = list(fleet.numbers)
    assert len(rows) == 20_000
    assert len(fleet.mobiles) == 200
    assert all(re.fullmatch(r"\+[1-9][0-9]{7,14}", row.phone_number) for row in rows)
    assert {row.country_iso_alpha2 for row in rows} == {"US", "GB", "DE"}
    assert {row.phone_number_type for row in rows} == {"local", "toll_free"}
    assert {row.status for row in rows} == {"active", "port-pending"}
    assert sum(row.status == "active" for row in rows) > 19_000
    assert 0 < sum(row.emergency.emergency_enabled for row in rows) < 15_000
    assert 0 < sum(row.voice.call_forwarding.forwards_to is not None for row in rows) < 1_000
    assert any(row.messaging.messaging_profile_id for row in rows)
    assert any(row.deletion_lock_enabled for row in rows)
    assert any(row.external_pin for row in rows)


def test_equal_settings_are_one_object() -> None:
    rows = list(make_fleet(5_000, 1).numbers)
    assert len({id(row.voice) for row in rows}) <= 10
    assert len({id(row.emergency) for row in rows}) <= 25
    assert len({id(row.messaging) for row in rows}) <= 9


def test_a_hundred_thousand_numbers_start_in_seconds_and_page_in_milliseconds() -> None:
    begun = time.perf_counter()
    desk = Desk(fleet=make_fleet(100_000, 1))
    page = {"sort": "phone_number", "page[size]": "250"}
    desk.conforming = False
    desk.listed("/phone_numbers", page)
    assert time.perf_counter() - begun < 20
    begun = time.perf_counter()
    for place in range(2, 12):
        desk.listed("/phone_numbers", {**page, "page[number]": str(place)})
    assert time.perf_counter() - begun < 2, "ten pages, with room for a slow machine"


def test_numbers_are_found_by_their_digits_as_a_look_at_each_would_find_them() -> None:
    store = make_fleet(3000, seed=5).numbers

    def same(digits: str) -> list[str]:
        ids = store.order("phone_number", lambda row: row.phone_number)
        found = store.holding(ids, digits)
        rows = ((each, store.true(each)) for each in ids)
        assert found == [each for each, row in rows if row and digits in row.phone_number]
        return found

    assert [bool(same(digits)) for digits in ("131", "555", "13125550007", "999999")] == [
        True,
        True,
        True,
        False,
    ]
    (one,) = same("13125550007")
    store.remove(one)
    assert same("13125550007") == []
    store.put(number("+13125550007"))
    assert len(same("13125550007")) == 1


def test_a_number_that_is_gone_is_still_found_while_reads_lag_behind() -> None:
    desk = Desk(number(ONE), number(TWO), read_delay=5.0)
    desk.sandbox.control.remove(ONE)
    digits = {"filter[phone_number]": ONE.removeprefix("+")}
    assert desk.listed("/phone_numbers", digits) == [ONE]
    desk.clock.advance(6.0)
    assert desk.listed("/phone_numbers", digits) == []
