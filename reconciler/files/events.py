"""YAML of any form, by the events of a parser: it alone reports what is wrong with a text.

The parser is libyaml's where it is built in, at the level of events: its composer recurses, and
would let a file overflow the stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

import yaml

from reconciler.core.documents import TOP, Document, Mark
from reconciler.errors import Problem
from reconciler.files import syntax
from reconciler.files.build import Builder, StopReading
from reconciler.files.lines import MAX_EVENTS

_MAX_MENDED = 10  # each mended escape reads the file again


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
