"""Plan -> the JSON document of CONTRACT section 6, and the schemas of plan and snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler import __version__
from reconciler.core.changes import RISKS, Change, UnknownField, Withheld
from reconciler.core.cost import FEATURES, Cost, amount
from reconciler.core.fields import Channel
from reconciler.core.fieldschema import DIALECT
from reconciler.core.operations import Operation
from reconciler.core.plan import Plan, Summary
from reconciler.core.policies import ERROR, WARN, Unjudged, Violation
from reconciler.core.safetyschema import Schema
from reconciler.core.values import show_json

FORMAT_VERSION = 1
TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


def canonical_json(document: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: the same document gives the same bytes."""
    return msgspec.json.encode(document, order="sorted")


def digest(document: Mapping[str, Any]) -> str:
    """`sha256:…` over everything in a plan document but its `digest`."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    return f"sha256:{hashlib.sha256(canonical_json(rest)).hexdigest()}"


def timestamp(moment: datetime) -> str:
    """UTC, to the second: 2026-07-01T12:00:00Z."""
    return moment.astimezone(UTC).strftime(TIMESTAMP)


def plan_document(plan: Plan) -> dict[str, Any]:
    """The whole plan as JSON-ready data, with its digest."""
    difference = plan.difference
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "created_at": timestamp(plan.created_at),
        "account": {"base_url": plan.base_url},
        "allowed": list(plan.allowed),
        "source": {"commit": plan.origin.commit, "digest": plan.origin.digest},
        "live": {"fetched_at": timestamp(plan.fetched_at), "numbers": plan.live_numbers},
        "summary": _summary(plan.summary),
        "changes": [_change(change) for change in difference.changes],
        "operations": [_operation(operation) for operation in plan.operations],
        "withheld": [withheld_json(each) for each in difference.withheld],
        "not_owned": [
            {"phone_number": each.phone_number, "source": str(each.source)}
            for each in difference.not_owned
        ],
        "unknown": [unknown_json(each) for each in difference.unknown],
    }
    if plan.cost is not None:
        # Not among the contract's keys: there only where the project gives prices.
        document["cost"] = _cost(plan.cost)
    if plan.refusals:
        # Not among the contract's keys: without it `apply PLANFILE` could not know.
        document["refusals"] = list(plan.refusals)
    if plan.violations:
        document["violations"] = [_violation(each) for each in plan.violations]
    if plan.unjudged:
        document["unjudged"] = [_unjudged(each) for each in plan.unjudged]
    return document | {"digest": digest(document)}


def _violation(each: Violation) -> dict[str, Any]:
    return {
        "policy": each.policy,
        "level": each.level,
        "phone_number": each.phone_number,
        "path": each.path,
        "value": show_json(each.value),
        "requires": each.requires,
        "source": str(each.source),
        "policy_source": str(each.policy_source),
    }


def _unjudged(each: Unjudged) -> dict[str, Any]:
    return {
        "policy": each.policy,
        "level": each.level,
        "phone_number": each.phone_number,
        "path": each.path,
        "reason": each.reason,
        "source": str(each.source),
        "policy_source": str(each.policy_source),
    }


def _summary(summary: Summary) -> dict[str, Any]:
    names = [name for name in Summary.__slots__ if name != "calls"]
    counts = {name: getattr(summary, name) for name in names}
    return counts | {"calls": {str(call): count for call, count in summary.calls.items()}}


def _cost(cost: Cost) -> dict[str, Any]:
    """Amounts are text: plain decimals, exact."""
    return {
        "monthly": amount(cost.monthly),
        "features": {
            each.feature: {
                "price": None if each.price is None else amount(each.price),
                "on": each.on,
                "off": each.off,
                "unsure": each.unsure,
                "monthly": None if each.monthly is None else amount(each.monthly),
            }
            for each in cost.features
        },
        "groups": {group: amount(monthly) for group, monthly in cost.groups.items()},
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "phone_number": change.phone_number,
        "id": change.id,
        "kind": str(change.kind),
        "action": str(change.action),
        "fields": [
            {
                "path": field.path,
                "before": show_json(field.before),
                "after": show_json(field.after),
                "source": str(field.source),
                "risk": list(field.risk),
            }
            for field in change.fields
        ],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "call": str(operation.call),
        "numbers": list(operation.numbers),
        "body": dict(operation.body),
        "guards": {path: show_json(value) for path, value in operation.guards.items()},
        "depends_on": list(operation.depends_on),
    }


def unknown_json(each: UnknownField) -> dict[str, Any]:
    """An unknown field as plan and apply report it."""
    return {"phone_number": each.phone_number, "path": each.path, "reason": _reason(each)}


def _reason(each: Withheld | UnknownField) -> str:
    """The reason, with the place in the YAML where there is one."""
    return f"{each.reason} (declared at {each.source})" if each.source else each.reason


def withheld_json(each: Withheld) -> dict[str, Any]:
    """A withheld change as plan and apply report it."""
    return {
        "phone_number": each.phone_number,
        "path": each.path,
        "before": show_json(each.before),
        "after": show_json(each.after),
        "rule": each.rule,
        "reason": _reason(each),
    }


# ---- schemas ----------------------------------------------------------------------------------

_TEXT: Schema = {"type": "string"}
# No more than every reader of JSON can tell apart.
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_NUMBER: Schema = {"type": "string", "pattern": r"^\+[0-9]+(?![\s\S])"}
_SECRET: Schema = {
    "type": "object",
    "properties": {"secret": _TEXT, "fingerprint": _TEXT},
    "required": ["secret"],
    "additionalProperties": False,
}
_VALUE: Schema = {
    "type": ["string", "boolean", "array", "object", "null"],
    "items": _TEXT,
    # {"secret": …} for a PIN, {"unknown": true} for a live value that cannot be read
    "properties": {**_SECRET["properties"], "unknown": {"const": True}},
    "minProperties": 1,
    "additionalProperties": False,
}


def _object(**properties: Schema | bool) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _cost_schema() -> Schema:
    money: Schema = {"type": "string", "pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,20})?(?![\s\S])"}
    maybe: Schema = {"anyOf": [money, {"type": "null"}]}
    feature = _object(price=maybe, on=_COUNT, off=_COUNT, unsure=_COUNT, monthly=maybe)
    return _object(
        monthly=money,
        features={
            "type": "object",
            "properties": dict.fromkeys(FEATURES, feature),
            "additionalProperties": False,
        },
        groups={"type": "object", "additionalProperties": money},
    )


_JUDGED: Schema = {
    "policy": _TEXT,
    "level": {"enum": [ERROR, WARN]},
    "phone_number": _NUMBER,
    "path": _TEXT,
    "source": _TEXT,
    "policy_source": _TEXT,
}


def plan_schema() -> Schema:
    """The JSON Schema of a plan document."""
    field = _object(
        path=_TEXT,
        before=_VALUE,
        after=_VALUE,
        source=_TEXT,
        risk=_list({"enum": list(RISKS)}),
    )
    names = [name for name in Summary.__slots__ if name != "calls"]
    calls = _object(**{str(channel): _COUNT for channel in Channel})
    hash_: Schema = {"type": "string", "pattern": r"^sha256:[0-9a-f]{64}(?![\s\S])"}
    document = _object(
        format_version={"const": FORMAT_VERSION},
        tool_version=_TEXT,
        created_at=_TEXT,
        account=_object(base_url=_TEXT),
        allowed=_list(_TEXT),
        source=_object(commit=_TEXT, digest=_TEXT),
        live=_object(fetched_at=_TEXT, numbers=_COUNT),
        summary=_object(**dict.fromkeys(names, _COUNT), calls=calls),
        changes=_list(
            _object(
                phone_number=_NUMBER,
                id=_TEXT,
                kind={"enum": ["number", "mobile"]},
                action={"enum": ["update", "release"]},
                fields=_list(field),
            )
        ),
        operations=_list(
            _object(
                id=_TEXT,
                call={"enum": [str(channel) for channel in Channel]},
                numbers=_list(_NUMBER) | {"minItems": 1},
                body={"type": "object"},
                guards={"type": "object", "additionalProperties": _VALUE},
                depends_on=_list(_TEXT),
            )
        ),
        withheld=_list(
            _object(
                phone_number=_NUMBER,
                path=_TEXT,
                before=_VALUE,
                after=_VALUE,
                rule=_TEXT,
                reason=_TEXT,
            )
        ),
        not_owned=_list(_object(phone_number=_NUMBER, source=_TEXT)),
        unknown=_list(_object(phone_number=_NUMBER, path=_TEXT, reason=_TEXT)),
        digest=hash_,
    )
    return {
        "$schema": DIALECT,
        "$id": "https://telnyx-reconciler.invalid/schemas/plan.schema.json",
        "title": "A plan of telnyx-reconciler",
        **document,
        "properties": {
            **document["properties"],
            "refusals": _list(_TEXT),
            "cost": _cost_schema(),
            "violations": _list(_object(**_JUDGED, value=_VALUE, requires=True)),
            "unjudged": _list(_object(**_JUDGED, reason=_TEXT)),
        },
    }
