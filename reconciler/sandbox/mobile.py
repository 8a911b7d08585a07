"""The mobile number calls.

The specification writes three of them with `/v2` in the path: that is from the host's root, so the
address is `/v2/mobile_phone_numbers`, never `/v2/v2/...`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.checks import check_cnam, check_voice
from reconciler.sandbox.numbers import body
from reconciler.sandbox.problems import Problem, RefusedError, inactive, not_found
from reconciler.sandbox.state import MobileNumber
from reconciler.sandbox.world import Ask, Told, World, merged

_NESTED = ("call_forwarding", "call_recording", "cnam_listing", "inbound", "outbound")
_TEXTS = ("connection_id", "customer_reference")


def _listed(world: World, ask: Ask, shown: Callable[[MobileNumber], Any]) -> Told:
    query = world.query(ask, queries.MOBILE)
    ids = world.fleet.mobiles.order(
        "created_at", lambda row: (row.created_at, row.id), reverse=True
    )
    return Told(queries.page_of(query, ids, lambda one: shown(_seen(world, one))))


def _seen(world: World, row_id: str) -> MobileNumber:
    row = world.fleet.mobiles.seen(row_id)
    if row is None or row.id != row_id:
        raise not_found()
    return row


def list_mobile(world: World, ask: Ask) -> Told:
    """GET /v2/mobile_phone_numbers."""
    return _listed(world, ask, world.rows.mobile)


def get_mobile(world: World, ask: Ask) -> Told:
    """GET /v2/mobile_phone_numbers/{id}."""
    world.query(ask)
    return Told({"data": world.rows.mobile(_seen(world, ask.target))})


def list_mobile_messaging(world: World, ask: Ask) -> Told:
    """GET /mobile_phone_numbers/messaging."""
    return _listed(world, ask, world.rows.mobile_messaging)


def get_mobile_messaging(world: World, ask: Ask) -> Told:
    """GET /mobile_phone_numbers/{id}/messaging."""
    world.query(ask)
    return Told({"data": world.rows.mobile_messaging(_seen(world, ask.target))})


def patch_mobile(world: World, ask: Ask) -> Told:
    """PATCH /v2/mobile_phone_numbers/{id}."""
    world.query(ask)
    sent = body(world, ask, shapes.MOBILE)
    check_voice(sent)
    row = world.fleet.mobiles.true(ask.target)
    if row is None or row.id != ask.target:
        raise not_found()
    if row.status != "active" and world.behaviour.inactive_numbers == "refuse":
        raise inactive(row.status)
    script = world.scripts.take(ask.call)
    failure = script.fail.get(row.phone_number)
    if failure is not None:
        raise RefusedError(422, [Problem(failure.code, failure.detail, failure.pointer)])
    changed = _changed(row, script.kept(sent), world.behaviour)
    if changed != row:
        changed = msgspec.structs.replace(changed, updated_at=world.wall())
        world.fleet.mobiles.put(changed)
    return Told({"data": world.rows.mobile(changed)})


def _changed(row: MobileNumber, sent: Mapping[str, Any], behaviour: Behaviour) -> MobileNumber:
    values: dict[str, Any] = {}
    for name, value in sent.items():
        if name in _NESTED:
            standing = getattr(row, name)
            base = type(standing)() if behaviour.nested == "replace" else standing
            values[name] = merged(base, value)
        elif name == "noise_suppression":
            # written as a boolean, read as one of four words
            values[name] = behaviour.noise_suppression_on if value else "disabled"
        elif name == "tags":
            kept = row.tags if behaviour.tags == "add" else ()
            values[name] = tuple(dict.fromkeys((*kept, *value)))
        elif name in _TEXTS:
            values[name] = value or None
        else:
            values[name] = value
    changed = msgspec.structs.replace(row, **values)
    listing = changed.cnam_listing
    check_cnam(
        sent.get("cnam_listing", {}), listing.cnam_listing_enabled, listing.cnam_listing_details, ""
    )
    return changed
