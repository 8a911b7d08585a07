"""A plan as one page: what it says, how it is built, and that it stays a page of ours."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import RELEASE, FieldChange, NotOwned, UnknownField, Withheld
from reconciler.core.model import Source
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.core.text import neutral
from reconciler.core.values import LIVE_SECRET, Secret
from reconciler.report.html import plan_html
from reconciler.report.view import Labels, View
from reconciler.report.words import shown
from tests.plan.world import (
    N1,
    N2,
    OTHER_TRUNK,
    TRUNK,
    account,
    declare,
    e164,
    phone,
    plan_for,
)
from tests.report.rendered import hostile_text
from tests.report.test_markdown import (
    HERE,
    READ,
    change,
    hostile_plan,
    many_changes,
    plan_of,
    release,
)
from tests.report.webpage import Web, hash_of, web

anything = settings(max_examples=40, derandomize=True, deadline=None)
EMERGENCY_OFF = FieldChange("emergency.emergency_enabled", True, False, HERE, ("emergency",))
TRUNKED = FieldChange("connection_id", TRUNK, OTHER_TRUNK, HERE, ("connection",))
DESK = FieldChange("customer_reference", None, "desk-1", HERE)
LABELLED = View(
    reads=3, labels=Labels({N1: ("base", "support"), N2: ("base",)}, {N1: ("a", "b"), N2: ()})
)


def page_of(plan: Plan, view: View = READ) -> Web:
    return web(plan_html(plan, view))


def everything() -> Plan:
    """A plan with every section there is."""
    odd = [
        change(e164(at), TRUNKED._replace(after=None if at == 142 else OTHER_TRUNK))
        for at in range(100, 200)
    ]
    return plan_of(
        change(N1, DESK, TRUNKED),
        change(N2, EMERGENCY_OFF),
        *odd,
        release(4),
        withheld=(Withheld(e164(5), "tags", (), ("a",), "status", "it is port-pending", HERE),),
        unknown=(UnknownField(e164(6), "bundle_id", "no answer shows it", HERE),),
        not_owned=(NotOwned(e164(7), HERE),),
    )


# ---- what it says ------------------------------------------------------------------------------


def test_the_page_begins_with_the_counts_of_the_text_report() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}, N2: {}}), account(phone(1), phone(2)))
    page = page_of(plan, replace(READ, project="east"))
    assert page.one("h1").text == "Plan of east"
    assert page.one("title").text == ("Plan of east: 1 number to change, 0 to release, 1 unchanged")
    assert "1 change on 1 number → 1 PATCH number (floor 1), about 1 to 4 s." in page.static


def test_where_a_plan_comes_from_stands_at_the_end() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}}), account(phone(1)))
    plan = replace(plan, allowed=("allow_release",), origin=replace(plan.origin, commit="0123abcd"))
    facts = page_of(plan).one("footer").text
    for fact in (
        plan_document(plan)["digest"],
        "0123abcd",
        "https://api.telnyx.com/v2",
        "2026-07-01T12:00:00Z",
        "allow_release",
        "1 live number (3 reads, no writes).",
    ):
        assert fact in facts


def test_no_changes_say_so() -> None:
    page = page_of(plan_for(declare({N1: {}}), account(phone(1))))
    assert page.sections == []
    assert "No changes. The account matches the configuration." in page.static


def test_a_drift_says_so_and_speaks_of_no_calls() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}}), account(phone(1)))
    page = page_of(plan, replace(READ, drift=True, refusals=("too many",)))
    assert page.one("h1").text == "Drift"
    assert "1 field on 1 number (live → declared), 0 as declared." in page.static
    assert "Every call" not in page.sections
    assert "refused" not in page.static


def test_what_an_apply_would_be_refused_for_stands_before_all_else() -> None:
    page = page_of(everything(), replace(READ, refusals=("too many",), notes=("take care",)))
    header = page.one("header").text
    assert header.index("Apply would be refused: too many") < header.index("Note: take care")


def test_the_gravest_comes_first_and_every_change_last() -> None:
    assert page_of(everything()).sections == [
        "Given back",
        "Risks",
        "Unlike the others",
        "Blast radius",
        "Changes in groups",
        "Left as it is",
        "Every change",
    ]


def test_calls_are_counted_by_kind_and_listed() -> None:
    plan = plan_for(declare({N1: {"tags": ("a",)}}), account(phone(1)))
    page = page_of(plan)
    assert "Every call" in page.sections
    assert page.rows("calls") == [
        {"id": "op-0001", "call": "PATCH number", "count": "1", "numbers": N1, "body": "tags"}
    ]


def test_a_pin_not_bound_to_the_review_is_named() -> None:
    pin = FieldChange("external_pin", LIVE_SECRET, Secret("env:PIN"), HERE, ("pin",))
    assert (
        f"Not bound to the review: external_pin of {N1}" in page_of(plan_of(change(N1, pin))).static
    )


def test_no_pin_and_no_fingerprint_of_one_is_in_a_page() -> None:
    pin = FieldChange("external_pin", LIVE_SECRET, Secret("env:PIN", "f1f2f3f4"), HERE, ("pin",))
    held = Withheld(N2, "external_pin", "4711-live", "4711-new", "status", "no")
    source = plan_html(plan_of(change(N1, pin), withheld=(held,)), READ)
    assert "(secret env:PIN)" in source
    assert "4711" not in source
    assert "f1f2f3f4" not in source


# ---- the blast radius --------------------------------------------------------------------------


def bars(page: Web, caption: str) -> list[tuple[str, str, str]]:
    """Label, count and share of each bar of one chart."""
    start = next(at for at, each in enumerate(page.elements) if each.text == caption)
    rest = page.elements[start + 1 :]
    end = next((at for at, each in enumerate(rest) if each.name == "table"), len(rest))
    cells = [e.text for e in rest[:end] if e.name in {"th", "td"} and "tbody" in e.around]
    return list(zip(cells[::3], cells[1::3], cells[2::3], strict=True))


def test_the_blast_radius_counts_numbers_by_risk_field_and_group() -> None:
    plan = plan_of(change(N1, DESK, TRUNKED), change(N2, DESK), release(3))
    page = page_of(plan, LABELLED)
    assert bars(page, "Numbers by risk, of 3") == [
        ("release", "1", "33.3 %"),
        ("connection", "1", "33.3 %"),
        ("no risk", "1", "33.3 %"),
    ]
    assert bars(page, "Numbers by field, of 3") == [
        ("customer_reference", "2", "66.7 %"),
        ("connection_id", "1", "33.3 %"),
        ("release", "1", "33.3 %"),
    ]
    assert bars(page, "Numbers by group, of 3") == [
        ("base", "2", "66.7 %"),
        ("support", "1", "33.3 %"),
        ("no group", "1", "33.3 %"),
    ]


def test_a_saved_plan_knows_no_groups() -> None:
    page = page_of(plan_of(change(N1, DESK)))
    assert "Numbers by group" not in page.static
    assert "group" not in page.rows()[0]


@pytest.mark.parametrize(
    ("touched", "of", "said"),
    [
        (1, 100_000, "< 0.1 %"),
        (99_999, 100_000, "> 99.9 %"),
        (1, 3, "33.3 %"),
        (1, 4, "25 %"),
        (3, 3, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(touched: int, of: int, said: str) -> None:
    plan = many_changes(3, 1)
    plan = replace(plan, summary=replace(plan.summary, numbers_changed=touched, declared=of))
    assert f"{touched:,} of {of:,} declared numbers ({said})" in page_of(plan).static


# ---- every change ------------------------------------------------------------------------------


def test_a_change_is_told_with_its_place_risk_tags_and_groups() -> None:
    assert page_of(plan_of(change(N1, TRUNKED)), LABELLED).rows() == [
        {
            "number": N1,
            "field": "connection_id",
            "before": f'"{TRUNK}"',
            "after": f'"{OTHER_TRUNK}"',
            "risk": ["connection"],
            "source": "fleet.yaml:7",
            "tag": ["a", "b"],
            "group": ["base", "support"],
        }
    ]


def test_what_does_not_change_is_in_the_table_and_says_why() -> None:
    rows = page_of(everything()).rows()
    assert {row["state"] for row in rows} == {
        *("to change", "to release", "withheld", "unknown", "not owned")
    }
    (held,) = (row for row in rows if row["state"] == "withheld")
    assert held["why"] == "status: it is port-pending"


def test_a_release_is_a_row_with_its_risk() -> None:
    (row,) = page_of(plan_of(release(4))).rows()
    assert (row["field"], row["risk"], row["source"]) == (RELEASE, ["release"], "gone.yaml:4")


def test_of_tags_that_change_the_row_says_which_come_and_go() -> None:
    field = FieldChange("tags", ("a", "b"), ("b", "c"), HERE)
    (row,) = page_of(plan_of(change(N1, field))).rows()
    assert row["after"] == '["b", "c"]  (+c, -a)'
    assert row["tag"] == ["b", "c"]


def test_a_table_has_a_filter_for_every_kind_of_label_it_holds() -> None:
    ids = page_of(everything(), LABELLED).ids
    assert {f"changes-{name}" for name in ("search", "field", "risk", "tag", "group", "state")} <= (
        set(ids)
    )
    assert "changes-risk" not in page_of(plan_of(change(N1, DESK))).ids


# ---- how it is built ---------------------------------------------------------------------------


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    page = page_of(everything(), LABELLED)
    data, script = page.all("script")
    assert data.attributes["type"] == "application/json"
    assert page.policy["default-src"] == "'none'"
    assert page.policy["style-src"] == hash_of(page.one("style").text)
    assert page.policy["script-src"] == hash_of(script.text)
    assert page.policy["require-trusted-types-for"] == "'script'"


def test_nothing_is_loaded_or_run_but_what_the_policy_allows() -> None:
    for each in page_of(everything(), LABELLED).elements:
        names = each.attributes.keys()
        assert not names & {"src", "style", "action", "srcset", "data", "formaction"}
        assert not [name for name in names if name.startswith("on")]
        assert each.attributes.get("href", "#").startswith("#")


def test_the_page_is_ascii_and_says_its_language() -> None:
    source = plan_html(plan_of(change(N1, DESK._replace(after="Büro 東京"))), READ)
    assert source.isascii()
    assert web(source).one("html").attributes["lang"] == "en"
    assert '"Büro 東京"' in web(source).static


def test_what_refers_to_something_finds_it() -> None:
    page = page_of(everything(), LABELLED)
    ids = page.ids
    assert len(ids) == len(set(ids))
    for each in page.elements:
        for name in ("for", "aria-labelledby"):
            assert each.attributes.get(name, ids[0]) in ids
        assert each.attributes.get("href", f"#{ids[0]}")[1:] in ids


def test_everything_has_a_name_for_a_screen_reader() -> None:
    page = page_of(everything(), LABELLED)
    labelled = {each.attributes["for"] for each in page.all("label")}
    assert {each.attributes["id"] for each in [*page.all("input"), *page.all("select")]} == labelled
    assert all(each.attributes.get("scope") in {"row", "col"} for each in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.attributes["aria-hidden"] == "true" for each in page.all("svg"))
    for name in ("header", "main", "footer"):
        assert len(page.all(name)) == 1
    assert len(page.all("p", role="status", id="changes-status")) == 1


def test_headings_leave_no_step_out() -> None:
    levels = [
        int(e.name[1]) for e in page_of(everything()).elements if re.fullmatch("h[1-6]", e.name)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_without_its_script_the_page_still_says_what_changes() -> None:
    page = page_of(everything())
    assert "hidden" in page.one("div", class_="with-script").attributes
    for word in ("emergency.emergency_enabled", N2, "fleet.yaml:7", "port-pending", e164(4)):
        assert word in page.static


# ---- size --------------------------------------------------------------------------------------


def test_10_000_changes_are_a_page_of_a_few_megabytes() -> None:
    source = plan_html(many_changes(10_000, 10_000), LABELLED)
    assert len(source) < 5_000_000
    assert len(web(source).rows()) == 10_000


def test_what_sums_up_stays_short_however_much_changes() -> None:
    page = page_of(many_changes(3_000, 3_000, ("connection",)))
    assert len(page.static) < 100_000
    assert "choose a risk in the table of every change" in page.static


# ---- what others say ---------------------------------------------------------------------------


def parts(page: Web) -> set[tuple[str, str]]:
    """Which elements a page has with which attributes; values and places to break a line apart."""
    own = (each for each in page.elements if each.name != "wbr")
    return {(each.name, name) for each in own for name in ("", *each.attributes)}


@anything
@given(st.lists(hostile_text, min_size=6, max_size=6))
def test_what_others_say_adds_no_element_and_no_attribute(texts: list[str]) -> None:
    def hostile(words: list[str]) -> Web:
        plan, view = hostile_plan(words)
        labels = Labels({N1: (neutral(words[0]),)}, {N1: (words[1],)})
        return page_of(plan, replace(view, labels=labels))

    page = hostile(texts)
    assert parts(page) <= parts(hostile(["q", "r", "s", "t", "u", "v"]))
    assert len(page.all("script")) == 2


@anything
@given(st.lists(hostile_text, min_size=6, max_size=6))
def test_what_others_say_comes_whole_and_neutral(texts: list[str]) -> None:
    plan, view = hostile_plan(texts)
    source = plan_html(plan, view)
    rows = web(source).rows()
    told = {cell for row in rows for cell in row.values() if isinstance(cell, str)}
    assert {shown(texts[0]), shown(texts[1])} <= told
    assert all(neutral(cell) == cell for cell in told)
    assert source.replace("\n", "").isprintable()


def test_a_script_in_a_value_does_not_end_the_data() -> None:
    end = "</script><script>alert(1)</script><!--\u2028"
    source = plan_html(plan_of(change(N1, DESK._replace(before=end, source=Source("a", 1)))), READ)
    assert len(web(source).all("script")) == 2
    assert shown(end) in {row["before"] for row in web(source).rows()}
