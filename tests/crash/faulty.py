"""An apply while a fifth of all calls fail, each in one of many ways."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import Stop
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.core.values import show_json
from reconciler.errors import Exit, ReconcilerError
from reconciler.sandbox.faults import Action, Delay, Drop, Respond, bad_json, html
from reconciler.sandbox.fleet import number
from reconciler.workflow import Planned
from tests.apply.account import PROFILE, TRUNK, Account
from tests.crash.killing import Deeds, is_finished, resume

WAYS: tuple[Action, ...] = (
    Respond(status=500),
    Respond(status=503),
    Respond(status=502, after=True),
    Drop(),
    Drop(after=True),
    Drop(sent=30),
    Respond(status=429, headers={"retry-after": "1"}),
    Respond(status=429),
    html(),
    bad_json(),
    Delay(0.001),
)
FAILING = 0.2
MOST_CALLS = 1.6
"""Times the calls of the same apply where nothing fails, on average."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one apply went. `wrong` is what it said and was not so, or did and should not have."""

    exit_code: Exit
    calls: int
    twice: int
    resumes: int
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A fleet and what is to become of it."""

    numbers: int
    declared: Callable[[int], dict[str, Any]]
    """What is declared of the number at a place."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 2.0
    """How long a job runs."""


def _mixed(place: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {**FLAGGED, "connection_id": TRUNK, **SMS}
    if place % 2 == 0:
        wanted["customer_reference"] = f"desk-{place}"
    if place % 10 == 0:
        wanted |= SERVICE
    return wanted


FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
SMS = {"messaging": {"messaging_profile_id": PROFILE}}
SERVICE = {"emergency": {"emergency_enabled": True, "emergency_address_id": "53829456729313"}}

SHAPES = {
    # Something for jobs, orders and single calls, and for several of them on one number.
    "mixed": Shape(60, _mixed, {"job_size": 8}),
    "large jobs": Shape(2000, lambda _: {**FLAGGED, **SMS, "connection_id": TRUNK}),
    "long jobs": Shape(600, lambda _: FLAGGED, {"job_size": 20}, seconds=90.0),
    "single calls": Shape(60, lambda place: {"customer_reference": f"desk-{place}"}),
    "messaging": Shape(200, lambda _: SMS, {"job_size": 10}),
    "emergency": Shape(200, lambda _: SERVICE, {"job_size": 10}),
}


def run(seed: int, failing: float = FAILING, shape: Shape = SHAPES["mixed"]) -> Result:
    """One apply, and the resumes it takes; `failing` of all its calls fail."""
    numbers = tuple(f"+1312555{each:04}" for each in range(shape.numbers))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", folder)
        account = Account(Path(folder), patch, [number(each) for each in numbers])
        account.control.timing(pending=0.5, running=shape.seconds, emergency=5.0)
        account.most_seconds = 300.0
        declared = {each: shape.declared(place) for place, each in enumerate(numbers)}
        account.declare(declared, limits=shape.limits)
        planned = account.plan()
        account.control.forget()
        _arm(account, seed, failing)
        wrong: list[str] = []
        try:
            outcome = account.apply(planned)
        except ReconcilerError as error:
            return Result(error.exit_code, len(account.control.log()), 0, 0, ())
        calls = len(account.control.log())
        wrong += _wrong(account, planned.plan, outcome)
        resumes = 0
        while not is_finished(account) and resumes < 5:
            resumes += 1
            account.stop = Stop()
            wrong += _wrong(account, planned.plan, resume(account))
        wrong += _rest(account, planned)
        done = Deeds(planned.plan, planned.secrets).count(account.writes())
        twice = sum(count - 1 for count in done.values())
        return Result(outcome.exit_code, calls, twice, resumes, tuple(wrong))


def _arm(account: Account, seed: int, failing: float) -> None:
    left = failing
    for place, way in enumerate(WAYS if failing else ()):
        # Of the calls that no fault before this one has met, its even share.
        account.control.fault(
            way,
            times=None,
            probability=left / (len(WAYS) - place) / (1.0 - failing + left),
            seed=seed * 1000 + place,
        )
        left -= failing / len(WAYS)


def _wrong(account: Account, plan: Plan, outcome: Outcome) -> Iterable[str]:
    """What an outcome says that is not so."""
    told = Counter(
        (each.phone_number, each.path)
        for group in (
            outcome.applied,
            {(one.phone_number, one.path): one for one in outcome.failed}.values(),
            outcome.unconfirmed,
            outcome.unverifiable,
            outcome.skipped,
            outcome.already,
        )
        for each in group
    )
    wanted = {(c.phone_number, f.path): f.after for c in plan.difference.changes for f in c.fields}
    if told != Counter(wanted.keys()):
        yield f"not every field is told of once: {told - Counter(wanted.keys())}"
    for each in outcome.applied:
        if _live(account, each.phone_number, each.path) != show_json(
            wanted[each.phone_number, each.path]
        ):
            yield f"{each} is not so"
    if outcome.converged is not (outcome.exit_code == Exit.OK):
        yield f"converged {outcome.converged}, but exit {outcome.exit_code}"


def _rest(account: Account, planned: Planned) -> Iterable[str]:
    """What is wrong with the account in the end: what was left is what a plan now finds."""
    account.control.clear()
    yield from account.control.violations()
    account.control.forget()
    account.stop = Stop()
    if not account.apply().converged or not account.is_settled():
        yield "the next apply does not converge"
    before = {change.phone_number for change in planned.plan.difference.changes}
    if any(entry.call == "delete_number" for entry in account.writes()) or not before:
        yield "a number was given back"


def _live(account: Account, phone_number: str, path: str) -> Any:
    value = account.state(phone_number)
    for step in path.split("."):
        value = value[step]
    return value
