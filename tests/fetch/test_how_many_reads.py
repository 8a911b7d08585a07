"""Fleet x targets x fields -> reads, against the best that can be done, computed by hand.

A page holds 250. One read of the number list is always made: it tells how many numbers there are.
"""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cli.planned import explain_reads
from reconciler.core.scope import Scope
from reconciler.sandbox.fleet import Fleet, mobile_number, number
from tests.apply.account import PROFILE, Account
from tests.apply.conftest import MakeAccount

REFERENCE = {"customer_reference": "desk-1"}
VOICE = {"voice": {"tech_prefix_enabled": True}}
MESSAGING = {"messaging": {"messaging_profile_id": PROFILE}}
LOCK = {"deletion_lock_enabled": True}
ALL_LISTS = REFERENCE | VOICE | MESSAGING


def name(place: int) -> str:
    """The number at a place of the fleet; they stand in blocks of a hundred."""
    return f"+1312555{place:04}"


def blocks(first: int, count: int) -> list[str]:
    return [name(place) for place in range(first, first + count)]


def apart(count: int) -> list[str]:
    """Numbers of different blocks of a hundred, ten of them in a thousand; none of them on the
    first page."""
    return [name(1000 + 100 * place) for place in range(count)]


FLEET = Fleet.of(number(name(place)) for place in range(5000))  # 20 pages a list

MATRIX: list[tuple[int, list[str], dict[str, Any], dict[str, int]]] = [
    # fleet, targets, fields, the best by hand
    (200, blocks(0, 1), REFERENCE, {"list_slim": 1}),
    (200, blocks(0, 200), ALL_LISTS, {"list_slim": 1, "list_voice": 1, "list_messaging": 1}),
    (200, blocks(0, 3), ALL_LISTS, {"list_slim": 1, "list_voice": 1, "list_messaging": 1}),
    (200, blocks(0, 3), LOCK, {"list_numbers": 1}),
    # One number of many: the page that tells how many there are, and one call a list.
    (5000, [name(3000)], REFERENCE, {"list_slim": 2}),
    (5000, [name(3000)], LOCK, {"list_numbers": 2}),
    (5000, [name(3000)], VOICE, {"list_slim": 2, "get_voice": 1}),
    (5000, [name(3000)], ALL_LISTS, {"list_slim": 2, "get_voice": 1, "get_messaging": 1}),
    # It stands on the first page already.
    (5000, [name(7)], VOICE, {"list_slim": 1, "get_voice": 1}),
    # Numbers of different blocks: one by one, or the four pages of their thousand.
    (5000, apart(3), REFERENCE, {"list_slim": 4}),
    (5000, apart(3), ALL_LISTS, {"list_slim": 4, "get_voice": 3, "list_messaging": 1}),
    (5000, apart(5), ALL_LISTS, {"list_slim": 5, "list_voice": 4, "list_messaging": 1}),
    (5000, apart(30), ALL_LISTS, {"list_slim": 13, "list_voice": 12, "list_messaging": 1}),
    # DID blocks: a filter for each hundred.
    (5000, blocks(2000, 100), ALL_LISTS, {"list_slim": 2, "list_voice": 1, "list_messaging": 1}),
    (5000, blocks(2000, 300), ALL_LISTS, {"list_slim": 4, "list_voice": 3, "list_messaging": 2}),
    (5000, blocks(2000, 1000), ALL_LISTS, {"list_slim": 5, "list_voice": 4, "list_messaging": 4}),
    # Everything.
    (5000, blocks(0, 5000), REFERENCE, {"list_slim": 20}),
    (
        5000,
        blocks(0, 5000),
        ALL_LISTS,
        {"list_slim": 20, "list_voice": 20, "list_messaging": 20},
    ),
]


def fleet_of(count: int) -> Fleet:
    return FLEET if count == 5000 else Fleet.of(number(name(place)) for place in range(count))


@pytest.mark.parametrize(("fleet", "targets", "fields", "best"), MATRIX)
def test_a_plan_takes_as_few_reads_as_by_hand(
    make_account: MakeAccount,
    fleet: int,
    targets: list[str],
    fields: dict[str, Any],
    best: dict[str, int],
) -> None:
    account = make_account(fleet=fleet_of(fleet))
    account.declare(dict.fromkeys(targets, fields))
    planned = account.plan()
    assert planned.snapshot.live_numbers == fleet
    assert not planned.plan.difference.not_owned
    assert not planned.plan.difference.unknown
    counts = dict(account.control.counts())
    counts.pop("verify_ownership", 0)
    assert counts == best


