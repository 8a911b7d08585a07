"""The plan and the drift as a person reads them: short, complete, and harmless."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import RELEASE, FieldChange, Withheld
from reconciler.core.fields import Listing
from reconciler.core.model import Snapshot, Source
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.core.planload import read_plan
from reconciler.report.grouping import TagMove, tag_move
from reconciler.report.jsonreport import plan_json
from reconciler.report.text import drift_text, plan_text
from tests.plan.world import (
    N1,
    N2,
    PROFILE,
    PROFILE_ID,
    SCREENING,
    Phone,
    account,
    declare,
    declared,
    e164,
    phone,
    plan_for,
    printed,
)
from tests.report.test_markdown import plan_of

MANY = 10_000


@cache
def plain_fleet() -> Snapshot:
    """10,000 numbers with nothing particular."""
    return account(*(phone(at) for at in range(MANY)))


def text_of(plan: Plan) -> str:
    return plan_text(plan, reads=3)


def lines_of(wishes: dict[str, dict[str, Any]], fleet: list[Phone] | Snapshot) -> list[str]:
    snapshot = fleet if isinstance(fleet, Snapshot) else account(*fleet)
    return text_of(plan_for(declare(wishes), snapshot)).splitlines()


# ---- whole plans -------------------------------------------------------------------------------


def test_one_changed_number_reads_so() -> None:
    desired = declared(
        """
        numbers:
          "+13125550001":
            customer_reference: desk-1
            voice: {inbound_call_screening: flag_calls}
            tags: [chicago, support]
          "+13125550002": {}
        """
    )
    assert printed(desired, account(phone(1, tags=["support"]), phone(2), phone(3))) == (
        "  ~ +13125550001\n"
        '      tags: ["support"] → ["chicago", "support"]  (+chicago)  # fleet.yaml:6\n'
        '      customer_reference: null → "desk-1"  # fleet.yaml:4\n'
        '      voice.inbound_call_screening: "disabled" → "flag_calls"  [cost]  # fleet.yaml:5\n'
        "\n"
        "Plan: 1 number to change, 0 to release, 1 unchanged.\n"
        "3 changes on 1 number → 1 update job (floor 1), about 1 s to 1 min.\n"
        "1 cost-bearing change, of which no monthly price is known.\n"
        "\n"
        "3 live numbers, 1 of them unmanaged (3 reads, no writes)."
    )


def test_no_changes_read_so() -> None:
    assert printed(declare({N1: {}}), account(phone(1))) == (
        "No changes. The account matches the configuration.\n\n1 live number (3 reads, no writes)."
    )


def test_what_is_held_back_reads_so() -> None:
    fleet = account(phone(1).status("port-pending"), phone(2).have({SCREENING: "block_everything"}))
    wishes: dict[str, dict[str, Any]] = {
        N1: {"tags": ("a",)},
        N2: {SCREENING: "disabled"},
        e164(3): {},
    }
    assert printed(declare(wishes), fleet) == (
        "  ! withheld (status): tags of 1 number (+13125550001): its status is port-pending; "
        "only active numbers are written  # fleet.yaml:1\n"
        "  ! unknown: voice.inbound_call_screening of 1 number (+13125550002): the voice list "
        "holds a value that the specification does not know  # fleet.yaml:1\n"
        "  ! not owned: 1 number that the account lacks: +13125550003 (fleet.yaml:3)\n"
        "\n"
        "No changes to make.\n"
        "\n"
        "2 live numbers (3 reads, no writes)."
    )


def test_a_saved_plan_groups_what_is_held_back_as_when_it_was_made() -> None:
    numbers = "".join(f'  "{e164(at)}": {{tags: [a]}}\n' for at in range(1, 6))
    fleet = account(*(phone(at).status("port-pending") for at in range(1, 6)))
    plan = plan_for(declared("numbers:\n" + numbers), fleet)
    kept = text_of(read_plan(plan_document(plan), "plan.json"))
    assert kept.splitlines()[0] == (
        f"  ! withheld (status): tags of 5 numbers ({N1}, {N2}, {e164(3)} and 2 more): its status "
        "is port-pending; only active numbers are written  "
        "# fleet.yaml:2, fleet.yaml:3, fleet.yaml:4 and 2 more"
    )
    assert kept.split("\n\n")[0] == text_of(plan).split("\n\n")[0]


def test_a_plan_without_the_network_says_so() -> None:
    plan = plan_for(declare({N1: {}}), account(phone(1)))
    assert plan_text(plan, reads=0).endswith("1 live number (from a snapshot, no calls).")


def test_one_read_is_singular() -> None:
    plan = plan_for(declare({N1: {}}), account(phone(1)))
    assert plan_text(plan, reads=1).endswith("(1 read, no writes).")


def test_two_numbers_are_plural() -> None:
    lines = lines_of({N1: {"tags": ("a",)}, N2: {"tags": ("a",)}}, [phone(1), phone(2)])
    assert lines[0] == "  ~ 2 numbers: +13125550001, +13125550002"
    assert "2 changes on 2 numbers → 1 update job (floor 1)" in lines[-3]


# ---- short -------------------------------------------------------------------------------------


def test_10_000_numbers_that_change_alike_are_a_few_lines() -> None:
    wish = {"tags": ("a",), "customer_reference": "x", SCREENING: "flag_calls"}
    lines = lines_of({e164(at): wish for at in range(MANY)}, plain_fleet())
    assert len(lines) <= 15
    assert lines[0].startswith("  ~ 10,000 numbers: +13125550000, +13125550001, +13125550002 and")


def test_10_000_different_references_are_a_few_lines() -> None:
    wishes = {e164(at): {"customer_reference": f"desk-{at}"} for at in range(MANY)}
    lines = lines_of(wishes, plain_fleet())
    assert len(lines) <= 15
    assert "10,000 different changes, such as" in lines[1]


def test_10_000_numbers_in_many_small_kinds_are_some_dozens_of_lines() -> None:
    wishes = {
        e164(at): {
            "customer_reference": f"desk-{at // 2}",
            "connection_id": str(10**18 + at % 97),
            "tags": (f"t{at % 89}",),
        }
        for at in range(MANY)
    }
    assert len(lines_of(wishes, plain_fleet())) <= 60


def test_10_000_numbers_that_were_different_before_are_a_few_lines() -> None:
    fleet = [phone(at, customer_reference=f"old-{at}", tags=[f"t{at}"]) for at in range(MANY)]
    wishes: dict[str, dict[str, Any]] = {
        e164(at): {"customer_reference": None, "tags": ("a",)} for at in range(MANY)
    }
    assert len(lines_of(wishes, fleet)) <= 15


def test_10_000_numbers_that_are_not_owned_are_one_line() -> None:
    lines = lines_of({e164(at): {} for at in range(MANY)}, [])
    assert (
        "not owned: 10,000 numbers that the account lacks: +13125550000 (fleet.yaml:1)" in lines[0]
    )
    assert "and 9,995 more" in lines[0]


def test_only_the_releases_among_what_is_withheld_are_all_named() -> None:
    outside = "select leaves it out: tags"
    fields = [Withheld(e164(at), "tags", (), ("a",), "out-of-scope", outside) for at in range(104)]
    gone = [
        Withheld(e164(at), RELEASE, None, None, "out-of-scope", outside) for at in range(90, 95)
    ]
    text = plan_text(plan_of(withheld=(*fields, *gone)), reads=None)
    first, second = (line for line in text.splitlines() if "withheld (out-of-scope)" in line)
    assert f"tags of 104 numbers ({e164(0)}, {e164(1)}, {e164(2)} and 101 more)" in first
    assert f"release of 5 numbers ({', '.join(e164(at) for at in range(90, 95))})" in second


def test_10_000_unknown_or_withheld_numbers_are_a_line_a_field() -> None:
    fleet = [phone(at).status("port-pending") for at in range(MANY)]
    wish = {"tags": ("a",), PROFILE_ID: PROFILE}
    snapshot = account(*fleet, lists=(Listing.NUMBERS,))
    text = text_of(plan_for(declare({e164(at): wish for at in range(MANY)}), snapshot))
    assert len(text.splitlines()) <= 8


def test_every_changed_number_is_counted_in_the_blocks() -> None:
    wishes: dict[str, dict[str, Any]] = {e164(at): {"tags": (f"t{at % 3}",)} for at in range(30)}
    lines = lines_of(wishes, [phone(at) for at in range(30)])
    assert [line.partition(":")[0] for line in lines if "~" in line] == 3 * ["  ~ 10 numbers"]


# ---- drift -------------------------------------------------------------------------------------


def test_drift_shows_number_field_before_and_after() -> None:
    plan = plan_for(
        declare({N1: {"customer_reference": "desk-1"}, N2: {}}),
        account(phone(1, customer_reference="changed"), phone(2)),
    )
    assert drift_text(plan, reads=2) == (
        "  ~ +13125550001\n"
        '      customer_reference: "changed" → "desk-1"  # fleet.yaml:1\n'
        "\n"
        "Drift: 1 field on 1 number (live → declared), 1 as declared.\n"
        "\n"
        "2 live numbers (2 reads, no writes)."
    )


def test_no_drift_reads_so() -> None:
    text = drift_text(plan_for(declare({N1: {}}), account(phone(1))), reads=2)
    assert text.startswith("No drift. The account matches the configuration.")


# ---- tags --------------------------------------------------------------------------------------

tag_lists = st.sets(st.sampled_from(["a", "A", "ab", "1", "1.0", "b c", "", "é"])).map(
    lambda tags: tuple(sorted(tags))
)


@given(before=tag_lists, after=tag_lists)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_the_tags_that_come_and_go_are_the_difference_of_the_lists(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    come, gone = set(after) - set(before), set(before) - set(after)
    field = FieldChange("tags", before, after, Source("f", 1))
    assert tag_move(field) == TagMove(tuple(sorted(come)), tuple(sorted(gone)))


def test_an_edit_on_many_different_lists_shows_only_what_comes_and_goes() -> None:
    desired = declared(
        "groups: {all: {tags: {add: [new], remove: [old]}}}\nnumbers:\n"
        + "".join(f"  '{e164(at)}': {{groups: [all]}}\n" for at in range(8))
    )
    fleet = account(*(phone(at, tags=[f"t{at}", "old"]) for at in range(8)))
    assert printed(desired, fleet).splitlines()[1] == (
        "      tags: +new, -old (on 8 different lists)  # fleet.yaml:1"
    )


# ---- harmless ----------------------------------------------------------------------------------

HOSTILE = {
    "an escape sequence": "\x1b[2J\x1b[31mred",
    "an eight-bit escape": "\x9b31m",
    "a bidi override": "\u202egnp.exe",
    "a line end": "x\n::error::owned\n",
    "a carriage return": "x\rPlan: 0 numbers",
    "a line separator": "x\u2028y",
    "a zero-width space": "a\u200bb",
    "a bell": "\x07",
    "a window title": "\x1b]0;title\x07",
    "a tag character": "\U000e0041",
    "half a megabyte": "x" * 500_000,
    "a delete": "\x7f",
}
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def hostile_plans(text: str) -> Plan:
    """The text as a live and a declared tag and reference, as a status, and as a refusal."""
    fleet = [
        phone(1, tags=[text, "a"], customer_reference=text),
        phone(2).status(text),
        *(phone(at, tags=[text, str(at)]) for at in range(3, 9)),
    ]
    wishes: dict[str, dict[str, Any]] = {
        N1: {"tags": ("a", text + "2"), "customer_reference": text + "2", PROFILE_ID: None},
        N2: {"customer_reference": text},
        **{e164(at): {"tags": (text, text + str(at))} for at in range(3, 9)},
    }
    lists = (Listing.NUMBERS, Listing.MESSAGING)
    snapshot = account(*fleet, lists=lists, refused={Listing.VOICE: text})
    wishes[e164(3)] |= {"voice.tech_prefix_enabled": True}
    return plan_for(declare(wishes), snapshot)


@hostile
def test_hostile_text_is_neutral_in_every_line_of_a_plan(text: str) -> None:
    assert all(line.isprintable() for line in text_of(hostile_plans(text)).split("\n"))


@hostile
def test_hostile_text_is_neutral_in_every_line_of_drift(text: str) -> None:
    lines = drift_text(hostile_plans(text), reads=1).split("\n")
    assert all(line.isprintable() for line in lines)


@hostile
def test_hostile_text_makes_no_line_that_does_not_end(text: str) -> None:
    assert max(map(len, text_of(hostile_plans(text)).split("\n"))) < 1200


@hostile
def test_hostile_text_is_neutral_in_json(text: str) -> None:
    assert all(line.isprintable() for line in plan_json(hostile_plans(text)).split("\n"))


@hostile
def test_hostile_text_adds_no_line(text: str) -> None:
    lines = text_of(hostile_plans(text)).split("\n")
    assert len(lines) == len(text_of(hostile_plans("tame")).split("\n"))


def test_without_colour_there_is_no_escape() -> None:
    assert "\x1b" not in text_of(hostile_plans("tame"))


def test_colour_adds_nothing_but_colour() -> None:
    plan = hostile_plans("tame")
    painted = plan_text(plan, reads=3, paint=lambda text, role: f"<{role}>{text}</>")
    assert painted != text_of(plan)
    assert re.sub(r"<[a-z]+>|</>", "", painted) == text_of(plan)
