"""A file of YAML in its canonical form, for `fmt`: what it declares is not touched.

Keys that the schema knows come in its order, two spaces a level; texts stand without quotes where
every reader takes them for text, else in double quotes. What stands in brackets stays on one line
where 100 columns hold it and no comment is in it, else it gets a line an entry; what has a line an
entry keeps it. Blank lines stay, one at a time. Lines end in LF, and no byte order mark is kept.

A mapping with an anchor or an alias in it keeps its order: an anchor has to come first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from reconciler.core.keyorder import KeyOrder, file_order
from reconciler.errors import InputError, Problem
from reconciler.files.emit import WIDTH, text_of
from reconciler.files.plain import resolve
from reconciler.files.reader import read_document
from reconciler.files.remarks import BLANK, Attached, attach
from reconciler.files.source import (
    Alias,
    Comment,
    Container,
    Entry,
    Node,
    Scalar,
    SourceText,
    read_source,
)

_STEP = 2
_MODELINE = re.compile(r"#\s*yaml-language-server:")
_AS_IT_IS = re.compile(r"[|>]-?(?=\s)")
"""Block scalars whose lines can be kept: no digit says how they are indented, no + that blank
lines at their end count."""


def formatted(path: str, raw: bytes) -> bytes:
    """The file `raw` in its canonical form.

    InputError, with every place, where it is no YAML that the strict reader takes. What it
    declares may be wrong all the same: `validate` judges that.
    """
    document, problems = read_document(path, raw)
    if problems or document is None:
        raise InputError(problems)
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    source = read_source(text)
    result = _format(source)
    after, wrong = read_document(path, result.encode())
    kept = Counter(_remarks(source)) == Counter(_remarks(read_source(result)))
    if wrong or after is None or not kept or _dump(after.data) != _dump(document.data):
        reason = "cannot be brought into canonical form without a change of what it says: left"
        raise InputError([Problem(path, 0, 0, f"{reason} as it is; please report this")])
    return result.encode()


def _remarks(source: SourceText) -> Iterator[str]:
    return (comment.text for comment in source.comments)


def _dump(data: object) -> str:
    return json.dumps(data, sort_keys=True)


def _format(source: SourceText) -> str:
    head = _tidy(source.text[: source.body])
    if isinstance(source.root, Scalar) and source.root.text:
        return source.text  # it declares nothing, and may be on several lines
    if not isinstance(source.root, Container) or not source.root.entries:
        return "\n".join(_tidy(source.text)) + "\n" if source.text.strip() else ""
    # Nothing can come after the whole to name it, and it must not keep its keys from being sorted.
    source.root.anchor = ""
    lines = [*head, *_Layout(source, attach(source)).whole(source.root)]
    return "\n".join(lines) + "\n"


def _tidy(text: str) -> list[str]:
    """Lines without spaces at their ends, and no blank one after another or at either end."""
    lines: list[str] = []
    for line in map(str.rstrip, text.split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return lines if not lines or lines[-1] else lines[:-1]


class _Layout:
    """The lines of one file."""

    def __init__(self, source: SourceText, attached: Attached) -> None:
        self._text = source.text
        self._attached = attached
        self._refers = source.root is not None and _refers(source.root)

    def whole(self, root: Container) -> list[str]:
        """All lines: the head of the file first, its modeline before anything else."""
        above = self._attached.of(root.entries[0]).above
        modelines = [line for line in above if _MODELINE.match(line)]
        rest = [line for line in above if line not in modelines]
        rest = [line for at, line in enumerate(rest) if line or not at or rest[at - 1]]
        rest = rest if modelines else _without_blank(rest)
        cut = len(rest) - rest[::-1].index(BLANK) if BLANK in rest else 0
        self._attached.of(root.entries[0]).above = rest[cut:]
        return [*modelines, *rest[:cut], *self._container(root, 0, file_order())]

    def _container(self, container: Container, indent: int, order: KeyOrder) -> list[str]:
        lines: list[str] = []
        for entry in self._in_order(container, order):
            if container.is_list:
                found = self._item(entry, indent, order.below(None))
            else:
                found = self._pair(entry, indent, order.below(entry.name))
            lines += found if lines else _without_blank(found)
        foot = self._attached.feet.get(id(container), [])
        return [*lines, *_indented(foot, indent)]

    def _in_order(self, container: Container, order: KeyOrder) -> list[Entry]:
        if container.is_list or (self._refers and _refers(container)):
            return container.entries
        ranks = order.ranks
        return sorted(container.entries, key=lambda entry: ranks.get(entry.name, len(ranks)))

    def _pair(self, entry: Entry, indent: int, order: KeyOrder) -> list[str]:
        remarks = self._attached.of(entry)
        space = " " if isinstance(entry.key, Alias) else ""
        head = f"{' ' * indent}{self._key(entry)}{space}:"
        lines = [head]
        if not self._is_spread(entry.value, head, order):
            lines = self._on_the_line(head, entry.value, indent, order)
        elif isinstance(entry.value, Container):
            lines = [head + (f" &{entry.value.anchor}" if entry.value.anchor else "")]
        was_spread = not (isinstance(entry.value, Container) and entry.value.flow)
        above = [each.text for each in remarks.beside[1:]]
        lines[0] = _with_remark(lines[0], remarks.beside, keep_column=was_spread or len(lines) == 1)
        if isinstance(entry.value, Container) and self._is_spread(entry.value, head, order):
            lines += self._container(entry.value, indent + _STEP, order)
        lines += _below(remarks.below, indent, entry.value)
        return [*_indented([*remarks.above, *above], indent), *lines]

    def _item(self, entry: Entry, indent: int, order: KeyOrder) -> list[str]:
        remarks = self._attached.of(entry)
        head, value = f"{' ' * indent}-", entry.value
        above, below = list(remarks.above), _below(remarks.below, indent, value)
        if not isinstance(value, Container) or not self._is_spread(value, head, order):
            lines = self._on_the_line(head, value, indent, order)
            above += [each.text for each in remarks.beside[1:]]
            lines[0] = _with_remark(lines[0], remarks.beside, keep_column=True)
            return [*_indented(above, indent), *lines, *below]
        above += [each.text for each in remarks.beside]
        lines = self._container(value, indent + _STEP, order)
        if value.anchor:
            lines = [f"{head} &{value.anchor}", *lines]
        else:
            # What stands above the first key of the item goes above its dash.
            first = next(at for at, line in enumerate(lines) if line and line.lstrip()[0] != "#")
            above += [line.strip() for line in lines[:first]]
            lines = [f"{head} {lines[first][indent + _STEP :]}", *lines[first + 1 :]]
        return [*_indented(above, indent), *lines, *below]

    def _is_spread(self, value: Node, head: str, order: KeyOrder) -> bool:
        """Whether a value gets a line an entry."""
        if not isinstance(value, Container) or not value.entries:
            return False
        if not value.flow or id(value) in self._attached.commented:
            return True
        return len(f"{head} {self._flow(value, order)}") > WIDTH

    def _on_the_line(self, head: str, value: Node, indent: int, order: KeyOrder) -> list[str]:
        if isinstance(value, Scalar) and value.style in {"|", ">"}:
            kept = self._as_it_is(value, indent)
            if kept:
                anchor = f"&{value.anchor} " if value.anchor else ""
                return [f"{head} {anchor}{kept[0]}", *kept[1:]]
        return [f"{head} {self._flow(value, order, block=True)}".rstrip()]

    def _as_it_is(self, value: Scalar, indent: int) -> list[str]:
        """A text on several lines as it stands, moved to its place; nothing where it would not be
        the same text there, as with blanks at its end that count."""
        begin = self._text.index(value.style, value.start)
        header = _AS_IT_IS.match(self._text, begin)
        _, *lines = self._text[begin : value.end].split("\n")
        first = next((line for line in lines if line.strip()), "")
        if header is None or not first:
            return []
        cut = len(first) - len(first.lstrip(" "))
        moved = [header.group(), *_indented([line[cut:] for line in lines], indent + _STEP)]
        again = read_source("\n".join([f"{' ' * indent}a: {moved[0]}", *moved[1:], ""])).root
        text = again.entries[0].value if isinstance(again, Container) else None
        return moved if isinstance(text, Scalar) and text.text == value.text else []

    def _flow(self, node: Node, order: KeyOrder, *, block: bool = False) -> str:
        """A value on one line; in a block, where nothing stands it may stay so."""
        if isinstance(node, Alias):
            return f"*{node.name}"
        anchor = f"&{node.anchor} " if node.anchor else ""
        if isinstance(node, Scalar):
            return anchor + _scalar(node, block=block)
        if not isinstance(node, Container):
            raise TypeError(type(node).__name__)
        if node.is_list:
            items = (self._flow(each.value, order.below(None)) for each in node.entries)
            return f"{anchor}[{', '.join(items)}]"
        pairs = (
            f"{self._key(each)}{' ' * isinstance(each.key, Alias)}: "
            f"{self._flow(each.value, order.below(each.name))}"
            for each in self._in_order(node, order)
        )
        return f"{anchor}{{{', '.join(pairs)}}}"

    def _key(self, entry: Entry) -> str:
        key = entry.key
        if isinstance(key, Alias):
            return f"*{key.name}"
        if not isinstance(key, Scalar):
            raise TypeError(type(key).__name__)  # the strict reader refuses such keys
        merges = key.text == "<<" and not key.style
        return (f"&{key.anchor} " if key.anchor else "") + (
            key.text if merges else text_of(key.text)
        )


def _scalar(node: Scalar, *, block: bool) -> str:
    if node.style:
        return text_of(node.text)
    value, _ = resolve(node.text)
    if isinstance(value, str):
        return text_of(node.text)
    if value is None:
        return "" if block and not node.text else "null"
    return node.text


def _refers(node: Node) -> bool:
    """Whether an anchor or an alias is in `node`."""
    if isinstance(node, Alias) or node.anchor:
        return True
    entries = node.entries if isinstance(node, Container) else ()
    return any(_refers(each.value) or (each.key and _refers(each.key)) for each in entries)


def _indented(lines: list[str], indent: int) -> list[str]:
    return [f"{' ' * indent}{line}" if line else line for line in lines]


def _below(lines: list[str], indent: int, value: Node) -> list[str]:
    """Remarks below a value; of a text on several lines they would be a part there."""
    in_text = isinstance(value, Scalar) and value.style in {"|", ">"}
    return _indented(lines, indent if in_text else indent + _STEP)


def _without_blank(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines


def _with_remark(line: str, beside: list[Comment], *, keep_column: bool) -> str:
    """`line` and the first comment beside it, in the column that it stood in where there is room:
    people line their remarks up."""
    if not beside:
        return line
    column = beside[0].column if keep_column else 0
    return f"{line.ljust(max(column, len(line) + _STEP))}{beside[0].text}"
