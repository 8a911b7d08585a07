"""Query strings: what each listing allows, and the page that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.sandbox import filters
from reconciler.sandbox.filters import Filter, Keep
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.problems import bad_page, bad_sort, invalid

Pairs = Sequence[tuple[str, str]]

PAGE_SIZE = 20
MAX_PAGE_SIZE = 250

SORTS = ("purchased_at", "phone_number", "connection_name", "usage_payment_method")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The query parameters of one call: its sorts, filters and flags.

    `needs` names the flag without which a filter is refused.
    """

    sorts: tuple[str, ...] = ()
    sort_parameter: str = "sort"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    paged: bool = True


FULL = Grammar(SORTS, filters=filters.FULL, flags=("handle_messaging_profile_error",))
SLIM = Grammar(
    SORTS,
    filters=filters.SLIM,
    flags=("include_tags", "include_connection"),
    # "(This requires the include_tags param)", "(requires include_connection param)"
    needs={
        "filter[tag]": "include_tags",
        **{name: "include_connection" for name in filters.SLIM if "voice.connection_name" in name},
    },
)
VOICE = Grammar(SORTS, filters=filters.VOICE)
MESSAGING = Grammar(("asc", "desc"), "sort[phone_number]", filters.MESSAGING)
JOBS = Grammar(
    ("created_at",),
    texts={
        "filter[type]": (
            "update_emergency_settings",
            "delete_phone_numbers",
            "update_phone_numbers",
        )
    },
)
UPDATE_JOB = Grammar(filters=filters.UPDATE_JOB, paged=False)
MOBILE = Grammar()
NONE = Grammar(paged=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query string. `name` identifies its filters."""

    page: int = 1
    size: int = PAGE_SIZE
    sort: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[Keep, ...] = ()
    name: str = ""
    flags: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)

    def keep(self, row: Any) -> bool:
        """Whether a row satisfies every filter."""
        return all(one(row) for one in self.keeps)


def read(pairs: Pairs, grammar: Grammar, fleet: Fleet) -> Query:
    """The query, checked. Raises 422 for anything the specification does not list."""
    values = _values(pairs)
    _refuse_unknown(values, grammar)
    flags = frozenset(name for name in grammar.flags if _flag(name, values.get(name)))
    for name, flag in grammar.needs.items():
        if name in values and flag not in flags:
            raise invalid(f"requires the {flag} parameter", parameter=name)
    for name, choices in grammar.texts.items():
        if name in values and values[name] not in choices:
            raise invalid(f"must be one of: {', '.join(choices)}", parameter=name)
    sort = values.get(grammar.sort_parameter) if grammar.sorts else None
    if sort is not None and sort not in grammar.sorts:
        raise bad_sort()
    chosen = {name: text for name, text in values.items() if name in grammar.filters}
    return Query(
        page=_page("number", values.get("page[number]"), 1, None),
        size=_page("size", values.get("page[size]"), PAGE_SIZE, MAX_PAGE_SIZE),
        sort=sort,
        filters=chosen,
        keeps=tuple(grammar.filters[name](name, text, fleet) for name, text in chosen.items()),
        name="&".join(f"{name}={text}" for name, text in sorted(chosen.items())),
        flags=flags,
        texts={name: values[name] for name in grammar.texts if name in values},
    )


def _values(pairs: Pairs) -> dict[str, str]:
    """One text a name; `name[]=a&name[]=b` reads as `a,b`, the two ways to write an array."""
    values: dict[str, str] = {}
    for name, text in pairs:
        if name == "filter[country_iso_alpha2][]":
            plain = name.removesuffix("[]")
            values[plain] = f"{values[plain]},{text}" if plain in values else text
        else:
            values[name] = text
    return values


def _refuse_unknown(values: Mapping[str, str], grammar: Grammar) -> None:
    known = {*grammar.filters, *grammar.flags, *grammar.texts}
    if grammar.sorts:
        known.add(grammar.sort_parameter)
    if grammar.paged:
        known |= {"page[number]", "page[size]"}
    for name in values:
        if grammar.paged and name == "page":
            raise bad_page("number")
        if name not in known:
            raise invalid("is not a known parameter", parameter=name)


def _flag(name: str, text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise invalid("must be true or false", parameter=name)
    return text == "true"


def _page(part: str, text: str | None, default: int, most: int | None) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_page(part)
    value = int(text)
    if value < 1 or (most is not None and value > most):
        raise bad_page(part)
    return value


def meta(query: Query, total: int) -> dict[str, int]:
    """The pagination of an answer; an empty list has no page."""
    return {
        "page_number": query.page,
        "page_size": query.size,
        "total_pages": -(-total // query.size),
        "total_results": total,
    }


def page_of(query: Query, items: Sequence[Any], shown: Callable[[Any], Any]) -> dict[str, Any]:
    """The page of `items` that the query asks for, as an answer's body."""
    start = (query.page - 1) * query.size
    rows = [shown(item) for item in items[start : start + query.size]]
    return {"data": rows, "meta": meta(query, len(items))}
