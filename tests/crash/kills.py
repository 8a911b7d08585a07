"""Large applies that are killed: in process at any boundary, and as processes by SIGKILL."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.plan import Plan
from reconciler.core.values import show_json
from reconciler.journal import journals_in
from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.log import Entry
from reconciler.sandbox.server import RunningSandbox
from reconciler.workflow import Planned
from tests.apply.account import PROFILE, TRUNK, Account
from tests.cli.support import COMMAND, child
from tests.crash.faulty import SERVICE
from tests.crash.killing import Deeds, Killer, apply_and_die, is_finished, resume

SINGLES = 20
"""Numbers that get a reference of their own: single calls beside the jobs."""


@dataclass(slots=True)
class Tally:
    """What came of many kills."""

    kills: int = 0
    survived: int = 0
    """The process was through before its moment came."""
    untouched: int = 0
    """It was killed before there was a journal: nothing was sent, nothing is to be resumed."""
    moments: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)


def numbers_of(count: int) -> tuple[str, ...]:
    """So many numbers."""
    return tuple(f"+1312555{each:04}" for each in range(count))


def declared(numbers: tuple[str, ...]) -> dict[str, Any]:
    """Update jobs and messaging orders for all, an emergency job and single calls for a few."""
    found: dict[str, Any] = {}
    for place, each in enumerate(numbers):
        found[each] = {
            "connection_id": TRUNK,
            "voice": {"inbound_call_screening": "flag_calls"},
            "messaging": {"messaging_profile_id": PROFILE},
        }
        if place < SINGLES:
            found[each] = {"customer_reference": f"desk-{place}"}
        elif place < 2 * SINGLES:
            found[each] |= SERVICE
    return found


# ---- in process ---------------------------------------------------------------------------------


@contextmanager
def laboratory(count: int) -> Iterator[tuple[Account, pytest.MonkeyPatch, Path]]:
    """An account of so many numbers and its project."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(Path(folder, "state")))
        account = _account(Path(folder), patch, count)
        account.declare(declared(numbers_of(count)), safety={"max_changes_percent": 100})
        yield account, patch, Path(folder)


def _account(root: Path, patch: pytest.MonkeyPatch, count: int) -> Account:
    account = Account(root, patch, [number(each) for each in numbers_of(count)])
    account.control.timing(pending=1.0, running=5.0, emergency=20.0)
    account.most_seconds = 300.0
    return account


def kill_at_boundaries(count: int, most: int, seed: int) -> Tally:
    """Kill an apply of `count` numbers at `most` of its boundaries, or at every one if there are
    no more: before, within and after each line of the journal, before and after each send."""
    tally = Tally()
    with laboratory(count) as (first, patch, root):
        planned = first.plan()
        killer = Killer(first, patch)
        with killer.at(None):
            first.apply(planned)
        tally.moments = killer.moments
        every = range(1, tally.moments + 1)
        chosen = every if len(every) <= most else random.Random(seed).sample(every, most)
        for moment in chosen:
            shutil.rmtree(root / ".reconciler")
            _kill_once(_account(root, patch, count), patch, planned, moment, tally)
    return tally


def _kill_once(
    account: Account, patch: pytest.MonkeyPatch, planned: Planned, moment: int, tally: Tally
) -> None:
    (account.root / ".reconciler").mkdir(mode=0o700)
    died = apply_and_die(account, planned, Killer(account, patch), moment)
    tally.kills += died
    tally.survived += not died
    if not is_finished(account) and not resume(account).converged:
        tally.wrong.append(f"moment {moment}: the resume does not converge")
    if died and not journals_in(account.root):
        tally.untouched += 1
    else:
        tally.wrong += [f"moment {moment}: {each}" for each in _not_so(account, planned.plan)]
    done = Deeds(planned.plan, planned.secrets).count(account.writes())
    tally.twice += sum(times - 1 for times in done.values())
    tally.wrong += account.control.violations()


def _not_so(account: Account, plan: Plan) -> list[str]:
    return [
        f"{change.phone_number} {each.path} is {live}"
        for change in plan.difference.changes
        for each in change.fields
        if (live := _at(account.state(change.phone_number), each.path)) != show_json(each.after)
    ]


