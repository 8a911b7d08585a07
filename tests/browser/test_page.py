"""A page of 10,000 changes as a browser shows it and as people use it.

Whether it freezes is judged by what it does, never by a clock: however many changes there are, a
bounded number of rows is in the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.changes import Action, Change, FieldChange
from reconciler.core.fields import Kind
from reconciler.core.model import Source
from reconciler.report.html import plan_html
from reconciler.report.view import Labels, View
from tests.browser.chrome import Chrome, find_chrome
from tests.plan.world import N1, TRUNK, e164
from tests.report.test_markdown import plan_of

MANY, SOME = 10_000, 1_000
ROWS_AT_MOST = 200
HOSTILE = (
    "</script><script>alert('script')</script><img src=x onerror=\"alert('image')\">"
    "<a href='javascript:alert(1)'>{{7*7}}</a>\u202e\x1b[31m"
)
SEARCH = "document.getElementById('changes-search')"
NUMBERS = "[...document.querySelectorAll('#changes tbody th')].map((each) => each.textContent)"
STATUS = "document.getElementById('changes-status').textContent"
TAB = ("Tab", 9)


def write_page(folder: Path, changes_in_it: int) -> Path:
    """Every tenth change has a risk, and three values want to be more than text."""
    source = Source("numbers/sales.yaml", 7)
    desks = [
        FieldChange("customer_reference", HOSTILE if at < 3 else None, f"desk-{at}", source)
        for at in range(changes_in_it)
    ]
    trunk = FieldChange("connection_id", TRUNK, None, source, ("connection",))
    changes = [
        Change(e164(at), str(at), Kind.NUMBER, Action.UPDATE, (trunk if at % 10 == 9 else desk,))
        for at, desk in enumerate(desks)
    ]
    labels = Labels(
        {each.phone_number: ("base",) for each in changes},
        {each.phone_number: ("odd",) if at % 2 else (HOSTILE,) for at, each in enumerate(changes)},
    )
    view = View(reads=3, notes=(HOSTILE,), refusals=(HOSTILE,), labels=labels, project="east")
    plan = plan_of(*changes)
    plan = replace(plan, origin=replace(plan.origin, commit=HOSTILE))
    path = folder / "plan.html"
    path.write_text(plan_html(plan, view), "ascii")
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of SOME changes."""
    return write_page(tmp_path_factory.mktemp("page"), SOME)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    chrome = Chrome(find_chrome(), tmp_path_factory.mktemp("profile"))
    try:
        yield chrome
    finally:
        chrome.close()


@pytest.fixture
def chrome(browser: Chrome, page: Path) -> Chrome:
    """The browser with the page freshly opened."""
    return shown(browser, page)


@pytest.fixture
def many(browser: Chrome, tmp_path: Path) -> Chrome:
    """The browser with a page of MANY changes."""
    return shown(browser, write_page(tmp_path, MANY))


def shown(browser: Chrome, page: Path) -> Chrome:
    browser.window(1280, 900)
    browser.media(prefers_color_scheme="light")
    browser.open(page.as_uri())
    return browser


def numbers(chrome: Chrome) -> list[str]:
    """The numbers of the rows that are in the page."""
    found: list[str] = chrome.run(NUMBERS)
    return found


def search(chrome: Chrome, words: str) -> None:
    """Type into the search, and let the page take it in."""
    chrome.run(f"{SEARCH}.focus()")
    chrome.type(words)
    chrome.press("Enter", 13, "\r")


def choose(chrome: Chrome, filter_: str, label: str) -> None:
    """Take the option that begins with `label`."""
    chrome.run(
        f"(() => {{ const select = document.getElementById('changes-{filter_}');"
        f"select.value = [...select.options].find((each) => each.text.startsWith('{label}')).value;"
        "select.dispatchEvent(new Event('change')); })()"
    )


