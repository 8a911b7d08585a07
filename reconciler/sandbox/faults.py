"""Faults: which requests they befall, and what is done to those.

Both halves are data. A fault holds any number of actions and a request can meet any number of
faults, so that "slow, and then the connection breaks after the write" is two actions and no new
code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from reconciler.sandbox.seeded import seeded


class Respond(msgspec.Struct, frozen=True, tag=True, kw_only=True, forbid_unknown_fields=True):
    """Answer with this and not with the truth.

    `body` None is an error body of the specification's shape. With `after` the request is carried
    out first, and only its answer is lost. `repeat` sends the body so many times over, without
    ever holding it whole.
    """

    status: int = 503
    body: str | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    after: bool = False
    repeat: int = 1


class Drop(msgspec.Struct, frozen=True, tag=True, kw_only=True, forbid_unknown_fields=True):
    """Break the connection.

    Before the request is carried out; with `after`, once it has been; with `sent`, once so many
    bytes of the true answer's body have left. `reset` breaks it with RST rather than FIN.
    """

    after: bool = False
    sent: int | None = None
    reset: bool = False


class Delay(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Wait before the request is carried out; with `after`, between that and the answer."""

    seconds: float
    after: bool = False


class Drip(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Send the answer's body `size` bytes at a time, with a wait before each."""

    seconds: float
    size: int = 1


class Distort(msgspec.Struct, frozen=True, tag=True, kw_only=True, forbid_unknown_fields=True):
    """Change the true answer.

    `total` is added to `total_results`. Of a list, the last `lose` rows vanish and then the first
    `repeat` rows come twice. `set` and `drop` give or take keys of every row (or of `data`, where
    it is one object). `replace` swaps text in the encoded body: `NaN` can only come that way.
    """

    total: int = 0
    lose: int = 0
    repeat: int = 0
    set: Mapping[str, Any] = {}
    drop: tuple[str, ...] = ()
    replace: Mapping[str, str] = {}


class Meanwhile(msgspec.Struct, frozen=True, tag=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else changes the account just before the request is carried out.

    `add` holds mappings as `Fleet.of` takes them, `change` (number, path, value).
    """

    add: tuple[Mapping[str, Any], ...] = ()
    remove: tuple[str, ...] = ()
    change: tuple[tuple[str, str, Any], ...] = ()


Action = Respond | Drop | Delay | Drip | Distort | Meanwhile


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Actions on the requests that match.

    `call` is a call's name; `method`, `path` and `query` are regular expressions that are
    searched for. Of the matching requests the first `skip` pass, then each `every`-th is met,
    with `probability` (from `seed`), `times` times in all (None: for ever).
    """

    do: tuple[Action, ...]
    call: str = ""
    method: str = ""
    path: str = ""
    query: str = ""
    skip: int = 0
    every: int = 1
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0


class _Armed:
    """A fault and what it has seen so far."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._random = seeded(fault.seed)
        self._seen = 0
        self._fired = 0

    def fires(self, call: str, method: str, path: str, query: str) -> bool:
        """Whether this request is met. Counts it either way."""
        fault = self.fault
        if fault.call not in {"", call}:
            return False
        wanted = ((fault.method, method), (fault.path, path), (fault.query, query))
        if not all(re.search(pattern, text) for pattern, text in wanted):
            return False
        self._seen += 1
        if self._seen <= fault.skip or (self._seen - fault.skip - 1) % fault.every:
            return False
        if fault.times is not None and self._fired >= fault.times:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self._fired += 1
        return True


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Lift every fault."""
        self._armed.clear()

    def taken(self, call: str, method: str, path: str, query: str) -> tuple[Action, ...]:
        """What is done to this request, in the order in which the faults were added."""
        met = [one for one in self._armed if one.fires(call, method, path, query)]
        return tuple(action for one in met for action in one.fault.do)


def distorted(body: dict[str, Any], action: Distort) -> dict[str, Any]:
    """The answer's body, changed; `replace` is not carried out here."""
    data = body.get("data")
    if isinstance(data, list):
        rows = data[: len(data) - action.lose] if action.lose else list(data)
        rows += rows[: action.repeat]
        body = {**body, "data": [_edited(row, action) for row in rows]}
    elif isinstance(data, dict):
        body = {**body, "data": _edited(data, action)}
    if action.total and "meta" in body:
        total = body["meta"]["total_results"] + action.total
        body = {**body, "meta": {**body["meta"], "total_results": total}}
    return body


def _edited(row: dict[str, Any], action: Distort) -> dict[str, Any]:
    left = {name: value for name, value in row.items() if name not in action.drop}
    return {**left, **action.set}


def html(status: int = 200) -> Respond:
    """A captive portal."""
    page = "<!doctype html><html><body>Sign in to the network</body></html>"
    return Respond(status=status, body=page, content_type="text/html; charset=utf-8")


def redirect(location: str, status: int = 302) -> Respond:
    """A redirect."""
    return Respond(status=status, body="", headers={"location": location})


def bad_json(text: str = '{"data": [') -> Respond:
    """200 with a body that does not parse."""
    return Respond(status=200, body=text)


def lost_answer(how: Literal["drop", "502"] = "drop") -> Drop | Respond:
    """The write happens and its answer does not arrive."""
    return Drop(after=True) if how == "drop" else Respond(status=502, after=True)
