"""The background jobs: asked for in one call, carried out number by number, over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.checks import E164, check_voice
from reconciler.sandbox.clock import iso
from reconciler.sandbox.emergency import settle_later
from reconciler.sandbox.numbers import (
    MOST_NUMBERS,
    body,
    check_billing_group,
    check_deletable,
    fails,
    selected,
)
from reconciler.sandbox.problems import (
    Problem,
    RefusedError,
    invalid,
    mixed_numbers,
    not_found,
    not_owned,
    nothing_to_update,
    numbers_missing,
    too_few_numbers,
    too_many_jobs,
    too_many_numbers,
)
from reconciler.sandbox.scripts import Script
from reconciler.sandbox.state import Number
from reconciler.sandbox.world import Ask, Told, World
from reconciler.sandbox.writes import check_editable, with_base, with_emergency, with_voice

UPDATE = "update_phone_numbers"
DELETE = "delete_phone_numbers"
EMERGENCY = "update_emergency_settings"

# "You can have at most 20 pending or in progress jobs", of which updates and deletes share one
# cap; the same sentence says 500 for emergency jobs.
CAPS = {UPDATE: 20, DELETE: 20, EMERGENCY: 500}

Step = Callable[[World, Script, Number, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One number of a job, as it was named and as it is."""

    given: str
    id: str
    phone_number: str

    def named(self) -> dict[str, str]:
        """As in `phone_numbers`: by whichever of the two it was given."""
        return {"phone_number" if self.given.startswith("+") else "id": self.given}

    def shown(self) -> dict[str, str]:
        """As in the operations: by both, as far as they are known."""
        both = {"id": self.id, "phone_number": self.phone_number}
        return {name: value for name, value in both.items() if value}


