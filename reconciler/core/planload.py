"""The JSON document of a plan -> Plan: everything that could make it another plan is refused.

The digest shows that the file is as it was written. What is checked beyond it keeps a file that
was written by somebody else, digest and all, from doing more than its changes say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs

from reconciler import __version__
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import (
    Action,
    Change,
    Difference,
    FieldChange,
    NotOwned,
    UnknownField,
    Withheld,
)
from reconciler.core.fields import Channel, Field, Kind, Type
from reconciler.core.live import USABLE_ID
from reconciler.core.model import Source
from reconciler.core.operations import Operation, covered, is_made_of
from reconciler.core.plan import JOB_CALLS, Origin, Plan, Summary
from reconciler.core.planfile import FORMAT_VERSION, TIMESTAMP, digest, plan_schema
from reconciler.core.text import neutral, shortened
from reconciler.core.values import E164, UNKNOWN, LiveValue, Secret, canonical
from reconciler.errors import UsageError


class _NotOursError(Exception):
    """What shows that a file is no plan of ours."""


def read_plan(document: Any, name: str) -> Plan:
    """A plan from the data of a file called `name`; UsageError where it is none, or was changed."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version != FORMAT_VERSION:
        raise UsageError(f"{name}: plan format {version} is not known to {__version__}")
    try:
        _check_shape(document)
        if digest(document) != document["digest"]:
            raise UsageError(
                f"{name}: its digest does not match: it was changed after it was written; "
                "make the plan anew"
            )
        plan = _plan(document)
        _check(plan)
    except _NotOursError as wrong:
        text = neutral(shortened(str(wrong), 200))
        raise UsageError(f"{name}: not a plan that `plan --out` wrote: {text}") from None
    return plan


def _check_shape(document: Any) -> None:
    validator = jsonschema_rs.Draft202012Validator(plan_schema())
    try:
        error = next(validator.iter_errors(document), None)
    except ValueError as too_deep:
        raise _NotOursError(str(too_deep)) from None
    if error:
        raise _NotOursError(f"wrong at '{'/'.join(map(str, error.instance_path))}'")


