"""`select` limits what a project may touch, `ignore` what it looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.core.diff import diff
from reconciler.core.policy import withhold
from reconciler.core.safety import Ignore, Safety
from reconciler.errors import KeyRefusedError
from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import ONE, OTHER_TRUNK, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.plan.world import N1, N2, N3, declare, phone
from tests.plan.world import account as snapshot
from tests.safety.project import APPLY, EVERY_OPTION, document, rules

NEW = {"customer_reference": "new"}
UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
ALL = {ONE: NEW, TWO: NEW, THREE: NEW}


# ---- select ------------------------------------------------------------------------------------


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """ONE is tagged and on TRUNK, TWO is on another trunk, THREE has nothing."""
    return make_account(
        number(ONE, tags=["ours", "x"], connection_id=TRUNK),
        number(TWO, tags=["theirs"], connection_id=OTHER_TRUNK),
        number(THREE),
    )


def written(account: Account) -> set[str]:
    """The numbers that an apply changed."""
    return {each for each in ALL if account.state(each)["customer_reference"] == "new"}


@pytest.mark.parametrize(
    ("select", "inside"),
    [
        ({"tags": ["ours"]}, {ONE}),
        ({"tags": "ours"}, {ONE}),
        ({"tags": ["ours", "theirs"]}, {ONE, TWO}),
        ({"tags": ["Ours"]}, set()),
        ({"connection_ids": [TRUNK]}, {ONE}),
        ({"connection_ids": [TRUNK, "other"]}, {ONE, TWO}),
        ({"connection_ids": ["other"]}, {TWO}),
        ({"connection_ids": "other"}, {TWO}),
        ({"tags": ["ours"], "connection_ids": [OTHER_TRUNK]}, set()),
        ({"tags": ["ours", "theirs"], "connection_ids": [OTHER_TRUNK]}, {TWO}),
        ({"statuses": ["active"]}, {ONE, TWO, THREE}),
        ({"statuses": ["port-pending"]}, set()),
        ({"statuses": ["port_pending", "active"]}, {ONE, TWO, THREE}),
        ({"statuses": ["active"], "tags": ["theirs"]}, {TWO}),
        ({}, {ONE, TWO, THREE}),
    ],
)
def test_keys_are_anded_and_the_values_of_a_key_ored(
    account: Account, reconciler: Shell, select: dict[str, Any], inside: set[str]
) -> None:
    aliases = {"connection_id": {"other": OTHER_TRUNK}}
    account.declare(ALL, select=select, aliases=aliases)
    assert reconciler(*APPLY).code == (0 if len(inside) == len(ALL) else 3)
    assert written(account) == inside


@pytest.mark.parametrize("live", ["port-pending", "port_pending"])
@pytest.mark.parametrize("wanted", ["port-pending", "port_pending"])
def test_a_status_is_the_same_in_either_spelling(
    make_account: MakeAccount, reconciler: Shell, live: str, wanted: str
) -> None:
    """It is inside then, and held back only because it is not active."""
    account = make_account(number(ONE, status=live))
    account.declare({ONE: NEW}, select={"statuses": [wanted]})
    assert rules(document(reconciler)) == {(ONE, "customer_reference", "status")}


@pytest.mark.parametrize("wanted", [UUID.upper(), "other"])
def test_a_uuid_of_the_scope_may_be_written_in_either_case(
    make_account: MakeAccount, reconciler: Shell, wanted: str
) -> None:
    account = make_account(number(ONE, connection_id=UUID), number(TWO), number(THREE))
    aliases = {"connection_id": {"other": UUID.upper()}}
    account.declare(ALL, select={"connection_ids": [wanted]}, aliases=aliases)
    assert reconciler(*APPLY).code == 3
    assert written(account) == {ONE}


def test_what_is_outside_is_withheld_as_out_of_scope(account: Account, reconciler: Shell) -> None:
    account.declare(ALL, select={"tags": ["ours"]})
    assert rules(document(reconciler)) == {
        (TWO, "customer_reference", "out-of-scope"),
        (THREE, "customer_reference", "out-of-scope"),
    }


def test_no_option_opens_the_scope(account: Account, reconciler: Shell) -> None:
    account.declare(ALL, select={"tags": ["nobody"]})
    assert reconciler(*APPLY, *EVERY_OPTION).code == 3
    assert account.writes() == []


def test_live_values_are_judged_and_not_declared_ones(account: Account, reconciler: Shell) -> None:
    account.declare({THREE: {"tags": ["ours"]}}, select={"tags": ["ours"]})
    assert reconciler(*APPLY).code == 3
    assert account.writes() == []


def test_a_number_may_be_moved_out_of_the_scope(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"tags": ["gone"]}}, select={"tags": ["ours"]})
    assert reconciler(*APPLY).code == 0
    assert account.state(ONE)["tags"] == ["gone"]


def test_what_is_outside_and_as_declared_is_unchanged(account: Account, reconciler: Shell) -> None:
    account.declare({TWO: {"customer_reference": None}}, select={"tags": ["ours"]})
    assert reconciler(*APPLY).code == 0


def test_nothing_outside_is_given_back(account: Account, reconciler: Shell) -> None:
    account.declare({TWO: {"release": True}, ONE: {}}, select={"tags": ["ours"]})
    assert rules(document(reconciler, *EVERY_OPTION)) == {(TWO, "release", "out-of-scope")}


def test_tags_that_cannot_be_read_are_outside(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, tags=["ours"]), slim_tags="never")
    account.control.forbid("list_numbers")
    account.declare({ONE: NEW}, select={"tags": ["ours"]})
    with pytest.raises(KeyRefusedError):
        account.plan()


def test_the_scope_holds_for_mobile_numbers(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(mobile_number(ONE, tags=("ours",)), mobile_number(TWO, tags=("theirs",)))
    account.declare({}, select={"tags": ["ours"]})
    (account.root / "mobile.yaml").write_text(
        f"mobile_numbers: {{'{ONE}': {{customer_reference: new}}, "
        f"'{TWO}': {{customer_reference: new}}}}"
    )
    assert reconciler(*APPLY).code == 3
    assert written_mobile(account) == {ONE}


def written_mobile(account: Account) -> set[str]:
    """The mobile numbers that an apply changed."""
    return {each for each in (ONE, TWO) if account.state(each)["customer_reference"] == "new"}


# ---- ignore ------------------------------------------------------------------------------------

TODAY = datetime.fromtimestamp(1_800_000_000, UTC).date()


def ignoring(numbers: str, *paths: str, until: date | None = None) -> list[dict[str, Any]]:
    """One rule."""
    rule: dict[str, Any] = {"numbers": numbers, "paths": list(paths)}
    return [rule | ({"until": until.isoformat()} if until else {})]


def test_what_is_ignored_is_neither_drift_nor_planned(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: NEW}, ignore=ignoring(ONE, "customer_reference"))
    assert reconciler("drift").code == 0
    assert reconciler(*APPLY).code == 0
    assert account.writes() == []


def test_a_number_of_which_all_is_ignored_is_unchanged(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: NEW}, ignore=ignoring(ONE, "customer_reference"))
    summary = document(reconciler)["summary"]
    assert (summary["declared"], summary["unchanged"], summary["numbers_changed"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("glob", "inside"),
    [
        ("+1312555000[12]", {ONE, TWO}),
        ("+1312*", {ONE, TWO, THREE}),
        ("*", {ONE, TWO, THREE}),
        ("+1312555000?", {ONE, TWO, THREE}),
        (ONE, {ONE}),
        ("+1847*", set()),
    ],
)
def test_numbers_are_a_glob(
    account: Account, reconciler: Shell, glob: str, inside: set[str]
) -> None:
    account.declare(ALL, ignore=ignoring(glob, "customer_reference"))
    changed = {each["phone_number"] for each in document(reconciler)["changes"]}
    assert changed == ALL.keys() - inside


VOICE = {
    "customer_reference": "new",
    "voice": {"tech_prefix_enabled": True, "media_features": {"rtp_auto_adjust_enabled": False}},
}


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("voice", {"customer_reference"}),
        (
            "voice.media_features",
            {"customer_reference", "voice.tech_prefix_enabled"},
        ),
        (
            "voice.tech_prefix_enabled",
            {"customer_reference", "voice.media_features.rtp_auto_adjust_enabled"},
        ),
    ],
)
def test_a_mapping_stands_for_everything_in_it(
    account: Account, reconciler: Shell, path: str, left: set[str]
) -> None:
    account.declare({ONE: VOICE}, ignore=ignoring(ONE, path))
    (change,) = document(reconciler)["changes"]
    assert {field["path"] for field in change["fields"]} == left


def test_one_rule_may_name_several_paths(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: VOICE}, ignore=ignoring(ONE, "customer_reference", "voice"))
    assert reconciler("drift").code == 0


@pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, True), (1, True)])
def test_until_is_the_last_day_it_holds_in_utc(
    account: Account, reconciler: Shell, days: int, holds: bool
) -> None:
    until = TODAY + timedelta(days=days)
    account.declare({ONE: NEW}, ignore=ignoring(ONE, "customer_reference", until=until))
    assert (reconciler("drift").code == 0) is holds


@pytest.mark.parametrize(("hour", "holds"), [(23, True), (24, False)])
def test_the_day_ends_at_midnight_in_utc(
    account: Account, reconciler: Shell, hour: int, holds: bool
) -> None:
    """The virtual clock starts at 08:00."""
    account.clock.time = (hour - 8) * 3600.0
    account.declare({ONE: NEW}, ignore=ignoring(ONE, "customer_reference", until=TODAY))
    assert (reconciler("drift").code == 0) is holds


def test_what_is_unknown_may_be_ignored_as_well(account: Account, reconciler: Shell) -> None:
    account.control.forbid("list_voice")
    declared = {ONE: {"voice": {"tech_prefix_enabled": True}}}
    account.declare(declared)
    assert reconciler("drift").code == 2
    account.declare(declared, ignore=ignoring("*", "voice"))
    assert reconciler("drift").code == 0


def test_a_release_cannot_be_ignored_away(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"release": True}, TWO: {}}, ignore=ignoring("*", "tags", "voice"))
    assert reconciler("drift").code == 2


def test_a_number_that_is_not_owned_is_said_whatever_is_ignored(
    account: Account, reconciler: Shell
) -> None:
    account.declare({"+13125559999": NEW}, ignore=ignoring("*", "customer_reference"))
    assert reconciler("drift").code == 2


def test_two_rules_add_up(account: Account, reconciler: Shell) -> None:
    both = [*ignoring(ONE, "customer_reference"), *ignoring("*", "voice")]
    account.declare({ONE: VOICE}, ignore=both)
    assert reconciler("drift").code == 0


def test_nothing_is_sent_again_of_a_number_of_which_any_rule_ignores_something() -> None:
    rules = (Ignore(N1, ("tags",)), Ignore(N2, ("voice",)))
    declared = declare({each: {"customer_reference": "new"} for each in (N1, N2, N3)})
    live = snapshot(phone(1), phone(2), phone(3))
    found = withhold(diff(declared, live, {}), live, Safety(ignore=rules), frozenset(), TODAY)
    assert found.partly_ignored == {N1, N2}
    assert len(found.changes) == 3
