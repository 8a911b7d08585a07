"""Any project, edited behind its back in any way: what is adopted is no drift any more, what is
not is listed, and nothing else of a file moves."""

from __future__ import annotations

import difflib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.core.diff import live_value
from reconciler.core.values import UNKNOWN
from reconciler.errors import InputError
from reconciler.files.layout import formatted
from reconciler.files.source import read_source
from tests.adopt.projects import edits, files
from tests.adopt.world import World, fields_of, world

hypothesis_settings = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def made(root: Path, raw: bytes, changes: list[tuple[list[str], str, Any]]) -> World:
    """The project, if it is right in itself, and the edited account."""
    try:
        found = world(root, {"fleet.yaml": raw})
    except InputError:
        assume(False)
    for numbers, path, value in changes:
        for number in numbers:
            found.live[number][path] = value
    for values in found.live.values():
        if "external_pin" in values:
            values["external_pin"] = "4711"
    return found


def remarks(raw: bytes) -> Counter[str]:
    """All comments of a file."""
    text = raw.decode("utf-8-sig")
    return Counter(each.text for each in read_source(text).comments)


@hypothesis_settings
@given(files(), edits(), st.booleans())
def test_what_is_adopted_is_no_drift_and_the_rest_is_listed(
    raw: bytes, changes: list[tuple[list[str], str, Any]], canonical: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        if canonical:
            raw = formatted("fleet.yaml", raw)
        account = made(root, raw, changes)
        before = fields_of(account.drift())
        adopted = account.adopt()
        after = fields_of(account.drift())
        left = {(each.phone_number, each.path) for each in adopted.left}
        assert after == left
        taken = {(each.phone_number, each.path) for each in adopted.fields if not each.needed}
        assert taken == before - left
        now = account.files()
        assert remarks(raw) == remarks(now["fleet.yaml"])
        assert account.adopt().fields == ()
        assert account.files() == now
        if not adopted.fields:
            assert now["fleet.yaml"] == raw
        if canonical:
            assert formatted("fleet.yaml", now["fleet.yaml"]) == now["fleet.yaml"]


@hypothesis_settings
@given(files(), edits())
def test_lines_that_say_nothing_of_it_stay_byte_for_byte(
    raw: bytes, changes: list[tuple[list[str], str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        account = made(root, raw, changes)
        adopted = account.adopt()
        now = account.files()["fleet.yaml"]
        keys = {step for each in adopted.fields for step in each.path.split(".")}
        numbers = {each.phone_number for each in adopted.fields}
        words = [*keys, *numbers, "id", "add", "remove", "- "]  # of values on several lines
        pairs = difflib.ndiff(raw.decode().splitlines(True), now.decode().splitlines(True))
        for line in (each[2:] for each in pairs if each.startswith("- ")):
            is_last = not line.endswith("\n")  # it is ended where something comes after it
            assert is_last or any(word in line for word in words), line


def test_nothing_of_what_cannot_be_read_is_adopted(tmp_path: Path) -> None:
    account = world(
        tmp_path,
        {"fleet.yaml": 'numbers:\n  "+13125550001": {tags: [a], customer_reference: x}\n'},
        ("+13125550001", "tags", UNKNOWN),
    )
    adopted = account.adopt()
    assert [(each.path, "not known" in each.reason) for each in adopted.left] == [("tags", True)]
    assert live_value(account.snapshot, account.snapshot.numbers["+13125550001"], "tags") is UNKNOWN
