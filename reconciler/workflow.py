"""One function per command: what it reads, in which order, and what it hands to the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from reconciler.api.clock import Clock, SystemClock
from reconciler.api.gate import Gate
from reconciler.api.limiter import Limiter
from reconciler.api.listings import Progress, fetch, ignore_progress
from reconciler.api.read import open_reader
from reconciler.api.settings import Endpoint, Limits, endpoint_from
from reconciler.api.transport import open_transport
from reconciler.api.write import open_writer
from reconciler.apply import Applier, Stop, Watcher
from reconciler.core.desired import build
from reconciler.core.diff import diff, live_value
from reconciler.core.fetchplan import EVERYTHING, listings_for
from reconciler.core.model import Desired, Snapshot
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Origin, Plan, make_plan
from reconciler.core.policy import refuse_empty_account, withhold
from reconciler.core.scope import Scope, by_section, by_tag, by_target, has_tag_edits, paths_of
from reconciler.core.snapshotfile import read_snapshot, snapshot_document
from reconciler.core.text import Redactor
from reconciler.core.values import LiveValue
from reconciler.errors import InputError, Problem, UsageError
from reconciler.files import find_project, load_documents, open_source, read_document
from reconciler.files.origin import commit_of
from reconciler.files.secrets import resolve_secrets

_MOST_SNAPSHOT_BYTES = 4 * 1024**3
_SWITCH = "voice.call_forwarding.call_forwarding_enabled"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; None where it said nothing."""

    scope: Scope = field(default_factory=Scope)
    live: Path | None = None
    max_wait: float | None = None
    job_timeout: float | None = None
    concurrency: int | None = None
    allow_empty_account: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project that is right in itself."""

    root: Path
    desired: Desired
    digest: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made from. `reads` is the number of calls it took."""

    plan: Plan
    snapshot: Snapshot
    project: Project
    secrets: Mapping[str, str] = field(repr=False)
    reads: int = 0
    refusal: str = ""
    """The rule that would refuse the whole apply, and why; empty where none does."""


def load(path: Path) -> Project:
    """Read and check the project at `path`. InputError with everything that is wrong."""
    loaded = load_documents(path, Path.cwd())
    desired, problems = build(
        loaded.project,
        loaded.documents,
        selected=loaded.selected,
        unread=loaded.incomplete,
    )
    if problems or loaded.problems:
        raise InputError([*loaded.problems, *problems])
    return Project(loaded.root, desired, loaded.digest)


def account(desired: Desired, options: Options) -> tuple[Endpoint, Limits]:
    """Where and how hard to call: the project file's word, else the environment's."""
    endpoint = endpoint_from(
        os.environ, api_key_env=desired.api_key_env, base_url=desired.base_url or None
    )
    return endpoint, limits_of(desired, options)


def limits_of(desired: Desired, options: Options) -> Limits:
    """The limits of the project file with those of the command line over them."""
    given: dict[str, Any] = dict(desired.limits)
    if options.max_wait is not None:
        given["max_wait_seconds"] = options.max_wait
    if options.job_timeout is not None:
        given["job_timeout_seconds"] = options.job_timeout
    if options.concurrency is not None:
        given["concurrency"] = options.concurrency
    return Limits(**given)


def account_here() -> Desired:
    """What reconciler.yaml in the current directory says of account and limits, if it is there.

    Only that file is read: a mistake in a file of numbers does not stand in the way of `fetch`.
    """
    file = find_project(Path(), Path.cwd()).project_file
    if file is None:
        return Desired(numbers={})
    raw = open_source(file)
    if isinstance(raw, Problem):
        raise InputError([raw])
    document, problems = read_document(file.path, raw)
    desired, more = build(document, ())
    if problems or more:
        raise InputError([*problems, *more])
    return desired


async def fetch_everything(options: Options, progress: Progress = ignore_progress) -> Snapshot:
    """A snapshot of the whole account."""
    endpoint, limits = account(account_here(), options)
    clock = SystemClock()
    async with open_reader(endpoint, limits, clock) as reader:
        return await fetch(
            reader,
            EVERYTHING,
            base_url=endpoint.base_url,
            now=clock.now,
            page_size=limits.page_size,
            progress=progress,
        )


