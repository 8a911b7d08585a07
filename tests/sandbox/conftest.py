"""One sandbox on a socket for each module that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox.fleet import Fleet, mobile_number, number
from reconciler.sandbox.server import RunningSandbox
from tests.sandbox.support import MOBILE, ONE, THREE, TWO


def three_numbers() -> Fleet:
    """Three numbers and a mobile number."""
    return Fleet.of(
        [
            number(ONE, tags=["support"], connection_id="1521916448077776306", external_pin="1234"),
            number(TWO, emergency={"emergency_enabled": True, "emergency_address_id": "5382"}),
            number(THREE),
            mobile_number(MOBILE),
        ]
    )


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    """A sandbox of three numbers and a mobile number, on a socket."""
    with RunningSandbox(three_numbers()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    """The same, kept for a whole module: for tests that do not mind one another."""
    with RunningSandbox(three_numbers()) as sandbox:
        yield sandbox
