"""Aliases: readable names for opaque ids, global to a project, one table per id field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from reconciler.core.documents import Document
from reconciler.core.validate import is_valid
from reconciler.core.values import ID
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Aliases:
    """Field -> alias -> id."""

    tables: Mapping[str, Mapping[str, str]]

    def resolve(self, field: str, text: str) -> str | None:
        """The id that `text` stands for: itself if it looks like one. None: an unknown alias."""
        return text if ID.match(text) else self.tables.get(field, {}).get(text)

    def unknown(self, field: str, text: str) -> str:
        """What to tell the user about an alias that nothing defines."""
        known = self.tables.get(field, {})
        close = get_close_matches(text, known, n=1, cutoff=0.6)
        hint = f"did you mean '{close[0]}'?" if close else f"define it under aliases: {field}"
        return (
            f"unknown {field} alias '{text}': {hint} (an id is all digits or a UUID, or {{id: …}})"
        )


def collect_aliases(documents: Sequence[Document], problems: list[Problem]) -> Aliases:
    """The aliases of all documents; a name defined twice, or one like an id, is a problem."""
    tables: dict[str, dict[str, str]] = {}
    places: dict[tuple[str, str], str] = {}
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        declared = data.get("aliases")
        for field, table in declared.items() if isinstance(declared, dict) else ():
            usable = isinstance(table, dict)
            for name, target in table.items() if usable else ():
                path = ("aliases", field, name)
                mark = document.entry(path).key
                if ID.match(name):
                    text = f"an alias may not look like an id: '{name}'"
                    problems.append(document.problem(path, text, at_key=True))
                elif first := places.get((field, name)):
                    text = f"{field} alias '{name}' is defined twice: first at {first}"
                    problems.append(document.problem(path, text, at_key=True))
                else:
                    places[field, name] = f"{document.path}:{mark.line}"
                    valid = is_valid("aliases", {name: target})
                    found = target["id"] if isinstance(target, dict) and valid else target
                    tables.setdefault(field, {})[name] = str(found)
    return Aliases(tables)
