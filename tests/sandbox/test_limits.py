"""The rate limit."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from reconciler.sandbox.fleet import number
from tests.sandbox.support import ONE, Desk

PATH = "/phone_numbers"


def test_a_full_second_is_429_until_the_next() -> None:
    desk = Desk(number(ONE))
    desk.control.limit(2)
    answers = [desk.ask("GET", PATH) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"2"}
    assert answers[2].headers["x-ratelimit-reset"] == "1"
    assert answers[2].json()["errors"][0]["code"] == "10011"
    assert "retry-after" not in answers[2].headers
    desk.clock.advance(1)
    assert desk.ask("GET", PATH).status_code == 200


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_comes_as_seconds_or_as_a_date(form: str) -> None:
    desk = Desk(number(ONE))
    desk.control.limit(0, retry_after=form)
    text = desk.ask("GET", PATH).headers["retry-after"]
    if form == "seconds":
        assert text == "1"
    else:
        wait = parsedate_to_datetime(text).timestamp() - desk.sandbox.world.wall()
        assert 0 < wait < 3


def test_a_refused_request_changes_nothing_and_stands_in_the_log() -> None:
    desk = Desk(number(ONE))
    path = f"{PATH}/{desk.id()}"
    desk.control.limit(0)
    desk.refused("PATCH", path, {"tags": ["a"]}, status=429)
    desk.control.limit(None)
    assert desk.state()["tags"] == []
    assert desk.control.log()[-1].status == 429
    desk.send("PATCH", path, {"tags": ["a"]})


def test_a_wrong_key_does_not_use_up_the_limit() -> None:
    desk = Desk(number(ONE))
    desk.control.limit(1)
    desk.ask("GET", PATH, key="wrong")
    assert desk.ask("GET", PATH).status_code == 200
