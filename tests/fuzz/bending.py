"""Bending: bytes and JSON documents, changed at random in the ways that files and answers break."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable
from typing import Any

from tests.saved.support import at, places

_MANY = 60
_ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    1.0,
    1.5,
    2**53,
    2**64,
    10**40,
    1e300,
    "",
    "x",
    "+13125550001",
    "../../x",
    "op-0001",
    "release",
    "mobile",
    "env:HOME",
    "2026-07-01T12:00:00Z",
    "\x00\x1b[31m\u202e",
    "٣",
    "😀",
    "\ufeff",
    "a" * 5000,
    "9" * 5000,
    "x:" + "9" * 5000,
    [],
    [[]],
    [None],
    ["x", 1],
    {},
    {"": None},
    {"secret": "env:HOME"},
    {"secret": 7},
    {"secret": "env:HOME", "fingerprint": "0" * 64},
    {"unknown": True},
    {"unknown": False},
    {"filter": {"status": "active"}},
    {"bundle_id": []},
    {"bundle_id": None},
)
_TOKENS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"-"),
    *(b"null", b"true", b"1e999", b"NaN", b"\\u0000", b"\\ud800"),
    *(b"\xff", b"\xef\xbb\xbf", b"\x00", b"9" * 5000, b"[" * 3000),
)


def bent_bytes(random_: random.Random, original: bytes) -> bytes:
    """Bits, cuts and foreign pieces in bytes."""
    data = bytearray(original)
    for _ in range(random_.choice((1, 1, 1, 3, 20))):
        place = random_.randrange(len(data) or 1)
        match random_.randrange(6):
            case 0:
                data[place] ^= 1 << random_.randrange(8)
            case 1:
                del data[place:]
            case 2:
                del data[place : place + random_.randrange(1, _MANY)]
            case 3:
                data[place:place] = random_.choice(_TOKENS)
            case 4:
                data[place:place] = data[: random_.randrange(_MANY)]
            case _:
                data[place : place + 1] = random_.randbytes(random_.randrange(4))
        if not data:
            break
    return bytes(data)


def bend(random_: random.Random, document: Any, keep: tuple[tuple[Any, ...], ...] = ()) -> None:
    """Values, keys and shapes in a document, but for what is to be kept."""
    for _ in range(random_.choice((1, 1, 1, 2, 5))):
        ways = [way for way in places(document) if way and way not in keep]
        if ways:
            random_.choice(_BENDS)(random_, document, random_.choice(ways))
    if random_.randrange(20) == 0 and (ways := [way for way in places(document) if way]):
        _nest(random_, document, random_.choice(ways))


Way = tuple[Any, ...]


def _replace(random_: random.Random, document: Any, way: Way) -> None:
    at(document, way[:-1])[way[-1]] = copy.deepcopy(random_.choice(_ODD))


def _swap(random_: random.Random, document: Any, way: Way) -> None:
    """What stands somewhere else in it, or in another plan of the same kind."""
    other = random_.choice(list(places(document)))
    at(document, way[:-1])[way[-1]] = copy.deepcopy(at(document, other))


def _remove(random_: random.Random, document: Any, way: Way) -> None:
    del random_, at(document, way[:-1])[way[-1]]


def _add(random_: random.Random, document: Any, way: Way) -> None:
    value = copy.deepcopy(random_.choice(_ODD))
    match at(document, way):
        case dict() as mapping:
            mapping[random_.choice(("more", "", "filter", "phone_numbers", "refusals"))] = value
        case list() as items:
            items.insert(random_.randrange(len(items) + 1), value)


def _repeat(random_: random.Random, document: Any, way: Way) -> None:
    if isinstance(items := at(document, way), list) and items:
        items.insert(random_.randrange(len(items) + 1), copy.deepcopy(random_.choice(items)))


def _shuffle(random_: random.Random, document: Any, way: Way) -> None:
    if isinstance(items := at(document, way), list):
        random_.shuffle(items)


def _nest(random_: random.Random, document: Any, way: Way) -> None:
    value: Any = {}
    for _ in range(random_.choice((3, 50, 300, 800))):
        value = {"x": value} if random_.random() < 0.5 else [value]
    at(document, way[:-1])[way[-1]] = value


def _grow(random_: random.Random, document: Any, way: Way) -> None:
    value = at(document, way)
    times = random_.choice((2, 20))
    if isinstance(value, list) and value:
        at(document, way[:-1])[way[-1]] = list(itertools.chain(*([value] * times)))
    elif isinstance(value, str):
        at(document, way[:-1])[way[-1]] = value * times
    elif isinstance(value, int):
        at(document, way[:-1])[way[-1]] = value + times


_BENDS: tuple[Callable[[random.Random, Any, Way], None], ...] = (
    _replace,
    _replace,
    _swap,
    _remove,
    _add,
    _repeat,
    _shuffle,
    _grow,
)
