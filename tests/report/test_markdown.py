"""A plan as a comment on a pull request: short, the risks first, harmless whatever it quotes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import (
    RELEASE,
    Action,
    Change,
    Difference,
    FieldChange,
    NotOwned,
    UnknownField,
    Withheld,
)
from reconciler.core.fields import Kind
from reconciler.core.model import Source
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.core.text import neutral
from reconciler.core.values import Secret
from reconciler.report.commonmark import COMMENT_LIMIT
from reconciler.report.markdown import plan_markdown
from reconciler.report.view import View
from reconciler.report.words import shown
from tests.plan.world import (
    N1,
    N2,
    OTHER_TRUNK,
    SCREENING,
    TRUNK,
    account,
    declare,
    declared,
    e164,
    phone,
    plan_for,
)
from tests.report.rendered import OURS, Page, hostile_text, rendered

anything = settings(max_examples=60, derandomize=True, deadline=None)
HERE = Source("fleet.yaml", 7)
READ = View(reads=3)


def change(number: str, *fields: FieldChange) -> Change:
    return Change(number, "1", Kind.NUMBER, Action.UPDATE, fields)


def release(at: int) -> Change:
    source = Source("gone.yaml", at)
    return Change(e164(at), "1", Kind.NUMBER, Action.RELEASE, (), source)


def plan_of(*changes: Change, **more: Any) -> Plan:
    """A plan that says so, whatever the rules would say to it."""
    empty = plan_for(declare({}), account(phone(1)))
    lists = {"unknown": (), "not_owned": (), "withheld": ()} | more
    difference = Difference(
        changes=changes, declared=len(changes), unchanged=0, unmanaged=0, **lists
    )
    released = sum(each.action is Action.RELEASE for each in changes)
    summary = replace(
        empty.summary,
        numbers_changed=len(changes),
        fields_changed=sum(len(each.fields) for each in changes),
        released=released,
        withheld=len(lists["withheld"]),
    )
    return replace(empty, difference=difference, summary=summary)


def page_of(plan: Plan, view: View = READ) -> Page:
    return rendered(plan_markdown(plan, view))


# ---- whole comments ----------------------------------------------------------------------------


def test_one_changed_number_reads_so() -> None:
    desired = declared(
        """
        numbers:
          "+13125550001":
            customer_reference: desk-1
            connection_id: "1293384261075731499"
          "+13125550002": {}
        """
    )
    plan = plan_for(desired, account(phone(1), phone(2), phone(3)))
    digest = plan_document(plan)["digest"][:19]
    assert plan_markdown(plan, READ) == (
        "<!-- telnyx-reconciler:plan -->\n"
        "### Plan: 1 number to change, 0 to release, 1 unchanged\n"
        "\n"
        "2 changes on 1 number → 1 PATCH number (floor 1), about 1 to 4 s.\n"
        "\n"
        "#### Risks: 1 change\n"
        "\n"
        "| Risk | Numbers | Change | Where |\n"
        "| --- | --- | --- | --- |\n"
        '| **connection** | `+13125550001` | `connection_id`: `"1521916448077776306"` → '
        '`"1293384261075731499"` | `fleet.yaml:5` |\n'
        "\n"
        "#### Other changes: 1\n"
        "\n"
        "| Numbers | Change | Where |\n"
        "| --- | --- | --- |\n"
        '| `+13125550001` | `customer_reference`: `null` → `"desk-1"` | `fleet.yaml:4` |\n'
        "\n"
        f"Plan `{digest}` · account `https://api.telnyx.com/v2` · 3 live numbers, "
        "1 of them unmanaged (3 reads, no writes).\n"
    )


def test_no_changes_say_so() -> None:
    plan = plan_for(declare({N1: {}}), account(phone(1)))
    text = plan_markdown(plan, READ)
    assert "### No changes\n\nThe account matches the configuration." in text


def test_a_drift_says_so() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}}), account(phone(1)))
    text = plan_markdown(plan, replace(READ, drift=True, refusals=("too many",)))
    assert "<!-- telnyx-reconciler:drift -->" in text
    assert "### Drift: 1 field on 1 number (live → declared), 0 as declared" in text
    assert "refused" not in text


def test_what_an_apply_would_be_refused_for_stands_before_all_changes() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}}), account(phone(1)))
    text = plan_markdown(plan, replace(READ, refusals=("too many; --allow-max-changes allows it",)))
    assert text.index("Apply would be refused: too many; `--allow-max-changes`") < text.index(
        "tags"
    )


def test_projects_of_one_repository_have_comments_of_their_own() -> None:
    plan = plan_for(declare({N1: {}}), account(phone(1)))
    text = plan_markdown(plan, replace(READ, project="east"))
    assert text.startswith("<!-- telnyx-reconciler:plan east -->\n### No changes of `east`")


def test_identical_changes_are_one_row_with_a_count_and_examples() -> None:
    wishes = {e164(at): {"tags": ("a",)} for at in range(1, 31)}
    page = page_of(plan_for(declare(wishes), account(*(phone(at) for at in range(1, 31)))))
    rows = [row for row in page.rows if row[0].startswith("30 numbers")]
    assert [row[0] for row in rows] == [
        "30 numbers: +13125550001, +13125550002, +13125550003 and 27 more"
    ]


def test_a_pin_is_masked_and_said_to_be_unbound() -> None:
    field = FieldChange("external_pin", None, Secret("env:PIN"), HERE, ("pin",))
    text = plan_markdown(plan_of(change(N1, field)), READ)
    assert "`(secret env:PIN)`" in text
    assert "Not bound to the review: `external_pin` of `+13125550001`" in text


def test_commit_and_digest_of_the_plan_stand_at_the_end() -> None:
    plan = plan_for(declare({N1: {}}), account(phone(1)))
    plan = replace(plan, origin=replace(plan.origin, commit="0123456789abcdef"))
    last = plan_markdown(plan, READ).splitlines()[-1]
    assert last.startswith("Plan `sha256:")
    assert "commit `0123456789ab`" in last


# ---- risks -------------------------------------------------------------------------------------


def test_risks_come_first_and_the_gravest_before_all() -> None:
    fields = [
        FieldChange("customer_reference", None, "x", HERE),
        FieldChange(SCREENING, "disabled", "flag_calls", HERE, ("cost",)),
        FieldChange("deletion_lock_enabled", True, False, HERE, ("unlock",)),
        FieldChange("emergency.emergency_enabled", True, False, HERE, ("emergency",)),
    ]
    page = page_of(plan_of(change(N1, *fields), release(2)))
    assert page.headings[1:] == ["Given back: 1", "Risks: 3 changes", "Other changes: 1"]
    assert [row[0] for row in page.rows[1:4]] == ["emergency", "unlock", "cost"]


def test_every_number_that_is_given_back_is_named_with_its_place() -> None:
    page = page_of(plan_of(*(release(at) for at in range(1, 21))))
    for at in range(1, 21):
        assert e164(at) in page.codes
        assert f"gone.yaml:{at}" in page.codes


def test_numbers_given_back_with_their_neighbours_are_told_as_ranges() -> None:
    page = page_of(plan_of(*(release(at) for at in range(1, 1001))))
    assert f"{e164(1)}..{e164(1000)}" in page.codes
    assert "Given back: 1,000" in page.headings


def test_every_different_risk_has_its_place() -> None:
    fields = [
        FieldChange("connection_id", str(at), None, Source("trunks.yaml", at), ("unassign",))
        for at in range(1, 31)
    ]
    page = page_of(plan_of(*(change(e164(at), each) for at, each in enumerate(fields))))
    assert {f"trunks.yaml:{at}" for at in range(1, 31)} <= set(page.codes)


def test_every_number_at_risk_is_named_where_each_becomes_something_else() -> None:
    trunks = [
        FieldChange("connection_id", TRUNK, f"{at:019}", Source("n.yaml", at), ("connection",))
        for at in range(1, 41)
    ]
    changes = [
        Change(e164(7 * at), str(at), Kind.NUMBER, Action.UPDATE, (trunk,))
        for at, trunk in enumerate(trunks)
    ]
    said = plan_markdown(plan_of(*changes), View(reads=3))
    assert [each.phone_number for each in changes if each.phone_number not in said] == []
    assert [trunk.after for trunk in trunks if str(trunk.after) not in said] == []


def test_an_odd_one_out_is_called_out() -> None:
    wishes: dict[str, dict[str, Any]] = {
        e164(at): {"connection_id": OTHER_TRUNK} for at in range(1, 100)
    }
    wishes[e164(42)] = {"connection_id": None}
    text = plan_markdown(
        plan_for(declare(wishes), account(*(phone(at) for at in range(1, 100)))), READ
    )
    assert (
        f'- `connection_id`: 98 numbers `"{TRUNK}"` → `"{OTHER_TRUNK}"`; 1 number `"{TRUNK}"` → '
        f"`null`: `{e164(42)}` (`fleet.yaml:1`)"
    ) in text


def test_two_halves_are_no_odd_ones() -> None:
    wishes = {e164(at): {"customer_reference": "ab"[at % 2]} for at in range(1, 21)}
    plan = plan_for(declare(wishes), account(*(phone(at) for at in range(1, 21))))
    assert "Unlike" not in plan_markdown(plan, READ)


# ---- what is held back -------------------------------------------------------------------------


def test_what_is_held_back_says_why() -> None:
    plan = plan_of(
        withheld=(Withheld(N1, "tags", (), ("a",), "status", "its status is port-pending", HERE),),
        unknown=(UnknownField(N2, SCREENING, "the voice list does not say"),),
        not_owned=(NotOwned(e164(3), HERE),),
    )
    assert page_of(plan).rows[1:] == [
        ["withheld (status)", N1, "tags", "its status is port-pending (fleet.yaml:7)"],
        ["unknown", N2, SCREENING, "the voice list does not say"],
        ["not owned", e164(3), "", "the account lacks them (fleet.yaml:7)"],
    ]


def test_every_release_that_is_withheld_is_named() -> None:
    held = tuple(
        Withheld(e164(at), RELEASE, None, None, "allow_release", "not allowed")
        for at in range(1, 100, 2)
    )
    codes = page_of(plan_of(withheld=held)).codes
    assert {each.phone_number for each in held} <= set(codes)


# ---- size --------------------------------------------------------------------------------------


def many_changes(of: int, values: int, risk: tuple[str, ...] = ()) -> Plan:
    return plan_of(
        *(
            change(
                e164(at * 2),
                FieldChange("customer_reference", f"live-{at}", f"desk-{at % values}", HERE, risk),
            )
            for at in range(of)
        )
    )


def test_12_400_changes_to_5_000_values_fit_and_what_is_cut_is_counted() -> None:
    text = plan_markdown(many_changes(12_400, 5_000), READ)
    assert len(text) <= COMMENT_LIMIT
    (line,) = [line for line in text.splitlines() if "are not told with their numbers" in line]
    left = int(line.split(" ", 1)[0].replace(",", ""))
    told = sum(row[2:3] == ["fleet.yaml:7"] and len(row[1]) == 12 for row in rendered(text).rows)
    assert told + left == 12_400


def test_with_as_many_other_changes_no_risk_is_cut() -> None:
    rest = many_changes(12_400, 5_000).difference.changes
    risks = [
        change(
            e164(50_001 + at * 2), FieldChange("connection_id", str(at), None, HERE, ("unassign",))
        )
        for at in range(150)
    ]
    page = page_of(plan_of(*rest, *risks, *(release(90_001 + at * 2) for at in range(20))))
    shown_codes = set(page.codes)
    assert {each.phone_number for each in risks} <= shown_codes
    assert {e164(90_001 + at * 2) for at in range(20)} <= shown_codes


def test_risks_that_fit_by_no_means_are_counted_exactly_and_said_to_be() -> None:
    text = plan_markdown(many_changes(12_400, 5_000, ("connection",)), READ)
    assert len(text) <= COMMENT_LIMIT
    assert "do not fit here by name" in text
    counted = [
        int(word.removeprefix("(").replace(",", ""))
        for row in rendered(text).rows
        if row[0].startswith("customer_reference of 12,400 numbers")
        for word in row[1].split()
        if word.startswith("(")
    ]
    assert sum(counted) == 12_400


def test_100_000_releases_are_counted_where_they_do_not_fit() -> None:
    plan = plan_of(*(release(at * 2) for at in range(100_000)))
    started = time.process_time()
    text = plan_markdown(plan, READ)
    assert time.process_time() - started < 20
    assert len(text) <= COMMENT_LIMIT
    assert "Given back: 100,000" in text
    assert "do not fit here by name" in text


@pytest.mark.parametrize("limit", [20_000, 60_000])
def test_a_limit_holds_with_everything_at_once(limit: int) -> None:
    long = "x`|<@" * 200
    fields = [
        FieldChange(
            path, f"{long}{at}", f"{at}{long}", Source(f"{long}.yaml", at), (risk,) if risk else ()
        )
        for at in range(300)
        for path, risk in (("connection_id", "connection"), ("customer_reference", ""))
    ]
    changes = [change(e164(at), *fields[2 * at : 2 * at + 2]) for at in range(300)]
    held = tuple(Withheld(e164(at), "tags", (), (), "status", f"{at} {long}") for at in range(300))
    plan = plan_of(*changes, *(release(at) for at in range(1_000, 3_000, 3)), withheld=held)
    view = replace(READ, refusals=(long, long), notes=(long,) * 100)
    text = plan_markdown(plan, view, limit=limit)
    assert len(text) <= limit
    assert rendered(text).tags <= OURS


# ---- what others say ----------------------------------------------------------------------------


def hostile_plan(texts: list[str]) -> tuple[Plan, View]:
    a, b, c, d, e, f = texts
    source = Source(neutral(f) + ".yaml", 3)
    plan = plan_of(
        change(N1, FieldChange("customer_reference", a, b, source)),
        change(N2, FieldChange("connection_id", c, d, source, ("connection",))),
        change(e164(3), FieldChange("tags", (a, b), tuple(sorted({c, d})), source)),
        release(4)._replace(source=source),
        withheld=(Withheld(e164(5), "tags", (a,), (b,), "status", e, source),),
        unknown=(UnknownField(e164(6), "tags", d, source),),
        not_owned=(NotOwned(e164(7), source),),
    )
    plan = replace(plan, base_url=a, origin=replace(plan.origin, commit=b))
    return plan, View(reads=3, refusals=(c,), notes=(e,), project=neutral(f))


@anything
@given(st.lists(hostile_text, min_size=6, max_size=6))
def test_what_others_say_makes_no_link_no_mention_and_no_mark_up(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    page = rendered(plan_markdown(plan, view))
    assert page.tags <= OURS
    assert page.alive == []


@anything
@given(st.lists(hostile_text, min_size=6, max_size=6))
def test_what_others_say_adds_and_hides_no_row(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    tame, _ = hostile_plan(["a", "b", "c", "d", "e", "f"])
    page, like = rendered(plan_markdown(plan, view)), rendered(plan_markdown(tame, view))
    assert [len(row) for row in page.rows] == [len(row) for row in like.rows]
    assert {e164(at) for at in range(1, 8)} <= set(page.codes)
    assert {shown(texts[0]), shown(texts[3])} <= set(page.codes)


@anything
@given(st.lists(hostile_text, min_size=6, max_size=6))
def test_there_is_one_marker_whatever_others_say(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    page = rendered(plan_markdown(plan, view))
    assert len(page.comments) == 1
    assert page.comments[0].startswith(" telnyx-reconciler:plan ")
