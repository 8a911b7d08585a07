"""What `export` cannot declare stays out, and it is said where and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.catalogue import EMERGENCY_STATUS
from reconciler.core.fields import Kind
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.scope import Scope
from reconciler.core.values import UNKNOWN, LiveValue
from reconciler.sandbox.faults import Distort
from reconciler.sandbox.fleet import number
from reconciler.workflow.exporting import Export, Manner, export_new
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.support import exported


def snapshot(*numbers: str, **values: Any) -> Snapshot:
    """Numbers of which these values are known (`a__b` stands for `a.b`), all else is unset."""
    known = {path.replace("__", "."): value for path, value in values.items()}
    columns = {Kind.NUMBER: tuple(known) or ("customer_reference",)}
    row = tuple(known.values()) or (None,)
    live = {
        each: LiveNumber(each, f"id-{at}", Kind.NUMBER, "active", "US", "local", row)
        for at, each in enumerate(numbers)
    }
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    return Snapshot("https://api.example.com/v2", moment, (), columns, live)


def made_of(found: Snapshot) -> tuple[str, Export]:
    """The one file of an export, and the export."""
    made = export_new(found, Scope(), Manner(), one_file=True)
    return made.files[""], made


def test_the_fields_of_a_refused_list_are_left_out_and_it_is_said(
    account: Account, reconciler: Shell
) -> None:
    account.control.forbid("list_voice")
    said = reconciler("export", "-o", "out")
    assert (said.code, "its fields are left out" in said.err) == (0, True)
    assert "tech_prefix" not in Path("out/reconciler.yaml").read_text()


def test_an_unknown_enum_value_is_left_out(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(number(ONE))
    account.control.fault(
        Distort(set={"inbound_call_screening": "perhaps"}), call="list_voice", times=None
    )
    text = exported(reconciler)["numbers/numbers.yaml"]
    assert ("perhaps" in text, "inbound_call_screening could not be read" in text) == (False, True)


@pytest.mark.parametrize("hidden", ["\u202e", "\x1b[0m", "\x00", "\u200b", "\ud800"])
def test_text_that_no_file_may_hold_is_left_out_and_not_repeated(hidden: str) -> None:
    text, _ = made_of(snapshot(ONE, customer_reference=f"a{hidden}b"))
    assert (
        f'  # customer_reference holds characters that may not stand in a file\n  "{ONE}": {{}}\n'
        in text
    )
    assert hidden not in text


def test_a_write_only_value_that_a_row_carries_is_judged_like_any_other() -> None:
    text, _ = made_of(snapshot(ONE, address_id="\x1f", bundle_id="a b"))
    assert "address_id holds characters" in text
    assert "bundle_id: {id: a b}" in text


def test_what_is_not_in_e164_is_left_out() -> None:
    text, made = made_of(snapshot(ONE, "40404", "+1312\n"))
    assert made.left_out == dict.fromkeys(("40404", "+1312\n"), "it is no number in E.164")
    assert "40404" not in text


def test_half_a_feature_is_left_out_whole() -> None:
    text, _ = made_of(
        snapshot(
            ONE,
            voice__cnam_listing__cnam_listing_enabled=True,
            voice__cnam_listing__cnam_listing_details=None,
        )
    )
    assert "# voice.cnam_listing stands half configured: left out" in text
    assert "cnam_listing_enabled" not in text


def test_why_a_value_is_unknown_is_said() -> None:
    found = snapshot(ONE, customer_reference=UNKNOWN, hd_voice_enabled=True)
    live = found.numbers[ONE]._replace(reasons={"customer_reference": "the lists disagree"})
    text, _ = made_of(replace(found, numbers={ONE: live}))
    assert "# customer_reference could not be read: the lists disagree\n" in text


def test_emergency_service_that_failed_is_remarked_on() -> None:
    text, _ = made_of(
        snapshot(
            ONE,
            emergency__emergency_enabled=False,
            emergency__emergency_address_id="1",
            **{EMERGENCY_STATUS: "provisioning-failed"},
        )
    )
    assert "# emergency_status is provisioning-failed: the service counts as off" in text
    assert "emergency_address_id" not in text


def test_a_number_does_not_clear_what_it_lacks_by_using_what_others_share() -> None:
    path = "call_forwarding.forwarding_type"
    values: dict[str, LiveValue] = {ONE: "always", TWO: "always", THREE: "always", FOUR: UNKNOWN}
    live = {
        each: LiveNumber(each, "id", Kind.MOBILE, "active", "US", "mobile", (value, True))
        for each, value in values.items()
    }
    columns = {Kind.MOBILE: (path, "caller_id_name_enabled")}
    text, _ = made_of(replace(snapshot(), columns=columns, numbers=live))
    assert f'  "{FOUR}": {{caller_id_name_enabled: true}}\n' in text


def test_a_number_that_the_lists_contradict_each_other_about_is_left_out() -> None:
    found = replace(snapshot(ONE), conflicts={TWO: "no number list holds it"})
    assert made_of(found)[1].left_out == {TWO: "no number list holds it"}


def test_one_line_says_a_reason_that_many_have(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(*(number(f"+1312555{at:04}", customer_reference="x") for at in range(9)))
    account.control.fault(Distort(set={"customer_reference": "y"}), call="list_voice", times=None)
    said = reconciler("export", "-o", "out")
    assert said.err.count("left out: ") == 1
    assert "+13125550000, +13125550001, +13125550002 and 6 more are left out: " in said.err
