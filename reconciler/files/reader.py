"""One YAML file, read strictly: what it holds, and everything that is wrong with it.

The parser is libyaml's where it is built in, at the level of events: its composer recurses, and
would let a file overflow the stack.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import yaml

from reconciler.core.documents import TOP, Document, Foldable, Folded, Mark
from reconciler.errors import Problem
from reconciler.files import folding, syntax
from reconciler.files.build import MAX_EVENTS, MAX_PROBLEMS, Builder, StopReading
from reconciler.files.regular import read_regular
from reconciler.files.store import MAX_BYTES
from reconciler.files.text import conflicts, decode, foreign_encoding, place, shown

_MAX_MENDED = 10  # each mended escape reads the file again

_HEADER = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n|%[^\n]*\n)*+(?:%[^\n]*)?")
_OTHER_DIRECTIVE = re.compile(r"^(?!%YAML[ \t]+1\.[12][ \t\r]*(?:#|$))(%[^ \t\r\n]*)", re.MULTILINE)


class _PurePythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """The same events where PyYAML was built without libyaml, about ten times slower."""

    def __init__(self, stream: str) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _parser(text: str) -> Any:
    if yaml.__with_libyaml__:
        return yaml.CSafeLoader(text)
    return _PurePythonParser(text)


def events_of(text: str) -> Iterator[Any]:
    """The events of a text that `read_document` has accepted."""
    next_event = _parser(text).get_event
    while (event := next_event()) is not None and event.__class__ is not yaml.StreamEndEvent:
        yield event


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
        document, wrong = read_by_events(path, text, {problem.line for problem in problems})
    return document, _bounded(path, sorted(problems + directives + wrong))


def _bounded(path: str, problems: list[Problem]) -> list[Problem]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    more = Problem(path, 0, 0, f"more than {MAX_PROBLEMS} problems in this file: mend these first")
    return [more, *problems[:MAX_PROBLEMS]]


def read_by_events(
    path: str, text: str, damaged: Set[int] = frozenset()
) -> tuple[Document | None, list[Problem]]:
    """Reads what may be anything, by the events of the parser.

    After an escape that stands for nothing it reads again, with one that does. A syntax error on
    a line whose characters were refused (`damaged`) says nothing new.
    """
    mended: list[Problem] = []
    while True:
        builder = Builder(path, text)
        try:
            document = _build(path, text, builder)
        except yaml.MarkedYAMLError as error:
            fault = syntax.fault(error, text)
        except (yaml.YAMLError, ValueError, OverflowError):  # of the pure parser's conversions
            fault = syntax.SyntaxFault(TOP, "this is not YAML")
        else:
            return document, mended + builder.problems
        problem = Problem(path, fault.mark.line, fault.mark.column, fault.message)
        if not fault.mended or len(mended) == _MAX_MENDED:
            noise = fault.mark.line in damaged
            return None, mended + builder.problems + [problem] * (not noise)
        mended.append(problem)
        text = fault.mended


def _build(path: str, text: str, builder: Builder) -> Document | None:
    """Runs the events of `text` through `builder`."""
    parser = _parser(text)
    next_event = parser.get_event
    handlers = builder.handlers
    try:
        for _ in range(MAX_EVENTS):
            event = next_event()
            if event.__class__ is yaml.StreamEndEvent:
                break
            handlers[event.__class__](event)
        else:
            mark = event.start_mark
            message = "too many entries for one file: split it into several files"
            builder.problem(Mark(mark.line + 1, mark.column + 1), message)
            return None
    except StopReading as stop:
        if not stop.usable:
            return None
    try:
        data, start = builder.document()
    except StopReading:
        return None
    return Document(path, data, builder.marks, start)


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
