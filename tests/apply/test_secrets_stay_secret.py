"""A key or a PIN that an answer repeats is in no report, and in no file that is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from reconciler import workflow
from reconciler.report.jobs import job_text
from reconciler.report.jsonreport import outcome_json
from reconciler.sandbox.faults import Action, Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from reconciler.workflow import Options
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.conftest import reconciler
from tests.cli.support import Shell

__all__ = ["reconciler"]

PIN = "90210-pin"
FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
PINNED = {"external_pin": {"env": "PIN_DESK"}}
OWN = {ONE: PINNED | FLAGGED, TWO: PINNED, THREE: FLAGGED, FOUR: {"customer_reference": "x"}}
WHERE: dict[str, dict[str, str]] = {
    "the lists": {"method": "GET", "path": "phone_numbers$"},
    "one list": {"method": "GET", "path": "voice$"},
    "the look before a write": {"method": "GET", "path": "phone_numbers/[0-9]+$"},
    "a PATCH": {"method": "PATCH"},
    "a job": {"call": "update_job"},
    "the poll": {"method": "GET", "path": "jobs"},
}
SPELT: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in JSON in JSON": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "in a URL": lambda text: "".join(f"%{ord(each):02X}" for each in text),
    "quoted for a URL": quote,
}


def _error(status: int) -> Callable[[str], Action]:
    def action(said: str) -> Action:
        entry = {"code": said, "title": f"Bearer {said}", "detail": f"bad: {said}."}
        body = json.dumps({"errors": [entry | {"source": {"pointer": f"/{said}"}}]})
        return Respond(status=status, body=body, headers={"x-request-id": said})

    return action


ANSWERS: dict[str, Callable[[str], Action]] = {
    "403": _error(403),
    "422": _error(422),
    "500": _error(500),
    "cut at the end": lambda said: Respond(
        status=422, body=json.dumps({"errors": [{"detail": "x" * 495 + said}]})
    ),
    "a content type": lambda said: Respond(status=200, body="{}", content_type=f"text/{said}"),
    "a content type of an error": lambda said: Respond(
        status=400, body="no", content_type=f"text/{said}"
    ),
    "a redirect": lambda said: Respond(
        status=302, headers={"location": f"https://{said}.example/"}
    ),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("where", WHERE)
def test_a_key_and_a_pin_that_an_answer_repeats_are_in_no_output_and_no_file(
    account: Account,
    reconciler: Shell,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    answer: str,
) -> None:
    monkeypatch.chdir(account.root)
    monkeypatch.setenv("PIN_DESK", PIN)
    key = account.sandbox.api_key
    secrets = (PIN, key)
    account.declare(OWN)
    reconciler("plan", "--out", "plan.json")
    # A list is read before anybody knows which PINs are needed: none was sent that could come back.
    repeated = (key,) if "list" in where else secrets
    said = "-".join(form(secret) for form in SPELT.values() for secret in repeated)
    account.control.fault(ANSWERS[answer](said), **WHERE[where], times=None)
    told = [
        reconciler("apply", "plan.json", "--format", "json", "--job-timeout", "100"),
        reconciler("apply", "--auto-approve", "-v", "--job-timeout", "100"),
        reconciler("fetch", "-o", "live.json"),
        reconciler("plan", "-v", "--out", "again.json", "--format", "html"),
    ]
    texts = [part for each in told for part in (each.out, each.err)]
    texts += [path.read_text() for path in account.root.rglob("*.json*")]
    for text in texts:
        for secret in secrets:
            for form in SPELT.values():
                assert form(secret)[:12].lower() not in text.replace("\\\\", "\\").lower()


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