def load_snapshot(path: Path) -> Snapshot:
    """A snapshot that `fetch` wrote. UsageError where the file is none."""
    try:
        if not path.is_file():
            raise UsageError(f"{path}: no such file, or not a plain one")
        if path.stat().st_size > _MOST_SNAPSHOT_BYTES:
            raise UsageError(f"{path}: too large for a snapshot")
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path}: not a snapshot that fetch wrote: no JSON") from None
    return read_snapshot(data, str(path))


def snapshot_json(snapshot: Snapshot) -> bytes:
    """The snapshot file, indented, ready to write."""
    return msgspec.json.format(msgspec.json.encode(snapshot_document(snapshot)), indent=1) + b"\n"


async def plan(path: Path, options: Options, progress: Progress = ignore_progress) -> Planned:
    """Compare the project at `path` with the account (or a snapshot). Sends no write."""
    project = load(path)
    clock = SystemClock()
    targeted = by_target(project.desired, options.scope.targets)
    if options.live is not None:
        snapshot, reads = load_snapshot(options.live), 0
    else:
        snapshot = await _fetch_needed(project.desired, targeted, options, clock, progress)
        reads = snapshot.reads
    meant = by_section(by_tag(targeted, options.scope.tags, snapshot), options.scope.only)
    if not meant.numbers and not options.scope.is_everything:
        raise UsageError("no declared number matches --target, --tag and --only")
    secrets = resolve_secrets(meant, project.root, os.environ)
    difference = withhold(diff(meant, snapshot, secrets), snapshot)
    limits = limits_of(project.desired, options)
    made = make_plan(
        difference,
        snapshot,
        created_at=clock.now(),
        origin=Origin(commit_of(project.root), project.digest),
        job_size=limits.job_size,
        rate_per_second=limits.rate_per_second,
        allowed=("empty_account",) if options.allow_empty_account else (),
    )
    return Planned(made, snapshot, project, secrets, reads, refuse_empty_account(made, snapshot))


async def _fetch_needed(
    desired: Desired, targeted: Desired, options: Options, clock: Clock, progress: Progress
) -> Snapshot:
    endpoint, limits = account(desired, options)
    paths = set(paths_of(by_section(targeted, options.scope.only)))
    if options.scope.tags and has_tag_edits(targeted):
        paths.add("tags")
    async with open_reader(endpoint, limits, clock) as reader:
        return await fetch(
            reader,
            listings_for(paths),
            base_url=endpoint.base_url,
            now=clock.now,
            page_size=limits.page_size,
            need_tags="tags" in paths,
            progress=progress,
        )


async def apply(planned: Planned, options: Options, watcher: Watcher, stop: Stop) -> Outcome:
    """Carry out a plan that was just made, and read everything back."""
    endpoint, limits = account(planned.project.desired, options)
    clock = SystemClock()
    limiter = Limiter(limits, clock)
    gate = Gate(open_transport(endpoint), lambda: not stop.reason)
    connections = _forwarding_switched_on(planned)
    declared = planned.project.desired.numbers
    async with (
        open_reader(endpoint, limits, clock, limiter=limiter) as reader,
        open_writer(endpoint, limits, clock, limiter=limiter, transport=gate) as writer,
    ):
        applier = Applier(
            planned.plan,
            writer,
            reader,
            secrets=planned.secrets,
            limits=limits,
            clock=clock,
            watcher=watcher,
            stop=stop,
            connections=connections,
            pinned={
                number
                for number in connections
                if "connection_id" in declared[number].settings.paths
            },
            redactor=Redactor((endpoint.api_key, *planned.secrets.values())),
        )
        return await applier.run()


def _forwarding_switched_on(planned: Planned) -> dict[str, LiveValue]:
    """connection_id, as it is now, of every number whose forwarding the plan switches on; not
    where the plan itself changes it, for then it is confirmed like every other change."""
    snapshot = planned.snapshot
    after = {
        change.phone_number: {each.path: each.after for each in change.fields}
        for change in planned.plan.difference.changes
    }
    return {
        number: live_value(snapshot, snapshot.numbers[number], "connection_id")
        for number, fields in after.items()
        if fields.get(_SWITCH) is True and "connection_id" not in fields
    }