def _at(state: Any, path: str) -> Any:
    for step in path.split("."):
        state = state[step]
    return state


# ---- processes ----------------------------------------------------------------------------------

_RESUME_SECONDS = 600.0
"""A job that was killed with its answer on the way is looked for a whole minute."""

_EARLY = 0.1
"""Share of the kills that come while it still plans."""


def kill_processes(count: int, times: int, seed: int) -> Tally:
    """Kill `reconciler apply` by SIGKILL at `times` random moments, nine of ten of them after its
    first write; a new process resumes."""
    tally, rng = Tally(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write_project(root, count)
        planning = writing = 0.0
        for turn in range(times + 1):
            is_early = turn > 0 and rng.random() < _EARLY
            after = rng.uniform(0.0, planning if is_early else writing) if turn else None
            shutil.rmtree(root / ".reconciler", ignore_errors=True)
            with _serving(count) as served:
                survived = tally.survived
                lasted = _one_process(root, served, after, is_early, tally)
            if not turn:
                planning, writing = lasted
            elif tally.survived > survived and not is_early:
                writing = min(writing, lasted[1])  # the machine has less to do by now
    return tally


def _write_project(root: Path, count: int) -> None:
    limits = {"rate_per_second": 500}
    (root / "reconciler.yaml").write_text(json.dumps({"version": 1, "limits": limits}))
    found = {"version": 1, "numbers": declared(numbers_of(count))}
    (root / "numbers.yaml").write_text(json.dumps(found))


@contextmanager
def _serving(count: int) -> Iterator[RunningSandbox]:
    fleet = Fleet.of([number(each) for each in numbers_of(count)])
    with RunningSandbox(fleet) as served:
        served.control.timing(pending=0.1, running=0.5, emergency=1.0)
        yield served


def _one_process(
    root: Path, served: RunningSandbox, after: float | None, is_early: bool, tally: Tally
) -> tuple[float, float]:
    """Seconds until its first write, and from there to its end. It is killed `after` so many
    seconds of the first or of the second (None: never)."""
    env = _env(served, root)
    began = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, "apply", "--auto-approve", "--allow-max-changes"],
        cwd=root,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not is_early:
        while process.poll() is None and not _writes(served):
            time.sleep(0.01)
    wrote = time.monotonic()
    try:
        process.wait(after)
        tally.survived += after is not None
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        tally.kills += 1
    lasted = (wrote - began, time.monotonic() - wrote)
    if journals := process.returncode != 0 and journals_in(root):
        # By its name, for it may have been killed when everything was done already.
        said = child("resume", str(journals[-1]), cwd=root, env=env, seconds=_RESUME_SECONDS)
        if said.code or said.has_traceback:
            tally.wrong.append(
                f"killed after {after} s, the resume ends in {said.code}: {said.err}"
            )
    elif process.returncode != 0:
        tally.untouched += 1
        if _writes(served):
            tally.wrong.append(f"killed after {after} s: written without a journal")
    if journals or process.returncode == 0:
        said = child("drift", cwd=root, env=env)
        if said.code:
            tally.wrong.append(f"killed after {after} s: {said.out}")
    tally.twice += _repeated(served)
    tally.wrong += served.control.violations()
    return lasted


def _writes(served: RunningSandbox) -> list[Entry]:
    """What was sent that could change something; asking who owns a number is a POST, too."""
    return [
        each
        for each in served.control.log()
        if each.method != "GET" and each.call != "verify_ownership"
    ]


def _env(served: RunningSandbox, root: Path) -> Mapping[str, str]:
    return {
        "TELNYX_BASE_URL": served.base_url,
        "TELNYX_API_KEY": served.api_key,
        "XDG_STATE_HOME": str(root / ".state"),
    }


def _repeated(served: RunningSandbox) -> int:
    """Writes that were carried out more than once."""
    seen = [
        json.dumps([each.method, each.path, each.body], sort_keys=True)
        for each in _writes(served)
        if 200 <= each.status < 300
    ]
    return len(seen) - len(set(seen))
