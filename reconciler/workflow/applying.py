"""Carrying out a plan that was just made; and what every way of carrying one out shares."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.api.clock import Clock, SystemClock
from reconciler.api.gate import Gate
from reconciler.api.read import ReadClient, open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.transport import open_transport
from reconciler.api.write import open_writer
from reconciler.apply import Applier, Context, Door, Haste, LastCalls, Stop, Watcher
from reconciler.core.diff import live_value
from reconciler.core.fingerprint import BINDING_KEY_ENV
from reconciler.core.freshness import Secrets
from reconciler.core.model import Desired
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document, timestamp
from reconciler.core.replay import VERSION
from reconciler.core.rules import FORWARDING_ENABLED, FORWARDS_TO
from reconciler.core.text import Redactor
from reconciler.core.values import UNKNOWN, LiveValue
from reconciler.files.origin import author
from reconciler.journal import DIRECTORY, Journal
from reconciler.lock import account_lock
from reconciler.workflow.common import Options, account, account_of, root_here
from reconciler.workflow.planning import Planned


@dataclass(frozen=True, slots=True)
class Run:
    """What one way of carrying out a plan sets up for the writing. `pins` are PINs that an
    answer could repeat."""

    plan: Plan
    endpoint: Endpoint
    limits: Limits
    root: Path
    """Where the journal directory is."""
    context: Context
    pins: frozenset[str] = field(default=frozenset(), repr=False)


async def apply(planned: Planned, options: Options, watcher: Watcher, stop: Stop) -> Outcome:
    """Carry out a plan that was just made, and read everything back."""
    endpoint, limits = account(planned.project.desired, options)
    connections = forwarding_switched_on(planned.plan, _connections(planned))
    declared = planned.project.desired.numbers
    pins = frozenset({*planned.secrets.values(), *_live_pins(planned)})
    context = Context(
        secrets_of(planned.secrets),
        Redactor((endpoint.api_key, *pins)),
        limits,
        connections=connections,
        pinned=frozenset(n for n in connections if "connection_id" in declared[n].settings.paths),
    )
    run = Run(planned.plan, endpoint, limits, planned.project.root, context, pins)
    async with reading_until_stopped(endpoint, limits, SystemClock(), stop, pins) as reader:
        return await carry_out(run, options, reader, watcher, stop)


@asynccontextmanager
async def reading_until_stopped(
    endpoint: Endpoint, limits: Limits, clock: Clock, stop: Stop, pins: Iterable[str]
) -> AsyncIterator[ReadClient]:
    """A reader for a run that writes: a moment after Ctrl-C it asks nothing more. `pins` are taken
    out of its errors."""
    calls = LastCalls(clock, stop)
    door = Door(open_transport(endpoint), calls)
    async with open_reader(endpoint, limits, calls, transport=door, secrets=pins) as reader:
        yield reader


async def carry_out(
    run: Run, options: Options, reader: ReadClient, watcher: Watcher, stop: Stop
) -> Outcome:
    """Write what `run` says, into a new journal; without operations there is none."""
    now = reader.clock.now()
    audit = audit_of(run.plan, run.root, now)
    with ExitStack() as stack:
        log: Journal | None = None
        if run.plan.operations:
            path = options.journal or journal_path(run.root, now)
            log = stack.enter_context(_new_journal(path, run, audit))
        return await write(run, log, audit, reader, watcher, stop)


async def write(
    run: Run,
    log: Journal | None,
    audit: Mapping[str, str],
    reader: ReadClient,
    watcher: Watcher,
    stop: Stop,
) -> Outcome:
    """Write through a gate that a stop shuts, at the pace of the reader."""
    clock = reader.clock
    gate = Gate(open_transport(run.endpoint, writes=True), lambda: not stop.reason)
    if log:
        watcher.began(str(log.path))
    async with open_writer(
        run.endpoint, run.limits, clock, limiter=reader.limiter, transport=gate, secrets=run.pins
    ) as writer:
        applier = Applier(
            run.plan,
            writer,
            reader,
            run.context,
            clock=Haste(clock, stop),
            watcher=watcher,
            stop=stop,
            log=log or _Nothing(),
        )
        outcome = await applier.run()
    return replace(outcome, journal=str(log.path) if log else "", audit=audit)


class _Nothing:
    """The log of an apply that has nothing to send."""

    async def write(self, entry: Mapping[str, Any]) -> None:
        """Nothing was sent, so there is nothing to write down but the end."""


@contextmanager
def one_apply(desired: Desired, root: Path, options: Options) -> Iterator[None]:
    """Be the one apply on this account and machine; LockedError, naming the holder, if not."""
    endpoint, _ = account(desired, options)
    who = author(root, os.environ)["who"] or "unnamed"
    since = timestamp(SystemClock().now())
    holder = f"process {os.getpid()} in {root.resolve()}, since {since}, {who}"
    with account_lock(endpoint.base_url, endpoint.api_key, holder, os.environ):
        yield


@contextmanager
def one_apply_here(options: Options) -> Iterator[None]:
    """The same for the account of the project here, where no YAML is applied."""
    with one_apply_in(root_here(), options):
        yield


@contextmanager
def one_apply_in(root: Path, options: Options) -> Iterator[None]:
    """The same for the account of the project at `root`."""
    with one_apply(account_of(root), root, options):
        yield


@contextmanager
def _new_journal(path: Path, run: Run, audit: Mapping[str, str]) -> Iterator[Journal]:
    live = {n: c for n, c in run.context.connections.items() if c is not UNKNOWN}
    first = {
        "entry": "plan",
        "journal_version": VERSION,
        "tool_version": __version__,
        "started_at": audit["started_at"],
        "by": dict(audit),
        "connections": live,
        "pinned": sorted(run.context.pinned & live.keys()),
        "plan": plan_document(run.plan),
    }
    journal = Journal.start(path, first)
    try:
        yield journal
    finally:
        journal.close()


def journal_path(root: Path, now: datetime) -> Path:
    """`.reconciler/journal-<time>.jsonl` in the project: sorted by name is sorted by time."""
    name = f"journal-{now:%Y%m%dT%H%M%S%fZ}"
    names = chain((name,), (f"{name}-{more}" for more in count(2)))
    places = (root / DIRECTORY / f"{each}.jsonl" for each in names)
    return next(place for place in places if not place.exists())


def audit_of(plan: Plan, root: Path, now: datetime) -> dict[str, str]:
    """Who applies what, from which commit, and when."""
    digest = plan.digest or plan_document(plan)["digest"]
    return {
        **author(root, os.environ),
        "commit": plan.origin.commit,
        "plan_digest": digest,
        "started_at": timestamp(now),
    }


def secrets_of(by_ref: Mapping[str, str]) -> Secrets:
    """PINs to compare by, with the key that binds them."""
    return Secrets(by_ref, os.environ.get(BINDING_KEY_ENV, ""))


def forwarding_switched_on(plan: Plan, live: Mapping[str, LiveValue]) -> dict[str, LiveValue]:
    """connection_id, as it is now (`live`, by number), of every number whose forwarding the plan
    switches on; not where the plan itself changes it, for then it is confirmed like every other
    change."""
    return {number: live[number] for number in switching_numbers(plan) if number in live}


def switching_numbers(plan: Plan) -> Iterator[str]:
    """The numbers whose forwarding is switched on and whose connection the plan leaves alone."""
    for change in plan.difference.changes:
        after = {each.path: each.after for each in change.fields}
        if (
            after.get(FORWARDING_ENABLED) is True or after.get(FORWARDS_TO)
        ) and "connection_id" not in after:
            yield change.phone_number


def _connections(planned: Planned) -> dict[str, LiveValue]:
    snapshot = planned.snapshot
    return {
        number: live_value(snapshot, snapshot.numbers[number], "connection_id")
        for number in switching_numbers(planned.plan)
    }


def _live_pins(planned: Planned) -> Iterable[str]:
    """The PINs of the numbers that are written: an answer may repeat the old one."""
    for change in planned.plan.difference.changes:
        live = planned.snapshot.numbers[change.phone_number]
        pin = live_value(planned.snapshot, live, "external_pin")
        if isinstance(pin, str):
            yield pin
