"""The levers over HTTP: `POST /_control/<lever>` with a JSON object, `GET /_control/<view>`.

They need the same key as the API and stand in no log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.sandbox.control import Control
from reconciler.sandbox.faults import Fault
from reconciler.sandbox.problems import unauthenticated
from reconciler.sandbox.scripts import Script

Lever = Callable[[dict[str, Any]], None]
View = Callable[[Request], object]


def _levers(control: Control) -> dict[str, Lever]:
    return {
        "fault": lambda sent: control.add_fault(msgspec.convert(sent, Fault)),
        "script": lambda sent: control.add_script(msgspec.convert(sent, Script)),
        "clear": lambda sent: control.clear(**sent),
        "timing": lambda sent: control.timing(**sent),
        "limit": lambda sent: control.limit(**sent),
        "behave": lambda sent: control.behave(**sent),
        "profiles_down": lambda sent: control.profiles_down(**sent),
        "change": lambda sent: control.change(**sent),
        "add": control.add,
        "remove": lambda sent: control.remove(**sent),
        "forget": lambda sent: control.forget(**sent),
    }


def _views(control: Control) -> dict[str, View]:
    return {
        "log": lambda _: [asdict(entry) for entry in control.log()],
        "counts": lambda _: control.counts(),
        "violations": lambda _: control.violations(),
        "state": lambda request: control.state(request.query_params["phone_number"]),
        "dump": lambda _: msgspec.Raw(control.dump()),
    }


def control_routes(control: Control, authorized: Callable[[Request], bool]) -> list[Route]:
    """The routes below `/_control`."""
    levers, views = _levers(control), _views(control)

    async def pull(request: Request) -> Response:
        if not authorized(request):
            return _json(401, unauthenticated().body("documented"))
        lever = levers.get(request.path_params["name"])
        if lever is None:
            return _json(404, {"error": "there is no such lever", "levers": sorted(levers)})
        try:
            lever(msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any]))
        except (TypeError, ValueError, KeyError) as error:
            return _json(422, {"error": str(error)})
        return _json(200, {})

    async def look(request: Request) -> Response:
        if not authorized(request):
            return _json(401, unauthenticated().body("documented"))
        view = views.get(request.path_params["name"])
        if view is None:
            return _json(404, {"error": "there is no such view", "views": sorted(views)})
        try:
            return _json(200, view(request))
        except KeyError as error:
            return _json(404, {"error": f"not found: {error}"})

    return [
        Route("/{name}", pull, methods=["POST"]),
        Route("/{name}", look, methods=["GET"]),
    ]


def _json(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