def test_a_list_is_read_only_for_the_numbers_that_declare_a_field_of_it(
    make_account: MakeAccount,
) -> None:
    account = make_account(fleet=FLEET)
    declared: dict[str, Any] = dict.fromkeys(blocks(0, 5000), REFERENCE)
    declared |= {name(7): REFERENCE | VOICE, name(8): REFERENCE | MESSAGING}
    account.declare(declared)
    planned = account.plan()
    assert planned.plan.summary.fields_changed == 5002
    reads = {"list_slim": 20, "get_voice": 1, "get_messaging": 1, "verify_ownership": 5}
    assert account.control.counts() == reads


def test_a_target_narrows_what_is_read(make_account: MakeAccount) -> None:
    account = make_account(fleet=FLEET)
    account.declare(dict.fromkeys(blocks(0, 5000), ALL_LISTS))
    account.plan(scope=Scope(targets=(name(3000),)))
    counts = dict(account.control.counts())
    assert counts.pop("verify_ownership", 0) <= 1
    assert counts == {"list_slim": 2, "get_voice": 1, "get_messaging": 1}


def test_a_declared_tag_narrows_what_is_read(make_account: MakeAccount) -> None:
    account = make_account(fleet=FLEET)
    declared = dict.fromkeys(blocks(0, 5000), REFERENCE)
    account.declare(declared | {name(3000): REFERENCE | {"tags": ["front"]}})
    account.plan(scope=Scope(tags=("front",)))
    assert account.control.counts() == {"list_slim": 2}


def test_mobile_numbers_do_not_make_the_plain_lists_be_read_whole(
    make_account: MakeAccount,
) -> None:
    cell = "+13125590000"
    account = make_account(fleet=Fleet((*FLEET.numbers, number(cell)), (mobile_number(cell),)))
    account.declare({name(3000): VOICE}, mobile_numbers={cell: {"customer_reference": "m"}})
    planned = account.plan()
    assert planned.plan.summary.fields_changed == 2
    assert account.control.counts() == {"list_slim": 2, "get_voice": 1, "list_mobile": 1}


def test_a_slim_list_without_tags_does_not_make_the_full_one_be_read_whole(
    make_account: MakeAccount,
) -> None:
    account = make_account(fleet=FLEET, slim_tags="never")
    account.declare({name(3000): {"tags": ["a"]}})
    assert account.plan().plan.summary.fields_changed == 1
    assert account.control.counts() == {"list_slim": 1, "list_numbers": 2}


def test_a_number_that_is_not_there_is_not_asked_for_in_every_list(
    make_account: MakeAccount,
) -> None:
    account = make_account(fleet=FLEET)
    account.declare({"+442079460000": ALL_LISTS})
    assert len(account.plan().plan.difference.not_owned) == 1
    reads = {"list_slim": 2, "list_mobile": 1, "verify_ownership": 1}
    assert account.control.counts() == reads


def test_the_reading_is_explained(
    make_account: MakeAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    account = make_account(fleet=FLEET)
    account.declare({name(3000): ALL_LISTS})
    explain_reads(account.plan())
    assert (
        capsys.readouterr().err
        == """\
GET /phone_numbers/slim: 251 rows in 2 calls, the first page, which tells how many numbers \
there are, and only numbers that begin like the declared ones; the whole list would take 20 calls \
(for the numbers themselves)
GET /phone_numbers/voice: 1 row in 1 call, the declared numbers, one by one; \
the whole list would take 20 calls (for voice.tech_prefix_enabled)
GET /phone_numbers/messaging: 1 row in 1 call, the declared numbers, one by one; \
the whole list would take 20 calls (for messaging.messaging_profile_id)
"""
    )


@pytest.mark.parametrize(
    ("targets", "reads"),
    [
        ([name(3000)], {"get_number": 2}),
        (apart(4), {"get_number": 8}),
    ],
)
def test_an_apply_reads_only_what_it_touches(
    make_account: MakeAccount, targets: list[str], reads: dict[str, int]
) -> None:
    account: Account = make_account(fleet=FLEET)
    account.declare({each: {"customer_reference": each} for each in targets})
    planned = account.plan()
    account.control.forget()
    assert account.apply(planned).converged
    counts = account.control.counts()
    assert {call: count for call, count in counts.items() if call in reads} == reads
