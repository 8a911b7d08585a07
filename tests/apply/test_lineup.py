"""Which operation begins when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from reconciler.api.places import Places
from reconciler.apply.lineup import LineUp
from reconciler.core.fields import Channel
from reconciler.core.operations import Operation
from reconciler.core.plan import JOB_CALLS
from reconciler.sandbox.fleet import number
from tests.api.support import run
from tests.api.test_places import Rising
from tests.apply.conftest import MakeAccount


def single(id_: str, *depends_on: str) -> Operation:
    return Operation(id_, Channel.PATCH_NUMBER, ("+13125550001",), {}, {}, depends_on)


def job(id_: str, *depends_on: str) -> Operation:
    return Operation(id_, Channel.UPDATE_JOB, ("+13125550001",), {}, {}, depends_on)


async def in_order(operations: Sequence[Operation], places: int = 1, scout: str = "") -> list[str]:
    """The ids as they begin and, with a dot, as they end; each takes one turn of the loop."""
    line = LineUp(operations, Places(Rising(places)), lambda each: each.call in JOB_CALLS, scout)
    told: list[str] = []

    async def begin(operation: Operation) -> None:
        told.append(operation.id)
        await asyncio.sleep(0)
        told.append(f"{operation.id}.")
        line.ended(operation)
        if operation.id == scout:
            line.scouted()

    await line.run(begin)
    return told


def test_single_calls_begin_in_order_when_there_is_a_place() -> None:
    assert run(in_order([single("a"), single("b"), single("c")])) == [
        "a",
        "a.",
        "b",
        "b.",
        "c",
        "c.",
    ]


def test_as_many_are_at_work_as_there_are_places() -> None:
    told = run(in_order([single("a"), single("b"), single("c")], places=2))
    assert told[:2] == ["a", "b"]
    assert told.index("c") > told.index("a.")


def test_what_depends_on_another_begins_after_its_end_and_takes_no_place_before() -> None:
    told = run(in_order([single("last", "job"), single("first"), job("job", "first")]))
    assert told == ["first", "first.", "job", "job.", "last", "last."]


def test_jobs_wait_for_no_place() -> None:
    told = run(in_order([single("a"), single("b"), job("x"), job("y")]))
    assert told.index("x") < told.index("b")
    assert told.index("y") < told.index("b")


def test_all_others_wait_for_the_scout() -> None:
    told = run(
        in_order([job("x"), single("a"), single("scout"), single("b", "scout")], scout="scout")
    )
    assert told[:2] == ["scout", "scout."]
    assert sorted(told[2:]) == ["a", "a.", "b", "b.", "x", "x."]


def test_one_that_makes_more_calls_takes_a_place_for_each() -> None:
    async def go() -> tuple[int, list[str]]:
        line = LineUp([single("a"), single("b")], Places(Rising(1)), lambda _: False, "")
        inside = most = 0
        told: list[str] = []

        async def begin(operation: Operation) -> None:
            nonlocal inside, most
            for _ in range(2):
                await line.take(operation)
                inside += 1
                most = max(most, inside)
                told.append(operation.id)
                await asyncio.sleep(0)
                inside -= 1
                line.leave(operation)
                await asyncio.sleep(0)
            line.ended(operation)

        await line.run(begin)
        return most, told

    most, told = run(go())
    assert most == 1
    assert sorted(told) == ["a", "a", "b", "b"]


def test_one_that_breaks_gives_its_place_back_and_takes_no_other_with_it() -> None:
    async def go() -> list[str]:
        line = LineUp([single("a"), single("b")], Places(Rising(1)), lambda _: False, "")
        told: list[str] = []

        async def begin(operation: Operation) -> None:
            try:
                told.append(operation.id)
                if operation.id == "a":
                    raise RuntimeError
            finally:
                line.ended(operation)

        await line.run(begin)
        return told

    assert run(go()) == ["a", "b"]


def test_leaving_at_once_ends_whatever_is_at_work() -> None:
    async def go() -> list[str]:
        line = LineUp([single("a"), job("x")], Places(Rising(1)), lambda each: each.id == "x", "")
        ended: list[str] = []

        async def begin(operation: Operation) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(operation.id)

        running = asyncio.ensure_future(line.run(begin))
        for _ in range(5):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return sorted(ended)

    assert run(go()) == ["a", "x"]


def test_hundreds_of_single_calls_are_never_hundreds_of_tasks(make_account: MakeAccount) -> None:
    numbers = [f"+1312555{n:04d}" for n in range(300)]
    account = make_account(*map(number, numbers))
    account.declare(
        {each: {"customer_reference": each} for each in numbers},
        safety={"max_changes_percent": 100},
        limits={"rate_per_second": 5},
    )
    tasks: list[int] = []

    def count(request: object) -> None:
        del request
        tasks.append(len(asyncio.all_tasks()))

    planned = account.plan()
    account.asked = count
    assert account.apply(planned).converged
    assert max(tasks[:8]) < 100, "there are more when the pace has climbed"
