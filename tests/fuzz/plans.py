"""Plan files that are bent in every way: each is refused in one line, or is still a whole plan.

A file is bent as bytes (its digest is wrong then, mostly) or as data, with a digest that belongs
to it; then what is left is the shape and the checks. A file that is taken must stand for the very
document that is in it, and show itself in every format.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Channel, Kind
from reconciler.core.planfile import digest, plan_document
from reconciler.errors import UsageError
from reconciler.report.jsonreport import plan_json
from reconciler.report.text import plan_text
from reconciler.workflow.planfiles import plan_in
from tests.fuzz.bending import bend, bent_bytes
from tests.saved.support import at, places
from tests.saved.test_forged_plans import bundle, release, settings


def run(count: int, seed: int) -> str:
    """Read `count` bent files; what became of them. AssertionError where one was taken as another,
    any other error where reading failed in another way than with a message."""
    random_ = random.Random(seed)
    originals = [settings(), release(), bundle()]
    found: Counter[str] = Counter()
    for turn in range(count):
        original = random_.choice(originals)
        bent = _bent_data if turn % 3 else _bent_bytes
        found[_outcome(bent(random_, original))] += 1
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


# ---- bent ---------------------------------------------------------------------------------------


def _bent_bytes(random_: random.Random, original: Any) -> bytes:
    return bent_bytes(random_, json.dumps(original, ensure_ascii=False).encode())


def _bent_data(random_: random.Random, original: Any) -> bytes:
    document = copy.deepcopy(original)
    bend(random_, document, keep=(("digest",),))
    if isinstance(document.get("digest"), str):
        document["digest"] = digest(document)
    return json.dumps(document).encode()


def flip_every_bit() -> int:
    """Read a small plan with each of its bits turned, one at a time; how many those were.
    AssertionError where one is not refused."""
    whole = json.dumps(release(), ensure_ascii=False).encode()
    for place in range(len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            assert _outcome(bytes(data)).startswith("refused"), (place, bit)
    return len(whole) * 8
