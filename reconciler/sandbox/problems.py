"""Refusals, in the words of the specification's own examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

DOCS = "https://developers.telnyx.com/docs/overview/errors/"

TITLES = {
    "10005": "Resource not found",
    "10006": "Not authorized",
    "10007": "Unexpected error",
    "10009": "Authentication failed",
    "10010": "Authorization Failed",
    "10011": "Too many requests",
    "10015": "Bad Request",
    "10016": "Phone number must be in +E.164 format",
    "10027": "Unprocessable entity",
    "10035": "Resource locked",
    "10036": "Resource is being processed",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `errors[]`. `at` is a JSON pointer into the body, `parameter` a query name."""

    code: str
    detail: str
    at: str = ""
    parameter: str = ""
    title: str = ""

    def shown(self, style: Literal["documented", "loose"]) -> dict[str, Any]:
        """The entry as it goes on the wire."""
        shown: dict[str, Any] = {
            "code": self.code if style == "documented" else int(self.code),
            "title": self.title or TITLES.get(self.code, "Error"),
            "detail": self.detail,
            "meta": {"url": DOCS + self.code},
        }
        if self.at or self.parameter:
            where = {"pointer": self.at} if self.at else {"parameter": self.parameter}
            shown["source"] = where if style == "documented" else self.at or self.parameter
        return shown


@dataclass(eq=False)
class RefusedError(Exception):
    """An answer that is not a success.

    `violation` is true when the request itself is one that the specification does not allow,
    whatever the state of the account; the log then says so.
    """

    status: int
    problems: Sequence[Problem]
    violation: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__("; ".join(f"{one.code} {one.detail} {one.at}" for one in self.problems))

    def body(self, style: Literal["documented", "loose"]) -> dict[str, Any]:
        """The answer's body."""
        return {"errors": [one.shown(style) for one in self.problems]}


def invalid(detail: str, at: str = "", *, parameter: str = "", code: str = "10015") -> RefusedError:
    """422: the request breaks a rule that the specification states."""
    return RefusedError(422, [Problem(code, detail, at, parameter)], violation=True)


def conflict(detail: str, at: str = "/base", *, code: str = "10027") -> RefusedError:
    """422: the request is well formed, but the state of the account does not allow it."""
    return RefusedError(422, [Problem(code, detail, at)])


def not_found() -> RefusedError:
    """404, as in the example "Resource not found"."""
    detail = "The requested resource or URL could not be found."
    return RefusedError(404, [Problem("10005", detail, "/base")])


def unauthenticated() -> RefusedError:
    """401, as in the example "Authentication Failed"."""
    return RefusedError(401, [Problem("10009", "Could not understand the provided credentials.")])


def bad_page(part: str) -> RefusedError:
    """422, as in the examples "Invalid page number" and "Invalid page size".

    The pointer has no leading slash there, and so it has none here.
    """
    detail = (
        "The provided 'page' parameter is invalid. It must be an object with 'size' and/or "
        "'number' with numeric values."
    )
    problem = Problem("10015", detail, f"page/{part}", title="Invalid pagination")
    return RefusedError(422, [problem], violation=True)


def bad_sort() -> RefusedError:
    """422, as in the example "Invalid sorting value"."""
    detail = "The value provided for sorting is not valid. Check the value used and try again."
    problem = Problem("10015", detail, "/sort", title="Invalid sorting value")
    return RefusedError(422, [problem], violation=True)


def too_many_numbers() -> RefusedError:
    """422, the example MaximumAllowedPhoneNumbers."""
    return invalid("1000 numbers is the maximum allowed.", "/phone_numbers")


def too_few_numbers() -> RefusedError:
    """422, the example MinimumAllowedPhoneNumbers."""
    return invalid("You must provide at least 1 phone number.", "/phone_numbers")


def numbers_missing() -> RefusedError:
    """422, the example PhoneNumbersMustBePresent."""
    return invalid("must be present", "/phone_numbers")


def mixed_numbers() -> RefusedError:
    """422, the example MixedIdsAndE164Values."""
    detail = (
        "You must specify either all phone numbers in the e164 format or all as phone number ids"
    )
    return invalid(detail, "/phone_numbers")


def not_owned() -> RefusedError:
    """422, the example PhoneNumberOwnership."""
    detail = "You must own every number in the bulk request"
    return RefusedError(422, [Problem("10015", detail, "/phone_numbers")])


def too_many_jobs(cap: int) -> RefusedError:
    """422, the examples "Maximum jobs allowed" (20, and 500 for emergency jobs)."""
    detail = f"You can have at most {cap} pending or in progress jobs"
    return RefusedError(422, [Problem("10015", detail, "/base")])


def nothing_to_update() -> RefusedError:
    """422, the example "Minimum updateable field"."""
    return invalid("You must provide at least 1 updateable field.", "/updateable_fields")


def unknown_billing_group() -> RefusedError:
    """403, the example "Billing group not authorized"."""
    detail = "The specified billing group either does not exist or is not part of your account"
    return RefusedError(403, [Problem("10010", detail, "/billing_group_id")])


def inactive(status: str) -> RefusedError:
    """422: only an active number can be changed."""
    return conflict(f"The phone number cannot be changed while its status is {status}")


def deletion_locked() -> RefusedError:
    """422: "When enabled, this prevents the phone number from being deleted via the API"."""
    detail = "Deletion lock is enabled for this phone number"
    return conflict(detail, "/deletion_lock_enabled", code="10035")
