"""A key or a PIN that an answer repeats is in no report."""

from __future__ import annotations

import json

import pytest

from reconciler import workflow
from reconciler.report.jobs import job_text
from reconciler.report.jsonreport import outcome_json
from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from reconciler.workflow import Options
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount


def test_the_old_pin_that_a_refusal_repeats_is_redacted(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, external_pin="11223344"))
    said = {"errors": [{"code": "10015", "title": "Bad", "detail": "was 11223344, not 55667788"}]}
    account.control.fault(Respond(status=422, body=json.dumps(said)), method="PATCH")
    account.declare({ONE: {"external_pin": "55667788"}})
    report = outcome_json(account.apply())
    assert ("11223344" in report, "55667788" in report) == (False, False)


def test_a_key_that_a_job_repeats_is_redacted_by_jobs_list(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(account.root)
    key = account.sandbox.api_key
    failure = Failure(code="10015", detail=f"key {key} is bad")
    account.control.script(call="update_job", fail={ONE: failure})
    account.declare({each: {"hd_voice_enabled": True} for each in (ONE, TWO)})
    account.apply()
    (job,) = account.do(workflow.jobs_list(Options(), 5))
    assert (key in job_text(job), "redacted" in job_text(job)) == (False, True)
