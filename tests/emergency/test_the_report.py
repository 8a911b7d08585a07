"""`reconciler emergency`: which numbers are without active service, and what address each has."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

ADDRESS = "53829456729313"
GONE, FIVE = "+13125559999", "+13125550005"
ON = {"emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS}}


def service(status: str | None, address: str | None = None) -> dict[str, Any]:
    """Emergency settings of a live number."""
    return {
        "emergency_enabled": status in {"active", "provisioning"},
        "emergency_address_id": address,
        "emergency_status": status,
    }


@pytest.fixture
def account(make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch) -> Account:
    """ONE has service, TWO had it fail, THREE never had it, FOUR is mobile, FIVE waits for it."""
    account = make_account(
        number(ONE, emergency=service("active", ADDRESS)),
        number(TWO, emergency=service("provisioning-failed", ADDRESS)),
        number(THREE),
        mobile_number(FOUR),
        number(FIVE, emergency=service("provisioning", ADDRESS)),
    )
    monkeypatch.setattr("reconciler.workflow.covering.SystemClock", lambda: account.clock)
    return account


def test_every_declared_number_without_active_service_is_listed_the_failed_first(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: ON, FIVE: ON, THREE: {}, TWO: ON})
    said = reconciler("emergency")
    assert said.code == 0
    counts = "3 of 4 declared numbers without active emergency service"
    assert said.out.splitlines() == [
        f"  ! {TWO}  provisioning-failed  address {ADDRESS}  (declared on)  # numbers.yaml:6",
        f"  ! {THREE}  disabled             no address  # numbers.yaml:7",
        f"  ! {FIVE}  provisioning         address {ADDRESS}  (declared on)  # numbers.yaml:8",
        "",
        f"{counts}, 1 of them with a change on its way.",
    ]


def test_only_reads_are_sent_and_only_number_lists_are_read(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: ON})
    reconciler("emergency")
    assert {entry.path for entry in account.control.log()} == {"/v2/phone_numbers/slim"}


def test_numbers_that_nobody_declares_are_counted_and_listed_on_request(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: ON})
    said = reconciler("emergency").out
    assert "3 unmanaged numbers without it as well (--unmanaged lists them)." in said
    said = reconciler("emergency", "--unmanaged").out
    assert all(f"! {each} " in said for each in (TWO, THREE, FIVE))


def test_a_project_without_numbers_is_about_the_whole_account(
    account: Account, reconciler: Shell
) -> None:
    (account.root / "reconciler.yaml").write_text("version: 1\n")
    assert f"! {THREE} " in reconciler("emergency").out


def test_a_number_that_the_account_lacks_is_named(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: ON, GONE: {}})
    said = reconciler("emergency").out
    assert f"  ? {GONE}  not owned  # numbers.yaml:6" in said
    assert "0 of 1 declared number without active emergency service, 1 not owned." in said


def test_select_leaves_unmanaged_numbers_out(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: ON}, select={"tags": ["mine"]})
    assert "unmanaged" not in reconciler("emergency").out


def test_the_report_in_json(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: ON, TWO: ON, GONE: {}})
    said = reconciler("emergency", "--format", "json").json
    assert (said["covered"], [each["phone_number"] for each in said["unmanaged"]]) == (
        1,
        [THREE, FIVE],
    )
    assert said["without"] == [
        {
            "phone_number": TWO,
            "status": "active",
            "emergency_status": "provisioning-failed",
            "emergency_address_id": ADDRESS,
            "declared_emergency_enabled": True,
            "source": "numbers.yaml:6",
        }
    ]
    assert said["not_owned"] == [{"phone_number": GONE, "source": "numbers.yaml:7"}]


def test_the_report_in_csv_reads_back(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: ON, TWO: ON})
    said = reconciler("emergency", "--format", "csv", "--unmanaged").out
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [each["phone_number"] for each in rows] == [TWO, THREE, FIVE]
    assert rows[0]["declared_emergency_enabled"] == "true"
    assert rows[1]["emergency_address_id"] == ""


@pytest.mark.parametrize("output_format", ["text", "csv"])
def test_what_the_account_calls_a_number_may_be_any_text(
    make_account: MakeAccount, reconciler: Shell, output_format: str
) -> None:
    account = make_account(number("12345"), number(" =x\u202e\n::error::y"))
    account.declare({})
    said = reconciler("emergency", "--unmanaged", "--format", output_format)
    lines = said.out.splitlines()
    assert all(line.isprintable() and not line.startswith(("::", " =")) for line in lines)


def test_a_status_that_nobody_knows_is_unknown_not_active(
    account: Account, reconciler: Shell
) -> None:
    account.control.change(ONE, "emergency.emergency_status", "=cmd()")
    account.declare({ONE: ON})
    said = reconciler("emergency")
    assert f"  ! {ONE}  unknown " in said.out
    assert "1 of them unknown" in said.out


def test_a_list_that_may_not_be_read_is_the_key_refused(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: ON})
    account.control.fault(Respond(status=403), times=None)
    assert reconciler("emergency").code == 7


def test_with_a_detailed_exit_code_a_number_without_service_exits_2(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: ON})
    assert reconciler("emergency", "--detailed-exitcode").code == 0
    account.declare({ONE: ON, THREE: {}})
    assert reconciler("emergency", "--detailed-exitcode").code == 2


def test_a_target_that_matches_nothing_is_an_error(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: ON})
    assert reconciler("emergency", "--target", GONE).code == 1


def test_a_snapshot_serves_without_a_network(account: Account, reconciler: Shell) -> None:
    account.declare({THREE: {}})
    assert reconciler("fetch", "-o", "live.json").code == 0
    account.control.fault(Respond(status=500), times=None)
    said = reconciler("emergency", "--live", "live.json")
    assert f"! {THREE}  disabled" in said.out
