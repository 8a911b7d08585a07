"""The number calls: lists, single reads, PATCH, DELETE, ownership, bundle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.checks import check_e164, checked_body
from reconciler.sandbox.problems import (
    Problem,
    RefusedError,
    conflict,
    deletion_locked,
    not_found,
    too_few_numbers,
    too_many_numbers,
    unknown_billing_group,
)
from reconciler.sandbox.queries import Query
from reconciler.sandbox.scripts import Script
from reconciler.sandbox.state import Number
from reconciler.sandbox.world import Ask, Told, World
from reconciler.sandbox.writes import check_editable, with_base

MOST_NUMBERS = 1000


def ordered(world: World, sort: str | None) -> list[str]:
    """Every id in the order asked for; "if not given, ... created_at in descending order".

    The messaging list says `asc` or `desc`, by number.
    """
    keys: dict[str, Callable[[Number], Any]] = {
        "phone_number": lambda row: row.phone_number,
        "asc": lambda row: row.phone_number,
        "desc": lambda row: row.phone_number,
        "purchased_at": lambda row: (row.purchased_at, row.id),
        "connection_name": lambda row: (
            world.fleet.connection_name(row.connection_id) or "",
            row.id,
        ),
        "usage_payment_method": lambda row: (row.voice.usage_payment_method, row.id),
    }
    if sort in keys and world.behaviour.sort == "honoured":
        return world.fleet.numbers.order(sort, keys[sort], reverse=sort == "desc")
    return world.fleet.numbers.order(
        "created_at", lambda row: (row.created_at, row.id), reverse=True
    )


def selected(world: World, query: Query) -> list[str]:
    """The ids that satisfy the filters, in the order asked for."""
    store = world.fleet.numbers
    ids = ordered(world, query.sort)
    if not query.keeps:
        return ids
    digits = query.filters.get("filter[phone_number]", "")
    if digits.isascii() and digits.isdigit():
        ids = store.holding(ids, digits)
    return store.matching(f"{query.sort}?{query.name}", ids, query.keep)


def listed(world: World, query: Query, shown: Callable[[Number], Any]) -> Told:
    """One page of the number store."""
    ids = selected(world, query)

    def show(row_id: str) -> Any:
        row = world.fleet.numbers.seen(row_id)
        if row is None:
            raise KeyError(row_id)
        return shown(row)

    return Told(queries.page_of(query, ids, show))


def seen(world: World, ask: Ask, *, by_number: bool = False) -> Number:
    """The row that the path names, as a read shows it. Raises 404."""
    row = world.fleet.numbers.seen(ask.target)
    if row is None or (row.id != ask.target and not by_number):
        raise not_found()
    return row


def fails(script: Script, row: Number) -> None:
    """Raises 422 when the script has the write on this number fail."""
    failure = script.fail.get(row.phone_number)
    if failure is not None:
        raise RefusedError(422, [Problem(failure.code, failure.detail, failure.pointer)])


def list_full(world: World, ask: Ask) -> Told:
    """GET /phone_numbers."""
    query = world.query(ask, queries.FULL)
    if not world.profiles_down:
        return listed(world, query, world.rows.full)
    problem = Problem("10007", "Messaging profile information could not be loaded")
    if "handle_messaging_profile_error" not in query.flags:
        raise RefusedError(503, [problem])
    # "messaging profile related fields will be omitted in the response and an error message will
    # be included instead of returning a 503 error"
    told = listed(world, query, lambda row: world.rows.full(row, messaging=False))
    told.body["errors"] = [problem.shown(world.behaviour.error_style)]
    return told


def list_slim(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/slim."""
    query = world.query(ask, queries.SLIM)
    tags = "include_tags" in query.flags
    connection = "include_connection" in query.flags
    return listed(world, query, lambda row: world.rows.slim(row, tags=tags, connection=connection))


def get_number(world: World, ask: Ask) -> Told:
    """GET /phone_numbers/{id}."""
    world.query(ask)
    return Told({"data": world.rows.full(seen(world, ask))})


def patch_number(world: World, ask: Ask) -> Told:
    """PATCH /phone_numbers/{id}."""
    world.query(ask)
    sent = body(world, ask, shapes.NUMBER)
    row = world.number(ask)
    check_editable(row, world.behaviour)
    check_billing_group(world, sent)
    script = world.scripts.take(ask.call)
    fails(script, row)
    changed = world.put(row, with_base(row, script.kept(sent), world.behaviour))
    return Told({"data": world.rows.full(changed)})


def delete_number(world: World, ask: Ask) -> Told:
    """DELETE /phone_numbers/{id}."""
    world.query(ask)
    row = world.number(ask)
    script = world.scripts.take(ask.call)
    fails(script, row)
    check_deletable(world, row)
    if not script.no_effect:
        world.fleet.numbers.remove(row.id)
    return Told({"data": world.rows.deleted(row)})


def verify_ownership(world: World, ask: Ask) -> Told:
    """POST /phone_numbers/actions/verify_ownership.

    `found` is what is owned "and in an editable state"; the rest is not found.
    """
    world.query(ask)
    numbers: list[str] = body(world, ask, shapes.VERIFY)["phone_numbers"]
    if not numbers:
        raise too_few_numbers()
    if len(numbers) > MOST_NUMBERS:
        raise too_many_numbers()
    for place, one in enumerate(numbers):
        check_e164(one, f"/phone_numbers/{place}")
    found, missing = [], []
    for one in dict.fromkeys(numbers):
        row = world.fleet.numbers.true(one)
        if row is not None and row.status == "active":
            found.append({"id": row.id, "number_val_e164": row.phone_number})
        else:
            missing.append(one)
    answer = {
        "record_type": "number_ownership_verification",
        "found": found,
        "not_found": missing,
    }
    return Told({"data": answer})


def change_bundle(world: World, ask: Ask) -> Told:
    """PATCH /phone_numbers/{id}/actions/bundle_status_change."""
    world.query(ask)
    bundle = body(world, ask, shapes.BUNDLE)["bundle_id"]
    row = world.number(ask)
    check_editable(row, world.behaviour)
    if bundle == "":
        raise RefusedError(422, [Problem("10015", "can't be blank", "/bundle_id")], violation=True)
    if bundle is not None and row.bundle_id not in {None, bundle}:
        # "You cannot assign a number from one bundle to another directly. You must first remove
        # it from a bundle, and then assign it to a new bundle."
        raise conflict("must be removed from its bundle first", "/bundle_id")
    script = world.scripts.take(ask.call)
    fails(script, row)
    kept = script.kept({"bundle_id": bundle})
    return Told({"data": world.rows.voice(world.put(row, msgspec.structs.replace(row, **kept)))})


def body(world: World, ask: Ask, shape: shapes.Fields) -> dict[str, Any]:
    """The request's body, held against its shape."""
    ignore = world.behaviour.unknown_fields == "ignore"
    return checked_body(ask.body, shape, ignore_unknown=ignore)


def check_billing_group(world: World, sent: dict[str, Any]) -> None:
    """Raises 403 for a billing group that the account does not have."""
    group, known = sent.get("billing_group_id"), world.fleet.billing_groups
    if group and known is not None and group not in known:
        raise unknown_billing_group()


def check_deletable(world: World, row: Number) -> None:
    """Raises 422 for a number that is locked, or whose status does not allow it."""
    check_editable(row, world.behaviour)
    if row.deletion_lock_enabled:
        raise deletion_locked()