def complaints(chrome: Chrome) -> list[dict[str, Any]]:
    """Errors of scripts, of the policy, of loading: all that a console would show."""
    kinds = {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"}
    return [each for each in chrome.events if each["method"] in kinds]


def test_10_000_changes_are_opened_searched_and_sorted_with_few_rows_in_the_page(
    many: Chrome,
) -> None:
    def elements() -> int:
        count: int = many.run("document.querySelectorAll('*').length")
        return count

    assert many.run(STATUS) == "10,000 rows, showing 1 to 200"
    assert len(numbers(many)) == ROWS_AT_MOST
    assert elements() < 6_000
    many.run("document.querySelector('#changes th[data-column=after] button').click()")
    search(many, "sales.yaml")
    assert many.run(STATUS) == "10,000 rows, showing 1 to 200"
    assert elements() < 6_000
    search(many, " desk-7001")
    assert numbers(many) == [e164(7001)]


def test_what_is_typed_leaves_only_the_rows_that_hold_it(chrome: Chrome) -> None:
    chrome.run(f"{SEARCH}.focus()")
    chrome.type("desk-12 sales.yaml")
    chrome.until(lambda: len(numbers(chrome)) < ROWS_AT_MOST, "fewer rows are shown")
    assert numbers(chrome) == [e164(at) for at in (12, *range(120, 129))]
    assert chrome.run(STATUS) == "10 of 1,000 rows"


def test_a_number_is_found_as_people_write_it(chrome: Chrome) -> None:
    search(chrome, "(312) 555-0001")
    assert numbers(chrome) == [N1]


def test_nothing_found_is_said(chrome: Chrome) -> None:
    search(chrome, "no such thing")
    assert numbers(chrome) == []
    assert chrome.run(STATUS) == "No row of 1,000 rows matches"


@pytest.mark.parametrize(
    ("filter_", "label", "found"),
    [
        ("field", "connection_id", "100 of"),
        ("risk", "connection", "100 of"),
        ("risk", "None", "900 of"),
        ("tag", "odd", "500 of"),
        ("group", "base", "1,000 rows"),
    ],
)
def test_a_filter_leaves_only_its_rows(
    chrome: Chrome, filter_: str, label: str, found: str
) -> None:
    choose(chrome, filter_, label)
    assert chrome.run(STATUS).startswith(found)


def test_filters_narrow_each_other_and_are_cleared_together(chrome: Chrome) -> None:
    choose(chrome, "risk", "connection")
    search(chrome, "5550019")
    assert numbers(chrome) == [e164(19)]
    chrome.run("document.querySelector('#changes [type=reset]').click()")
    chrome.until(lambda: len(numbers(chrome)) == ROWS_AT_MOST, "all rows are back")


def test_a_bar_of_the_blast_radius_leads_to_its_rows(chrome: Chrome) -> None:
    chrome.run("document.querySelector('[data-filter=risk][data-word=connection] button').click()")
    assert chrome.run(STATUS).startswith("100 of 1,000 rows")
    assert chrome.run("document.activeElement.id") == "changes-risk"


def test_later_rows_take_the_place_of_earlier_ones(chrome: Chrome) -> None:
    chrome.run("document.querySelector('#changes [data-step=\"1\"]').click()")
    assert numbers(chrome)[0] == e164(200)
    assert len(numbers(chrome)) == ROWS_AT_MOST
    assert chrome.run(STATUS) == "1,000 rows, showing 201 to 400"


def test_a_heading_sorts_its_column_and_says_so(chrome: Chrome) -> None:
    head = "document.querySelector('#changes th[data-column=number]')"
    chrome.run(f"{head}.querySelector('button').click()")
    chrome.run(f"{head}.querySelector('button').click()")
    assert numbers(chrome)[0] == e164(SOME - 1)
    assert chrome.run(f"{head}.getAttribute('aria-sort')") == "descending"


def test_hostile_text_is_only_text(chrome: Chrome) -> None:
    search(chrome, "onerror")
    assert "<img src=x onerror" in chrome.run(
        "document.querySelector('#changes tbody').textContent"
    )
    choose(chrome, "tag", "</script>")
    assert not chrome.has_event("Page.javascriptDialogOpening")
    injected = "document.querySelectorAll('img, a:not([href^=\"#\"]), iframe, object').length"
    assert chrome.run(injected) == 0
    assert chrome.run("document.scripts.length") == 2


def test_the_page_loads_nothing_and_breaks_no_policy(chrome: Chrome, page: Path) -> None:
    search(chrome, "desk")
    asked = [e for e in chrome.events if e["method"] == "Network.requestWillBeSent"]
    assert [each["params"]["request"]["url"] for each in asked] == [page.as_uri()]
    assert complaints(chrome) == []


def test_the_policy_takes_no_text_for_html(chrome: Chrome) -> None:
    tried = "try { document.body.innerHTML = '<b>x</b>'; 'taken' } catch (error) { error.name }"
    assert chrome.run(tried) == "TypeError"


def test_the_policy_runs_no_other_script(chrome: Chrome) -> None:
    chrome.run(
        "(() => { const added = document.createElementNS('http://www.w3.org/2000/svg', 'script');"
        "added.textContent = 'window.ran = true'; document.body.append(added); })()"
    )
    assert chrome.run("window.ran ?? false") is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_as_light_as_the_system(chrome: Chrome, scheme: str) -> None:
    chrome.media(prefers_color_scheme=scheme)
    page_, ink = chrome.run(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        ".map((color) => color.match(/[0-9]+/g).map(Number).reduce((a, b) => a + b) / 3)"
    )
    assert (page_ > 200 and ink < 60) if scheme == "light" else (page_ < 60 and ink > 200)


def test_the_keyboard_reaches_the_search_and_the_filters(chrome: Chrome) -> None:
    reached: list[str] = []
    for _ in range(60):
        chrome.press(*TAB)
        reached.append(
            chrome.run("document.activeElement.id || document.activeElement.textContent")
        )
        if reached[-1] == "Clear filters":
            break
    assert reached[0] == "Skip to the report"
    wanted = ["changes-search", "changes-field", "changes-risk", "changes-tag", "changes-group"]
    assert [each for each in reached if each in wanted] == wanted


def test_a_focus_is_seen(chrome: Chrome) -> None:
    chrome.press(*TAB)
    outline = chrome.run("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"


def test_a_screen_reader_finds_names_for_everything(chrome: Chrome) -> None:
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in chrome.call("Accessibility.getFullAXTree")["nodes"]
        if not node["ignored"]
    ]
    for wanted in (
        ("banner", ""),
        ("main", ""),
        ("contentinfo", "About this report"),
        ("navigation", "Sections"),
        ("heading", "Plan of east"),
        ("region", "Every change"),
        ("table", "Every change"),
        ("search", "Filter: Every change"),
        ("searchbox", "Search"),
        ("combobox", "Field"),
        ("combobox", "Risk"),
        ("button", "Next rows"),
        ("table", "Numbers by risk, of 1,000"),
    ):
        assert wanted in nodes
    controls = {"button", "link", "searchbox", "combobox", "table", "region"}
    assert [role for role, name in nodes if role in controls and not name] == []


def test_a_narrow_window_scrolls_tables_and_not_the_page(chrome: Chrome) -> None:
    chrome.window(360, 800)
    assert chrome.run("document.documentElement.scrollWidth") == 360


def test_the_keyboard_stops_at_what_scrolls_and_at_no_other_table(chrome: Chrome) -> None:
    stops = (
        "[...document.querySelectorAll('.frame')].every((each) =>"
        "(each.tabIndex === 0) === (each.scrollWidth > each.clientWidth))"
    )
    wide = "document.querySelector('#risks .frame').tabIndex"
    assert chrome.run(stops)
    assert chrome.run(wide) == -1
    chrome.window(360, 800)
    chrome.until(lambda: chrome.run(wide) == 0, "the table can be reached")
    assert chrome.run(stops)


def test_without_scripts_the_page_still_says_what_changes(chrome: Chrome, page: Path) -> None:
    chrome.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chrome.open(page.as_uri())
        told = chrome.run("document.body.innerText")
    finally:
        chrome.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "100 numbers" in told
    assert "--format json holds every row" in told
