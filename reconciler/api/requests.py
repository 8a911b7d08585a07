"""Operation -> request: the one place where the form of a write is decided.

A job names its numbers, always at least one and never a filter: a filter, or no numbers, would
update every number that matches. `JobBody` cannot express either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.api.settings import segment
from reconciler.core.fields import Channel
from reconciler.core.operations import Operation

_JOBS = "/phone_numbers/jobs"
_JOB_PATHS = {
    Channel.UPDATE_JOB: "update_phone_numbers",
    Channel.EMERGENCY_JOB: "update_emergency_settings",
    Channel.DELETE_JOB: "delete_phone_numbers",
}
_SINGLE = {
    Channel.PATCH_NUMBER: ("PATCH", "/phone_numbers/{}"),
    Channel.PATCH_VOICE: ("PATCH", "/phone_numbers/{}/voice"),
    Channel.PATCH_MESSAGING: ("PATCH", "/phone_numbers/{}/messaging"),
    # From the host's root in the specification: never /v2/v2.
    Channel.PATCH_MOBILE: ("PATCH", "/v2/mobile_phone_numbers/{}"),
    Channel.ENABLE_EMERGENCY: ("POST", "/phone_numbers/{}/actions/enable_emergency"),
    Channel.BUNDLE: ("PATCH", "/phone_numbers/{}/actions/bundle_status_change"),
    Channel.DELETE_NUMBER: ("DELETE", "/phone_numbers/{}"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A write, ready to send. The body may hold secrets: it is not shown."""

    method: str
    path: str
    body: Mapping[str, Any] | None

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


@dataclass(frozen=True, slots=True)
class JobBody:
    """The body of a job: settings, and the ids of the 1 to 1000 numbers they are for."""

    settings: Mapping[str, Any]
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.ids) <= 1000 or not all(self.ids):
            raise ValueError("a job names 1 to 1000 numbers")
        if {"phone_numbers", "filter"} & self.settings.keys():
            raise ValueError("a job's settings hold neither numbers nor a filter")

    def as_json(self) -> dict[str, Any]:
        """What is sent: ids only, for ids and E.164 must not be mixed."""
        return {**self.settings, "phone_numbers": list(self.ids)}


def request_for(
    operation: Operation, ids: Mapping[str, str], secrets: Mapping[str, str]
) -> Request:
    """The request that carries out `operation`.

    `ids` are by E.164, `secrets` by ref; a missing one of either is a KeyError.
    """
    body: dict[str, Any] = _with_secrets(operation.body, secrets)
    of = tuple(segment(ids[number]) for number in operation.numbers)
    if operation.call in _JOB_PATHS:
        path = f"{_JOBS}/{_JOB_PATHS[operation.call]}"
        return Request("POST", path, JobBody(body, of).as_json())
    if operation.call is Channel.MESSAGING_BULK:
        numbers = {"numbers": list(operation.numbers)}
        return Request("POST", "/messaging_numbers_bulk_updates", body | numbers)
    method, path = _SINGLE[operation.call]
    (id_,) = of
    return Request(method, path.format(id_), body if method != "DELETE" else None)


def _with_secrets(value: Any, secrets: Mapping[str, str]) -> Any:
    """`value` with every `{"secret": ref}` in it replaced by the secret."""
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"secret"}:
        return secrets[value["secret"]]
    return {key: _with_secrets(each, secrets) for key, each in value.items()}
