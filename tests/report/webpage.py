"""A page of HTML as a browser takes it apart, as far as a report needs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_VOID = frozenset({"meta", "input", "br", "wbr"})


@dataclass
class Element:
    """A start tag: its name, its attributes, the text in it, and the names of what is around it."""

    name: str
    attributes: dict[str, str]
    around: tuple[str, ...]
    text: str = ""


@dataclass
class Web:
    """Every element of a page in order."""

    source: str
    elements: list[Element] = field(default_factory=list)

    def all(self, name: str, **attributes: str) -> list[Element]:
        """The elements of this name that have these attributes."""
        return [
            each
            for each in self.elements
            if each.name == name
            and all(
                each.attributes.get(key.rstrip("_").replace("_", "-")) == value
                for key, value in attributes.items()
            )
        ]

    def one(self, name: str, **attributes: str) -> Element:
        """The one element like that."""
        (found,) = self.all(name, **attributes)
        return found

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [each.attributes["id"] for each in self.elements if "id" in each.attributes]

    @property
    def sections(self) -> list[str]:
        """The titles of the sections."""
        return [each.text for each in self.all("h2")]

    @property
    def static(self) -> str:
        """All that can be read without the script."""
        return self.one("body").text

    @property
    def data(self) -> Any:
        """What the script is given."""
        return json.loads(self.one("script", type="application/json").text)

    def rows(self, table: str = "changes") -> list[dict[str, Any]]:
        """The rows of a table that the script fills, by column."""
        data = self.data
        words = data["words"]

        def told(cell: int | list[int]) -> Any:
            return [words[at] for at in cell] if isinstance(cell, list) else words[cell]

        names = [column["name"] for column in data["tables"][table]["columns"]]
        return [
            dict(zip(names, map(told, row), strict=True)) for row in data["tables"][table]["rows"]
        ]

    @property
    def policy(self) -> dict[str, str]:
        """The Content-Security-Policy, by directive."""
        given = self.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
        return dict(each.strip().split(" ", 1) for each in given.split(";"))


def hash_of(text: str) -> str:
    """The hash by which a policy allows an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Reader(HTMLParser):
    def __init__(self, web: Web) -> None:
        super().__init__(convert_charrefs=True)
        self._web = web
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        around = tuple(each.name for each in self._open)
        found = Element(tag, {name: value or "" for name, value in attrs}, around)
        self._web.elements.append(found)
        if tag not in _VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for each in self._open if self._open and self._open[-1].name != "script" else ():
            each.text += data
        if self._open and self._open[-1].name == "script":
            self._open[-1].text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def web(source: str) -> Web:
    """The page, taken apart; all that is opened has to be closed."""
    found = Web(source)
    reader = _Reader(found)
    reader.feed(source)
    reader.close()
    assert not re.search(r"<!--|<\?|<!\[", source)
    return found
