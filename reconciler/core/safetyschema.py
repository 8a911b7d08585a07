"""The JSON Schema of what a project file allows: its scope, what it ignores, its safety rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.fields import Kind

Schema = dict[str, Any]

TEXT_LIST: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
"""A list of texts, none of them empty."""

_STATUSES = (
    "active",
    "deleted",
    "emergency-only",
    "port-failed",
    "port-out-pending",
    "port-pending",
    "ported-out",
    "provision-pending",
    "purchase-failed",
    "purchase-pending",
    "requirement-info-exception",
    "requirement-info-pending",
    "requirement-info-under-review",
)


def setting_paths(kinds: Iterable[Kind] = Kind) -> list[str]:
    """Every setting of `kinds` that can be declared, and every mapping of settings."""
    found: dict[str, None] = {}
    for kind in kinds:
        for path in BY_PATH[kind]:
            steps = path.split(".") if path in SUPPORTED[kind] else []
            found |= dict.fromkeys(".".join(steps[: at + 1]) for at in range(len(steps)))
    return list(found)


_A_STATUS: Schema = {
    "pattern": f"^({'|'.join(each.replace('-', '[-_]') for each in _STATUSES)})(?![\\s\\S])",
    "errorMessage": f"a status is one of {', '.join(_STATUSES)}",
}
_SWITCH: Schema = {"type": "boolean", "x-off": "false"}
TEXTS: Schema = {"type": ["string", "array"], "minLength": 1, "items": TEXT_LIST["items"]}
SAFETY: Schema = {
    "select": {
        "type": "object",
        "description": "The live numbers this project may touch (reconciler.yaml only): all keys "
        "must hold, one value of each. What is declared and live outside of it is withheld.",
        "properties": {
            "tags": TEXTS
            | {"description": "Live tags, one of which it must have.", "examples": [["managed"]]},
            "connection_ids": TEXTS
            | {"description": "Connections, or aliases of them.", "examples": [["support-trunk"]]},
            "statuses": TEXTS
            | _A_STATUS
            | {
                "items": TEXT_LIST["items"] | _A_STATUS,
                "description": "Statuses, such as active.",
                "examples": [["active", "port-pending"]],
            },
        },
        "additionalProperties": False,
    },
    "ignore": {
        "type": "array",
        "description": "Paths that are neither drift nor planned (reconciler.yaml only).",
        "examples": [[{"numbers": "+1312*", "paths": ["voice"], "until": "2026-12-31"}]],
        "items": {
            "type": "object",
            "properties": {
                "numbers": {
                    "type": "string",
                    "minLength": 1,
                    "pattern": r"^([+][1-9][0-9]{6,14}|[+0-9]*[*?\[][^ ]*)(?![\s\S])",
                    "errorMessage": "a number in E.164 or a glob is needed, such as +1312*",
                    "description": "E.164 or a glob.",
                    "examples": ["+1312*"],
                },
                "paths": {
                    "type": "array",
                    "items": {"type": "string", "enum": setting_paths()},
                    "description": "Settings, such as voice or tags.",
                    "examples": [["voice.inbound_call_screening"]],
                },
                "reason": {
                    "type": "string",
                    "description": "Why; for people.",
                    "examples": ["a trial"],
                },
                "until": {
                    "type": "string",
                    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\s\S])",
                    "errorMessage": "a date is needed, such as 2026-12-31",
                    "description": "The last day, in UTC, on which this holds.",
                    "examples": ["2026-12-31"],
                },
            },
            "required": ["numbers", "paths"],
            "additionalProperties": False,
        },
    },
    "safety": {
        "type": "object",
        "description": "What an apply may do (reconciler.yaml only).",
        "properties": {
            "max_changes_percent": {
                "type": "number",
                "minimum": 0,
                "maximum": 100,
                "description": "Refuse to change more of the declared numbers than this (30), "
                "once 10 are declared.",
                "examples": [30],
            },
            "max_changes": {
                "type": "integer",
                "minimum": 0,
                "description": "Refuse to change more numbers than this.",
                "examples": [500],
            },
            "undeclared": {
                "type": "string",
                "enum": ["ignore", "warn", "fail"],
                "description": "What a live number is that nobody declares and no assign means: "
                "nothing (ignore), a warning, or a finding: drift, and no apply (fail).",
            },
            "allow_release": _SWITCH | {"description": "Give numbers back (false)."},
            "allow_emergency_off": _SWITCH
            | {"description": "Switch emergency service off, or release a number with it (false)."},
            "allow_unlock": _SWITCH | {"description": "Take the deletion lock off (false)."},
            "allow_unreadable": _SWITCH
            | {"description": "Write fields whose live value cannot be read (false)."},
        },
        "additionalProperties": False,
    },
}
