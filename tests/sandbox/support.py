"""A sandbox in process, its clock held still, whose every answer is held against the
specification; and the published SDK, for the sandbox on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import telnyx

from reconciler.sandbox.app import Sandbox
from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.clock import ManualClock
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.server import RunningSandbox
from reconciler.sandbox.state import Row
from tests.sandbox.spec import conform

ONE, TWO, THREE = "+13125550001", "+13125550002", "+13125550003"
MOBILE = "+13315560001"
PROFILE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
Params = Mapping[str, str | int] | list[tuple[str, str]]


class Desk:
    """Asks the sandbox things, and nothing of the network."""

    def __init__(self, *rows: Row, fleet: Fleet | None = None, **switches: Any) -> None:
        self.clock = ManualClock()
        self.fleet = Fleet.of(rows) if fleet is None else fleet
        self.sandbox = Sandbox(self.fleet, behaviour=Behaviour(**switches), clock=self.clock)
        self.control = self.sandbox.control
        self.conforming = True

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """One request, below `/v2` unless the path says otherwise."""
        address = path if path.startswith("/_control") else f"/v2{path}"
        sent = {
            "authorization": f"Bearer {self.sandbox.api_key if key is None else key}",
            **(headers or {}),
        }

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.sandbox.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(
                    method,
                    address,
                    params=_query(params),
                    json=json,
                    content=content,
                    headers=sent,
                )

        answer = asyncio.run(exchange())
        if self.conforming and not path.startswith("/_control"):
            conform(method, address.partition("?")[0], answer.status_code, answer.json())
        return answer

    def get(self, path: str, **params: str | int) -> Any:
        """The body of a GET that succeeds."""
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, path: str, params: Params | None = None) -> list[str]:
        """The numbers of a list."""
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return [row["phone_number"] for row in answer.json()["data"]]

    def send(self, method: str, path: str, body: object, *, status: int = 200) -> Any:
        """`data` of a write that is answered with `status`."""
        answer = self.ask(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    def refused(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int = 422,
        params: Params | None = None,
    ) -> Any:
        """The first error of a request that is refused with `status`."""
        answer = self.ask(method, path, json=body, params=params)
        assert answer.status_code == status, answer.text
        return answer.json()["errors"][0]

    def job(self, kind: str, **body: object) -> Any:
        """A job that is accepted, as it is answered."""
        return self.send("POST", f"/phone_numbers/jobs/{kind}", body, status=202)

    def after(self, job: Any, seconds: float = 0.0) -> Any:
        """The job, some seconds on."""
        self.clock.advance(seconds)
        return self.get(f"/phone_numbers/jobs/{job['id']}")["data"]

    def state(self, phone_number: str = ONE) -> Any:
        """The true state of a number."""
        return self.control.state(phone_number)

    def id(self, phone_number: str = ONE) -> str:
        """The id of a number."""
        known: str = self.state(phone_number)["id"]
        return known


def _query(params: Params | None) -> httpx.QueryParams | None:
    """None leaves a query that stands in the path alone."""
    pairs = params.items() if isinstance(params, Mapping) else params or []
    return httpx.QueryParams([(name, str(text)) for name, text in pairs]) if pairs else None


def pointer(error: Any) -> str:
    """Where an error points."""
    where: str = error["source"].get("pointer") or error["source"].get("parameter")
    return where


def numbers_of(operations: Any) -> list[str]:
    """The numbers of a job's operations."""
    return [one["phone_number"] for one in operations]


def sdk(sandbox: RunningSandbox) -> telnyx.Telnyx:
    """The published client, refusing any answer that its models do not allow."""
    return telnyx.Telnyx(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        max_retries=0,
        _strict_response_validation=True,
    )


def root_sdk(sandbox: RunningSandbox) -> telnyx.Telnyx:
    """The published client for the mobile list, read and PATCH.

    The specification writes those paths as `/v2/mobile_phone_numbers` below a server that ends in
    `/v2` already, and the generated client puts the two together: with the usual base URL it asks
    for `/v2/v2/mobile_phone_numbers`, which does not exist. Its base URL is the host's root here.
    Mobile messaging has no `/v2` in its path and goes through the usual client.
    """
    return telnyx.Telnyx(
        api_key=sandbox.api_key,
        base_url=sandbox.root_url,
        max_retries=0,
        _strict_response_validation=True,
    )
