"""Plan files that are bent in every way: each is refused in one line, or is still a whole plan.

A file is bent as bytes (its digest is wrong then, mostly) or as data, with a digest that belongs
to it; then what is left is the shape and the checks. A file that is taken must stand for the very
document that is in it, and show itself in every format.
"""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Channel, Kind
from reconciler.core.planfile import digest, plan_document
from reconciler.errors import UsageError
from reconciler.report.jsonreport import plan_json
from reconciler.report.text import plan_text
from reconciler.workflow.saved import plan_in
from tests.saved.support import at, places
from tests.saved.test_forged_plans import bundle, release, settings

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


def run(count: int, seed: int) -> str:
    """Read `count` bent files; what became of them. AssertionError where one was taken as another,
    any other error where reading failed in another way than with a message."""
    random_ = random.Random(seed)
    originals = [settings(), release(), bundle()]
    found: Counter[str] = Counter()
    for turn in range(count):
        original = random_.choice(originals)
        bend = _bent_data if turn % 3 else _bent_bytes
        found[_outcome(bend(random_, original))] += 1
    return ", ".join(f"{number:,} {what}" for what, number in sorted(found.items()))


def _outcome(data: bytes) -> str:
    try:
        plan = plan_in(data, "plan.json")
    except UsageError as error:
        text = str(error)
        assert text.startswith("plan.json: "), text
        assert len(text.splitlines()) == 1, text
        assert len(text) < 600, text
        assert text.isprintable(), text
        return (
            "refused by their digest" if "digest does not match" in text else "refused as no plan"
        )
    taken = json.loads(data)
    again = plan_document(plan) | {"tool_version": taken["tool_version"], "digest": taken["digest"]}
    assert again == taken
    _assert_it_does_what_it_shows(taken)
    assert all(line.isprintable() for line in plan_text(plan, reads=0).splitlines())
    assert plan_json(plan)
    return "taken, as the plans that they are"


def _assert_it_does_what_it_shows(document: Any) -> None:
    """Told from the bodies alone: every value that is sent is shown, or is one that stands."""
    changes = {change["phone_number"]: change for change in document["changes"]}
    done: Counter[tuple[str, str]] = Counter()
    for operation in document["operations"]:
        for number in operation["numbers"]:
            change = changes[number]
            if change["action"] == "release":
                assert operation["call"] in {"delete_job", "delete_number"}
                done[number, ""] += 1
                continue
            after = {field["path"]: field["after"] for field in change["fields"]}
            for path, value in _sent(operation, Kind(change["kind"])):
                if path in after and value in (after[path], after[path] or ""):
                    done[number, path] += 1
                elif path in after:
                    assert (operation["call"], value) == ("bundle", None)
                else:
                    assert value in (operation["guards"][path], operation["guards"][path] or "")
    shown = {
        (number, path)
        for number, change in changes.items()
        for path in [field["path"] for field in change["fields"]] or [""]
    }
    assert done == dict.fromkeys(shown, 1)


def _sent(operation: Any, kind: Kind) -> Iterator[tuple[str, Any]]:
    """The paths and values in a body; a key that belongs to no field is an error."""
    ways = {
        write.at: row.path
        for row in BY_PATH[kind].values()
        if (write := row.write_by(Channel(operation["call"])))
    }
    for way in places(operation["body"]):
        value = at(operation["body"], way)
        if way in ways:
            yield ways[way], value
        elif way[:1] == ("assign_only",):
            assert value is True
        elif not any(way[: len(above)] == above for above in ways):
            assert isinstance(value, dict)


# ---- as bytes -----------------------------------------------------------------------------------


def _bent_bytes(random_: random.Random, original: Any) -> bytes:
    data = bytearray(json.dumps(original, ensure_ascii=False).encode())
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


# ---- as data ------------------------------------------------------------------------------------


def _bent_data(random_: random.Random, original: Any) -> bytes:
    document = copy.deepcopy(original)
    for _ in range(random_.choice((1, 1, 1, 2, 5))):
        ways = [way for way in places(document) if way and way != ("digest",)]
        way = random_.choice(ways)
        random_.choice(_BENDS)(random_, document, way)
    if random_.randrange(20) == 0:
        _nest(random_, document, random_.choice([way for way in places(document) if way]))
    if isinstance(document.get("digest"), str):
        document["digest"] = digest(document)
    return json.dumps(document).encode()


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
