"""`match`: which numbers a rule of the project file means. `assign` and `policies` share it.

All keys that are asked must hold, one value of each. An answer is yes, no, or None where it cannot
be told: the country and the type of a number are the account's to say, and so is a setting that
nobody declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import Any

from reconciler.core.conditions import Answer, Condition, Fact, read_conditions
from reconciler.core.documents import Document
from reconciler.core.entries import Reading
from reconciler.core.fields import Kind
from reconciler.core.policyschema import OWN_KEYS
from reconciler.core.safety import texts
from reconciler.core.values import Secret, TagEdit, Unknown, canonical_id

_LONG = frozenset({"local", "national", "mobile", "landline", "shared_cost"})
_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "tollfree": frozenset({"toll_free"}),
        "longcode": _LONG,
        "long_code": _LONG,
        "shortcode": frozenset({"short_code"}),
    }
)
"""Old words for types, in the account and in the YAML, and what each can be."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one number.

    `countries` and `types` are those it can be of, none where nothing tells; `value` gives a
    setting of its kind, by path.
    """

    phone_number: str
    kind: Kind
    countries: frozenset[str]
    types: frozenset[str]
    value: Callable[[str], Fact]


@dataclass(frozen=True, slots=True)
class Match:
    """Which numbers a rule means. An empty set asks for nothing; `references` and `numbers` are
    globs; `settings` have to hold as well, and never do on a kind that has no such setting."""

    tags: frozenset[str] = frozenset()
    connection_ids: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    settings: tuple[Condition, ...] = ()

    def paths(self, kind: Kind) -> frozenset[str]:
        """The settings of numbers of `kind` that it looks at."""
        looked = {
            "tags": self.tags,
            "connection_id": self.connection_ids,
            "customer_reference": self.references,
        }
        own = (path for path, asked in looked.items() if asked)
        more = (each.path for each in self.settings if each.concerns(kind))
        return frozenset({*own, *more})

    def as_written(self) -> dict[str, Any]:
        """What is asked, by the keys of a project file."""
        asked: dict[str, frozenset[str] | frozenset[Kind]] = {
            "numbers": self.numbers,
            "kind": self.kinds,
            "country": self.countries,
            "type": self.types,
            "tags": self.tags,
            "connection_id": self.connection_ids,
            "customer_reference": self.references,
        }
        own = {key: sorted(map(str, values)) for key, values in asked.items() if values}
        return own | {each.path: each.written for each in self.settings}

    def answer(self, facts: Facts) -> Answer:
        """Whether the number is meant."""
        return all_of(answer for _, answer in self._answers(facts))

    def unknown(self, facts: Facts) -> Iterator[str]:
        """What would have to be known of the number to tell."""
        return (fact for fact, answer in self._answers(facts) if answer is None)

    def _answers(self, facts: Facts) -> Iterator[tuple[str, Answer]]:
        """Each fact that is asked for, and what it answers."""
        if self.numbers:
            yield "number", is_one_of(facts.phone_number, self.numbers)
        if self.kinds:
            yield "kind", facts.kind in self.kinds
        if self.countries:
            yield "country", _among(facts.countries, self.countries)
        if self.types:
            yield "type", _among(facts.types, self.types)
        if self.tags:
            yield "tags", _shares(facts.value("tags"), self.tags)
        if self.connection_ids:
            yield "connection_id", _is_one(facts.value("connection_id"), self.connection_ids)
        if self.references:
            value = facts.value("customer_reference")
            yield "customer_reference", _is_like(value, self.references)
        for each in self.settings:
            there = each.concerns(facts.kind)
            yield each.path, each.holds(facts.value(each.path)) if there else False


def is_one_of(phone_number: str, globs: Iterable[str]) -> bool:
    """Whether a number is one that `globs`, or numbers in E.164, mean."""
    return any(fnmatchcase(phone_number, glob) for glob in globs)


def all_of(answers: Iterable[Answer]) -> Answer:
    """No where one says no, else None where one cannot tell."""
    found: Answer = True
    for answer in answers:
        if answer is False:
            return False
        found = found if answer else None
    return found


def _among(possible: frozenset[str], asked: frozenset[str]) -> Answer:
    """Whether a thing that is one of `possible` (anything, if there are none) is one of `asked`."""
    if possible and possible <= asked:
        return True
    return False if possible and possible.isdisjoint(asked) else None


def _shares(tags: Fact, asked: frozenset[str]) -> Answer:
    if isinstance(tags, TagEdit):
        if asked & tags.add:
            return True
        return False if asked <= tags.remove else None
    return not asked.isdisjoint(tags) if isinstance(tags, tuple) else None


def _is_one(value: Fact, asked: frozenset[str]) -> Answer:
    return None if isinstance(value, Unknown | Secret | TagEdit) else value in asked


def _is_like(value: Fact, globs: frozenset[str]) -> Answer:
    text = value if isinstance(value, str) else "" if value is None else None
    return None if text is None else any(fnmatchcase(text, glob) for glob in globs)


def country_of(word: str) -> frozenset[str]:
    """The country that the account names for a number; none for no word."""
    return frozenset({word.upper()} if word else ())


@cache
def types_of(word: str) -> frozenset[str]:
    """The types that a word for one stands for: `toll-free` for toll_free, and `longcode`, which
    says no more, for any of several; none for no word."""
    plain = word.lower().replace("-", "_")
    return _TYPES.get(plain, frozenset({plain} if plain else ()))


def read_match(
    reading: Reading, project: Document, way: tuple[str | int, ...], raw: Mapping[str, Any]
) -> Match:
    """What stands at `way` of the project file, which the schema has passed. What is wrong beyond
    that is noted in `reading`."""
    connections: set[str] = set()
    for each in sorted(texts(raw.get("connection_id"))):
        found = reading.aliases.resolve("connection_id", each)
        if found is None and reading.complete:
            text = reading.aliases.unknown("connection_id", each)
            reading.problems.append(project.problem((*way, "connection_id"), text))
        connections.add(canonical_id(found or each))
    settings = {key: wanted for key, wanted in raw.items() if key not in OWN_KEYS}
    return Match(
        tags=texts(raw.get("tags")),
        connection_ids=frozenset(connections),
        countries=frozenset(map(str.upper, texts(raw.get("country")))),
        types=frozenset().union(*map(types_of, texts(raw.get("type")))),
        references=texts(raw.get("customer_reference")),
        numbers=texts(raw.get("numbers")),
        kinds=frozenset(map(Kind, texts(raw.get("kind")))),
        settings=read_conditions(reading, project, way, settings),
    )
