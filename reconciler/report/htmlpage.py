"""One page that needs nothing but itself: a template, its style and script, and the data they show.

The policy in its head lets exactly that style and that script work, by their hashes, and nothing
be loaded from anywhere. The page is ASCII: no server or mail gateway can read it wrongly.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from string import Template

from reconciler.report.markup import Markup, element, frame, joined, text

Cell = str | tuple[str, ...]
"""What stands in one cell: text that is neutral, or several labels."""


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is what filters go by; `kind` how a cell looks: head, code,
    path, number, text, words (one label) or labels."""

    name: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A table that the script fills, a page of rows at a time; `one` and `many` are what its rows
    are called, `filters` the columns with a choice of their own."""

    name: str
    title: str
    one: str
    many: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    filters: tuple[str, ...] = ()

    def trimmed(self) -> Rows:
        """Without the columns that hold nothing at all, and their filters."""
        kept = [at for at in range(len(self.columns)) if any(row[at] for row in self.rows)]
        columns = tuple(self.columns[at] for at in kept)
        names = {column.name for column in columns}
        return Rows(
            self.name,
            self.title,
            self.one,
            self.many,
            columns,
            [tuple(row[at] for at in kept) for row in self.rows],
            tuple(name for name in self.filters if name in names),
        )


def page(
    *,
    title: str,
    header: Markup,
    sections: Sequence[tuple[str, str, Markup]],
    footer: Markup,
    tables: Sequence[Rows],
) -> str:
    """The whole page. A section is its id, its title and what stands in it; `tables` are those
    that `filtered` made room for."""
    style, script = _part("page.css"), _part("page.js")
    whole = Template(_part("page.html")).substitute(
        policy=text(_policy(style, script)),
        title=text(title),
        style=style,
        header=header,
        nav=_nav([(id_, name) for id_, name, _ in sections]),
        main=joined(_section(*each) for each in sections),
        footer=footer,
        data=_data(tables),
        script=script,
    )
    return whole.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _section(id_: str, title: str, inside: Markup) -> Markup:
    heading = element("h2", title, id=f"{id_}-title")
    return element("section", heading, inside, id=id_, aria_labelledby=f"{id_}-title")


def _nav(sections: Sequence[tuple[str, str]]) -> Markup:
    links = (element("li", element("a", title, href=f"#{id_}")) for id_, title in sections)
    return element("nav", element("ul", joined(links)), aria_label="Sections")


@cache
def _part(name: str) -> str:
    return resources.files("reconciler.report").joinpath(name).read_text("ascii")


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere, and no text is ever taken for HTML or script."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


# ---- tables that the script fills ---------------------------------------------------------------

_STEERING = re.compile("[<>&\u2028\u2029]")


def _data(tables: Sequence[Rows]) -> str:
    """JSON that no parser of HTML can take for the end of its script. A word that many cells
    share stands in it once."""
    words: dict[str, int] = {}

    def at(cell: Cell) -> int | list[int]:
        if isinstance(cell, tuple):
            return [words.setdefault(word, len(words)) for word in cell]
        return words.setdefault(cell, len(words))

    document = {
        "tables": {
            each.name: {
                "one": each.one,
                "many": each.many,
                "columns": [{"name": c.name, "kind": c.kind} for c in each.columns],
                "rows": [[at(cell) for cell in row] for row in each.rows],
            }
            for each in tables
        },
    }
    found = json.dumps(document | {"words": list(words)}, separators=(",", ":"))
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", found)


def filtered(table: Rows, labels: Mapping[str, str]) -> Markup:
    """Room for a table with its filters; without the script, a word on where else it is.

    `labels` is what the choice for each filter is called.
    """
    name = table.name
    without = (
        f"{len(table.rows):,} {table.one if len(table.rows) == 1 else table.many}: the script of "
        "this page fills the table. Where it may not run, --format json holds every row."
    )
    return element(
        "div",
        element("p", without, class_="without-script"),
        element(
            "div",
            _filters(table, labels),
            element("p", class_="status", role="status", id=f"{name}-status"),
            frame(table.title, _skeleton(table)),
            _pager(table),
            class_="with-script",
            hidden=True,
        ),
        class_="rows",
        data_rows=name,
    )


def _filters(table: Rows, labels: Mapping[str, str]) -> Markup:
    search = f"{table.name}-search"
    fields = [
        element(
            "div",
            element("label", "Search", for_=search),
            element(
                "input",
                type="search",
                id=search,
                autocomplete="off",
                spellcheck="false",
                placeholder="Number, value, file",
            ),
            class_="search",
        )
    ]
    for column in table.filters:
        id_ = f"{table.name}-{column}"
        select = element("select", id=id_, data_column=column)
        fields.append(element("div", element("label", labels[column], for_=id_), select))
    reset = element("button", "Clear filters", type="reset")
    return element(
        "form", *fields, reset, role="search", aria_label=f"Filter: {table.title}", class_="filters"
    )


def _skeleton(table: Rows) -> Markup:
    heads = joined(
        element("th", column.label, scope="col", data_column=column.name)
        for column in table.columns
    )
    return element(
        "table",
        element("caption", table.title, class_="unseen"),
        element("thead", element("tr", heads)),
        element("tbody"),
        class_="long",
    )


def _pager(table: Rows) -> Markup:
    back = element("button", "Previous rows", type="button", data_step="-1")
    on = element("button", "Next rows", type="button", data_step="1")
    return element("nav", back, on, class_="pager", aria_label=f"Pages: {table.title}")
