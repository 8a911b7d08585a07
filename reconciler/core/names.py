"""Aliases: readable names for opaque ids, global to a project, one table per id field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.documents import Document
from reconciler.core.hints import Hints, quoted, shown
from reconciler.core.validate import is_valid
from reconciler.core.values import ID
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Aliases:
    """Field -> alias -> id."""

    tables: Mapping[str, Mapping[str, str]]
    hints: Hints = field(default_factory=Hints, compare=False, repr=False)

    def resolve(self, setting: str, text: str) -> str | None:
        """The id that `text` stands for: itself if it looks like one. None: an unknown alias."""
        return text if ID.match(text) else self.tables.get(setting, {}).get(text)

    def unknown(self, setting: str, text: str) -> str:
        """What to tell the user about an alias that nothing defines."""
        close = self.hints.closest(text, self.tables.get(setting, {}), of=setting)
        hint = f"did you mean '{shown(close)}'?" if close else f"define it under aliases: {setting}"
        return (
            f"unknown {setting} alias {quoted(text)}: {hint} "
            "(an id is all digits or a UUID, or {id: …})"
        )


def collect_aliases(documents: Sequence[Document], problems: list[Problem]) -> Aliases:
    """The aliases of all documents; a name defined twice, or one like an id, is a problem."""
    tables: dict[str, dict[str, str]] = {}
    places: dict[tuple[str, str], str] = {}
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        declared = data.get("aliases")
        for setting, table in declared.items() if isinstance(declared, dict) else ():
            usable = isinstance(table, dict)
            for name, target in table.items() if usable else ():
                path = ("aliases", setting, name)
                mark = document.entry(path).key
                if ID.match(name):
                    text = f"an alias may not look like an id: {quoted(name)}"
                    problems.append(document.problem(path, text, at_key=True))
                elif first := places.get((setting, name)):
                    text = (
                        f"{shown(setting)} alias {quoted(name)} is defined twice: first at {first}"
                    )
                    problems.append(document.problem(path, text, at_key=True))
                else:
                    places[setting, name] = f"{document.path}:{mark.line}"
                    valid = is_valid("aliases", {name: target})
                    found = target["id"] if isinstance(target, dict) and valid else target
                    tables.setdefault(setting, {})[name] = str(found)
    return Aliases(tables)
