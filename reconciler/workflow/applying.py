"""Carrying out a plan that was just made."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.api.clock import SystemClock
from reconciler.api.gate import Gate
from reconciler.api.limiter import Limiter
from reconciler.api.read import open_reader
from reconciler.api.transport import open_transport
from reconciler.api.write import open_writer
from reconciler.apply import Applier, Stop, Watcher
from reconciler.core.diff import live_value
from reconciler.core.outcome import Outcome
from reconciler.core.rules import FORWARDING_ENABLED, FORWARDS_TO
from reconciler.core.text import Redactor
from reconciler.core.values import LiveValue
from reconciler.workflow.common import Options, account
from reconciler.workflow.planning import Planned


async def apply(planned: Planned, options: Options, watcher: Watcher, stop: Stop) -> Outcome:
    """Carry out a plan that was just made, and read everything back."""
    endpoint, limits = account(planned.project.desired, options)
    clock = SystemClock()
    limiter = Limiter(limits, clock)
    gate = Gate(open_transport(endpoint), lambda: not stop.reason)
    connections = _forwarding_switched_on(planned)
    declared = planned.project.desired.numbers
    pins = {*planned.secrets.values(), *_live_pins(planned)}
    async with (
        open_reader(endpoint, limits, clock, limiter=limiter) as reader,
        open_writer(
            endpoint, limits, clock, limiter=limiter, transport=gate, secrets=pins
        ) as writer,
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
            redactor=Redactor((endpoint.api_key, *pins)),
        )
        return await applier.run()


def _live_pins(planned: Planned) -> Iterator[str]:
    """The PINs of the numbers that are written: an answer may repeat the old one."""
    for change in planned.plan.difference.changes:
        live = planned.snapshot.numbers[change.phone_number]
        pin = live_value(planned.snapshot, live, "external_pin")
        if isinstance(pin, str):
            yield pin


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
        if (fields.get(FORWARDING_ENABLED) is True or fields.get(FORWARDS_TO))
        and "connection_id" not in fields
    }
