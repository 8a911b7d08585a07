"""One number explained, in text and JSON.

JSON: `{"phone_number", "kind", "declared": "file:line" or null, "assigned": the same of the rule
of `assign` that manages it instead, "release", "live": {"id", "status", "country", "type"} or null
(also where the account was not read: "live_was_read"), "fields": [{"path", "managed", "value",
"source", "layer", "chain": [{"layer", "source", "value", "wins"}], "live"}], "withheld": [{"path",
"rule", "reason"}], "policies": [{"policy", "level", "source", "verdict", "findings": [{"path",
"value", "requires", "unknown": […]}]}], "notes": […]}`. A verdict is `holds`, `broken`, `untold`
(the `unknown` facts would tell) or `exempt`, of the number as it would be after an apply. `live` of
a field is left out where it was not read; secrets stand as in a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.core.explained import Explained, Explanation, FieldExplained, Step
from reconciler.core.judging import Ruling
from reconciler.core.policies import WARN
from reconciler.core.text import neutral, shortened
from reconciler.core.values import LIVE_SECRET, LiveValue, TagEdit, show_json
from reconciler.report.judged import wanted
from reconciler.report.text import Paint, plain
from reconciler.report.words import shown


def explained_text(explanation: Explanation, *, paint: Paint = plain) -> str:
    """Every managed field with the layers that speak of it; then what is live and unmanaged."""
    one = explanation.explained
    lines = [paint(one.phone_number, "bold") + f"  {_headline(one)}"]
    for field in one.fields:
        if field.managed:
            lines += _field(field, paint)
    unmanaged = [field for field in one.fields if not field.managed]
    if unmanaged:
        lines += ["", "Not managed, but live:"]
        lines += [f"  {each.path}: {shown(_masked(each))}" for each in unmanaged]
    for held in explanation.withheld:
        what = held.path or "everything"
        lines += ["", f"{paint('Withheld', 'risk')} ({held.rule}): {what}: {neutral(held.reason)}"]
    if explanation.rulings:
        lines += ["", "Policies that look at it:"]
        lines += [line for each in explanation.rulings for line in _ruling(each, paint)]
    lines += [f"note: {shortened(neutral(note), 500)}" for note in explanation.notes]
    return "\n".join(lines)


def _headline(one: Explained) -> str:
    kind = "mobile number" if one.kind.value == "mobile" else "number"
    parts = [f"{kind}, not declared"]
    if one.declared_at:
        parts = [f"{kind} declared at {neutral(str(one.declared_at))}"]
    if one.assigned_at:
        parts = [f"{kind} not declared, managed by assign at {neutral(str(one.assigned_at))}"]
    if one.release:
        parts.append("to be given back")
    if one.live:
        live = one.live
        parts.append(neutral(f"live: {live.status}, {live.country} {live.type}"))
    elif one.live_was_read:
        parts.append("not in the account")
    return ", ".join(parts)


def _field(field: FieldExplained, paint: Paint) -> Iterator[str]:
    live = ""
    if field.live:
        same = field.live[0] == field.value
        live = paint("  (as live)", "dim") if same else f"  (live: {shown(_masked(field))})"
    yield f"  {paint(field.path, 'bold')}: {_declared(field.value)}{live}"
    for step in field.chain:
        mark = "*" if step.wins else " "
        place = paint(f"# {neutral(str(step.source))}", "dim")
        yield f"    {mark} {_declared(step.value)}  {neutral(step.layer)}  {place}"


def _ruling(ruling: Ruling, paint: Paint) -> Iterator[str]:
    policy, verdict = ruling.policy, _verdict(ruling)
    level = " (warn)" if policy.level == WARN else ""
    place = paint(f"# {neutral(str(policy.source))}", "dim")
    word = paint(verdict, "risk" if verdict == "broken" else "dim")
    yield f"  {word}{level}: {shortened(neutral(policy.name), 200)}  {place}"
    for each in ruling.findings:
        if each.unknown:
            yield f"      {each.condition.path}: not known here: {', '.join(each.unknown)}"
        else:
            how = wanted(each.condition.written)
            yield f"      {each.condition.path} is {shown(each.value)}: it {how}"


def _verdict(ruling: Ruling) -> str:
    if ruling.exempt:
        return "exempt"
    if not ruling.findings:
        return "holds"
    return "untold" if all(each.unknown for each in ruling.findings) else "broken"


def _declared(value: Any) -> str:
    if isinstance(value, TagEdit):
        signs = [f"+{tag}" for tag in sorted(value.add)] + [f"-{t}" for t in sorted(value.remove)]
        return shortened(neutral(", ".join(signs)), 200) or "(no edit)"
    return shown(value)


def _masked(field: FieldExplained) -> LiveValue:
    (value,) = field.live or (None,)
    return LIVE_SECRET if field.path == "external_pin" and isinstance(value, str) else value


def explained_json(explanation: Explanation) -> dict[str, Any]:
    """The same as data; the shape stands at the head of this module."""
    one = explanation.explained
    live = one.live
    return {
        "phone_number": one.phone_number,
        "kind": str(one.kind),
        "declared": str(one.declared_at) if one.declared_at else None,
        "assigned": str(one.assigned_at) if one.assigned_at else None,
        "release": one.release,
        "live_was_read": one.live_was_read,
        "live": live
        and {
            "id": live.id,
            "status": live.status,
            "country": live.country,
            "type": live.type,
        },
        "fields": [_field_json(field) for field in one.fields],
        "withheld": [
            {"path": each.path, "rule": each.rule, "reason": each.reason}
            for each in explanation.withheld
        ],
        "policies": [_ruling_json(each) for each in explanation.rulings],
        "notes": list(explanation.notes),
    }


def _ruling_json(ruling: Ruling) -> dict[str, Any]:
    policy = ruling.policy
    return {
        "policy": policy.name,
        "level": policy.level,
        "source": str(policy.source),
        "verdict": _verdict(ruling),
        "findings": [
            {
                "path": each.condition.path,
                "value": show_json(each.value),
                "requires": each.condition.written,
                "unknown": list(each.unknown),
            }
            for each in ruling.findings
        ],
    }


def _field_json(field: FieldExplained) -> dict[str, Any]:
    winner = next((step for step in reversed(field.chain) if step.wins), None)
    found: dict[str, Any] = {
        "path": field.path,
        "managed": field.managed,
        "value": _value_json(field.value) if field.managed else None,
        "source": str(winner.source) if winner else None,
        "layer": winner.layer if winner else None,
        "chain": [_step_json(step) for step in field.chain],
    }
    return found | ({"live": show_json(_masked(field))} if field.live else {})


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "layer": step.layer,
        "source": str(step.source),
        "value": _value_json(step.value),
        "wins": step.wins,
    }


def _value_json(value: Any) -> Any:
    if isinstance(value, TagEdit):
        return {"add": sorted(value.add), "remove": sorted(value.remove)}
    return show_json(value)
