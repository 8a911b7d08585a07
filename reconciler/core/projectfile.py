"""What the project file says besides settings: limits, prices, safety rules, `assign`,
`policies`.

Where the file is wrong, which the schema reports, the defaults stand in.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from reconciler.core.assigning import Assigning, Rule
from reconciler.core.building import Building, defaults_of, known_groups, mapping
from reconciler.core.cost import Prices, read_prices
from reconciler.core.documents import Document
from reconciler.core.entries import layer_of
from reconciler.core.fields import Kind
from reconciler.core.matching import read_match
from reconciler.core.model import Source
from reconciler.core.policies import Policy, read_policies
from reconciler.core.safety import Safety, read_safety, texts
from reconciler.core.validate import is_valid_file


def limits_of(settings: Any) -> dict[str, Any]:
    """The limits as numbers: to a JSON Schema 250.0 is a whole number, to a query it is not."""
    limits = mapping(settings, "limits")
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in limits.items()
    }


def _is_right(project: Document) -> bool:
    return isinstance(project.data, dict) and is_valid_file(project.data)


def prices_of(project: Document | None) -> Prices:
    """The user's prices; none where the project file is wrong, which is reported."""
    if project is None or not _is_right(project):
        return {}
    return read_prices(mapping(project.data, "prices"))


def safety_of(state: Building, project: Document | None) -> Safety:
    """The safety rules of the project file; the defaults where it is wrong, which is reported."""
    if project is None or not _is_right(project):
        return Safety()
    data = project.data
    for place, rule in enumerate(data.get("ignore") or ()):
        try:
            date.fromisoformat(rule.get("until", "2000-01-01"))
        except ValueError:
            text = f"until: {rule['until']} is no day of the calendar"
            state.reading.problems.append(project.problem(("ignore", place, "until"), text))
            return Safety()
    scope = data.get("select") or {}
    aliases = {
        each: found
        for each in texts(scope.get("connection_ids"))
        if (found := state.reading.aliases.resolve("connection_id", each)) is not None
    }
    unknown = texts(scope.get("connection_ids")) - aliases.keys()
    for each in sorted(unknown) if state.reading.complete else ():
        text = state.reading.aliases.unknown("connection_id", each)
        state.reading.problems.append(project.problem(("select", "connection_ids"), text))
    return read_safety(data, aliases)


def assigning_of(state: Building, project: Document | None) -> Assigning | None:
    """The rules of `assign`, with every layer that they take from the project."""
    if project is None or not _is_right(project):
        return None
    rules: list[Rule] = []
    for place, rule in enumerate(project.data.get("assign") or ()):
        path = ("assign", place)
        mark = project.entry((*path, "groups")).key
        source = Source(project.path, *mark)
        names = known_groups(state, project, (*path, "groups"), rule["groups"])
        match = read_match(state.reading, project, (*path, "match"), rule["match"])
        rules.append(Rule(match, names, source))
    if not rules:
        return None
    used = state.groups.in_order([name for rule in rules for name in rule.groups])
    layers = {
        (kind, name): layer_of(
            state.reading, state.groups[name].document, state.groups[name].entry, kind, group=name
        )
        for kind in Kind
        for name in used
    }
    defaults = {kind: defaults_of(state, kind, 0) for kind in Kind}
    return Assigning(tuple(rules), state.groups, defaults, layers)


def policies_of(state: Building, project: Document | None) -> tuple[Policy, ...]:
    """The policies of the project file, but those that are wrong, which is reported."""
    return read_policies(state.reading, project) if project else ()
