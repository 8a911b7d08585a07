"""What the tests of several projects ask of an account."""

from __future__ import annotations

from reconciler.sandbox.log import Entry
from reconciler.sandbox.server import RunningSandbox


def reference(number: str, on: RunningSandbox) -> str | None:
    """The customer_reference of a number."""
    found: str | None = on.control.state(number)["customer_reference"]
    return found


def writes(on: RunningSandbox) -> list[Entry]:
    """Every request that could change something."""
    reading = {"GET", "HEAD"}
    log = on.control.log()
    return [each for each in log if each.method not in reading and each.call != "verify_ownership"]


def refer(text: str) -> dict[str, str]:
    """The settings of a number with this customer_reference."""
    return {"customer_reference": text}
