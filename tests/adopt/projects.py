"""Made-up projects: any styles, remarks and layers, in text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.files.emit import text_of
from tests.export.fleets import live_values

TRUNK, OTHER = "1521916448077776306", "1521916448077776307"
ALIASES = {"connection_id": {"trunk": TRUNK, "no": OTHER}, "billing_group_id": {"a b": "777"}}
NUMBERS = [f"+1312555000{at}" for at in range(5)]
IN_BLOCK = [f"+1312555010{at}" for at in range(6)]
BLOCK = "+13125550100..+13125550105"

FORWARDED = {"call_forwarding_enabled": True, "forwards_to": "+13035559123"}
NAMED = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
TAGS: list[Any] = [
    [], ["x"], ["x", "y"], ["desk-{last4}", "x"], ["no", "{{z}}"],
    {"add": ["x"]}, {"add": ["y"], "remove": ["x"]}, {"remove": ["y"]},
]  # fmt: skip
TEXTS = ["desk", "desk-{last4}", "it's", "a: b", "two\nlines", None]

SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "tags": st.sampled_from(TAGS),
    "connection_id": st.sampled_from([None, "trunk", OTHER, {"id": "odd id"}]),
    "billing_group_id": st.sampled_from([None, "a b", "888"]),
    "customer_reference": st.sampled_from(TEXTS),
    "hd_voice_enabled": st.booleans(),
    "external_pin": st.just({"env": "A_PIN"}),
    "voice.inbound_call_screening": st.sampled_from(["disabled", "flag_calls"]),
    "voice.tech_prefix_enabled": st.booleans(),
    "voice.call_forwarding": st.sampled_from(
        [{"call_forwarding_enabled": False}, FORWARDED, {**FORWARDED, "forwarding_type": "always"}]
    ),
    "voice.cnam_listing": st.sampled_from([{"cnam_listing_enabled": False}, NAMED]),
    "emergency": st.sampled_from(
        [
            {"emergency_enabled": False},
            {"emergency_enabled": True, "emergency_address_id": "53829"},
        ]
    ),
}


@st.composite
def settings(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """A few settings, in any order."""
    found: dict[str, Any] = {}
    for path in draw(st.lists(st.sampled_from(sorted(SETTINGS)), max_size=most, unique=True)):
        *parents, leaf = path.split(".")
        level = found
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = draw(SETTINGS[path])
    return found


@st.composite
def data(draw: st.DrawFn) -> dict[str, Any]:
    """What one file holds."""
    names = st.lists(st.sampled_from(["g", "h"]), max_size=2, unique=True)
    found: dict[str, Any] = {"version": 1, "aliases": ALIASES}
    found["groups"] = {"g": draw(settings()), "h": draw(settings())}
    if draw(st.booleans()):
        found["groups"]["h"]["extends"] = ["g"]
    if draw(st.booleans()):
        found["defaults"] = draw(settings(1))
    numbers: dict[str, Any] = {}
    for name in [*NUMBERS, BLOCK, *IN_BLOCK[2:4]]:
        entry = draw(settings(2))
        if groups := draw(names):
            entry["groups"] = groups
        if name in IN_BLOCK:
            if draw(st.booleans()):
                continue
            entry["overrides"] = True
        if draw(st.integers(0, 9)) == 9:
            entry["unmanage"] = ["voice"]
        numbers[name] = entry or draw(st.sampled_from([None, {}]))
    found["numbers"] = numbers
    return found


class Hand:
    """Writes data as somebody might: brackets or lines, any quotes, remarks here and there."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._remarks = 0
        self._anchors = 0
        self._names: dict[str, str] = {}
        self._step = draw(st.sampled_from([2, 4]))

    def text(self, found: dict[str, Any]) -> str:
        """The file."""
        return "\n".join(self._mapping(found, 0)) + self._draw(st.sampled_from(["\n", "\n", ""]))

    def _often(self, of_ten: int) -> bool:
        return self._draw(st.integers(0, 9)) < of_ten

    def _remark(self) -> str:
        self._remarks += 1
        return f"# remark {self._remarks}"

    def _mapping(self, found: dict[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        for key, value in found.items():
            if self._often(1):
                lines.append(f"{' ' * indent}{self._remark()}")
            head = f"{' ' * indent}{self._key(key)}:"
            beside = f"  {self._remark()}" if self._often(2) else ""
            flow = self._often(5) and indent > 0
            if isinstance(value, dict) and value and not flow:
                lines += [head + beside, *self._mapping(value, indent + self._step)]
            elif isinstance(value, list) and value and not flow:
                lines.append(head + beside)
                for item in value:
                    note = f" {self._remark()}" if self._often(2) else ""
                    lines.append(f"{' ' * (indent + self._step)}- {self._flow(item)}{note}")
            elif value is None and self._often(5):
                lines.append(head + beside)
            else:
                lines.append(f"{head} {self._flow(value)}{beside}")
        return lines

    def _brackets(self, value: dict[str, Any]) -> str:
        """A mapping on one line; now and then one that an alias names where it comes again."""
        known = json.dumps(value)
        if known in self._names and self._often(7):
            return f"*{self._names[known]}"
        pairs = [f"{self._key(key)}: {self._flow(each)}" for key, each in value.items()]
        anchor = ""
        if value and self._often(2):
            self._anchors += 1
            self._names[known] = f"n{self._anchors}"
            anchor = f"&{self._names[known]} "
        return f"{anchor}{{{', '.join(pairs)}}}"

    def _key(self, key: str) -> str:
        quoted = key.startswith("+") or key in {"no", "a b"} or self._often(1)
        return json.dumps(key) if quoted else key

    def _flow(self, value: Any) -> str:
        if isinstance(value, dict):
            return self._brackets(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self._flow, value))}]"
        if not isinstance(value, str):
            return json.dumps(value)
        if text_of(value) == value:
            return self._draw(st.sampled_from([value, f"'{value}'", json.dumps(value)]))
        return json.dumps(value)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """One file: LF or CRLF, with or without a byte order mark."""
    text = Hand(draw).text(draw(data()))
    if draw(st.integers(0, 3)) == 3:
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode()


EDITED = [
    path
    for path, row in BY_PATH[Kind.NUMBER].items()
    if row.writes and any(f"{path}.".startswith(f"{each}.") for each in SETTINGS)
]
VALUES = {path: live_values(BY_PATH[Kind.NUMBER][path]) for path in EDITED}


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[list[str], str, Any]]:
    """What somebody did in the portal: a value for some numbers, or for all of them."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from(EDITED))
        few = st.lists(st.sampled_from([*NUMBERS, *IN_BLOCK]), min_size=1, max_size=4)
        who = draw(st.one_of(st.just([*NUMBERS, *IN_BLOCK]), st.just(IN_BLOCK), few))
        found.append((who, path, draw(VALUES[path])))
    return found