@dataclass(slots=True)
class Job:
    """A job and how far it has got. Times are moments of the world's clock."""

    id: str
    kind: str
    targets: list[Target]
    sent: Mapping[str, Any]
    script: Script
    created: float
    starts: float
    ends: float
    updated: float
    status: str = "pending"
    done: int = 0
    succeeded: list[Target] = field(default_factory=list)
    failed: list[tuple[Target, list[Problem]]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it counts against the cap."""
        return self.status in {"pending", "in_progress"}


def create_update(world: World, ask: Ask) -> Told:
    """POST /phone_numbers/jobs/update_phone_numbers.

    "If you specify filters, ALL phone numbers that match the given filters (up to 1000 at a time)
    will be updated": so it is here, and the log calls it a violation.
    """
    query = world.query(ask, queries.UPDATE_JOB)
    sent = body(world, ask, shapes.UPDATE_JOB)
    check_voice(sent.get("voice", {}), "/voice")
    numbers = sent.pop("phone_numbers", None)
    everything = numbers == [] and world.behaviour.empty_job == "everything"
    if query.filters or everything:
        ask.violations.append("a job that updates every match instead of the numbers it names")
        rows = (world.fleet.numbers.true(one) for one in selected(world, query)[:MOST_NUMBERS])
        targets = [Target(row.phone_number, row.id, row.phone_number) for row in rows if row]
    else:
        targets = _targets(world, numbers)
    if not sent:
        raise nothing_to_update()
    check_billing_group(world, sent)
    return _created(world, ask, UPDATE, targets, sent)


def create_delete(world: World, ask: Ask) -> Told:
    """POST /phone_numbers/jobs/delete_phone_numbers."""
    world.query(ask)
    sent = body(world, ask, shapes.DELETE_JOB)
    return _created(world, ask, DELETE, _targets(world, sent.pop("phone_numbers", None)), sent)


def create_emergency(world: World, ask: Ask) -> Told:
    """POST /phone_numbers/jobs/update_emergency_settings."""
    world.query(ask)
    sent = body(world, ask, shapes.EMERGENCY_JOB)
    # "Required if emergency_enabled is true, must be null or omitted if emergency_enabled is
    # false"
    if sent["emergency_enabled"] and not sent.get("emergency_address_id"):
        raise invalid("is required when emergency_enabled is true", "/emergency_address_id")
    if not sent["emergency_enabled"] and sent.get("emergency_address_id") is not None:
        detail = "must be null or omitted when emergency_enabled is false"
        raise invalid(detail, "/emergency_address_id")
    return _created(world, ask, EMERGENCY, _targets(world, sent.pop("phone_numbers", None)), sent)


def _targets(world: World, given: list[str] | None) -> list[Target]:
    if given is None:
        raise numbers_missing()
    if not given:
        raise too_few_numbers()
    if len(given) > MOST_NUMBERS:
        raise too_many_numbers()
    plus = [one.startswith("+") for one in given]
    # the request example itself mixes the two, and the example of the refusal says not to
    if any(plus) and not all(plus):
        raise mixed_numbers()
    for place, one in enumerate(given):
        if plus[0] and not E164.fullmatch(one):
            raise invalid("is not in +E.164 format", f"/phone_numbers/{place}", code="10016")
    return [_target(world, one) for one in dict.fromkeys(given)]


def _target(world: World, given: str) -> Target:
    row = world.fleet.numbers.true(given)
    if row is not None:
        return Target(given, row.id, row.phone_number)
    if world.behaviour.not_owned == "reject":
        raise not_owned()
    return Target(given, "", given) if given.startswith("+") else Target(given, given, "")


def _created(
    world: World, ask: Ask, kind: str, targets: list[Target], sent: Mapping[str, Any]
) -> Told:
    cap = CAPS[kind]
    rivals = (job for job in world.jobs.values() if CAPS[job.kind] == cap and job.open)
    if sum(1 for _ in rivals) >= cap:
        raise too_many_jobs(cap)
    script = world.scripts.take(ask.call)
    now = world.clock()
    starts = now + (world.timing.pending if script.pending is None else script.pending)
    ends = starts + (world.timing.running if script.running is None else script.running)
    job = Job(world.new_id(), kind, targets, sent, script, now, starts, ends, now)
    world.jobs[job.id] = job
    _schedule(world, job)
    return Told({"data": shown(world, job)}, status=202)


def _schedule(world: World, job: Job) -> None:
    """Put the start, every number and the end of the job on the world's calendar."""
    stalls = job.script.stall and not job.script.done
    if stalls:
        return
    world.later(job.starts, lambda: _move(job, "in_progress", job.starts))
    whole = len(job.targets)
    reach = whole if job.script.done is None else min(job.script.done, whole)
    if job.script.ends in {"failed", "expired"} and job.script.done is None:
        reach = 0
    spent = job.ends - job.starts
    for place in range(reach):
        moment = job.starts + spent * (place + 1) / max(whole, 1)
        world.later(moment, partial(_step, world, job, moment))
    if not job.script.stall:
        world.later(job.ends, lambda: _end(world, job))


def _move(job: Job, status: str, moment: float) -> None:
    job.status = status
    job.updated = moment


def _step(world: World, job: Job, moment: float) -> None:
    target = job.targets[job.done]
    job.done += 1
    job.updated = moment
    try:
        row = world.fleet.numbers.true(target.id)
        if row is None:
            raise not_found()
        fails(job.script, row)
        STEPS[job.kind](world, job.script, row, job.script.kept(job.sent))
    except RefusedError as refusal:
        job.failed.append((target, list(refusal.problems)))
    else:
        job.succeeded.append(target)


def _end(world: World, job: Job) -> None:
    if job.script.ends == "failed":
        problem = Problem("10007", "The job failed before this number's turn")
        job.failed += [(target, [problem]) for target in job.targets[job.done :]]
        job.done = len(job.targets)
    usual = world.behaviour.job_with_failures if job.failed else "completed"
    _move(job, job.script.ends or usual, job.ends)


def _update(world: World, script: Script, row: Number, sent: Mapping[str, Any]) -> None:
    del script
    check_editable(row, world.behaviour)
    changed = with_base(row, sent, world.behaviour)
    if "voice" in sent:
        changed = with_voice(changed, sent["voice"], world.behaviour, "/voice")
    world.put(row, changed)


def _delete(world: World, script: Script, row: Number, sent: Mapping[str, Any]) -> None:
    del sent
    check_deletable(world, row)
    if not script.no_effect:
        world.fleet.numbers.remove(row.id)


def _emergency(world: World, script: Script, row: Number, sent: Mapping[str, Any]) -> None:
    check_editable(row, world.behaviour)
    if "emergency_enabled" not in sent:
        return
    if sent["emergency_enabled"]:
        address = sent.get("emergency_address_id")
        on = with_emergency(row, "provisioning", address, world.behaviour)
        settle_later(world, world.put(row, on), script.emergency)
    else:
        off = with_emergency(row, "deprovisioning", None, world.behaviour)
        settle_later(world, world.put(row, off), "disabled")


STEPS: Mapping[str, Step] = {UPDATE: _update, DELETE: _delete, EMERGENCY: _emergency}


def shown(world: World, job: Job) -> dict[str, Any]:
    """PhoneNumbersJob."""
    style = world.behaviour.error_style
    other = [{"phone_number": one} for one in job.script.lists]
    failed = [
        {**target.shown(), "errors": [problem.shown(style) for problem in problems]}
        for target, problems in job.failed
    ]
    answer: dict[str, Any] = {
        "id": job.id,
        "record_type": "phone_numbers_job",
        "type": job.kind,
        "status": job.status,
        "phone_numbers": other or [target.named() for target in job.targets],
        "pending_operations": [target.shown() for target in job.targets[job.done :]],
        "successful_operations": [target.shown() for target in job.succeeded],
        "failed_operations": failed,
        "created_at": iso(world.wall(job.created)),
        "updated_at": iso(world.wall(job.updated)),
        "etc": iso(world.wall(job.ends)),
    }
    if other:
        wrong = "successful_operations" if job.succeeded else "pending_operations"
        answer[wrong] = other
    if world.behaviour.job_echoes_parameters:
        answer["parameters"] = {**job.sent, "phone_numbers": [one.given for one in job.targets]}
    return answer


def list_jobs(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/jobs: newest first, oldest first with `sort=created_at`."""
    query = world.query(ask, queries.JOBS)
    kind = query.texts.get("filter[type]")
    jobs = [job for job in world.jobs.values() if kind in {None, job.kind}]
    if query.sort is None or world.behaviour.sort == "ignored":
        jobs.reverse()
    return Told(queries.page_of(query, jobs, lambda job: shown(world, job)))


def get_job(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/jobs/{id}."""
    world.query(ask)
    job = world.jobs.get(ask.target)
    if job is None:
        raise not_found()
    return Told({"data": shown(world, job)})
