"""What an apply did: what is left comes first, and nothing is called done that is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.changes import NotOwned, UnknownField, Withheld
from reconciler.core.fields import Channel
from reconciler.core.model import Source
from reconciler.core.outcome import Applied, Failed, Left, Outcome
from reconciler.errors import Exit
from reconciler.report.jsonreport import outcome_json
from reconciler.report.text import outcome_text
from tests.plan.world import N1, N2, N3, e164

DONE = Outcome(
    applied=(Applied(N1, "tags", "op-0001"), Applied(N1, "connection_id", "op-0001")),
    failed=(),
    unconfirmed=(),
    unverifiable=(),
    skipped=(),
    withheld=(),
    not_owned=(),
    unknown=(),
    calls={Channel.UPDATE_JOB: 1, Channel.PATCH_VOICE: 0},
    reads=4,
    seconds=71.6,
)
FAILED = Failed(N2, "connection_id", "op-0002", "10015", "Bad: no such one (/connection_id)")
UNCONFIRMED = Left(N3, "tags", "op-0003", 'it was sent, but still reads ["a"]')
SKIPPED = Left(N3, "tags", "op-0003", "the key was refused")
WITHHELD = Withheld(N3, "tags", (), ("a",), "status", "its status is port-pending")
NOT_OWNED = NotOwned(N3, Source("fleet.yaml", 9))
UNKNOWN_FIELD = UnknownField(N3, "tags", "the number list does not carry it")


def leftovers() -> list[tuple[str, Outcome, Exit]]:
    return [
        ("failed", replace(DONE, failed=(FAILED,)), Exit.INCOMPLETE),
        ("unconfirmed", replace(DONE, unconfirmed=(UNCONFIRMED,)), Exit.INCOMPLETE),
        ("not tried", replace(DONE, skipped=(SKIPPED,)), Exit.INCOMPLETE),
        ("withheld", replace(DONE, withheld=(WITHHELD,)), Exit.REFUSED),
        ("not owned", replace(DONE, not_owned=(NOT_OWNED,)), Exit.INCOMPLETE),
        ("unknown", replace(DONE, unknown=(UNKNOWN_FIELD,)), Exit.INCOMPLETE),
        ("Stopped", replace(DONE, stopped="somebody said so"), Exit.INCOMPLETE),
    ]


left = pytest.mark.parametrize(
    ("word", "outcome", "code"), leftovers(), ids=[each[0] for each in leftovers()]
)


def test_a_complete_apply_reads_so() -> None:
    assert outcome_text(DONE) == (
        "Apply complete. 2 changes on 1 number applied and read back: "
        "1 update job, 4 reads, 1 min 12 s."
    )


@left
def test_what_is_left_is_named(word: str, outcome: Outcome, code: Exit) -> None:
    del code
    assert outcome_text(outcome).lstrip().startswith(("! " + word, word))


@left
def test_what_is_left_is_not_complete(word: str, outcome: Outcome, code: Exit) -> None:
    del word, code
    assert "Apply incomplete." in outcome_text(outcome)
    assert json.loads(outcome_json(outcome))["converged"] is False


@left
def test_what_is_left_has_its_exit_code(word: str, outcome: Outcome, code: Exit) -> None:
    del word
    assert outcome.exit_code is code


def test_failed_numbers_come_first_with_code_detail_and_pointer() -> None:
    outcome = replace(
        DONE, failed=(FAILED,), unconfirmed=(UNCONFIRMED,), withheld=(WITHHELD,), stopped="x"
    )
    assert outcome_text(outcome).splitlines()[0] == (
        "  failed: connection_id of 1 number: +13125550002: 10015 Bad: no such one (/connection_id)"
    )


def test_the_counts_come_last_with_what_to_do_next() -> None:
    assert outcome_text(replace(DONE, failed=(FAILED,))).splitlines()[-1] == (
        "What is left shows in the next plan: run `reconciler plan`, then apply again."
    )


def test_10_000_failures_for_one_reason_are_one_line() -> None:
    failed = tuple(replace(FAILED, phone_number=e164(at)) for at in range(10_000))
    lines = outcome_text(replace(DONE, failed=failed)).splitlines()
    assert len(lines) <= 5
    assert "of 10,000 numbers:" in lines[0]


def test_a_write_that_is_unverifiable_does_not_keep_an_apply_from_being_complete() -> None:
    assert replace(DONE, unverifiable=(SKIPPED,)).converged


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Exit.OK),
        ({"key_refused": True, "stopped": "x", "failed": (FAILED,)}, Exit.KEY_REFUSED),
        ({"interrupted": True, "stopped": "x", "key_refused": True}, Exit.INTERRUPTED),
        ({"withheld": (WITHHELD,), "not_owned": (NOT_OWNED,)}, Exit.INCOMPLETE),
    ],
)
def test_the_gravest_exit_code_wins(changes: dict[str, Any], code: Exit) -> None:
    assert replace(DONE, **changes).exit_code is code


# ---- JSON --------------------------------------------------------------------------------------


def everything() -> dict[str, Any]:
    outcome = replace(
        DONE,
        failed=(FAILED,),
        unconfirmed=(UNCONFIRMED,),
        unverifiable=(SKIPPED,),
        skipped=(SKIPPED,),
        withheld=(WITHHELD,),
        not_owned=(NOT_OWNED,),
        unknown=(UNKNOWN_FIELD,),
        notes=("a note",),
    )
    loaded: dict[str, Any] = json.loads(outcome_json(outcome))
    return loaded


def test_the_keys_of_the_contract_are_there() -> None:
    assert everything().keys() >= {
        "applied",
        "failed",
        "unconfirmed",
        "unverifiable",
        "skipped",
        "withheld",
        "calls",
        "journal",
        "converged",
    }


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("applied", {"phone_number", "path", "operation"}),
        ("failed", {"phone_number", "path", "code", "detail"}),
        ("unconfirmed", {"phone_number", "path", "reason"}),
        ("unverifiable", {"phone_number", "path", "reason"}),
        ("skipped", {"phone_number", "path", "reason"}),
        ("withheld", {"phone_number", "path", "before", "after", "rule", "reason"}),
        ("unknown", {"phone_number", "path", "reason"}),
    ],
)
def test_each_entry_has_the_keys_of_the_contract(part: str, keys: set[str]) -> None:
    assert everything()[part][0].keys() >= keys


def test_only_calls_that_went_out_are_counted() -> None:
    assert everything()["calls"] == {"update_job": 1}


# ---- harmless ----------------------------------------------------------------------------------

HOSTILE = ["\x1b[2J", "\x9b31m", "\u202ex", "x\n::error::y", "a\u2028b", "x" * 500_000]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_neutral_in_every_line(text: str) -> None:
    outcome = replace(
        DONE,
        failed=(replace(FAILED, detail=text, code=text),),
        unconfirmed=(replace(UNCONFIRMED, reason=text),),
        withheld=(replace(WITHHELD, reason=text),),
        notes=(text,),
        stopped=text,
    )
    for report in (outcome_text(outcome), outcome_json(outcome)):
        assert all(line.isprintable() for line in report.split("\n"))
    assert max(map(len, outcome_text(outcome).split("\n"))) < 1200
