"""The JSON document of a plan -> Plan: everything that could make it another plan is refused.

The digest shows that the file is as it was written. What is checked beyond it keeps a file that
was written by somebody else, digest and all, from doing more than its changes say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
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
from reconciler.core.cost import FEATURES, Cost, FeatureCost
from reconciler.core.eta import Eta, eta_of
from reconciler.core.fields import Channel, Field, Kind, Type
from reconciler.core.model import Source
from reconciler.core.operations import Operation
from reconciler.core.plan import Origin, Plan, Summary
from reconciler.core.plancheck import NotOursError, check_plan
from reconciler.core.planfile import (
    FORMAT_VERSION,
    TIMESTAMP,
    canonical_json,
    digest,
    plan_document,
    plan_schema,
)
from reconciler.core.policies import Unjudged, Violation
from reconciler.core.text import neutral, shortened
from reconciler.core.values import UNKNOWN, LiveValue, Secret, canonical
from reconciler.errors import UsageError


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
        _check_nothing_else(document, plan)
        check_plan(plan)
    except NotOursError as wrong:
        text = neutral(shortened(str(wrong), 200))
        raise UsageError(f"{name}: not a plan that `plan --out` wrote: {text}") from None
    return replace(plan, eta=_eta(plan))


def _eta(plan: Plan) -> Eta:
    """The range around the time that the file holds, at the limits there are without a project."""
    worked_out = eta_of(plan.operations, plan.difference.changes, account_size=plan.live_numbers)
    return worked_out.around(plan.summary.eta_seconds)


def _check_shape(document: Any) -> None:
    try:
        error = next(_validator().iter_errors(document), None)
    except ValueError as too_deep:
        raise NotOursError(str(too_deep)) from None
    if error:
        raise NotOursError(f"wrong at '{'/'.join(map(str, error.instance_path))}'")


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(plan_schema())


def _check_nothing_else(document: Mapping[str, Any], plan: Plan) -> None:
    """What was understood is all that stands in the file, in the form that we write: nothing was
    passed over, and nothing means the same in another form."""
    again = plan_document(plan) | {"tool_version": document["tool_version"]}
    if digest(again) != document["digest"]:
        key = next(key for key in document if not _is_alike(again.get(key), document[key]))
        raise NotOursError(f"'{key}' is not as a plan has it")


def _is_alike(one: object, other: object) -> bool:
    """As bytes: to Python, 1.0 is 1."""
    return canonical_json(one) == canonical_json(other)


def _plan(document: Mapping[str, Any]) -> Plan:
    summary = document["summary"]
    counts = {name: int(count) for name, count in summary.items() if name != "calls"}
    calls = {Channel(name): int(count) for name, count in summary["calls"].items()}
    return Plan(
        created_at=_moment(document["created_at"]),
        base_url=document["account"]["base_url"],
        fetched_at=_moment(document["live"]["fetched_at"]),
        live_numbers=int(document["live"]["numbers"]),  # to a schema, 1.0 is an integer
        origin=Origin(**document["source"]),
        difference=Difference(
            changes=tuple(_change(each) for each in document["changes"]),
            unknown=tuple(
                UnknownField(each["phone_number"], each["path"], *_reason(each["reason"]))
                for each in document["unknown"]
            ),
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
        summary=Summary(**counts, calls=calls),
        allowed=tuple(document["allowed"]),
        cost=_cost(document["cost"]) if "cost" in document else None,
        refusals=tuple(document.get("refusals", ())),
        violations=tuple(map(_violation, document.get("violations", ()))),
        unjudged=tuple(map(_unjudged, document.get("unjudged", ()))),
        digest=document["digest"],
    )


def _cost(document: Mapping[str, Any]) -> Cost:
    features = document["features"]
    return Cost(
        tuple(
            FeatureCost(
                feature,
                None if each["price"] is None else Decimal(each["price"]),
                int(each["on"]),
                int(each["off"]),
                int(each["unsure"]),
            )
            for feature in FEATURES
            if (each := features.get(feature))
        ),
        {group: Decimal(monthly) for group, monthly in document["groups"].items()},
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise NotOursError(f"{text!r} is no time") from None


def source_of(text: str) -> Source:
    """`numbers/support.yaml:14` as the place it names; line 0 where it names none."""
    found = _PLACE.match(text)
    return Source(found[1], int(found[2])) if found else Source(text, 0)


_PLACE = re.compile(r"(.+):([0-9]{1,9})\Z", re.DOTALL)


def _change(entry: Mapping[str, Any]) -> Change:
    kind = Kind(entry["kind"])
    rows = BY_PATH[kind]
    fields = []
    for field in entry["fields"]:
        row = rows.get(field["path"])
        if row is None or not row.writes:
            raise NotOursError(f"{field['path']!r} is no field that can be written")
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
        raise NotOursError(f"{entry['phone_number']}: {action} does not go with its fields")
    return Change(entry["phone_number"], entry["id"], kind, action, tuple(fields))


def _known(value: LiveValue, row: Field) -> Any:
    if value is UNKNOWN:
        raise NotOursError(f"{row.path} is to become what is no value of it")
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
    raise NotOursError(f"{row.path} holds what is no value of it")


def _to_show(raw: Any) -> Any:
    """A value only to be shown: no more than JSON is made sure of."""
    if isinstance(raw, dict):
        return UNKNOWN if "unknown" in raw else Secret(raw.get("secret", ""))
    return tuple(raw) if isinstance(raw, list) else raw


def _violation(entry: Mapping[str, Any]) -> Violation:
    return Violation(
        entry["phone_number"],
        entry["policy"],
        entry["level"],
        entry["path"],
        _to_show(entry["value"]),
        entry["requires"],
        source_of(entry["source"]),
        source_of(entry["policy_source"]),
    )


def _unjudged(entry: Mapping[str, Any]) -> Unjudged:
    return Unjudged(
        entry["phone_number"],
        entry["policy"],
        entry["level"],
        entry["path"],
        entry["reason"],
        source_of(entry["source"]),
        source_of(entry["policy_source"]),
    )


def _withheld(entry: Mapping[str, Any]) -> Withheld:
    return Withheld(
        entry["phone_number"],
        entry["path"],
        _to_show(entry["before"]),
        _to_show(entry["after"]),
        entry["rule"],
        *_reason(entry["reason"]),
    )


_DECLARED = re.compile(r"(.*) \(declared at (.+:[0-9]{1,9})\)\Z", re.DOTALL)


def _reason(text: str) -> tuple[str, Source | None]:
    """A reason, and the place in the YAML that `planfile` put behind it: apart again, so that
    reports group what has one reason in many places."""
    found = _DECLARED.match(text)
    return (found[1], source_of(found[2])) if found else (text, None)


def _operation(entry: Mapping[str, Any]) -> Operation:
    rows = {**BY_PATH[Kind.MOBILE], **BY_PATH[Kind.NUMBER]}
    if entry["call"] == Channel.PATCH_MOBILE:
        rows = dict(BY_PATH[Kind.MOBILE])
    guards = {}
    for path, raw in entry["guards"].items():
        if path not in rows:
            raise NotOursError(f"{path!r} is no field")
        guards[path] = _known(read_value(rows[path], raw), rows[path])
    return Operation(
        entry["id"],
        Channel(entry["call"]),
        tuple(entry["numbers"]),
        entry["body"],
        guards,
        tuple(entry["depends_on"]),
    )
