"""Emergency service on its way: provisioning to active, deprovisioning to disabled."""

from __future__ import annotations

from reconciler.sandbox.state import Number
from reconciler.sandbox.world import World
from reconciler.sandbox.writes import with_emergency

_ON_THE_WAY = {"provisioning", "deprovisioning"}


def settle_later(world: World, row: Number, end: str) -> None:
    """Let the row's `-ing` status end as `end` after the emergency time; a status that is itself
    on the way never ends."""
    if end in _ON_THE_WAY:
        return
    started = row.emergency

    def happen() -> None:
        now = world.fleet.numbers.true(row.id)
        # a later change to the service has taken this one's place
        if now is not None and now.emergency is started:
            world.put(now, with_emergency(now, end, None, world.behaviour))

    world.later(world.clock() + world.timing.emergency, happen)
