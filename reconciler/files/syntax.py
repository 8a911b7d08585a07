"""A parser's complaint as one line that a person can act on."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from reconciler.core.documents import Mark
from reconciler.files.text import neutral, shown

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^uUx\s])")
_INDENT = "the indentation does not fit the lines above: line it up with its neighbours"
_AFTER_VALUE = "this cannot stand after the value before it: put all of it in one pair of quotes"
_UNFINISHED = 'the file ends too early: a "[" or "{" above is not closed, or a value is missing'
_TAB = "a tab cannot indent YAML: use spaces"
_NO_VALUE = 'a value cannot begin with "{}": put it in quotes'
_SECOND_COLON = (
    'this ":" begins a second key on one line: put the value in quotes, or mend the indentation'
)

# (what the parser says, what to say, whether to point at where the construct began). The texts
# are the same in libyaml and in the pure parser, but for the quotes in them.
_SAYINGS: tuple[tuple[str, str, bool], ...] = (
    ("mapping values are not allowed", _SECOND_COLON, False),
    (
        "could not find expected ':'",
        'this line has no ":", or the line above is not finished',
        True,
    ),
    ("expected key", _INDENT, False),
    ("'-' indicator", _INDENT, False),
    ("'block end'", _INDENT, False),
    ("sequence entries are not allowed", 'a list item ("- ") cannot begin here', False),
    ("unexpected end of stream", "the quote that opens here is never closed", True),
    ("unexpected document indicator", "the quote that opens here is never closed", True),
    ("expected ',' or ']'", 'the list that opens here lacks a "," or its "]"', True),
    (
        "expected ',' or '}'",
        'the mapping that opens here lacks a "," or its "}"',
        True,
    ),
    ("unknown escape", r'unknown escape after "\": write "\\" for a backslash', False),
    ("Unicode character escape", "the escape stands for no character", False),
    ("unexpected ':'", 'a blank is missing after this ":"', False),
    ("decimal num", r"an escape \x, \u or \U takes 2, 4 or 8 hexadecimal digits", False),
    ("undefined tag handle", "tags (a leading !) are not allowed: remove it, or use quotes", False),
    ("alphabetic or numeric", "* and & need a name: put a text that begins so in quotes", False),
    ("node content", "a value is missing here", False),
    ("chomping", "after | or > only +, - and a digit may stand", False),
    ("comment or line break", "after | or > only +, - and a digit may stand", False),
    ("document start", "nothing can stand here: the value above is complete", False),
    ("duplicate %YAML", "%YAML stands twice: remove one", False),
)


class SyntaxFault(NamedTuple):
    """What the parser stopped at; `text` is the file again with the fault mended, where it can
    be: then reading can go on and find what else is wrong."""

    mark: Mark
    message: str
    mended: str = ""


def fault(error: Any, text: str) -> SyntaxFault:
    """What `error`, a marked error of the parser, means for `text`."""
    at = error.problem_mark or error.context_mark
    if at is None:
        return SyntaxFault(Mark(1, 1), "this is not YAML")
    problem = str(error.problem or "")
    if "escape" in problem:
        escape = _escape(text, _offset(text, at))
        if escape is not None:
            return escape
    line = _line(text, at.line)
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" in indent and at.column <= len(indent):
        return SyntaxFault(Mark(at.line + 1, indent.index("\t") + 1), _TAB)
    place = _within(text, at)
    by_what_stands_there = _by_what_stands_there(problem, text, at, line)
    if by_what_stands_there:
        return SyntaxFault(place, by_what_stands_there)
    return _saying(error, problem, place)


def _by_what_stands_there(problem: str, text: str, at: Any, line: str) -> str:
    """What to say where the parser's text alone is too vague; "" where it is not."""
    rest = line[at.column :]
    if "cannot start any token" in problem:
        return _TAB if rest[:1] == "\t" else _NO_VALUE.format(shown(rest[:1]))
    if "document start" in problem and text.startswith("%"):
        return 'the "---" is missing that ends the lines that begin with "%"'
    no_content = "node content" in problem
    misplaced = no_content or "expected key" in problem or "block end" in problem
    if misplaced and rest.startswith(":"):
        return 'a key is missing before this ":"'
    if no_content and not rest.strip() and not text[_offset(text, at) :].strip():
        return _UNFINISHED
    return _AFTER_VALUE if misplaced and not no_content and line[: at.column].strip() else ""


def _saying(error: Any, problem: str, place: Mark) -> SyntaxFault:
    context = error.context_mark
    plain = problem.replace("<", "'").replace(">", "'")
    for parser_says, we_say, at_context in _SAYINGS:
        if parser_says in plain:
            if at_context and context is not None:
                place = Mark(context.line + 1, context.column + 1)
            return SyntaxFault(place, we_say)
    where = f" {error.context}" if error.context else ""
    return SyntaxFault(place, f"not valid YAML{where}: {neutral(problem)}")


def _escape(text: str, offset: int) -> SyntaxFault | None:
    """The escape at or just before `offset`, and the text with a valid one of the same width."""
    begin = text.rfind("\\", max(0, offset - 2), offset + 1)
    found = _ESCAPE.match(text, begin) if begin >= 0 else None
    if found is None:
        return None
    written = found.group()
    kind = written[1]
    stand_in = {"u": "\\ufffd", "U": "\\U0000fffd"}.get(kind, "\\/")
    if kind in "uU":
        message = f"{written} stands for no character: remove it"
    else:
        message = f'"{shown(written)}" is no escape: write "\\\\" for a backslash'
    line = text.count("\n", 0, begin) + 1
    mark = Mark(line, begin - text.rfind("\n", 0, begin))
    return SyntaxFault(mark, message, text[:begin] + stand_in + text[found.end() :])


def _within(text: str, at: Any) -> Mark:
    """The place of a mark. Of the end of a text whose last line is not ended, libyaml says that it
    is on the line after that."""
    last = text.count("\n")
    if at.line > last:
        return Mark(last + 1, len(_line(text, last)) + 1)
    return Mark(at.line + 1, at.column + 1)


def _offset(text: str, at: Any) -> int:
    begin = 0
    for _ in range(at.line):
        begin = text.find("\n", begin) + 1
    return begin + int(at.column)


def _line(text: str, number: int) -> str:
    begin = 0
    for _ in range(number):
        begin = text.find("\n", begin) + 1
    end = text.find("\n", begin)
    return text[begin:] if end < 0 else text[begin:end]
