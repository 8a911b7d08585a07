"""What went wrong, as one error of the tree: statuses, error bodies and broken connections.

Every text of the service passes the redactor and is bounded. No error made here holds another
exception: it could carry the request, and with it the key.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from reconciler.api.message import NotConnectedError, ProxyRefusedError
from reconciler.core.text import Redactor
from reconciler.errors import (
    ApiError,
    ApiErrorItem,
    ConnectError,
    FatalNetworkError,
    ForbiddenError,
    KeyRefusedError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)

_MOST_ITEMS = 100
_LONG, _SHORT = 500, 80

_REFUSALS: dict[int, tuple[type[ApiError], str]] = {
    400: (RejectedError, "the request was refused"),
    401: (KeyRefusedError, "the key was refused"),
    403: (ForbiddenError, "the key may not do this"),
    404: (NotFoundError, "not found"),
    # The server, or a proxy, gave up waiting for the request: what it had read of it is not known.
    408: (UnavailableError, "the server timed out waiting for the request"),
    409: (RejectedError, "refused: it is in conflict with something else"),
    422: (RejectedError, "the request was refused"),
}


def status_error(
    call: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    clean: Redactor,
    host: str,
    *,
    wait_seconds: float = 0.0,
    key_name: str = "",
) -> ApiError:
    """The error for an answer whose status is not 2xx; `body` may be empty or cut short.

    `key_name` is the variable to look at where the key was refused.
    """
    request_id = clean.clean(headers.get("x-request-id", ""), _SHORT)
    if 300 <= status < 400:
        reason = _redirect(status, headers.get("location", ""), clean, host)
        return FatalNetworkError(call, reason, status=status, request_id=request_id)
    items = error_items(body, clean)
    said = "" if items else _kind_of_body(headers, clean)
    if status == 429:
        reason = f"429: too many calls; the next may go in {wait_seconds:.1f} s"
        return RateLimitedError(
            call, reason, items=items, request_id=request_id, wait_seconds=wait_seconds
        )
    kind, words = _REFUSALS.get(status, (RejectedError, "the request was refused"))
    if status >= 500 or status < 200:
        kind, words = UnavailableError, "the server failed"
    if status == 401 and key_name:
        words += f" (check {key_name})"
    return kind(call, f"{status}: {words}{said}", status=status, items=items, request_id=request_id)


def error_items(body: bytes, clean: Redactor) -> tuple[ApiErrorItem, ...]:
    """`errors[]` of an error body, at most 100; whatever is odd about it is passed over."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ()
    return items_of(data.get("errors") if isinstance(data, dict) else None, clean)


def items_of(errors: object, clean: Redactor) -> tuple[ApiErrorItem, ...]:
    """The entries of an `errors` list, of an answer or of one number of a job."""
    if isinstance(errors, dict):
        errors = [errors]
    if not isinstance(errors, list):
        return ()
    found = (_item(entry, clean) for entry in errors[:_MOST_ITEMS])
    return tuple(item for item in found if item is not None)


def network_error(failure: BaseException, call: str, host: str, clean: Redactor) -> ApiError:
    """The error for a call that got no usable answer; `failure` is not kept.

    ConnectError and FatalNetworkError (status 0) say that nothing of the request was sent.
    """
    if isinstance(failure, ProxyRefusedError):
        said = clean.clean(str(failure), _LONG)
        return FatalNetworkError(call, f"the proxy on the way to {host} refused: {said}")
    if isinstance(failure, NotConnectedError):
        return _no_connection(failure, call, host, clean)
    if isinstance(failure, TimeoutError):
        return UnavailableError(call, f"{host} did not answer in time")
    said = clean.clean(str(failure), _LONG) or type(failure).__name__
    return UnavailableError(call, f"the connection to {host} broke: {said}")


def drips(call: str, host: str, seconds: float) -> ApiError:
    """The error for an answer of which parts still came when the call's time was up."""
    return FatalNetworkError(
        call, f"the answer of {host} drips: it was not whole after {seconds:.0f} s", status=200
    )


def _no_connection(failure: BaseException, call: str, host: str, clean: Redactor) -> ApiError:
    said = clean.clean(str(failure), _LONG)
    for cause in _causes(failure):
        said = clean.clean(str(cause), _LONG) or said
        if isinstance(cause, ssl.SSLError):
            return FatalNetworkError(call, f"the TLS check of {host} failed: {said}")
        if isinstance(cause, socket.gaierror):
            return FatalNetworkError(call, f"the name {host} was not found: {said}")
    return ConnectError(call, f"no connection to {host}: {said or 'refused'}")


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """What the failure came from, nearest first, through groups (one per address tried)."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [failure.__cause__ or failure.__context__]
    while todo:
        cause = todo.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            todo.extend(cause.exceptions)
        todo.append(cause.__cause__ or cause.__context__)


def _redirect(status: int, location: str, clean: Redactor, host: str) -> str:
    try:
        target = urlsplit(location).hostname or host
    except ValueError:
        target = "an address that is none"
    return (
        f"{status}: a redirect to {clean.clean(target, _LONG)}, which is not followed, for the key "
        "would go with it; check the base URL, and for a captive portal or proxy between"
    )


def _kind_of_body(headers: Mapping[str, str], clean: Redactor) -> str:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        f", with {clean.clean(kind, _SHORT)} for an answer" if kind and "json" not in kind else ""
    )


def _item(entry: object, clean: Redactor) -> ApiErrorItem | None:
    if isinstance(entry, str):
        return ApiErrorItem("", "", clean.clean(entry, _LONG), "")
    if not isinstance(entry, dict):
        return None
    source = entry.get("source")
    if isinstance(source, dict):
        source = source.get("pointer") or source.get("parameter")
    return ApiErrorItem(
        code=clean.clean(_text(entry.get("code")), _SHORT),
        title=clean.clean(_text(entry.get("title")), _LONG),
        detail=clean.clean(_text(entry.get("detail")), _LONG),
        pointer=clean.clean(_text(source), _LONG),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
