"""Requests against their shapes: every problem of a body is found, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from reconciler.sandbox.problems import Problem, RefusedError, invalid
from reconciler.sandbox.shapes import Fields, Flag, Shape, Text, Texts

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_CNAM = re.compile(r"[A-Za-z0-9 ]{1,15}")
_TRANSLATED = re.compile(r"\+?[A-Za-z0-9]*")


def checked_body(body: object, shape: Fields, *, ignore_unknown: bool) -> dict[str, Any]:
    """The body as a mapping of known fields.

    Raises a 422 that names every unknown field, missing field and wrong type by JSON pointer.
    With `ignore_unknown` unknown fields are dropped without a word.
    """
    if not isinstance(body, dict):
        raise RefusedError(
            400, [Problem("10015", "The body must be a JSON object")], violation=True
        )
    problems = list(_faults(body, shape, "", ignore_unknown=ignore_unknown))
    if problems:
        raise RefusedError(422, problems, violation=True)
    return {name: _known(value, shape.of[name]) for name, value in body.items() if name in shape.of}


def _known(value: Any, shape: Shape) -> Any:
    if isinstance(shape, Fields) and isinstance(value, dict):
        return {
            name: _known(one, shape.of[name]) for name, one in value.items() if name in shape.of
        }
    return value


def _faults(value: object, shape: Shape, at: str, *, ignore_unknown: bool) -> Iterator[Problem]:
    if value is None:
        if not shape.null:
            yield Problem("10015", "can't be null", at)
    elif isinstance(shape, Text):
        if not isinstance(value, str):
            yield Problem("10015", "must be a string", at)
        elif shape.choices and value not in shape.choices:
            yield Problem("10015", f"must be one of: {', '.join(shape.choices)}", at)
    elif isinstance(shape, Flag):
        if not isinstance(value, bool):
            yield Problem("10015", "must be a boolean", at)
    elif isinstance(shape, Texts):
        yield from _list_faults(value, at)
    elif not isinstance(value, dict):
        yield Problem("10015", "must be an object", at)
    else:
        yield from _field_faults(value, shape, at, ignore_unknown=ignore_unknown)


def _list_faults(value: object, at: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem("10015", "must be an array", at)
        return
    for place, item in enumerate(value):
        if not isinstance(item, str):
            yield Problem("10015", "must be a string", f"{at}/{place}")


def _field_faults(
    value: Mapping[str, object], shape: Fields, at: str, *, ignore_unknown: bool
) -> Iterator[Problem]:
    for name in shape.required:
        if name not in value:
            yield Problem("10015", "must be present", f"{at}/{name}")
    for name, one in value.items():
        known = shape.of.get(name)
        if known is not None:
            yield from _faults(one, known, f"{at}/{name}", ignore_unknown=ignore_unknown)
        elif not ignore_unknown:
            yield Problem("10015", "is not a known field", f"{at}/{name}")


def check_e164(value: str, at: str) -> None:
    """Raises 422/10016 unless `value` is an E.164 number."""
    if not E164.fullmatch(value):
        raise invalid("The number must be in +E.164 format", at, code="10016")


def check_profile(value: str, at: str = "/messaging_profile_id") -> None:
    """Raises 422 unless `value` is "" (unassign) or a quoted UUID."""
    if not value:
        return
    try:
        UUID(value)
    except ValueError:
        raise invalid("must be a UUID or an empty string", at) from None


def check_voice(voice: Mapping[str, Any], at: str = "") -> None:
    """The rules on voice values that hold whatever the number's state."""
    forwards_to = voice.get("call_forwarding", {}).get("forwards_to")
    if forwards_to:
        # "If set, must be a +E.164-formatted phone number"
        check_e164(forwards_to, f"{at}/call_forwarding/forwards_to")
    details = voice.get("cnam_listing", {}).get("cnam_listing_details")
    if details and not _CNAM.fullmatch(details):
        # "Must be alphanumeric characters or spaces with a maximum length of 15"
        detail = "must be at most 15 letters, digits or spaces"
        raise invalid(detail, f"{at}/cnam_listing/cnam_listing_details")
    translated = voice.get("translated_number")
    if translated and not _TRANSLATED.fullmatch(translated):
        # "The value of this field may be any alphanumeric value"; its example begins with a plus
        raise invalid("must be alphanumeric", f"{at}/translated_number")


def check_cnam(sent: Mapping[str, Any], enabled: bool, details: str | None, at: str) -> None:
    """CNAM details and the switch need each other, in the state that a write would leave.

    Judged by what was sent: switching off without a word about the details is allowed.
    """
    if sent.get("cnam_listing_enabled") and not details:
        raise invalid("requires cnam_listing_details", f"{at}/cnam_listing/cnam_listing_enabled")
    if sent.get("cnam_listing_details") and not enabled:
        detail = "requires cnam_listing_enabled to be true"
        raise invalid(detail, f"{at}/cnam_listing/cnam_listing_details")