def _plan(document: Mapping[str, Any]) -> Plan:
    summary = document["summary"]
    calls = {Channel(name): count for name, count in summary["calls"].items()}
    return Plan(
        created_at=_moment(document["created_at"]),
        base_url=document["account"]["base_url"],
        fetched_at=_moment(document["live"]["fetched_at"]),
        live_numbers=document["live"]["numbers"],
        origin=Origin(**document["source"]),
        difference=Difference(
            changes=tuple(_change(each) for each in document["changes"]),
            unknown=tuple(UnknownField(**each) for each in document["unknown"]),
            not_owned=tuple(
                NotOwned(each["phone_number"], source_of(each["source"]))
                for each in document["not_owned"]
            ),
            withheld=tuple(_withheld(each) for each in document["withheld"]),
            declared=summary["declared"],
            unchanged=summary["unchanged"],
            unmanaged=summary["unmanaged"],
        ),
        operations=tuple(_operation(each) for each in document["operations"]),
        summary=Summary(**{**summary, "calls": calls}),
        allowed=tuple(document["allowed"]),
        refusals=tuple(document.get("refusals", ())),
        digest=document["digest"],
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _NotOursError(f"{text!r} is no time") from None


def source_of(text: str) -> Source:
    """`numbers/support.yaml:14` as the place it names; line 0 where it names none."""
    path, _, line = text.rpartition(":")
    named = path and line.isascii() and line.isdigit()
    return Source(path, int(line)) if named else Source(text, 0)


def _change(entry: Mapping[str, Any]) -> Change:
    kind = Kind(entry["kind"])
    rows = BY_PATH[kind]
    fields = []
    for field in entry["fields"]:
        row = rows.get(field["path"])
        if row is None or not row.writes:
            raise _NotOursError(f"{field['path']!r} is no field that can be written")
        fields.append(
            FieldChange(
                row.path,
                read_value(row, field["before"]),
                _known(read_value(row, field["after"]), row),
                source_of(field["source"]),
                tuple(field["risk"]),
            )
        )
    action = Action(entry["action"])
    if (action is Action.UPDATE) is not bool(fields):
        raise _NotOursError(f"{entry['phone_number']}: {action} does not go with its fields")
    return Change(entry["phone_number"], entry["id"], kind, action, tuple(fields))


def _known(value: LiveValue, row: Field) -> Any:
    if value is UNKNOWN:
        raise _NotOursError(f"{row.path} is to become what is no value of it")
    return value


def read_value(row: Field, raw: Any) -> LiveValue:
    """A value of a plan document, canonical; UNKNOWN where it says so.

    Raises where it is no value of `row`.
    """
    if isinstance(raw, dict):
        if raw.keys() == {"unknown"}:
            return UNKNOWN
        if row.type is Type.PIN and "secret" in raw:
            return Secret(raw["secret"], raw.get("fingerprint", ""))
    elif not (row.type is Type.PIN and raw is not None):
        value = canonical(row, raw)
        if value is not UNKNOWN:
            return value
    raise _NotOursError(f"{row.path} holds what is no value of it")


def _withheld(entry: Mapping[str, Any]) -> Withheld:
    def value(raw: Any) -> Any:
        """Only to be shown: no more than JSON is made sure of."""
        if isinstance(raw, dict):
            return UNKNOWN if "unknown" in raw else Secret(raw.get("secret", ""))
        return tuple(raw) if isinstance(raw, list) else raw

    return Withheld(
        entry["phone_number"],
        entry["path"],
        value(entry["before"]),
        value(entry["after"]),
        entry["rule"],
        entry["reason"],
    )


def _operation(entry: Mapping[str, Any]) -> Operation:
    rows = {**BY_PATH[Kind.MOBILE], **BY_PATH[Kind.NUMBER]}
    if entry["call"] == Channel.PATCH_MOBILE:
        rows = dict(BY_PATH[Kind.MOBILE])
    guards = {}
    for path, raw in entry["guards"].items():
        if path not in rows:
            raise _NotOursError(f"{path!r} is no field")
        guards[path] = _known(read_value(rows[path], raw), rows[path])
    return Operation(
        entry["id"],
        Channel(entry["call"]),
        tuple(entry["numbers"]),
        entry["body"],
        guards,
        tuple(entry["depends_on"]),
    )


# ---- the whole --------------------------------------------------------------------------------


def _check(plan: Plan) -> None:
    """What no digest says: that the parts fit together, and the calls do what the changes say."""
    changes = {change.phone_number: change for change in plan.difference.changes}
    _once("number", [change.phone_number for change in plan.difference.changes])
    _once("id", [change.id for change in plan.difference.changes])
    _once("operation", [operation.id for operation in plan.operations])
    for change in plan.difference.changes:
        if not E164.match(change.phone_number) or not USABLE_ID.match(change.id):
            raise _NotOursError(f"{change.phone_number} has no usable number or id")
        _once(f"field of {change.phone_number}", [field.path for field in change.fields])
    written: defaultdict[str, set[str]] = defaultdict(set)
    done: set[str] = set()
    for operation in plan.operations:
        if not done.issuperset(operation.depends_on):
            raise _NotOursError(f"{operation.id} depends on what does not come before it")
        done.add(operation.id)
        _once(f"number of {operation.id}", operation.numbers)
        if len(operation.numbers) > (_MOST_IN_A_JOB if operation.call in JOB_CALLS else 1):
            raise _NotOursError(f"{operation.id} is for more numbers than its call can take")
        for number in operation.numbers:
            planned = changes.get(number)
            if planned is None or not is_made_of(operation, planned):
                raise _NotOursError(f"{operation.id} does what is no change of {number}")
            written[number].update(covered(operation, planned))
    for number, change in changes.items():
        if missing := {field.path for field in change.fields} - written[number]:
            raise _NotOursError(f"no operation writes {min(missing)} of {number}")
        if number not in written:
            raise _NotOursError(f"no operation releases {number}")


_MOST_IN_A_JOB = 1000


def _once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _NotOursError(f"{what} {name} stands in it twice")
        seen.add(name)
