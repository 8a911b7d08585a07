"""One reading serves every single call that is about to be sent; none is looked at long before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from reconciler.apply.looks import Looks
from reconciler.errors import FatalNetworkError, KeyRefusedError
from reconciler.sandbox.fleet import number
from tests.apply.conftest import MakeAccount
from tests.pace.virtual import VirtualClock

FLEET = [f"+1312{5_550_000 + at}" for at in range(300)]


def test_numbers_that_are_written_one_by_one_are_looked_at_together(
    make_account: MakeAccount,
) -> None:
    account = make_account(*map(number, FLEET))
    desks = {each: {"customer_reference": f"desk-{at}"} for at, each in enumerate(FLEET[:80])}
    account.declare(desks, safety={"max_changes_percent": 100})
    planned = account.plan()
    account.control.forget()
    outcome = account.apply(planned)
    assert outcome.converged
    assert len(account.writes("patch_number")) == 80
    assert outcome.reads <= 12


def test_a_number_that_moves_on_the_first_write_is_left_alone_however_many_go_one_by_one(
    make_account: MakeAccount,
) -> None:
    account = make_account(*map(number, FLEET))
    desks = {each: {"customer_reference": f"desk-{at}"} for at, each in enumerate(FLEET[:80])}
    account.declare(desks, safety={"max_changes_percent": 100})
    planned = account.plan()

    def moved(request: httpx.Request) -> None:
        if request.method == "PATCH" and not account.writes():
            account.control.change(FLEET[79], "customer_reference", "Bob's")

    account.asked = moved
    outcome = account.apply(planned)
    assert [each.phone_number for each in outcome.skipped] == [FLEET[79]]
    assert account.state(FLEET[79])["customer_reference"] == "Bob's"


# ---- gathering ----------------------------------------------------------------------------------


class Readings:
    """A reading of a second; `batches` are what was read at a time."""

    def __init__(self, error: Exception | None = None) -> None:
        self.batches: list[list[int]] = []
        self._error = error

    async def __call__(self, asked: Sequence[int]) -> str:
        self.batches.append(list(asked))
        await asyncio.sleep(1.0)
        if self._error:
            raise self._error
        return f"read {len(asked)}"


def test_those_who_ask_at_about_the_same_time_are_answered_by_one_reading() -> None:
    clock, readings = VirtualClock(), Readings()

    async def ask() -> list[str]:
        looks = Looks(clock, readings, lambda _waiting, _in_reading: True)
        return await asyncio.gather(*map(looks.ask, range(3)))

    assert clock.run(ask()) == ["read 3"] * 3
    assert readings.batches == [[0, 1, 2]]


def test_nobody_waits_for_a_reading_that_has_begun() -> None:
    clock, readings = VirtualClock(), Readings()

    async def ask() -> float:
        looks = Looks(clock, readings, lambda _waiting, _in_reading: True)
        first = asyncio.ensure_future(looks.ask(1))
        await asyncio.sleep(0.5)
        await looks.ask(2)
        assert first.done()
        return clock.monotonic()

    assert clock.run(ask()) < 2.0
    assert readings.batches == [[1], [2]]


def test_it_is_not_read_before_it_is_time() -> None:
    clock, readings = VirtualClock(), Readings()

    async def ask() -> None:
        looks = Looks(clock, readings, lambda waiting, _in_reading: waiting == 2)
        first = asyncio.ensure_future(looks.ask(1))
        await asyncio.sleep(10)
        assert not readings.batches
        await asyncio.gather(first, looks.ask(2))

    clock.run(ask())
    assert readings.batches == [[1, 2]]


def test_what_goes_wrong_is_told_to_everybody_who_asked() -> None:
    clock, readings = VirtualClock(), Readings(KeyRefusedError("get_number", "refused"))

    async def ask() -> None:
        looks = Looks(clock, readings, lambda _waiting, _in_reading: True)
        first = asyncio.ensure_future(looks.ask(1))
        with pytest.raises(KeyRefusedError):
            await looks.ask(2)
        with pytest.raises(KeyRefusedError):
            await first

    clock.run(ask())


def test_nobody_is_left_waiting_where_the_clock_itself_says_that_it_is_over() -> None:
    class Over(VirtualClock):
        async def sleep(self, seconds: float) -> None:
            raise FatalNetworkError("interrupted", f"not sent in {seconds} s")

    clock, readings = Over(), Readings()

    async def ask() -> None:
        looks = Looks(clock, readings, lambda _waiting, _in_reading: True)
        with pytest.raises(FatalNetworkError):
            await asyncio.wait_for(looks.ask(1), 60)

    clock.run(ask())
    assert not readings.batches
