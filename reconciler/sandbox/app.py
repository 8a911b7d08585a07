"""The sandbox as an ASGI application: what a request meets, in order.

Faults come first, since a broken network asks nobody; then the key, the rate limit, the path, the
body, and the call itself.
"""

from __future__ import annotations

import time
from secrets import compare_digest
from typing import Any
from uuid import UUID

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.calls import Call, route
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.control import Control
from reconciler.sandbox.control_http import control_routes
from reconciler.sandbox.faults import (
    Action,
    Delay,
    Distort,
    Drip,
    Drop,
    Faults,
    Meanwhile,
    Respond,
    distorted,
)
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.limits import Meter
from reconciler.sandbox.log import Entry, Log
from reconciler.sandbox.problems import Problem, RefusedError, not_found, unauthenticated
from reconciler.sandbox.state import from_mapping
from reconciler.sandbox.wire import Line, Reply
from reconciler.sandbox.world import Ask, World

DEFAULT_KEY = "KEY_SANDBOX"
_CODES = {401: "10009", 403: "10010", 404: "10005", 409: "10036", 422: "10027", 429: "10011"}


class Sandbox:
    """One simulated account. `asgi` is the application; `control` and `log` are for tests."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        behaviour: Behaviour | None = None,
        api_key: str = DEFAULT_KEY,
        clock: Clock = time.monotonic,
    ) -> None:
        self.fleet = fleet
        self.api_key = api_key
        self.log = Log()
        self.world = World(fleet, behaviour or Behaviour(), clock)
        self.lock = self.world.lock
        self.faults = Faults()
        self.meter = Meter()
        self.control = Control(self.world, self.faults, self.meter, self.log)
        routes = [
            Mount("/_control", routes=control_routes(self.control, self.authorized)),
            Mount("/", app=self.serve),
        ]
        self.asgi = Starlette(routes=routes)

    @property
    def behaviour(self) -> Behaviour:
        """How the sandbox answers at present."""
        return self.world.behaviour

    def authorized(self, request: Request) -> bool:
        """Whether the request carries the key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and compare_digest(key.encode(), self.api_key.encode())

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of the API."""
        request = Request(scope, receive)
        line = Line(scope, receive, send)
        raw = await request.body()
        with self.lock:
            entry, found = self._opened(request, raw)
            actions = self.faults.taken(entry.call, entry.method, entry.path, entry.query)
        await line.pause(self.world.timing.latency + _waits(actions, after=False))
        before = _first(actions, after=False)
        reply = self._faulted(before, entry) if before else None
        if before is None:
            with self.lock:
                self._meanwhile(actions)
                reply = self._reply(request, raw, entry, found, actions)
            await line.pause(_waits(actions, after=True))
        await self._deliver(line, entry, reply, actions, before or _first(actions, after=True))

    def _opened(self, request: Request, raw: bytes) -> tuple[Entry, tuple[Call, str] | None]:
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        entry = self.log.open(self.world.clock(), request.method, path, query)
        found = route(request.method, path)
        entry.call = found[0].name if found else ""
        try:
            entry.body = msgspec.json.decode(raw) if raw else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            entry.body = raw.decode("utf-8", "replace")
        return entry, found

    def _meanwhile(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if isinstance(action, Meanwhile):
                for fields in action.add:
                    self.fleet.add(from_mapping(fields))
                for phone_number in action.remove:
                    self.fleet.remove(phone_number)
                for phone_number, path, value in action.change:
                    self.fleet.change(phone_number, path, value)

    def _reply(
        self,
        request: Request,
        raw: bytes,
        entry: Entry,
        found: tuple[Call, str] | None,
        actions: tuple[Action, ...],
    ) -> Reply:
        """Carry the request out and make its answer."""
        headers: dict[str, str] = {}
        try:
            self._admit(request)
            status, body = self._carried_out(request, raw, entry, found)
        except RefusedError as refusal:
            status, body = refusal.status, refusal.body(self.behaviour.error_style)
            headers = refusal.headers
            if refusal.violation:
                entry.violations = (*entry.violations, str(refusal))
        replacements: dict[str, str] = {}
        for action in actions:
            if isinstance(action, Distort):
                body = distorted(body, action)
                replacements.update(action.replace)
        encoded = msgspec.json.encode(body)
        for old, new in replacements.items():
            encoded = encoded.replace(old.encode(), new.encode())
        return Reply(status, encoded, {**self._headers(entry), **headers})

    def _admit(self, request: Request) -> None:
        if not self.authorized(request):
            raise unauthenticated()
        self.meter.admit(self.world.clock(), self.world.wall())

    def _carried_out(
        self, request: Request, raw: bytes, entry: Entry, found: tuple[Call, str] | None
    ) -> tuple[int, dict[str, Any]]:
        self.world.settle()
        if found is None:
            raise not_found()
        call, target = found
        body = self._body(request, raw, call)
        ask = Ask(call.name, target, request.query_params.multi_items(), body)
        try:
            told = call.handler(self.world, ask)
        finally:
            entry.violations = tuple(ask.violations)
        return told.status, told.body

    def _body(self, request: Request, raw: bytes, call: Call) -> object:
        if not call.has_body:
            if raw:
                raise _bad_request("This call has no body")
            return None
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise _bad_request("The content type must be application/json")
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _bad_request("The body is not valid JSON") from None

    def _headers(self, entry: Entry) -> dict[str, str]:
        window = self.behaviour.rate_header == "window"
        return {
            "x-request-id": str(UUID(int=entry.place, version=4)),
            **self.meter.headers(self.world.clock(), window=window),
        }

    def _faulted(self, fault: Respond | Drop, entry: Entry) -> Reply:
        """The answer of a fault; a `Drop` has none, and this one is not sent."""
        if isinstance(fault, Drop):
            return Reply(0, b"")
        body = fault.body
        if body is None:
            problem = Problem(_CODES.get(fault.status, "10007"), "An error that the sandbox made")
            errors = RefusedError(fault.status, [problem]).body(self.behaviour.error_style)
            body = msgspec.json.encode(errors).decode()
        headers = {**self._headers(entry), **fault.headers}
        return Reply(fault.status, body.encode(), headers, fault.content_type, fault.repeat)

    async def _deliver(
        self,
        line: Line,
        entry: Entry,
        reply: Reply | None,
        actions: tuple[Action, ...],
        fault: Respond | Drop | None,
    ) -> None:
        if isinstance(fault, Respond):
            reply = self._faulted(fault, entry)
        if reply is None or (isinstance(fault, Drop) and fault.sent is None):
            await line.hang_up(reset=isinstance(fault, Drop) and fault.reset)
            return
        entry.status = reply.status
        drip = next((action for action in actions if isinstance(action, Drip)), None)
        if isinstance(fault, Drop):
            await line.cut(reply, fault.sent or 0, reset=fault.reset)
        elif drip is not None:
            await line.drip(reply, drip.seconds, drip.size)
        else:
            await line.answer(reply)


def _bad_request(detail: str) -> RefusedError:
    return RefusedError(400, [Problem("10015", detail)], violation=True)


def _waits(actions: tuple[Action, ...], *, after: bool) -> float:
    return sum(one.seconds for one in actions if isinstance(one, Delay) and one.after == after)


def _first(actions: tuple[Action, ...], *, after: bool) -> Respond | Drop | None:
    """The first action that takes the answer's place, before or after the work is done."""
    for action in actions:
        if isinstance(action, Respond) and action.after == after:
            return action
        if isinstance(action, Drop) and (action.after or action.sent is not None) == after:
            return action
    return None
