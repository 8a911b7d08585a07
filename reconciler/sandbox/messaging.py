"""The messaging calls and the bulk order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.checks import check_e164, check_profile
from reconciler.sandbox.numbers import body, fails, listed, seen
from reconciler.sandbox.problems import RefusedError, invalid, not_found, not_owned
from reconciler.sandbox.queries import Query
from reconciler.sandbox.scripts import Script
from reconciler.sandbox.state import MESSAGING, Number
from reconciler.sandbox.world import Ask, Told, World
from reconciler.sandbox.writes import check_editable


def list_messaging(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/messaging."""
    query = world.query(ask, queries.MESSAGING)
    exact = query.filters.get("filter[phone_number]")
    if exact is None:
        return listed(world, query, world.rows.messaging)
    return Told(queries.page_of(query, _exactly(world, query, exact), world.rows.messaging))


def _exactly(world: World, query: Query, numbers: str) -> list[Number]:
    """The rows of a comma-separated list, found without a scan."""
    found = [world.fleet.numbers.seen(one) for one in dict.fromkeys(numbers.split(","))]
    rows = [row for row in found if row is not None and query.keep(row)]
    if query.sort is None or world.behaviour.sort == "ignored":
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    else:
        rows.sort(key=lambda row: row.phone_number, reverse=query.sort == "desc")
    return rows


def get_messaging(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/{id}/messaging."""
    world.query(ask)
    return Told({"data": world.rows.messaging(seen(world, ask, by_number=True))})


def patch_messaging(world: World, ask: Ask) -> Told:
    """PATCH /phone_numbers/{id}/messaging."""
    world.query(ask)
    sent = body(world, ask, shapes.MESSAGING)
    check_profile(sent.get("messaging_profile_id") or "")
    if sent.get("messaging_product") == "":
        raise invalid("can't be blank", "/messaging_product")
    row = world.number(ask, by_number=True)
    check_editable(row, world.behaviour)
    script = world.scripts.take(ask.call)
    fails(script, row)
    changed = world.put(row, with_messaging(row, script.kept(sent)))
    return Told({"data": world.rows.messaging(changed)})


def with_messaging(row: Number, sent: Mapping[str, Any]) -> Number:
    """The row with messaging settings written.

    "To avoid modifying a value, either omit the field or set its value to `null`"; "" unassigns
    the profile.
    """
    values = {name: value for name, value in sent.items() if value is not None}
    if "messaging_profile_id" in values:
        values["messaging_profile_id"] = values["messaging_profile_id"] or None
    if "tags" in values:
        values["tags"] = tuple(values["tags"])
    return msgspec.structs.replace(row, messaging=msgspec.structs.replace(row.messaging, **values))


@dataclass(slots=True)
class Order:
    """A bulk order: every number is pending until it has succeeded or failed."""

    id: str
    sent: Mapping[str, Any]
    script: Script
    pending: list[str]
    success: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """BulkMessagingSettingsUpdatePhoneNumbers."""
        return {
            "record_type": "messaging_numbers_bulk_update",
            "order_id": self.id,
            "pending": list(self.pending),
            "success": list(self.success),
            "failed": list(self.failed),
        }


def create_order(world: World, ask: Ask) -> Told:
    """POST /messaging_numbers_bulk_updates."""
    world.query(ask)
    sent = body(world, ask, shapes.BULK)
    numbers = _ordered_numbers(world, sent)
    check_profile(sent["messaging_profile_id"])
    script = world.scripts.take(ask.call)
    order = Order(world.new_id(), sent, script, pending=list(script.lists or numbers))
    world.orders[order.id] = order
    answer = order.shown()
    pending = world.timing.pending if script.pending is None else script.pending
    running = world.timing.running if script.running is None else script.running
    moment = world.clock() + pending + running
    reach = numbers if script.done is None else numbers[: script.done]
    if not script.stall or script.done is not None:
        world.later(moment, lambda: _carry_out(world, order, reach))
    return Told({"data": answer})


def _ordered_numbers(world: World, sent: Mapping[str, Any]) -> list[str]:
    numbers = list(dict.fromkeys(sent["numbers"]))
    most = world.behaviour.bulk_maximum
    if not numbers:
        raise invalid("must hold at least one number", "/numbers")
    if most is not None and len(numbers) > most:
        raise invalid(f"{most} numbers is the maximum allowed", "/numbers")
    for place, one in enumerate(numbers):
        check_e164(one, f"/numbers/{place}")
    owned = all(world.fleet.numbers.true(one) is not None for one in numbers)
    if not owned and world.behaviour.bulk_not_owned == "reject":
        raise not_owned()
    return numbers


def _carry_out(world: World, order: Order, numbers: list[str]) -> None:
    for one in numbers:
        if one in order.pending:
            order.pending.remove(one)
        done = _assign(world, order, one)
        (order.success if done else order.failed).append(one)


def _assign(world: World, order: Order, phone_number: str) -> bool:
    row = world.fleet.numbers.true(phone_number)
    if row is None or phone_number in order.script.fail:
        return False
    try:
        check_editable(row, world.behaviour)
    except RefusedError:
        return False
    kept = order.script.kept({"messaging_profile_id": order.sent["messaging_profile_id"]})
    changed = with_messaging(row, kept)
    # "If true, only assign numbers to the profile without changing other settings": what changes
    # when it is false is not said
    if world.behaviour.bulk_resets_product and not order.sent.get("assign_only", False):
        settings = msgspec.structs.replace(
            changed.messaging, messaging_product=MESSAGING.messaging_product
        )
        changed = msgspec.structs.replace(changed, messaging=settings)
    world.put(row, changed)
    return True


def get_order(world: World, ask: Ask) -> Told:
    """GET /messaging_numbers_bulk_updates/{order_id}."""
    world.query(ask)
    order = world.orders.get(ask.target)
    if order is None:
        raise not_found()
    return Told({"data": order.shown()})
