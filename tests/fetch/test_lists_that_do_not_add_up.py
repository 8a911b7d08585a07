"""Rows that move, counts that lie, answers that are none: an error, never a silent loss."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx
import pytest

from reconciler.core.model import Snapshot
from reconciler.core.safety import Allowance
from reconciler.errors import ApiError, Exit, FatalNetworkError, KeyRefusedError, UnavailableError
from reconciler.sandbox.faults import Delay, Distort, Drop, Respond, bad_json, html, redirect
from reconciler.sandbox.fleet import number
from tests.apply.account import FOUR, ONE, PROFILE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount

PAGE = 10
NUMBERS = [f"+1312555{each:04}" for each in range(35)]
NEW = {"phone_number": "+13125540000"}


@pytest.fixture
def paged(make_account: MakeAccount) -> Account:
    """35 numbers in four pages, all declared; the number list alone is read, and whole."""
    account = make_account(*(number(each) for each in NUMBERS))
    declared = {each: {"customer_reference": "desk-1"} for each in NUMBERS}
    account.declare(declared, limits={"page_size": PAGE})
    return account


def fetched(account: Account) -> Snapshot:
    """What a plan saw."""
    return account.plan().snapshot


def body(**changes: Any) -> str:
    """A page of one row, with `changes` to the page, its meta or its row."""
    row = {"id": "1", "phone_number": ONE, "status": "active", **changes.pop("row", {})}
    meta = {"total_results": 1, "page_number": 1, "page_size": 250, "total_pages": 1}
    page = {"data": [row], "meta": {**meta, **changes.pop("meta", {})}, **changes}
    return json.dumps(page)


# ---- rows that move -----------------------------------------------------------------------------


@pytest.mark.parametrize("request_number", [2, 3, 4])
def test_a_number_that_comes_while_paging_is_found(paged: Account, request_number: int) -> None:
    paged.control.meanwhile("list_slim", request_number, add=(NEW,))
    assert fetched(paged).numbers.keys() == {*NUMBERS, NEW["phone_number"]}


@pytest.mark.parametrize("request_number", [2, 3, 4])
def test_a_number_that_goes_while_paging_takes_no_other_along(
    paged: Account, request_number: int
) -> None:
    paged.control.meanwhile("list_slim", request_number, remove=(NUMBERS[1],))
    assert fetched(paged).numbers.keys() == set(NUMBERS) - {NUMBERS[1]}


@pytest.mark.parametrize("request_number", [2, 3, 4])
def test_rows_that_shift_while_the_count_stays_are_noticed(
    paged: Account, request_number: int
) -> None:
    paged.control.meanwhile("list_slim", request_number, add=(NEW,), remove=(NUMBERS[30],))
    numbers = fetched(paged).numbers.keys()
    assert numbers == {*NUMBERS, NEW["phone_number"]} - {NUMBERS[30]}


@pytest.mark.parametrize("fault", [Distort(lose=1), Distort(repeat=1), Distort(lose=1, repeat=1)])
@pytest.mark.parametrize("page", [1, 3])
def test_a_page_that_loses_or_repeats_rows_is_read_again(
    paged: Account, fault: Distort, page: int
) -> None:
    paged.control.fault(fault, call="list_slim", query=rf"page%5Bnumber%5D={page}&")
    assert fetched(paged).numbers.keys() == set(NUMBERS)


LIES = [
    Distort(lose=1),
    Distort(repeat=1),
    Distort(lose=1, repeat=1),
    Distort(total=1),
    Distort(total=-1),
    Distort(total=400_000),
    Distort(set={"id": "the-same"}),
]


@pytest.mark.parametrize("lie", LIES)
def test_a_list_that_never_adds_up_is_an_error_and_not_a_loss(paged: Account, lie: Distort) -> None:
    paged.control.fault(lie, call="list_slim", times=None)
    with pytest.raises(UnavailableError, match="kept changing"):
        fetched(paged)


@pytest.mark.parametrize("lie", LIES)
def test_a_list_that_never_adds_up_is_read_four_times_at_most(paged: Account, lie: Distort) -> None:
    paged.control.fault(lie, call="list_slim", times=None)
    with pytest.raises(UnavailableError):
        fetched(paged)
    firsts = [one.query for one in paged.control.log() if "page%5Bnumber%5D=1&" in one.query]
    assert max(Counter(firsts).values()) == 4


def test_rows_that_are_claimed_but_not_there_are_not_asked_for(paged: Account) -> None:
    paged.control.fault(Distort(total=400_000), call="list_slim", times=None)
    with pytest.raises(UnavailableError):
        fetched(paged)
    assert len(paged.control.log()) < 200


def test_a_page_that_comes_for_ever_ends_the_reading(account: Account) -> None:
    account.control.fault(
        Respond(status=200, body=body(meta={"total_results": 9_999_999})), times=None
    )
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(UnavailableError):
        account.plan()
    assert len(account.control.log()) < 200


def test_pages_of_one_row_that_never_end_are_refused_at_once(account: Account) -> None:
    lie = body(meta={"total_results": 9_999_999, "page_size": 1})
    account.control.fault(Respond(status=200, body=lie), times=None)
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(UnavailableError, match="pages of 1 row"):
        account.plan()


def test_smaller_pages_than_asked_for_are_read_all(account: Account) -> None:
    serve = account.sandbox.asgi

    async def clamp(scope: Any, receive: Any, send: Any) -> None:
        query = scope["query_string"].replace(b"size%5D=250", b"size%5D=3")
        await serve({**scope, "query_string": query}, receive, send)

    account.sandbox.asgi = clamp  # type: ignore[assignment]
    account.declare({each: {"customer_reference": "desk-1"} for each in (ONE, TWO, THREE, FOUR)})
    assert len(fetched(account).numbers) == 4


# ---- answers that are none ----------------------------------------------------------------------

DEEP = '{"data": ' + "[" * 5000 + "]" * 5000 + "}"
BAD = {
    "negative total": body(meta={"total_results": -1}),
    "absurd total": body(meta={"total_results": 10**12}),
    "text total": body(meta={"total_results": "1"}),
    "total missing": '{"data": [], "meta": {}}',
    "meta missing": '{"data": []}',
    "null data": body(data=None),
    "data missing": '{"meta": {"total_results": 0}}',
    "a row without id": body(data=[{"phone_number": ONE}]),
    "a row without number": body(data=[{"id": "1"}]),
    "an int id": body(row={"id": 7}),
    "an int number": body(row={"phone_number": 13125550001}),
    "a row that is text": body(data=["row"]),
    "NaN": body(row={"tags": float("nan")}),
    "deep JSON": DEEP,
    "a list": "[]",
    "null": "null",
    "empty": "",
    "truncated": '{"data": [{"id": "1", "phone_nu',
    "a lone surrogate": '{"data": [{"id": "\\ud800", "phone_number": "+1"}]}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_page_that_makes_no_sense_is_an_error(account: Account, text: str) -> None:
    account.control.fault(Respond(status=200, body=text), times=None)
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(UnavailableError):
        account.plan()


def test_a_captive_portal_is_an_error_and_no_empty_account(account: Account) -> None:
    account.control.fault(html(), times=None)
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(UnavailableError, match="captive portal"):
        account.plan()


@pytest.mark.parametrize(
    "passing",
    [html(), bad_json(), Drop(), Drop(reset=True), Respond(status=503), Respond(status=500)],
)
def test_what_may_pass_is_tried_again(account: Account, passing: Respond | Drop) -> None:
    account.control.fault(passing, times=2)
    account.declare({ONE: {"tags": ["a"]}})
    assert len(fetched(account).numbers) == 4


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(body(row={"tags": "X"}).replace('"X"', "[1e999]"), id="broken within a row"),
        pytest.param(body(row={"id": None}), id="a row without an id"),
        pytest.param(body(meta={"total_results": -1}), id="a count that is none"),
    ],
)
def test_a_page_that_makes_no_sense_twice_is_tried_again(account: Account, text: str) -> None:
    account.declare({ONE: {"tags": ["a"]}})
    account.control.fault(Respond(status=200, body=text), method="GET", times=2)
    assert ONE in fetched(account).numbers
    account.control.fault(Respond(status=200, body=text), method="GET", times=None)
    account.control.forget()
    with pytest.raises(UnavailableError):
        fetched(account)
    assert len(account.control.log()) == 6


def test_a_redirect_is_not_followed(account: Account) -> None:
    account.control.fault(redirect("https://elsewhere.example/v2/phone_numbers"), times=None)
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(FatalNetworkError, match=r"elsewhere\.example"):
        account.plan()
    assert len(account.control.log()) == 1


def test_an_error_page_with_the_key_in_it_does_not_show_the_key(account: Account) -> None:
    key = account.sandbox.api_key
    text = json.dumps({"errors": [{"code": "10015", "detail": f"{key} is not known"}]})
    account.control.fault(Respond(status=422, body=text), times=None)
    account.declare({ONE: {"tags": ["a"]}})
    with pytest.raises(ApiError) as failed:
        account.plan()
    assert key not in str(failed.value)


# ---- limits of the service ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_a_rate_limit_is_waited_out(make_account: MakeAccount, form: str) -> None:
    account = make_account(*(number(each) for each in NUMBERS))
    account.control.limit(2, retry_after=form)
    declared = {each: {"customer_reference": "a"} for each in NUMBERS}
    account.declare(declared, limits={"page_size": PAGE})
    assert len(fetched(account).numbers) == len(NUMBERS)


def test_the_pause_that_the_service_asks_for_is_kept(paged: Account) -> None:
    paged.control.fault(Respond(status=429, headers={"retry-after": "40"}), call="list_slim")
    started = paged.clock.time
    fetched(paged)
    assert 40 <= paged.clock.time - started < 60


def test_no_call_is_made_during_the_pause(paged: Account) -> None:
    paged.control.fault(
        Respond(status=429, headers={"retry-after": "40"}), call="list_slim", skip=1
    )
    fetched(paged)
    times = [entry.at for entry in paged.control.log()]
    assert max(after - before for before, after in pairwise(times)) >= 40


def test_a_pause_beyond_max_wait_is_an_error_that_names_the_time(paged: Account) -> None:
    paged.control.fault(Respond(status=429, headers={"retry-after": "900"}), times=None)
    with pytest.raises(ApiError, match=r"wait until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
        paged.plan(max_wait=60.0)


def test_a_slow_answer_is_waited_for(paged: Account) -> None:
    paged.control.fault(Delay(0.2), call="list_slim")
    assert len(fetched(paged).numbers) == len(NUMBERS)


# ---- the key ------------------------------------------------------------------------------------

BOTH = {"voice": {"inbound_call_screening": "flag_calls"}, "customer_reference": "desk-1"}


def test_the_fields_of_a_forbidden_list_are_unknown_and_not_null(account: Account) -> None:
    account.control.forbid("list_messaging")
    account.declare(
        {
            ONE: {
                "customer_reference": "desk-1",
                "messaging": {"messaging_profile_id": None},
            }
        }
    )
    difference = account.plan().plan.difference
    assert [each.path for each in difference.unknown] == ["messaging.messaging_profile_id"]
    assert [each.path for change in difference.changes for each in change.fields] == [
        "customer_reference"
    ]


def test_a_forbidden_list_is_said_so(account: Account) -> None:
    account.control.forbid("list_messaging")
    account.declare({ONE: {"messaging": {"messaging_profile_id": PROFILE}}})
    (unknown,) = account.plan().plan.difference.unknown
    assert "the messaging list could not be read" in unknown.reason


def test_what_can_be_read_is_applied_and_the_rest_is_not_called_done(account: Account) -> None:
    account.declare(
        {ONE: {"customer_reference": "desk-1", "messaging": {"messaging_profile_id": PROFILE}}}
    )
    account.control.forbid("list_messaging")
    outcome = account.apply()
    assert (outcome.exit_code, len(outcome.applied)) == (Exit.INCOMPLETE, 1)


def test_a_forbidden_slim_list_gives_way_to_the_full_list(account: Account) -> None:
    account.control.forbid("list_slim")
    account.declare({each: {"customer_reference": "desk-1"} for each in (ONE, TWO, THREE, FOUR)})
    assert len(fetched(account).numbers) == 4


def test_numbers_that_only_a_detail_list_shows_are_unknown_and_not_missing(
    account: Account,
) -> None:
    account.control.forbid("list_slim")
    account.control.forbid("list_numbers")
    account.declare({ONE: BOTH, TWO: BOTH})
    difference = account.plan().plan.difference
    assert (difference.not_owned, difference.changes) == ((), ())
    assert {each.phone_number for each in difference.unknown} == {ONE, TWO}


def test_a_key_that_may_read_nothing_is_refused(account: Account) -> None:
    for call in ("list_slim", "list_numbers", "list_voice"):
        account.control.forbid(call)
    account.declare({ONE: BOTH})
    with pytest.raises(KeyRefusedError) as refused:
        account.plan()
    assert refused.value.exit_code == Exit.KEY_REFUSED


def test_a_wrong_key_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY_of_somebody_else")
    account.declare({ONE: BOTH})
    with pytest.raises(KeyRefusedError) as refused:
        account.plan()
    assert "KEY_of_somebody_else" not in str(refused.value)


def test_a_key_that_is_refused_is_not_tried_again(account: Account) -> None:
    account.control.fault(Respond(status=401), times=None)
    account.declare({ONE: {"customer_reference": "desk-1"}})
    with pytest.raises(KeyRefusedError):
        account.plan()
    assert len(account.control.log()) == 1


# ---- an account without numbers -----------------------------------------------------------------


@pytest.fixture
def empty(make_account: MakeAccount) -> Account:
    """An account without a number, and one that is declared."""
    account = make_account(number(ONE))
    account.control.remove(ONE)
    account.declare({ONE: {"customer_reference": "desk-1"}})
    return account


def test_an_empty_account_is_refused_by_name(empty: Account) -> None:
    (refusal,) = empty.plan().refusals
    assert "--allow-empty-account" in refusal


def test_an_empty_account_can_be_allowed(empty: Account) -> None:
    assert empty.plan(allow=frozenset({Allowance.EMPTY_ACCOUNT})).refusals == ()


def test_an_empty_account_suits_a_project_that_declares_nothing(empty: Account) -> None:
    empty.declare({})
    assert empty.plan().refusals == ()


def test_an_unreachable_service_is_an_error_that_names_the_host(account: Account) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}})

    def refuse(request: httpx.Request) -> None:
        raise httpx.ConnectError("refused", request=request)

    account.asked = refuse
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        account.plan()
