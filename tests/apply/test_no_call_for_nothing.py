"""No call is made for what another one tells, or will tell soon."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from reconciler.api.jobs import JobAnswer, Progress
from reconciler.api.polling import Poller
from reconciler.api.read import open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.sandbox.faults import Respond
from tests.api.test_read import mocked
from tests.apply.account import ONE, TWO, Account
from tests.apply.test_what_can_go_wrong import ALL, ASSIGNED, FLAGGED
from tests.pace.virtual import VirtualClock

NOWHERE = Endpoint("http://localhost/v2", "KEY")


@pytest.mark.parametrize(
    ("call", "wanted"), [("get_job", FLAGGED), ("get_messaging_bulk", ASSIGNED)]
)
def test_a_look_at_what_runs_that_fails_is_not_repeated_before_the_next(
    account: Account, call: str, wanted: dict[str, object]
) -> None:
    account.control.timing(running=60.0)
    account.control.fault(Respond(status=503), call=call, skip=2)
    account.declare({ONE: wanted, TWO: wanted})
    assert account.apply().converged
    failed, following = account.sandbox.log.of(call)[2:4]
    assert failed.status == 503
    assert following.at - failed.at > 2.0


def test_a_lost_job_is_found_on_a_page_of_jobs_that_is_read_for_another(account: Account) -> None:
    account.control.timing(running=30.0)
    account.control.fault(Respond(status=502, after=True), call="update_job", skip=1)
    account.declare(dict.fromkeys(ALL, FLAGGED), limits={"job_size": 2})
    outcome = account.apply()
    assert (outcome.converged, len(account.writes())) == (True, 2)
    assert not [each.query for each in account.sandbox.log.of("list_jobs") if "type" in each.query]
    assert outcome.seconds < 60.0


def test_a_lost_job_is_listed_where_nothing_else_is_looked_at(account: Account) -> None:
    account.control.timing(running=30.0)
    account.control.fault(Respond(status=502, after=True), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.converged, len(account.writes())) == (True, 1)
    assert outcome.seconds < 60.0


def test_a_job_that_was_sent_again_is_looked_at_when_it_should_have_ended(
    account: Account,
) -> None:
    account.control.timing(running=8.0)
    account.control.fault(Respond(status=503), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert account.apply().converged
    assert len(account.writes()) == 2
    assert len(account.sandbox.log.of("get_job")) == 1


def test_a_listing_that_shows_the_end_of_a_job_ends_the_wait_for_it() -> None:
    clock = VirtualClock()

    def read(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was asked for")

    async def wait() -> Progress:
        line = mocked(read)
        async with open_reader(NOWHERE, Limits(), clock, transport=line) as reader:
            poller = Poller(reader, clock, 600.0, lambda: False, reader.redactor)
            waiting = asyncio.ensure_future(poller.job(Progress("job-1", "pending"), {"1": ONE}))
            await asyncio.sleep(0)
            poller.saw([JobAnswer("job-2", "completed"), JobAnswer("job-1", "completed")])
            return await waiting

    assert clock.run(wait()).ended
