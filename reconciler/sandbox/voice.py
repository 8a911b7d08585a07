"""The voice calls and the emergency action."""

from __future__ import annotations

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.checks import check_voice
from reconciler.sandbox.emergency import settle_later
from reconciler.sandbox.numbers import body, fails, listed, seen
from reconciler.sandbox.problems import invalid
from reconciler.sandbox.world import Ask, Told, World
from reconciler.sandbox.writes import check_editable, with_emergency, with_voice


def list_voice(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/voice."""
    return listed(world, world.query(ask, queries.VOICE), world.rows.voice)


def get_voice(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/{id}/voice."""
    world.query(ask)
    return Told({"data": world.rows.voice(seen(world, ask))})


def patch_voice(world: World, ask: Ask) -> Told:
    """PATCH /phone_numbers/{id}/voice."""
    world.query(ask)
    sent = body(world, ask, shapes.VOICE)
    check_voice(sent)
    row = world.number(ask)
    check_editable(row, world.behaviour)
    script = world.scripts.take(ask.call)
    fails(script, row)
    changed = world.put(row, with_voice(row, script.kept(sent), world.behaviour))
    return Told({"data": world.rows.voice(changed)})


def enable_emergency(world: World, ask: Ask) -> Told:
    """POST /phone_numbers/{id}/actions/enable_emergency.

    200 when the service is on, 202 when it has been asked for. The call only enables: switching
    off is the job's.
    """
    world.query(ask)
    sent = body(world, ask, shapes.ENABLE_EMERGENCY)
    if not sent["emergency_enabled"]:
        raise invalid("must be true; use a job to disable emergency", "/emergency_enabled")
    if not sent["emergency_address_id"]:
        raise invalid("can't be blank", "/emergency_address_id")
    row = world.number(ask)
    check_editable(row, world.behaviour)
    script = world.scripts.take(ask.call)
    fails(script, row)
    address = script.kept(sent).get("emergency_address_id")
    if address is None:
        return Told({"data": world.rows.voice(row)}, status=202)
    if world.behaviour.emergency_action == "immediate" and script.emergency == "active":
        changed = world.put(row, with_emergency(row, "active", address, world.behaviour))
        return Told({"data": world.rows.voice(changed)})
    changed = world.put(row, with_emergency(row, "provisioning", address, world.behaviour))
    settle_later(world, changed, script.emergency)
    return Told({"data": world.rows.voice(changed)}, status=202)
