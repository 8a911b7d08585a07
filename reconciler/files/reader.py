"""One YAML file, read strictly: what it holds, and everything that is wrong with it."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from reconciler.core.documents import Document, Foldable, Folded
from reconciler.errors import Problem
from reconciler.files import folding
from reconciler.files.lines import MAX_PROBLEMS
from reconciler.files.regular import read_regular
from reconciler.files.store import MAX_BYTES
from reconciler.files.text import conflicts, decode, foreign_encoding, place, shown

_HEADER = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n|%[^\n]*\n)*+(?:%[^\n]*)?")
_OTHER_DIRECTIVE = re.compile(r"^(?!%YAML[ \t]+1\.[12][ \t\r]*(?:#|$))(%[^ \t\r\n]*)", re.MULTILINE)


def read_document(
    path: str, raw: bytes, fold: Foldable | None = None
) -> tuple[Document | None, list[Problem]]:
    """The document in `raw`, and all problems found, in the order of their places.

    None instead of a document means that what the file holds cannot be known: not text, not
    YAML, a merge conflict, too big. Otherwise the document is whole, and where a value was
    refused its text stands in for it, so that later checks can find what else is wrong. With
    `fold` it may be folded.
    """
    if len(raw) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        return None, [Problem(path, 0, 0, f"larger than {limit} MiB: split it into several files")]
    encoding = foreign_encoding(raw)
    if encoding:
        return None, [Problem(path, 1, 1, f"the file is {encoding}: save it as UTF-8")]
    text, problems = decode(path, raw)
    if text is None:
        return None, problems
    marked = conflicts(path, text)
    if marked:
        return None, sorted(problems + marked)
    text, directives = _directives(path, text)
    with collector_paused():
        if fold and not problems and not directives and (found := folding.fold(path, text, fold)):
            rest, tables = found
            return replace(rest, folded=Folded(tables, partial(read_document, path, raw))), []
        if not problems and not directives and (document := read_regular(path, text)) is not None:
            return document, []
        # What is regular needs no parser, and it takes as long to load as a small project to read.
        from reconciler.files.events import read_by_events

        document, wrong = read_by_events(path, text, {problem.line for problem in problems})
    return document, _bounded(path, sorted(problems + directives + wrong))


def _bounded(path: str, problems: list[Problem]) -> list[Problem]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    more = Problem(path, 0, 0, f"more than {MAX_PROBLEMS} problems in this file: mend these first")
    return [more, *problems[:MAX_PROBLEMS]]


def _directives(path: str, text: str) -> tuple[str, list[Problem]]:
    """The text with every directive but `%YAML 1.1` and `1.2` made a comment, and said so.

    Before the parser sees them: it compares each `%TAG` with all before it.
    """
    header = _HEADER.match(text)
    refused = _OTHER_DIRECTIVE.search(text, 0, header.end()) if header else None
    if header is None or refused is None:
        return text, []
    name = refused.group(1)
    if name == "%YAML":
        message = "this YAML version is not supported: write %YAML 1.2, or leave it out"
    else:
        message = f"the directive {shown(name)} is not allowed: remove it"
    problem = Problem(path, *place(text, refused.start()), message)
    head = _OTHER_DIRECTIVE.sub(lambda found: "#" + found.group()[1:], text[: header.end()])
    return head + text[header.end() :], [problem]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing built here is garbage, and looking for it again and again takes half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
