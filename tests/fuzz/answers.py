"""Answers of the service that are bent in every way, to every call that reads or writes.

Each run is a plan, an apply and, where something is left, a resume. Where only what becomes of
writes is bent (their answers, jobs and orders), what is called applied must be so, however the
service lies about it; where reads are bent too, what is written must be what was planned.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler import workflow
from reconciler.api.by_httpx import ByHttpx
from reconciler.api.message import Transport
from reconciler.apply import Stop
from reconciler.core.changes import Action
from reconciler.core.outcome import Outcome
from reconciler.core.safety import Allowance
from reconciler.core.values import show_json
from reconciler.errors import ReconcilerError
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.state import Row
from reconciler.workflow import Options, Planned
from tests.apply.account import PROFILE, Account, Line
from tests.crash.killing import Deeds, is_finished, resume
from tests.fuzz.bending import bend, bent_bytes

_STATUSES = (
    200,
    201,
    202,
    204,
    206,
    301,
    307,
    400,
    401,
    403,
    404,
    408,
    409,
    418,
    422,
    429,
    500,
    503,
)
_HEADERS = (
    (
        "retry-after",
        ("1", "-1", "NaN", "1e400", "99999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "x"),
    ),
    ("x-ratelimit-reset", ("0", "-5", "nan", "5", "9" * 30)),
    ("x-ratelimit-limit", ("0", "-1", "5;w=0", "2000, 2000;w=1", "x" * 300)),
    ("x-ratelimit-remaining", ("0", "-1", "9" * 30)),
    ("content-type", ("text/html", "application/json; charset=utf-16", "", "\x80")),
    ("x-request-id", ("\x1b[31m", "x" * 5000)),
    ("date", ("never", "Thu, 01 Jan 1970 00:00:00 GMT")),
)
_LETTERS = "abcdefgh"
_NUMBERS = tuple(f"+1312555{each:04}" for each in range(1, 9))
_MOBILE = "+13125550300"
_EMERGENCY = {"emergency_enabled": True, "emergency_address_id": "53829456729313"}
_ALLOWED = frozenset({Allowance.RELEASE, Allowance.UNREADABLE, Allowance.MAX_CHANGES})
_ABOUT_WRITES = ("/jobs", "/messaging_numbers_bulk_updates")
_RESUMES = 2


class _Bender(httpx.AsyncBaseTransport):
    """The way to the sandbox, on which answers are bent."""

    def __init__(self, account: _Bent) -> None:
        self._account = account
        self._inner = Line(account)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        return self._account.bent(request, response, body)


class _Bent(Account):
    """An account whose answers are bent; `bends` counts them, by call."""

    random_: random.Random
    reads_too = False
    share = 0.0
    bends: Counter[str]

    def _connect(self, patch: pytest.MonkeyPatch) -> None:
        super()._connect(patch)
        self.bends = Counter()

        def line(endpoint: object, **_: object) -> Transport:
            del endpoint
            return ByHttpx(_Bender(self))

        for place in ("reconciler.api.read", "reconciler.api.http", "reconciler.workflow.applying"):
            patch.setattr(f"{place}.open_transport", line)

    def bent(self, request: httpx.Request, response: httpx.Response, body: bytes) -> httpx.Response:
        """The answer, or what is made of it."""
        about_writes = request.method != "GET" or any(p in request.url.path for p in _ABOUT_WRITES)
        meant = (about_writes or self.reads_too) and "verify_ownership" not in request.url.path
        headers = [(k, v) for k, v in response.headers.items() if k != "content-length"]
        status = response.status_code
        if meant and self.random_.random() < self.share:
            self.bends[request.method] += 1
            status, headers, body = _answer(self.random_, status, headers, body)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return httpx.Response(status, headers=raw, content=body, request=request)


Headers = list[tuple[str, str]]


def _answer(
    random_: random.Random, status: int, headers: Headers, body: bytes
) -> tuple[int, Headers, bytes]:
    match random_.randrange(8):
        case 0:
            return random_.choice(_STATUSES), headers, body
        case 1:
            name, values = random_.choice(_HEADERS)
            kept = [(key, value) for key, value in headers if key != name]
            return random_.choice((status, 429, 503)), [*kept, (name, random_.choice(values))], body
        case 2 | 3:
            return status, headers, bent_bytes(random_, body)
        case _:
            return status, headers, _data(random_, body)


def _data(random_: random.Random, body: bytes) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:
        return bent_bytes(random_, body)
    bend(random_, document)
    return json.dumps(document).encode()


def run(count: int, seed: int) -> str:
    """Bend `count` answers; what became of the runs. AssertionError where something was written
    that was not planned or called applied and is not so; any other error should not be."""
    found: Counter[str] = Counter()
    bends: Counter[str] = Counter()
    turn = 0
    while bends.total() < count:
        try:
            found[_one(random.Random(f"{seed}-{turn}"), bends)] += 1
        except BaseException as error:
            error.add_note(f"in run {turn} of seed {seed}")
            raise
        turn += 1
    ends = ", ".join(f"{number:,} {what}" for what, number in sorted(found.items()))
    calls = ", ".join(f"{number:,} {method}" for method, number in sorted(bends.items()))
    return f"{turn:,} runs ({calls}): {ends}"


def _declared(random_: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    numbers: dict[str, Any] = {}
    for place, each in enumerate(_NUMBERS[:-1]):
        numbers[each] = {"voice": {"inbound_call_screening": "flag_calls"}} if place < 4 else {}
        if random_.random() < 0.5:
            numbers[each]["customer_reference"] = f"desk-{random_.choice(_LETTERS)}"
        if random_.random() < 0.4:
            numbers[each]["messaging"] = {"messaging_profile_id": PROFILE}
        if random_.random() < 0.3:
            numbers[each]["emergency"] = _EMERGENCY
        if random_.random() < 0.2:
            numbers[each]["tags"] = {"add": ["new"]}
    if random_.random() < 0.3:
        numbers[_NUMBERS[-1]] = {"release": True}
    return numbers, {_MOBILE: {"customer_reference": "field"}}


def _one(random_: random.Random, bends: Counter[str]) -> str:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", folder)
        rows: list[Row] = [*(number(each) for each in _NUMBERS), mobile_number(_MOBILE)]
        account = _Bent(Path(folder), patch, rows)
        account.random_ = random_
        account.control.timing(pending=0.5, running=1.0, emergency=3.0)
        numbers, mobiles = _declared(random_)
        account.declare(numbers, mobile_numbers=mobiles, safety={"max_changes_percent": 100})
        account.reads_too = random_.random() < 0.5
        account.share = random_.choice((0.05, 0.2, 0.6))
        try:
            return _carried_out(account)
        except ReconcilerError as error:
            _assert_lines(str(error))
            return "ended in an error"
        finally:
            bends += account.bends


def _carried_out(account: _Bent) -> str:
    options = Options(allow=_ALLOWED, job_timeout=120.0)
    planned = account.do(workflow.plan(account.root, options))
    account.control.forget()
    outcome = account.do(workflow.apply(planned, options, account.watched, account.stop))
    _assert_right(account, planned, outcome)
    for _ in range(_RESUMES):
        if is_finished(account):
            break
        account.stop = Stop()
        _assert_right(account, planned, resume(account, job_timeout=120.0))
    return f"exit {int(outcome.exit_code)}"


def _assert_right(account: _Bent, planned: Planned, outcome: Outcome) -> None:
    assert account.control.violations() == []
    Deeds(planned.plan, planned.secrets).count(account.writes())
    assert outcome.converged is (int(outcome.exit_code) == 0)
    for failed in outcome.failed:
        _assert_lines(f"{failed.code}{failed.detail}")
    for left in (*outcome.unconfirmed, *outcome.unverifiable, *outcome.skipped):
        _assert_lines(left.reason)
    if account.reads_too:
        return
    wanted = {
        (change.phone_number, field.path): field.after
        for change in planned.plan.difference.changes
        for field in change.fields
    }
    gone = {c.phone_number for c in planned.plan.difference.changes if c.action is Action.RELEASE}
    for each in outcome.applied:
        if each.phone_number in gone:
            with pytest.raises(KeyError):
                account.state(each.phone_number)
            continue
        value = account.state(each.phone_number)
        for step in each.path.split("."):
            value = value[step]
        assert value == show_json(wanted[each.phone_number, each.path]), each


def _assert_lines(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
