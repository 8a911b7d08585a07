"""Any history of an account: applies, kills, other people's edits, faults, resumes in any order.

What holds at every step: nothing is written that the plan does not hold, what somebody else
changed since the plan is left alone, and what is called applied is so.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from reconciler.apply import Stop
from reconciler.core.changes import RELEASE
from reconciler.core.outcome import Outcome
from reconciler.core.values import Secret, show_json
from reconciler.errors import ReconcilerError
from reconciler.sandbox.faults import Delay, Drop, Respond, bad_json, html
from reconciler.sandbox.fleet import number
from reconciler.workflow import Planned
from tests.apply.account import PROFILE, TRUNK, Account
from tests.crash.killing import Deeds, Killer, is_finished, resume

NUMBERS = tuple(f"+1312555{each:04}" for each in range(6))
REFERENCE, TAGS = "customer_reference", "tags"
SCREENING = "voice.inbound_call_screening"

wanted = st.fixed_dictionaries(
    {},
    optional={
        "customer_reference": st.sampled_from([None, "desk-1", "desk-2"]),
        "tags": st.sampled_from([["a"], ["a", "b"], None]),
        "connection_id": st.sampled_from([None, TRUNK]),
        "hd_voice_enabled": st.booleans(),
        "voice": st.fixed_dictionaries(
            {}, optional={"inbound_call_screening": st.sampled_from(["disabled", "flag_calls"])}
        ),
        "messaging": st.sampled_from([{"messaging_profile_id": PROFILE}]),
    },
)
declarations = st.dictionaries(st.sampled_from(NUMBERS), wanted, min_size=1)
actions = st.sampled_from(
    [
        Respond(status=500),
        Respond(status=502, after=True),
        Respond(status=429, headers={"retry-after": "3"}),
        Drop(),
        Drop(after=True),
        Drop(sent=20),
        html(),
        bad_json(),
        Delay(0.0),
    ]
)
faults = st.lists(
    st.tuples(
        actions, st.sampled_from(["GET", "PATCH", "POST"]), st.integers(0, 4), st.integers(1, 3)
    ),
    max_size=2,
)
moments = st.none() | st.integers(1, 70)


class History(RuleBasedStateMachine):
    """One account and what befalls it."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._patch = pytest.MonkeyPatch()
        root = Path(self._folder.name)
        self._patch.chdir(root)
        self._patch.setenv("XDG_STATE_HOME", str(root / "state"))
        self.account = Account(root, self._patch, [number(each) for each in NUMBERS])
        self.account.control.timing(pending=0.5, running=2.0)
        self.killer = Killer(self.account, self._patch)
        self.planned: Planned | None = None
        self.edits: dict[tuple[str, str], Any] = {}
        self.count = 0

    # ---- what happens ---------------------------------------------------------------------------

    @precondition(lambda self: self.planned is None)
    @rule(declared=declarations, met=faults, moment=moments)
    def apply(self, declared: dict[str, Any], met: Any, moment: int | None) -> None:
        """An apply, which meets faults, and may die."""
        self.account.declare(declared)
        self.planned, self.edits = self.account.plan(), {}
        self.account.control.forget()
        self._stop()
        self._run(lambda: self.account.apply(self.planned), met, moment)

    @precondition(lambda self: self.planned is not None)
    @rule(met=faults, moment=moments)
    def resume(self, met: Any, moment: int | None) -> None:
        """A resume of what is not finished, which may meet faults or die just so."""
        self._stop()
        self._run(lambda: resume(self.account), met, moment)

    @rule(number=st.sampled_from(NUMBERS), path=st.sampled_from([REFERENCE, TAGS, SCREENING]))
    def somebody_edits(self, number: str, path: str) -> None:
        """Somebody else sets a value that nobody declares."""
        self._time_passes(30.0)
        self.count += 1
        value: Any = f"edit-{self.count}"
        if path == TAGS:
            value = [value]
        elif path == SCREENING:
            value = "reject_calls"
        self.account.control.change(number, path, value)
        self.edits[number, path] = value

    @rule(seconds=st.sampled_from([1.0, 90.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        """Nobody does anything."""
        self._time_passes(seconds)

    # ---- what holds -----------------------------------------------------------------------------

    def _run(self, work: Any, met: Any, moment: int | None) -> None:
        control = self.account.control
        for action, method, skip, times in met:
            control.fault(action, method=method, skip=skip, times=times)
        outcome: Outcome | None = None
        with self.killer.at(moment):
            try:
                outcome = work()
            except ReconcilerError:
                outcome = None
        control.clear()
        self._check(outcome)
        if is_finished(self.account):
            self.planned = None

    def _check(self, outcome: Outcome | None) -> None:
        assert self.planned is not None
        assert self.account.control.violations() == []
        Deeds(self.planned.plan, self.planned.secrets).count(self.account.writes())
        for (phone_number, path), value in self.edits.items():
            assert self._live(phone_number, path) == value, "an edit was written over"
        if outcome is None:
            return
        for each in outcome.applied:
            if (each.phone_number, each.path) not in self.edits and each.path != RELEASE:
                assert self._live(each.phone_number, each.path) == self._after(each), each

    def _after(self, each: Any) -> Any:
        assert self.planned is not None
        changes = self.planned.plan.difference.changes
        change = next(one for one in changes if one.phone_number == each.phone_number)
        after = next(field.after for field in change.fields if field.path == each.path)
        assert not isinstance(after, Secret)
        return _shown(show_json(after))

    def _live(self, phone_number: str, path: str) -> Any:
        value = self.account.state(phone_number)
        for step in path.split("."):
            value = value[step]
        return _shown(value)

    def _stop(self) -> None:
        self.account.stop = Stop()

    def _time_passes(self, seconds: float) -> None:
        self.account.clock.time += seconds
        self.account.sandbox.world.settle()

    def teardown(self) -> None:
        """Left alone, every history comes to its end, and an apply then makes all of it true."""
        try:
            for _ in range(2):
                if self.planned is not None:
                    self._stop()
                    self._run(lambda: resume(self.account), [], None)
            assert self.planned is None, "a resume that nothing disturbs finishes"
            if (self.account.root / "numbers.yaml").exists():
                self._stop()
                assert self.account.apply().converged
                assert self.account.is_settled()
        finally:
            self._patch.undo()
            self._folder.cleanup()


def _shown(value: Any) -> Any:
    """Tags in order, and one word for everything that is not set."""
    return sorted(value) if value and isinstance(value, list) else (value or None)
