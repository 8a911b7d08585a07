"""A connection is kept while it can be relied on, and what comes over it is read as HTTP has it."""

from __future__ import annotations

import asyncio
import time

import pytest

from reconciler.api import line
from reconciler.api.http import Answer
from reconciler.api.settings import Limits
from reconciler.errors import UnavailableError
from tests.api.support import Behave, Call, RawServer, http_to, reply, run, saying, serving

QUICK = Limits(rate_per_second=1000, call_timeout_seconds=5)


def answers(behave: Behave, count: int = 2, busy: float = 0.0) -> tuple[list[Answer], RawServer]:
    """`count` calls one after the other, on a server that keeps its connections open; `busy`
    seconds go by between them in which nothing else runs."""

    async def go() -> tuple[list[Answer], RawServer]:
        async with (
            serving(behave, keep_alive=True) as server,
            http_to(server.endpoint, QUICK) as http,
        ):
            found = []
            for _ in range(count):
                found.append(await http.send("GET", "/phone_numbers"))
                time.sleep(busy)  # noqa: ASYNC251 - what is tried is a loop that cannot run
            return found, server

    return run(go())


def test_what_comes_unasked_is_never_taken_for_the_next_answer() -> None:
    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b'{"asked": true}') + reply(b'{"asked": false}'))

    found, server = answers(behave)
    assert [each.body for each in found] == [b'{"asked": true}'] * 2
    assert server.connections == 2


def test_what_comes_unasked_later_is_never_taken_for_the_next_answer_either() -> None:
    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b'{"asked": true}'))
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(reply(b"{}", status="408 Request Timeout"))

    async def go() -> tuple[list[bytes], int]:
        async with (
            serving(behave, keep_alive=True) as server,
            http_to(server.endpoint, QUICK) as http,
        ):
            found = []
            for _ in range(2):
                found.append((await http.send("GET", "/phone_numbers")).body)
                await asyncio.sleep(0.05)
            return found, server.connections

    bodies, connections = run(go())
    assert bodies == [b'{"asked": true}'] * 2
    assert connections == 2


def test_a_server_that_hung_up_while_nothing_here_could_run_is_called_anew() -> None:
    async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply())
        await writer.drain()
        writer.close()

    found, server = answers(behave, busy=0.02)
    assert [each.status for each in found] == [200, 200]
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, server = answers(saying(reply()))
    assert server.connections == 1
    monkeypatch.setattr(line, "KEEP_ALIVE_SECONDS", 0.0)
    _, server = answers(saying(reply()))
    assert server.connections == 2


def test_a_server_that_wants_to_close_is_let_go() -> None:
    _, server = answers(saying(reply(connection="close")))
    assert server.connections == 2


def test_what_a_server_says_before_its_answer_is_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    (found, _), _ = answers(saying(early + reply(b'{"final": 1}')))
    assert found.body == b'{"final": 1}'


def test_a_body_in_chunks_is_put_together() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    found, server = answers(saying(head + b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'))
    assert [each.body for each in found] == [b'{"a":1}'] * 2
    assert server.connections == 1


def test_a_large_body_is_sent_whole() -> None:
    async def go() -> bytes:
        async with serving(saying(reply())) as server, http_to(server.endpoint, QUICK) as http:
            await http.send("POST", "/phone_numbers/jobs", body=b"x" * 2_000_000)
            return server.calls[0].body

    assert run(go()) == b"x" * 2_000_000


def test_an_answer_that_changes_to_another_protocol_is_a_lost_one() -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    with pytest.raises(UnavailableError):
        answers(saying(switched))
