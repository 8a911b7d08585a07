"""The snapshot file: what was read comes back, PINs stay out, and a bad file is told so."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.fields import Listing
from reconciler.core.model import Snapshot
from reconciler.core.planfile import canonical_json, plan_document
from reconciler.core.snapshotfile import (
    parse_snapshot,
    read_snapshot,
    snapshot_document,
    snapshot_schema,
)
from reconciler.core.snapshotquick import quick_numbers
from reconciler.core.values import LIVE_SECRET
from reconciler.errors import UsageError
from reconciler.workflow import load_snapshot, snapshot_json
from tests.plan.world import (
    N1,
    N2,
    PROFILE,
    PROFILE_ID,
    SCREENING,
    Phone,
    account,
    declare,
    live,
    phone,
    plan_for,
    why,
)

FULL, VOICE, MESSAGING = Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING


def some() -> Snapshot:
    """A number with everything, one with an unknown field, one in conflict, a refused list."""
    return account(
        phone(1, tags=["b", "a"], customer_reference="x", external_pin="7315"),
        phone(2).have({SCREENING: "block_everything"}).status("port_pending"),
        Phone("+13125559999", id="1"),
        Phone("+13125559999", id="2"),
        lists=(FULL, VOICE),
        refused={MESSAGING: "403 Forbidden"},
    )


def written(snapshot: Snapshot) -> Any:
    return json.loads(snapshot_json(snapshot))


def again(snapshot: Snapshot) -> Snapshot:
    return read_snapshot(written(snapshot), "live.json")


def test_what_was_written_is_read_back() -> None:
    assert snapshot_document(again(some())) == snapshot_document(some())


def test_the_schema_takes_it() -> None:
    jsonschema.Draft202012Validator(snapshot_schema()).validate(written(some()))


@pytest.mark.parametrize("path", ["tags", "customer_reference", "connection_id", SCREENING])
def test_a_value_comes_back_as_it_was(path: str) -> None:
    assert live(again(some()), path) == live(some(), path)


def test_an_unknown_value_comes_back_unknown_with_its_reason() -> None:
    assert why(again(some()), SCREENING, N2) == why(some(), SCREENING, N2) != ""


def test_a_conflict_and_a_refusal_come_back() -> None:
    assert again(some()).conflicts == some().conflicts
    assert again(some()).listings == some().listings


def test_a_plan_from_the_file_is_the_plan_from_the_account() -> None:
    wishes: dict[str, dict[str, Any]] = {
        N1: {"tags": (), "customer_reference": "y", PROFILE_ID: PROFILE, "external_pin": None},
        N2: {SCREENING: "disabled", "customer_reference": "z"},
        "+13125559999": {"tags": ("a",)},
        "+13125558888": {},
    }
    plans = [plan_for(declare(wishes), each) for each in (some(), again(some()))]
    first, second = (canonical_json(plan_document(plan)) for plan in plans)
    assert first == second


def test_no_pin_is_in_it_but_that_one_is_set() -> None:
    text = snapshot_json(some()).decode()
    assert "7315" not in text
    assert live(again(some()), "external_pin") == LIVE_SECRET
    assert live(again(some()), "external_pin", N2) is None


@given(tags=st.lists(st.text(max_size=8), max_size=4), reference=st.text(max_size=20))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_any_text_of_an_answer_comes_back_as_it_was(tags: list[str], reference: str) -> None:
    snapshot = account(phone(tags=tags, customer_reference=reference))
    assert again(snapshot).numbers == snapshot.numbers


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 1.0, "", "x", "flag_calls", "disabled", "ACTIVE", [], {}]),
    st.lists(st.sampled_from(["a", "b", 1, True, None]), max_size=3),
    st.sampled_from([{"secret": "live"}, {"secret": "x"}, {"secret": "live", "more": "x"}]),
)


_EDITS = st.tuples(
    st.integers(0, 1),
    st.sampled_from(["", "fields", "unknown"]),
    st.sampled_from(
        [
            SCREENING,
            *["kind", "id", "phone_number", "status", "fields", "unknown", "made_up"],
            *["tags", "hd_voice_enabled", "external_pin", "connection_id", "customer_reference"],
        ]
    ),
    st.booleans(),
    _VALUES | st.just("mobile") | st.just(N1),
)


@given(plain=st.booleans(), edits=st.lists(_EDITS, max_size=2))
@settings(derandomize=True, deadline=None, max_examples=400)
def test_the_quick_way_reads_what_the_long_way_reads(plain: bool, edits: list[Any]) -> None:
    document = written(account(phone(1), phone(2, tags=["a"])) if plain else some())
    for at, part, key, drops, value in edits:
        entry = document["numbers"][at]
        into = entry.get(part) if part else entry
        if not isinstance(into, dict):
            continue
        if drops:
            into.pop(key, None)
        else:
            into[key] = value
    assert _said(lambda: parse_snapshot(json.dumps(document).encode(), "x")) == _said(
        lambda: read_snapshot(document, "x")
    )


def _said(read: Callable[[], Snapshot]) -> Snapshot | str:
    try:
        return read()
    except UsageError as error:
        return str(error)


def test_a_file_as_fetch_writes_it_is_read_the_quick_way() -> None:
    raw = snapshot_json(some())
    assert quick_numbers(raw, some().columns) == again(some()).numbers


# ---- files that fetch did not write ------------------------------------------------------------

Edit = Callable[[Any], object]


def first(document: Any) -> Any:
    return document["numbers"][0]


EDITS: list[tuple[str, Edit, str]] = [
    ("a later version", lambda d: d.update(format_version=2), "format 2 is not known"),
    ("version true", lambda d: d.update(format_version=True), "format_version"),
    ("no version", lambda d: d.pop("format_version"), "wrong at ''"),
    ("no numbers", lambda d: d.pop("numbers"), "wrong at ''"),
    ("no columns", lambda d: d.update(columns={}), "no columns for numbers"),
    ("a column gone", lambda d: first(d)["fields"].pop("tags"), "tags of +13125550001"),
    ("a column too many", lambda d: d["columns"]["number"].append("mood"), "'mood'"),
    ("numbers a mapping", lambda d: d.update(numbers={}), "numbers"),
    ("a list that is none", lambda d: d["listings"][0].update(path="/v3"), "listings/0/path"),
    ("rows a text", lambda d: d["listings"][0].update(rows="1"), "listings/0/rows"),
    ("a time that is none", lambda d: d.update(fetched_at="soon"), "'soon' is no time"),
    ("a time too early", lambda d: d.update(fetched_at="0001-01-01T00:00:00+23:59"), "no time"),
    ("an id that bends a URL", lambda d: first(d).update(id="../1"), "unusable id"),
    ("a number twice", lambda d: d["numbers"].append(first(d)), "twice"),
    ("tags a text", lambda d: first(d)["fields"].update(tags="abc"), "tags of"),
    (
        "tags null beside a PIN",
        lambda d: first(d)["fields"].update(tags={"secret": "live"}),
        "tags",
    ),
    ("a boolean a text", lambda d: first(d)["fields"].update(hd_voice_enabled="no"), "hd_voice"),
    ("a boolean null", lambda d: first(d)["fields"].update(hd_voice_enabled=None), "hd_voice"),
    ("a text a boolean", lambda d: first(d)["fields"].update(connection_id=True), "connection_id"),
    (
        "a number where text belongs",
        lambda d: first(d)["fields"].update(connection_id=15),
        "fields",
    ),
    ("an enum nobody knows", lambda d: first(d)["fields"].update({SCREENING: "x"}), "screening"),
    ("a PIN in clear", lambda d: first(d)["fields"].update(external_pin="7315"), "external_pin"),
    ("a kind nobody knows", lambda d: first(d).update(kind="satellite"), "numbers/0/kind"),
    ("a status that is none", lambda d: first(d).update(status=None), "numbers/0/status"),
]


@pytest.mark.parametrize(
    ("edit", "words"), [each[1:] for each in EDITS], ids=[each[0] for each in EDITS]
)
def test_a_file_that_fetch_did_not_write_is_refused(edit: Edit, words: str) -> None:
    document = copy.deepcopy(written(some()))
    edit(document)
    with pytest.raises(UsageError) as raised:
        read_snapshot(document, "live.json")
    assert words in str(raised.value)
    assert str(raised.value).startswith("live.json: ")


@pytest.mark.parametrize("document", [None, [], "x", 1, 1.5, {}, {"format_version": 1}])
def test_what_is_no_mapping_of_a_snapshot_is_refused(document: object) -> None:
    with pytest.raises(UsageError, match="not a snapshot that fetch wrote"):
        read_snapshot(document, "live.json")


def test_a_refused_pin_is_not_repeated() -> None:
    document = written(some())
    first(document)["fields"]["external_pin"] = "7315"
    with pytest.raises(UsageError) as raised:
        read_snapshot(document, "live.json")
    assert "7315" not in str(raised.value)


def test_what_a_bad_file_says_steers_no_terminal() -> None:
    document = written(some())
    document["columns"]["number"].append("\x1b[2J")
    with pytest.raises(UsageError) as raised:
        read_snapshot(document, "live.json")
    assert "\x1b" not in str(raised.value)


RAW = {
    "empty": b"",
    "cut short": b'{"format_version": 1, "numb',
    "NaN": b'{"format_version": NaN}',
    "Infinity": b'{"format_version": -Infinity}',
    "a number beyond all floats": b'{"format_version": 1e999}',
    "an endless integer": b'{"format_version": ' + b"9" * 6000 + b"}",
    "no UTF-8": b'{"format_version": "\xff"}',
    "a lone surrogate": b'{"format_version": 1, "tool_version": "\\ud800"}',
    "300 deep": b'{"format_version": 1, "a": ' + b"[" * 300 + b"]" * 300 + b"}",
    "100,000 deep": b"[" * 100_000,
    "two documents": b"{} {}",
    "YAML": b"numbers: {}\n",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_a_file_that_is_no_good_json_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "live.json"
    file.write_bytes(raw)
    with pytest.raises(UsageError, match="not a snapshot that fetch wrote"):
        load_snapshot(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_snapshot(tmp_path / "live.json")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a plain one"):
        load_snapshot(tmp_path)
