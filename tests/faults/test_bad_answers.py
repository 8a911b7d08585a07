"""Answers that no honest service gives: no traceback, no hang, no write that nobody reviewed."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.sandbox.faults import Distort, Respond
from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.report.rendered import rendered
from tests.report.runner import commands

DESK = {ONE: {"customer_reference": "desk-1"}}
DEEP = "[" * 20_000 + "]" * 20_000


def page(*rows: dict[str, Any], total: int | None = None, **meta: Any) -> str:
    """A page of the number lists."""
    counts = {"page_number": 1, "page_size": 250, "total_pages": 1, **meta}
    counts["total_results"] = len(rows) if total is None else total
    return json.dumps({"data": list(rows), "meta": counts})


def row(**changes: Any) -> dict[str, Any]:
    """A number as the lists show it."""
    return {"id": "1293384261075731499", "phone_number": ONE, "status": "active", **changes}


def answering(account: Account, text: str) -> None:
    """Let every read be answered so."""
    account.control.fault(Respond(status=200, body=text), method="GET", times=None)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_nan(account: Account, reconciler: Shell, value: str) -> None:
    account.declare(DESK)
    answering(account, page(row(customer_reference="X")).replace('"X"', value))
    said = reconciler("apply", "--auto-approve")
    assert (said.code in {1, 5}, account.writes()) == (True, [])


@pytest.mark.parametrize("where", ["row", "data", "meta", "whole"])
def test_deep_json(account: Account, reconciler: Shell, where: str) -> None:
    account.declare(DESK)
    whole = {
        "row": page(row(customer_reference="X")).replace('"X"', DEEP),
        "data": f'{{"data": {DEEP}, "meta": {{"total_results": 0}}}}',
        "meta": f'{{"data": [], "meta": {DEEP}}}',
        "whole": DEEP,
    }
    answering(account, whole[where])
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (1, [])


@pytest.mark.parametrize("lie", [1, -1, 1000, 9_000_000])
def test_total_results_that_lies(account: Account, reconciler: Shell, lie: int) -> None:
    account.declare(DESK)
    account.control.fault(Distort(total=lie), call="list_slim", times=None)
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (1, [])
    assert len(account.control.log()) < 300


@pytest.mark.parametrize("size", [1, 250])
def test_endless_pages(account: Account, reconciler: Shell, size: int) -> None:
    account.declare(DESK)
    answering(account, page(row(), total=9_999_999, page_size=size))
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (1, [])
    assert len(account.control.log()) < 300


@pytest.mark.parametrize(
    "id_",
    ["../../v1/x", "..", "a/b", "a?x=1", "a#b", "a%2fb", "", " ", "a\nb", "\u0661", "x" * 999],
)
def test_ids_with_dots_and_slashes(account: Account, reconciler: Shell, id_: str) -> None:
    account.declare({ONE: {"customer_reference": "x"}, TWO: {"customer_reference": "x"}})
    rows = (row(id=id_), row(phone_number=TWO, customer_reference="x"))
    answering(account, page(*rows))
    said = reconciler("apply", "--auto-approve")
    assert (said.code in {1, 5}, account.writes()) == (True, [])
    assert all("x=1" not in entry.query for entry in account.control.log())
    assert {entry.path for entry in account.control.log()} <= {
        "/v2/phone_numbers",
        "/v2/phone_numbers/slim",
        "/v2/mobile_phone_numbers",
        "/v2/phone_numbers/actions/verify_ownership",
    }


@pytest.mark.parametrize("key", ["id", "phone_number", "status", "customer_reference", "tags"])
@pytest.mark.parametrize("value", [7, 1.5, True, [], {}], ids=repr)
def test_numbers_where_strings_belong(
    account: Account, reconciler: Shell, key: str, value: Any
) -> None:
    account.declare({ONE: {"customer_reference": "x", "tags": ["a"]}})
    before = {"customer_reference": "x", "tags": ["a"]}
    answering(account, page(row(**{**before, key: value})))
    said = reconciler("apply", "--auto-approve")
    harmless = key == "tags" and value == []
    assert (said.code == 0, bool(account.writes())) == (False, False) or harmless or key == "status"


@pytest.mark.parametrize(
    "status", ["suspended", "ACTIVE", "", "actıve", None, "active\n"], ids=repr
)
def test_unknown_enum_values_and_statuses_not_planned_not_guessed_status(
    account: Account, reconciler: Shell, status: Any
) -> None:
    account.declare(DESK)
    account.control.fault(Distort(set={"status": status}), call="list_slim", times=None)
    said = reconciler("plan", "--format", "json")
    assert (said.code, said.json["changes"]) == (0, [])
    assert [each["rule"] for each in said.json["withheld"]] == ["status"]


@pytest.mark.parametrize("value", ["block_calls", "DISABLED", "flag-calls", 1, True], ids=repr)
def test_unknown_enum_values_and_statuses_not_planned_not_guessed_enum(
    account: Account, reconciler: Shell, value: Any
) -> None:
    account.declare({ONE: {"voice": {"inbound_call_screening": "flag_calls"}}})
    account.control.fault(
        Distort(set={"inbound_call_screening": value}), call="list_voice", times=None
    )
    said = reconciler("plan", "--format", "json")
    assert (said.json["changes"], said.json["operations"]) == ([], [])
    assert [each["path"] for each in said.json["unknown"]] == ["voice.inbound_call_screening"]


HOSTILE: dict[str, str] = {
    "ANSI escapes": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "`@mentions`": "@everyone @octocat",
    "pipes": "a|b||c",
    "backticks": "`a` ```b``` `",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "`::workflow::` lines": "::error file=a::owned\n::set-output name=x::y\n##[command]z",
}


@pytest.mark.parametrize("output", ["text", "markdown", "html", "json", "github"])
@pytest.mark.parametrize("item", HOSTILE)
def test_in_tags_or_references_neutral_in_every_output(
    account: Account, reconciler: Shell, item: str, output: str
) -> None:
    text = HOSTILE[item]
    account.control.change(ONE, "tags", [text, "b"])
    account.control.change(ONE, "customer_reference", text)
    account.declare({ONE: {"customer_reference": "desk-1", "tags": {"add": ["new"]}}})
    said = reconciler("plan", "--format", output)
    shown = said.out + said.err
    assert said.code == 0
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\x9b" not in shown
    if output == "html":
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    if output == "markdown":
        assert rendered(said.out).alive == []
    if output in {"text", "github", "markdown"}:
        assert not [each for each in commands(said.out) if each.data in {"owned", "y", "z"}]
    if output == "json":
        (change,) = said.json["changes"]
        assert text in change["fields"][0]["before"]


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 429, 500])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_key_echoed_in_an_error_redacted(
    account: Account, reconciler: Shell, method: str, status: int
) -> None:
    key = account.sandbox.api_key
    account.declare(DESK)
    said_so = {"code": key, "title": f"Bearer {key}", "detail": f"the key {key} is no good"}
    body = json.dumps({"errors": [{**said_so, "source": {"pointer": f"/{key}"}}]})
    headers = {"x-request-id": key, "retry-after": "1"}
    account.control.fault(
        Respond(status=status, body=body, headers=headers), method=method, times=None
    )
    said = reconciler("apply", "--auto-approve", "--format", "json", "--max-wait", "5")
    assert said.code in {1, 5, 7}
    assert key not in said.out + said.err
    for journal in (account.root / ".reconciler").glob("*"):
        assert key not in journal.read_text()


FLAGGED = {ONE: {"voice": {"inbound_call_screening": "flag_calls"}}}


@pytest.mark.parametrize("value", [7, [], {}, {"a": 1}], ids=repr)
@pytest.mark.parametrize("key", ["id", "phone_number", "inbound_call_screening"])
def test_numbers_where_strings_belong_in_what_is_read_back_are_no_success(
    make_account: MakeAccount, reconciler: Shell, key: str, value: Any
) -> None:
    account = make_account(*(number(f"+1312555{each:04}") for each in range(60)))
    account.declare(FLAGGED, limits={"page_size": 2})

    def written(request: httpx.Request) -> None:
        if request.method == "PATCH":
            account.control.fault(Distort(set={key: value}), call="get_voice", times=None)

    account.answered = written
    said = reconciler("apply", "--auto-approve", "--format", "json")
    assert len(account.writes("patch_voice")) == 1
    assert (said.code, said.json["converged"], len(said.json["unconfirmed"])) == (5, False, 1)


@pytest.mark.parametrize("value", [7, [], {}, {"a": 1}], ids=repr)
@pytest.mark.parametrize("key", ["id", "phone_number"])
def test_numbers_where_strings_belong_in_what_is_read_one_by_one_are_unknown(
    make_account: MakeAccount, reconciler: Shell, key: str, value: Any
) -> None:
    account = make_account(*(number(f"+1312555{each:04}") for each in range(60)))
    account.declare(FLAGGED, limits={"page_size": 2})
    account.control.fault(Distort(set={key: value}), call="get_voice", times=None)
    said = reconciler("plan", "--format", "json")
    assert any(entry.call == "get_voice" for entry in account.control.log())
    assert (said.code, said.json["changes"]) == (0, [])
    assert [each["phone_number"] for each in said.json["unknown"]] == [ONE]
