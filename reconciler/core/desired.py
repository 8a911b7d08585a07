"""Documents and layers -> what is declared of each number, and where each setting came from.

Later layers win: `defaults` of the project file, `defaults` of the file, the groups in the order
named (each once, after what it extends), the number or the block itself; of a number that
overrides its block, all of that lies between the defaults and its own groups. Mappings merge key
by key, lists replace, a tag edit applies to what the layers below gave.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from reconciler.core.alike import NotPlainError, rows_of
from reconciler.core.building import (
    Building,
    check_extends,
    checked,
    defaults_of,
    is_right,
    mapping,
    settled_at,
)
from reconciler.core.declared import Declared, Rest
from reconciler.core.documents import Document
from reconciler.core.entries import Reading
from reconciler.core.fields import Kind
from reconciler.core.filled import check_filled
from reconciler.core.groups import collect_groups, loop_text
from reconciler.core.layers import (
    PROTECT,
    WHEN_OWNED,
    marked,
)
from reconciler.core.model import (
    NO_SETTINGS,
    Desired,
)
from reconciler.core.names import collect_aliases
from reconciler.core.places import Layout as Places
from reconciler.core.places import Place, laid_out, places_in, segments
from reconciler.core.projectfile import (
    assigning_of,
    limits_of,
    policies_of,
    prices_of,
    safety_of,
)
from reconciler.core.runs import Rows, Run
from reconciler.errors import Problem


def build(
    project: Document | None,
    documents: Sequence[Document],
    *,
    selected: frozenset[str] | None = None,
    unread: bool = False,
    name_of: Callable[[str], str] = str,
) -> tuple[Desired, list[Problem]]:
    """Put the files of a project together.

    `project` is reconciler.yaml. `selected` names the documents whose numbers are meant (None:
    all); groups and aliases are the whole project's either way. `unread` says that some file
    could not be read, so that a name defined nowhere may well be defined there. `name_of` makes
    of a path, as shown, the name by which a PIN in that file is referred to. The result is
    usable only if there are no problems.
    """
    built = partial(_built, project, selected=selected, unread=unread, name_of=name_of)
    if not any(document.folded for document in documents):
        return built(documents)
    with suppress(NotPlainError):
        desired, problems = built(documents)
        if not problems and not desired.warnings:
            return desired, problems
    # Something is wrong, or may be: everything is told by the way of any number.
    found: list[Problem] = []
    whole = [each for document in documents if (each := _unfolded(document, found)) is not None]
    desired, problems = built(whole)
    return desired, found + problems


def _built(
    project: Document | None,
    documents: Sequence[Document],
    *,
    selected: frozenset[str] | None,
    unread: bool,
    name_of: Callable[[str], str],
) -> tuple[Desired, list[Problem]]:
    """The same; of folded documents NotPlainError where it cannot be told by table."""
    state, problems = prepared(project, documents, unread=unread)
    state.reading.name_of = name_of
    _take_tables(state)
    for document in state.documents:
        problems += checked(state, document, is_project=document is project)
    for loop in state.groups.loops():
        path = ("groups", loop[0], "extends")
        problems.append(state.groups[loop[0]].document.problem(path, loop_text(loop)))
    for name in state.groups:
        check_extends(state, name)
    state.places = places_of(state, problems)
    _check_apart(state)
    numbers, elsewhere = _numbers(state, selected)
    for (source, text), of in state.broken.items():
        more = f" and {len(of) - 1:,} more" if len(of) > 1 else ""
        state.reading.problem(source, f"{text} (for {of[0]}{more})")
    settings = project.data if project and isinstance(project.data, dict) else {}
    account = mapping(settings, "account")
    desired = Desired(
        numbers=numbers,
        declared_elsewhere=elsewhere,
        limits=limits_of(settings),
        prices=prices_of(project),
        api_key_env=account.get("api_key_env") or "TELNYX_API_KEY",
        base_url=account.get("base_url") or "",
        secrets=state.reading.secrets,
        warnings=tuple(sorted(set(state.reading.warnings))),
        safety=safety_of(state, project),
        assigning=None if selected is not None else assigning_of(state, project),
        policies=policies_of(state, project),
    )
    return desired, problems


def prepared(
    project: Document | None, documents: Sequence[Document], *, unread: bool = False
) -> tuple[Building, list[Problem]]:
    """What putting files together begins with: their aliases and groups, and what is wrong with
    those. The places of numbers are not in it yet."""
    every = [*([project] if project else []), *documents]
    problems: list[Problem] = []
    aliases = collect_aliases(every, problems)
    groups = collect_groups(every, problems)
    reading = Reading(aliases, complete=not unread, problems=problems)
    state = Building(reading, groups, every, project)
    state.doubtful.update(groups.doubtful)
    return state, problems


def project_defaults(
    project: Document, documents: Sequence[Document]
) -> dict[Kind, dict[str, Any]]:
    """What the defaults of the project file give every number, by kind and path; a value may also
    be a Secret, a TagEdit or a Template. The project has to be right in itself."""
    state, _ = prepared(project, documents)
    return {
        kind: {path: entry[0] for path, entry in defaults_of(state, kind, 0).entries.items()}
        for kind in Kind
    }


def _unfolded(document: Document, problems: list[Problem]) -> Document | None:
    """The document with all that its file holds."""
    if document.folded is None:
        return document
    whole, found = document.folded.unfold()
    problems += found
    return whole and replace(whole, sheet=document.sheet)


def _take_tables(state: Building) -> None:
    """Take the numbers of folded documents by table, or unfold the document."""
    for owner, document in enumerate(state.documents):
        if document.folded is None:
            continue
        try:
            rows = rows_of(state, owner, document.folded.tables)
        except NotPlainError:
            whole = _unfolded(document, state.reading.problems)
            if whole is not None:
                state.documents[owner] = whole
        else:
            state.rows[owner] = rows


def _check_apart(state: Building) -> None:
    """NotPlainError where a number of a table stands elsewhere as well, or in a block."""
    names = list(chain.from_iterable(rows.names for rows in state.rows.values()))
    known = frozenset(names)
    if len(known) < len(names):
        raise NotPlainError
    blocks = [place for place in state.places.places if place.is_block]
    firsts = sorted(int(name) for name in names) if blocks else []
    for place in blocks:
        after = bisect_left(firsts, place.first)
        if after < len(firsts) and firsts[after] <= place.last:
            raise NotPlainError
    if any(place.name in known for place in state.places.places):
        raise NotPlainError


def places_of(state: Building, problems: list[Problem]) -> Places:
    """Where all numbers stand, those of sheets after those of the files that name them."""
    found: list[Place] = []
    for owner, document in enumerate(state.documents):
        found += places_in(document, owner, problems)
        if document.sheet is not None:
            from reconciler.core.sheets import document_of  # few projects have any

            sheet, wrong = document_of(document.sheet)
            problems += wrong
            problems += checked(state, sheet)
            found += places_in(sheet, owner, problems)
    return laid_out(found, problems, complete=state.reading.complete)


def _numbers(state: Building, selected: frozenset[str] | None) -> tuple[Declared, Set[str]]:
    for owner in range(len(state.documents)):
        for kind in Kind:
            defaults_of(state, kind, owner)
    if selected is None:
        return Declared(run for _, run in _runs(state)), frozenset()
    runs = list(_runs(state))
    numbers = Declared(run for owner, run in runs if state.documents[owner].path in selected)
    return numbers, Rest(Declared(run for _, run in runs), numbers)


def _runs(state: Building) -> Iterator[tuple[int, Run | Rows]]:
    """All runs in the order of files and lines, each with the file that it belongs to."""
    places = state.places.places
    at = 0
    for owner, document in enumerate(state.documents):
        rows = state.rows.get(owner)
        done = 0
        while at < len(places) and places[at].owner == owner:
            in_file = places[at].document is document  # what a sheet says comes after the file
            line = places[at].source.line if in_file else _AFTER_ALL
            above = bisect_left(rows.lines, line) if rows else 0
            if rows and above > done:
                yield owner, rows.part(done, above)
                done = above
            for run in _runs_at(state, at):
                yield owner, run
            at += 1
        if rows and done < len(rows.lines):
            yield owner, rows.part(done) if done else rows


_AFTER_ALL = sys.maxsize


def _runs_at(state: Building, at: int) -> Iterator[Run]:
    """The runs of one place."""
    place = state.places.places[at]
    entry = place.entry
    if isinstance(entry, dict) and "release" in entry and is_right(state, place):
        yield Run(place.first, 1, place.kind, NO_SETTINGS, place.source, release=True)
        return
    settled = settled_at(state, at)
    block = state.places.block_of.get(at)
    start = place if block is None else state.places.places[block]
    for first, size in segments(place, state.places.taken.get(at, ())):
        run = Run(
            first,
            size,
            place.kind,
            settled.settings,
            place.source,
            protect=marked(settled.layer, PROTECT),
            when_owned=marked(settled.layer, WHEN_OWNED),
            offset=first - start.first if start.is_block else -1,
            templated=settled.templated,
        )
        if settled.templated:
            check_filled(run, state.reading, state.broken)
        yield run
