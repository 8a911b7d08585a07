"""Reports for machines: the plan document, and what an apply did."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import msgspec

from reconciler.core.outcome import Left, Outcome
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document, unknown_json, withheld_json
from reconciler.report.text import how_to_go_on


def plan_json(plan: Plan) -> str:
    """The plan document of the contract, indented."""
    return json_text(plan_document(plan))


def outcome_json(outcome: Outcome) -> str:
    """What became of every field, indented."""
    return json_text(outcome_document(outcome))


def outcome_document(outcome: Outcome, path: str = "") -> dict[str, Any]:
    """What became of every field; the keys are the contract's. `path` as in `how_to_go_on`."""

    def left(items: tuple[Left, ...]) -> list[dict[str, Any]]:
        return [asdict(item) for item in items]

    return {
        "applied": [asdict(item) for item in outcome.applied],
        "failed": [asdict(item) for item in outcome.failed],
        "unconfirmed": left(outcome.unconfirmed),
        "unverifiable": left(outcome.unverifiable),
        "skipped": left(outcome.skipped),
        "withheld": [withheld_json(item) for item in outcome.withheld],
        "not_owned": [item.phone_number for item in outcome.not_owned],
        "unknown": [unknown_json(item) for item in outcome.unknown],
        "calls": {str(channel): count for channel, count in outcome.calls.items() if count},
        "notes": list(outcome.notes),
        "stopped": outcome.stopped,
        "already": left(outcome.already),
        "journal": outcome.journal or None,
        "resumable": bool(outcome.open),
        "go_on": None if outcome.converged else how_to_go_on(outcome, path),
        "audit": dict(outcome.audit),
        "converged": outcome.converged,
    }


_PERHAPS_STEERING = re.compile(r"[\x7f-\U0010ffff]|(?<=##)\[")


def json_text(document: object) -> str:
    """Indented JSON. What could steer a terminal or a CI runner is escaped: the data is the
    same."""
    try:
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    except UnicodeEncodeError:
        # A directory may be called what is text in no encoding; JSON can say its bytes by escapes.
        text = json.dumps(document, indent=2)
    return _PERHAPS_STEERING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable() and char != "[":
        return char
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
