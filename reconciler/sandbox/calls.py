"""Every call of the API: its name here, its method and path, and what carries it out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.sandbox import jobs, messaging, mobile, numbers, voice
from reconciler.sandbox.world import Handler

BASE = "/v2"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `{}` in the path is the id that it is about."""

    name: str
    method: str
    path: str
    handler: Handler

    @property
    def has_body(self) -> bool:
        """Whether the specification gives the call a request body."""
        return self.method in {"POST", "PATCH"}


_NUMBERS = f"{BASE}/phone_numbers"
_MOBILES = f"{BASE}/mobile_phone_numbers"
_BULK = f"{BASE}/messaging_numbers_bulk_updates"

# Fixed paths stand before those with an id in the same place: `/phone_numbers/slim` is no number.
CALLS = (
    Call("list_numbers", "GET", _NUMBERS, numbers.list_full),
    Call("list_slim", "GET", f"{_NUMBERS}/slim", numbers.list_slim),
    Call("list_voice", "GET", f"{_NUMBERS}/voice", voice.list_voice),
    Call("list_messaging", "GET", f"{_NUMBERS}/messaging", messaging.list_messaging),
    Call("list_jobs", "GET", f"{_NUMBERS}/jobs", jobs.list_jobs),
    Call("update_job", "POST", f"{_NUMBERS}/jobs/update_phone_numbers", jobs.create_update),
    Call("delete_job", "POST", f"{_NUMBERS}/jobs/delete_phone_numbers", jobs.create_delete),
    Call(
        "emergency_job", "POST", f"{_NUMBERS}/jobs/update_emergency_settings", jobs.create_emergency
    ),
    Call("get_job", "GET", f"{_NUMBERS}/jobs/{{}}", jobs.get_job),
    Call(
        "verify_ownership", "POST", f"{_NUMBERS}/actions/verify_ownership", numbers.verify_ownership
    ),
    Call("get_number", "GET", f"{_NUMBERS}/{{}}", numbers.get_number),
    Call("patch_number", "PATCH", f"{_NUMBERS}/{{}}", numbers.patch_number),
    Call("delete_number", "DELETE", f"{_NUMBERS}/{{}}", numbers.delete_number),
    Call("bundle", "PATCH", f"{_NUMBERS}/{{}}/actions/bundle_status_change", numbers.change_bundle),
    Call(
        "enable_emergency",
        "POST",
        f"{_NUMBERS}/{{}}/actions/enable_emergency",
        voice.enable_emergency,
    ),
    Call("get_messaging", "GET", f"{_NUMBERS}/{{}}/messaging", messaging.get_messaging),
    Call("patch_messaging", "PATCH", f"{_NUMBERS}/{{}}/messaging", messaging.patch_messaging),
    Call("get_voice", "GET", f"{_NUMBERS}/{{}}/voice", voice.get_voice),
    Call("patch_voice", "PATCH", f"{_NUMBERS}/{{}}/voice", voice.patch_voice),
    Call("messaging_bulk", "POST", _BULK, messaging.create_order),
    Call("get_messaging_bulk", "GET", f"{_BULK}/{{}}", messaging.get_order),
    Call("list_mobile_messaging", "GET", f"{_MOBILES}/messaging", mobile.list_mobile_messaging),
    Call("get_mobile_messaging", "GET", f"{_MOBILES}/{{}}/messaging", mobile.get_mobile_messaging),
    Call("list_mobile", "GET", _MOBILES, mobile.list_mobile),
    Call("get_mobile", "GET", f"{_MOBILES}/{{}}", mobile.get_mobile),
    Call("patch_mobile", "PATCH", f"{_MOBILES}/{{}}", mobile.patch_mobile),
)

_PATTERNS = tuple(
    (call, re.compile(re.escape(call.path).replace(r"\{\}", "([^/]+)"))) for call in CALLS
)


def route(method: str, path: str) -> tuple[Call, str] | None:
    """The call of a request and the id in its path; None where there is no such call."""
    for call, pattern in _PATTERNS:
        found = pattern.fullmatch(path) if call.method == method else None
        if found:
            return call, found.group(1) if pattern.groups else ""
    return None
