"""YAML that is bent in every way: each document is taken, or refused in lines that name its places.

Half of them are real files of this project with bytes, lines and values changed; the other half
are made from a grammar of what a file may hold, with what nobody may write among it.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.desired import build
from reconciler.core.fields import Kind
from reconciler.errors import Problem
from reconciler.files import read_document
from tests.files.test_regular_files_are_read_quickly import agree

ROOT = Path(__file__).parent.parent.parent
_SECONDS = 5.0
_LONGEST_LINE = 1000
_NAME = "numbers.yaml"

_TOKENS = (
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!python/object:x ",
        "!x ",
        "? ",
        "- ",
        ": ",
        "| ",
        "> ",
        "%TAG ! x\n",
    ),
    *("---\n", "...\n", "\t", "#", "'", '"', "{", "}", "[", "]", ",", "\\", "\\u0000", "\\ud800"),
    *(
        "0123",
        "1_000",
        "1:30",
        "0x1F",
        "no",
        "on",
        "~",
        "null",
        "2026-07-01",
        ".nan",
        ".inf",
        "1e999",
    ),
    *(
        "=",
        "@",
        "`",
        "{number",
        "{{",
        "}}",
        "{last4}",
        "{index}",
        "\u202e",
        "\u200b",
        "\x1b",
        "\x00",
    ),
    *(
        "\ufeff",
        "\u2028",
        "\u0660",
        "\ud7ff",
        "😀",
        "<<<<<<< x\n",
        "=======\n",
        "9" * 5000,
        "[" * 60,
    ),
    *(
        "+13125550001",
        '"+13125550001..+13125550009"',
        "numbers:",
        "groups:",
        "version: 1\n",
        "\r",
        "\r\n",
    ),
)
_KEYS = (
    *(
        "numbers",
        "mobile_numbers",
        "groups",
        "aliases",
        "defaults",
        "version",
        "extends",
        "release",
    ),
    *(
        "unmanage",
        "overrides",
        "protect",
        "when_owned",
        "numbers_from",
        "policies",
        "assign",
        "safety",
    ),
    *(
        "select",
        "ignore",
        "limits",
        "account",
        "files",
        "prices",
        "add",
        "remove",
        "env",
        "file",
        "id",
    ),
    *("x", "", "+13125550001", "+1 312 555 0002", "+13125550001..+13125550050", "voice", "tags"),
)
_FAIR = (
    *("true", "false", "null", "~", "''", '""', "0", "-1", "1.5", "trunk", "'5'", "always", "both"),
    *('"5"', '"+13125550001"', "flag_calls", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "[a, b]"),
    *("'{number}'", "{add: [a]}", "{add: [a], remove: [b]}", "{env: PIN}", "{id: any}", "disabled"),
)
_FOUL = (
    *("0123", "1_000", "1:30", "no", "on", "2026-07-01", ".nan", "+13125550001", "*a", "&a x"),
    *('"\\ud800"', '"\\0"', '"\\u202e"', "!!int 5", "!x y", '"{nope}"', '"{"', "9" * 400),
    *("'" + "a" * 2000 + "'", "[[]]", "{x: {}}", "? x"),
)


def run(count: int, seed: int) -> str:
    """Read `count` documents; what became of them. AssertionError where one is refused without a
    place, or in more than a line, or takes long; any other error is one that should not be."""
    random_ = random.Random(seed)
    found: Counter[str] = Counter()
    longest = 0.0
    for turn in range(count):
        raw = _bent(random_) if turn % 2 else _made(random_)
        is_project = random_.randrange(6) == 0
        started = time.monotonic()
        found[_outcome(raw, is_project=is_project)] += 1
        found["read the quick way, as the slow way reads them"] += _agree(raw)
        longest = max(longest, time.monotonic() - started)
        assert longest < _SECONDS, raw
    outcomes = ", ".join(f"{number:,} {what}" for what, number in sorted(found.items()))
    return f"{outcomes}; the slowest took {longest:.2f} s"


def _outcome(raw: bytes, *, is_project: bool) -> str:
    document, problems = read_document(_NAME, raw)
    whole = not problems
    if document is not None:
        documents = () if is_project else (document,)
        desired, more = build(
            document if is_project else None, documents, selected=None, unread=False
        )
        assert desired.numbers is not None
        problems = [*problems, *more]
    elif not problems:
        raise AssertionError("neither a document nor a problem")
    for problem in problems:
        _assert_a_line(problem, raw)
    if not problems:
        return "taken"
    return "refused for what they mean" if whole else "refused as text"


def _agree(raw: bytes) -> bool:
    """Whether there is a quick way through the document; then both ways had to say the same."""
    try:
        return agree(raw.decode())
    except UnicodeDecodeError:
        return False


def _assert_a_line(problem: Problem, raw: bytes) -> None:
    text = str(problem)
    assert problem.path == _NAME, text
    assert (problem.line > 0) == (problem.column > 0), text
    assert problem.line <= raw.count(b"\n") + raw.count(b"\r") + 1, text
    assert problem.line or problem.message.startswith(("larger", "more than")), text
    assert text.isprintable(), ascii(text)
    assert len(text) < _LONGEST_LINE, text


# ---- real files, bent ---------------------------------------------------------------------------


@cache
def _real() -> tuple[bytes, ...]:
    places = [*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("tests/cases/*/desired.yaml")]
    return tuple(each.read_bytes() for each in sorted(places))


def _bent(random_: random.Random) -> bytes:
    data = bytearray(random_.choice(_real()))
    for _ in range(random_.choice((1, 1, 1, 2, 3, 10))):
        random_.choice(_BENDS)(random_, data)
    return bytes(data)


def _at(random_: random.Random, data: bytearray) -> int:
    return random_.randrange(len(data) + 1)


def _flip(random_: random.Random, data: bytearray) -> None:
    if data:
        data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)


def _insert(random_: random.Random, data: bytearray) -> None:
    place = _at(random_, data)
    data[place:place] = random_.choice(_TOKENS).encode("utf-8", "surrogatepass")


def _cut(random_: random.Random, data: bytearray) -> None:
    place = _at(random_, data)
    del data[place : place + random_.choice((1, 2, 5, 40, 400))]


def _splice(random_: random.Random, data: bytearray) -> None:
    other = random_.choice(_real())
    begin = random_.randrange(len(other) + 1)
    place = _at(random_, data)
    data[place:place] = other[begin : begin + random_.choice((10, 100, 1000))]


def _noise(random_: random.Random, data: bytearray) -> None:
    place = _at(random_, data)
    data[place:place] = random_.randbytes(random_.randrange(1, 6))


def _lines(random_: random.Random, data: bytearray) -> None:
    lines = bytes(data).splitlines(keepends=True)
    if not lines:
        return
    one, other = random_.randrange(len(lines)), random_.randrange(len(lines))
    match random_.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            blanks = b" " * random_.randrange(5)
            lines[one] = blanks + lines[one].lstrip()
    data[:] = b"".join(lines)


def _value(random_: random.Random, data: bytearray) -> None:
    """Another value behind a colon."""
    colons = [place for place, byte in enumerate(data) if byte == ord(":")]
    if colons:
        place = random_.choice(colons) + 1
        end = data.find(b"\n", place)
        data[place : end if end >= 0 else len(data)] = f" {_scalar(random_)}".encode()


def _recode(random_: random.Random, data: bytearray) -> None:
    how = random_.choice(("utf-16", "utf-8-sig", "latin-1", "crlf"))
    if how == "crlf":
        data[:] = data.replace(b"\n", b"\r\n")
    else:
        data[:] = data.decode(errors="replace").encode(how, errors="replace")


_BENDS: Sequence[Callable[[random.Random, bytearray], None]] = (
    *(
        _flip,
        _insert,
        _insert,
        _cut,
        _splice,
        _noise,
        _lines,
        _lines,
        _value,
        _value,
        _value,
        _recode,
    ),
)


# ---- made from a grammar ------------------------------------------------------------------------

_LEAVES = tuple(dict.fromkeys((*BY_PATH[Kind.NUMBER], *BY_PATH[Kind.MOBILE])))


def _made(random_: random.Random) -> bytes:
    lines = ["version: 1"] * (random_.random() < 0.8)
    for key in random_.choices(_KEYS, k=random_.randrange(1, 5)):
        lines.append(f"{_key(random_, key)}: {_anything(random_, key, 0)}")
    return "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _scalar(random_: random.Random) -> str:
    return random_.choice(_FOUL if random_.randrange(12) == 0 else _FAIR)


def _key(random_: random.Random, key: str) -> str:
    quoted = f'"{key}"' if key.startswith("+") or not key else key
    return key if random_.randrange(40) == 0 else quoted


def _anything(random_: random.Random, key: str, depth: int) -> str:
    if depth > 6 or random_.random() < 0.1:
        return _scalar(random_)
    if key in {"numbers", "mobile_numbers"}:
        return _mapping(random_, depth, lambda: random_.choice(_KEYS[-4:-2]), "settings")
    if key in {"groups", "extends", "tags", "add", "remove", "unmanage"} and random_.random() < 0.5:
        items = [_anything(random_, "", depth + 1) for _ in range(random_.randrange(4))]
        return f"[{', '.join(items)}]"
    if key in {"settings", "defaults", "groups", "x"} or random_.random() < 0.3:
        return _settings(random_, depth)
    return _mapping(random_, depth, lambda: random_.choice(_KEYS), "")


def _settings(random_: random.Random, depth: int) -> str:
    """Fields at their right places, mostly."""
    tree: dict[str, Any] = {}
    for path in random_.choices(_LEAVES, k=random_.randrange(1, 5)):
        *above, leaf = path.split(".")
        place = tree
        for step in above:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                break
        else:
            place[leaf] = _scalar(random_)
    if random_.random() < 0.3:
        tree[random_.choice(_KEYS)] = _anything(random_, "", depth + 1)
    return _flow(tree)


def _mapping(random_: random.Random, depth: int, key: Callable[[], str], of: str) -> str:
    pairs = [(key(), of) for _ in range(random_.randrange(4))]
    inner = (
        f"{_key(random_, name)}: {_anything(random_, what or name, depth + 1)}"
        for name, what in pairs
    )
    anchor = "&a " if random_.randrange(15) == 0 else ""
    return f"{anchor}{{{', '.join(inner)}}}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key or '~'}: {_flow(each)}" for key, each in value.items()) + "}"
    return str(value)
