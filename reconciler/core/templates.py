"""Values that hold `{number}`, `{last4}` or `{index}`: filled for one number at a time.

Until then one value stands for a whole block, however long it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.model import Settings
from reconciler.core.values import Secret, TagEdit, canonical_id

NAMES = ("number", "last4", "index")
"""What may stand in braces: the number in E.164, its last four digits, its place in the block
(from 0)."""


@dataclass(frozen=True, slots=True)
class Filler:
    """What one number puts in place of the names. `index` is None outside of a block."""

    number: str
    index: int | None = None

    def word(self, name: str) -> str:
        """What `name` stands for; ValueError for the index of a number in no block."""
        if name == "number":
            return self.number
        if name == "last4":
            return self.number[-4:]
        if self.index is None:
            raise ValueError(f"{{index}} is a place in a block, and {self.number} is in none")
        return str(self.index)

    def settings(self, settings: Settings) -> Settings:
        """`settings` with every template filled."""
        values = tuple(
            value.fill(self) if isinstance(value, Template) else value for value in settings.values
        )
        return Settings(settings.paths, values, settings.sources)


class Template(ABC):
    """A value that differs from number to number."""

    __slots__ = ()

    @abstractmethod
    def fill(self, of: Filler) -> Any:
        """The canonical value for one number."""

    @abstractmethod
    def needs_index(self) -> bool:
        """Whether it makes sense in a block only."""


@dataclass(frozen=True, slots=True)
class Text(Template):
    """Text: literal parts at even places, names at odd ones."""

    parts: tuple[str, ...]

    @property
    def spelled(self) -> str:
        """As it stands in the file."""
        return "".join(
            f"{{{part}}}" if place % 2 else part.replace("{", "{{").replace("}", "}}")
            for place, part in enumerate(self.parts)
        )

    def fill(self, of: Filler) -> str:
        """The text for one number."""
        return "".join(
            of.word(part) if place % 2 else part for place, part in enumerate(self.parts)
        )

    def needs_index(self) -> bool:
        """Whether it holds {index}."""
        return "index" in self.parts[1::2]


@dataclass(frozen=True, slots=True)
class Id(Template):
    """An id, or the alias of one where `aliases` is given."""

    text: Text
    aliases: Mapping[str, str] | None

    def fill(self, of: Filler) -> str:
        """The id for one number."""
        text = self.text.fill(of)
        return canonical_id(self.aliases.get(text, text) if self.aliases is not None else text)

    def needs_index(self) -> bool:
        """Whether its text does."""
        return self.text.needs_index()


@dataclass(frozen=True, slots=True)
class Pin(Template):
    """A secret at a place of its own for each number; `where` is env or file."""

    where: str
    text: Text

    def fill(self, of: Filler) -> Secret:
        """The secret of one number."""
        return Secret(f"{self.where}:{self.text.fill(of)}")

    def needs_index(self) -> bool:
        """Whether its text does."""
        return self.text.needs_index()


@dataclass(frozen=True, slots=True)
class PlainPin(Template):
    """A PIN that stands in the YAML, at `ref`, made of the number; the text itself is with the
    secrets of the project, filled."""

    ref: str
    text: Text

    def __repr__(self) -> str:
        return f"PlainPin({self.ref!r})"

    def fill(self, of: Filler) -> Secret:
        """The secret of one number; what it is stands with the secrets of the project."""
        return Secret(f"{self.ref}:{of.number}")

    def needs_index(self) -> bool:
        """Whether its text does."""
        return self.text.needs_index()


Tag = str | Text


@dataclass(frozen=True, slots=True)
class TagList:
    """The tags of one layer, templates among them."""

    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class TagChange:
    """An edit of tags by one layer, templates among them."""

    add: tuple[Tag, ...]
    remove: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Tags(Template):
    """The tags of several layers, lowest first: which tags are the same shows only when they are
    filled."""

    steps: tuple[TagList | TagChange, ...]

    def fill(self, of: Filler) -> tuple[str, ...] | TagEdit:
        """The tags, or the edit of live ones, for one number."""
        found: tuple[str, ...] | TagEdit | None = None
        for step in self.steps:
            if isinstance(step, TagList):
                found = tuple(sorted(filled_tags(step.tags, of)))
                continue
            edit = TagEdit(filled_tags(step.add, of), filled_tags(step.remove, of))
            if found is None:
                found = edit
            else:
                found = found.then(edit) if isinstance(found, TagEdit) else edit.apply(found)
        return () if found is None else found

    def needs_index(self) -> bool:
        """Whether one of them does."""
        return any(
            isinstance(tag, Text) and tag.needs_index() for step in self.steps for tag in _of(step)
        )


def _of(step: TagList | TagChange) -> tuple[Tag, ...]:
    return step.tags if isinstance(step, TagList) else (*step.add, *step.remove)


def filled_tags(tags: tuple[Tag, ...], of: Filler) -> frozenset[str]:
    """The tags of one list for one number."""
    return frozenset(tag.fill(of) if isinstance(tag, Text) else tag for tag in tags)


def as_tags(value: tuple[str, ...] | TagEdit | Tags) -> Tags:
    """What a layer says of tags, with or without templates, as steps."""
    if isinstance(value, Tags):
        return value
    if isinstance(value, TagEdit):
        return Tags((TagChange(tuple(sorted(value.add)), tuple(sorted(value.remove))),))
    return Tags((TagList(value),))


def is_templated(settings: Settings) -> bool:
    """Whether some value has to be filled."""
    return any(isinstance(value, Template) for value in settings.values)
