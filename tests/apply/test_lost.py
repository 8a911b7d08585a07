"""A job whose answer was lost: which of those that are listed is it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from reconciler.api.jobs import JobAnswer
from reconciler.apply.lost import Lost
from reconciler.core.fields import Channel
from reconciler.errors import Exit
from reconciler.sandbox.faults import Drop, Respond
from tests.apply.account import ONE, THREE, TWO, Account

SENT_AT = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
LOST = Lost(Channel.UPDATE_JOB, {"1": ONE, "2": TWO}, SENT_AT, 0.0)
FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
EMPTY = '{"data": [], "meta": {"page_number": 1, "total_pages": 0, "total_results": 0}}'


def job(*numbers: dict[str, Any], after: float = 1.0, **more: Any) -> JobAnswer:
    """A job that has ended, made so many seconds after the call was sent."""
    made = (SENT_AT + timedelta(seconds=after)).isoformat()
    usual = {"id": "j", "type": "update_phone_numbers", "status": "completed", "created_at": made}
    return msgspec.convert({**usual, "phone_numbers": list(numbers), **more}, JobAnswer)


def by_id(*ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "phone_number": "as the account shows it"} for each in ids]


@pytest.mark.parametrize(
    ("listed", "is_it"),
    [
        (by_id("1", "2"), True),
        (by_id("2", "1", "1"), True),
        ([{"phone_number": ONE}, {"phone_number": TWO}], True),
        ([{"id": 1, "phone_number": ONE}, {"id": "2"}], True),
        (by_id("1"), False),
        (by_id("1", "3"), False),
        (by_id("1", "2", "3"), False),
        ([{"phone_number": ONE}, {"phone_number": THREE}], False),
        ([], False),
    ],
    ids=str,
)
def test_it_is_one_for_exactly_the_numbers_that_were_sent(
    listed: list[dict[str, Any]], is_it: bool
) -> None:
    assert LOST.may_be(job(*listed)) is is_it


@pytest.mark.parametrize(
    ("more", "is_it"),
    [
        ({"type": "delete_phone_numbers"}, False),
        ({"type": None}, False),
        ({"phone_numbers": None}, False),
        ({"after": -120}, True),  # so far the clocks may be apart
        ({"after": -121}, False),
        ({"after": -3600, "status": "in-progress"}, True),  # to wait for it does no harm
        ({"after": -3600, "status": "in_progress"}, True),
        ({"after": -3600, "status": "failed"}, False),
        ({"created_at": None}, False),
        ({"created_at": "yesterday", "status": "pending"}, True),
    ],
    ids=str,
)
def test_it_is_one_of_its_kind_that_was_not_over_before_the_call(
    more: dict[str, Any], is_it: bool
) -> None:
    assert LOST.may_be(job(*by_id("1", "2"), **more)) is is_it


def test_a_job_that_is_listed_late_is_found_and_not_sent_again(account: Account) -> None:
    account.control.timing(running=100.0)
    account.control.fault(Drop(after=True), call="update_job")
    account.control.fault(Respond(status=200, body=EMPTY), call="list_jobs")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.converged, len(account.writes())) == (True, 1)


def test_a_key_that_is_refused_while_a_job_is_looked_for_ends_all_writing(account: Account) -> None:
    account.control.fault(Drop(after=True), call="update_job")
    account.control.fault(Respond(status=401), call="list_jobs", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.exit_code, len(account.writes())) == (Exit.KEY_REFUSED, 1)
    assert outcome.open == ("op-0001",)
