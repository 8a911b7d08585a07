"""What a branch changes in the YAML, as data.

`{"base": {"revision", "commit", "compared", "valid", "errors": [{"path", "line", "column",
"message"}]}, "head": {"revision", "commit"}, "project", "summary": {"declared_before" (null where
base is invalid), "declared_after", "changed", "declared", "undeclared", "release", "kept", "moved",
"fields", "settings"}, "settings": [{"path", "before", "after", "source"}], "numbers":
[{"phone_number", "kind", "change", "source", "before_source", "fields": [{"path", "before",
"after", "source", "before_source", "group", "risk"}]}], "notes": []}`.

`compared` is the commit that `head` left `base` at. `change` is one of the words of the summary:
`undeclared` numbers stay as they are in the account, `release` are to be given back, `kept` no
longer are, `moved` are declared as another kind. `before` (or `after`) of a field is left out where
the field is not managed on that side, for null means to clear it; tags that are edited are `{"add":
[…], "remove": […]}`; a PIN is `{"secret": REF}` and no more. A source is `file:line`, null where
there is none, and `group` the group that gives the value.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reconciler.core.declared_diff import Comparison, FieldDiff, NumberDiff, SettingDiff, What
from reconciler.core.model import Source
from reconciler.core.values import UNMANAGED, DeclaredValue, Edited, show_json


def diff_json(comparison: Comparison) -> dict[str, Any]:
    """The document that stands at the head of this module."""
    base, head, diff = comparison.base, comparison.head, comparison.diff
    valid = not comparison.problems
    return {
        "base": {
            "revision": base.name,
            "commit": base.commit,
            "compared": comparison.start,
            "valid": valid,
            "errors": [asdict(problem) for problem in comparison.problems],
        },
        "head": {"revision": head.name, "commit": head.commit},
        "project": comparison.project,
        "summary": {
            "declared_before": diff.declared_before if valid else None,
            "declared_after": diff.declared_after,
            **{str(what): len(diff.of(what)) for what in What},
            "fields": diff.fields_changed,
            "settings": len(diff.settings),
        },
        "settings": [_setting(each) for each in diff.settings],
        "numbers": [_number(each) for each in diff.numbers],
        "notes": list(comparison.notes),
    }


def _setting(setting: SettingDiff) -> dict[str, Any]:
    return {
        "path": setting.path,
        "before": setting.before,
        "after": setting.after,
        "source": _place(setting.source),
    }


def _number(number: NumberDiff) -> dict[str, Any]:
    standing = number.after or number.before
    release = number.what is What.RELEASE
    return {
        "phone_number": number.phone_number,
        "kind": str(standing.kind) if standing else None,
        "change": str(number.what),
        "source": _place(number.after.source if number.after else None),
        "before_source": _place(number.before.source if number.before else None),
        # What is given back has no settings, which is no news of each of them.
        "fields": [] if release else [_field(field) for field in number.fields],
    }


def _field(field: FieldDiff) -> dict[str, Any]:
    found: dict[str, Any] = {"path": field.path}
    for key, value in (("before", field.before), ("after", field.after)):
        if value is not UNMANAGED:
            found[key] = _value(value)
    managed = field.after is not UNMANAGED
    return found | {
        "source": _place(field.source if managed else None),
        "before_source": _place(field.before_source),
        "group": field.source.group,
        "risk": list(field.risk),
    }


def _value(value: DeclaredValue) -> object:
    return asdict(value) if isinstance(value, Edited) else show_json(value)


def _place(source: Source | None) -> str | None:
    return str(source) if source else None
