"""Any fleet, any plan, anything that moves meanwhile: what moved stays, and the rest is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.outcome import Outcome
from reconciler.core.safety import Allowance
from reconciler.errors import StaleError
from reconciler.sandbox.state import Row
from tests.apply.account import PROFILE, TRUNK
from tests.apply.anyfleet import (
    answers,
    declarations,
    declared,
    fleets,
    groups,
    whole_accounts,
)
from tests.saved.support import Desk, Document, document_of

ALL = frozenset(Allowance)
VALUES: dict[str, tuple[Any, ...]] = {
    "tags": ([], ["theirs"], ["a", "b"]),
    "connection_id": (None, TRUNK),
    "customer_reference": (None, "theirs", "desk-1"),
    "hd_voice_enabled": (True, False),
    "voice.tech_prefix_enabled": (True, False),
    "voice.translated_number": (None, "8", "9"),
    "voice.call_recording.inbound_call_recording_enabled": (True, False),
    "voice.call_recording.inbound_call_recording_format": ("wav", "mp3"),
    "voice.call_forwarding.forwards_to": (None, "+13035559123", "+13035550000"),
    "voice.media_features.rtp_auto_adjust_enabled": (True, False),
    "messaging.messaging_profile_id": (None, PROFILE),
}
moves = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(sorted(VALUES)), st.integers(0, 2)),
    min_size=1,
    max_size=4,
    unique_by=lambda move: (move[0], move[1]),
)


@whole_accounts
@given(
    rows=fleets,
    shared=groups,
    wanted=declarations,
    moved=moves,
    switches=answers,
    job_size=st.integers(1, 9),
)
def test_what_moved_is_never_written_over(
    tmp_path: Path,
    rows: list[Row],
    shared: dict[str, Any],
    wanted: list[dict[str, Any]],
    moved: list[tuple[int, str, int]],
    switches: dict[str, Any],
    job_size: int,
) -> None:
    numbers, _ = declared(rows, shared, wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        desk = Desk(tmp_path, patch, rows, **switches)
        desk.declare(numbers, groups=shared, limits={"job_size": job_size})
        path = desk.save()
        made: dict[tuple[str, str], Any] = {}
        for place, field, choice in moved:
            name = rows[place % len(rows)].phone_number
            value = VALUES[field][choice % len(VALUES[field])]
            if value != value_of(desk, name, field):
                desk.control.change(name, field, value)
                made[name, field] = value
        before = desk.control.dump()
        outcome = attempt(desk, path)
        if isinstance(outcome, StaleError):
            assert (desk.control.dump(), desk.writes()) == (before, [])
            assert any(name in str(outcome) for name, _ in made)
            outcome = desk.carry_out(path, "skip", allow=ALL)
            assert outcome.exit_code == 4
        for (name, field), value in made.items():
            assert value_of(desk, name, field) == value, (name, field)
        assert (outcome.failed, outcome.unconfirmed) == ((), ())
        assert {each.phone_number for each in outcome.skipped} <= {name for name, _ in made}
        assert_only_what_is_planned(desk, document_of(path))
        assert desk.control.violations() == []


def attempt(desk: Desk, path: Path) -> Outcome | StaleError:
    """Apply, unless it is stale."""
    try:
        return desk.carry_out(path, allow=ALL)
    except StaleError as told:
        return told


def value_of(desk: Desk, name: str, path: str) -> Any:
    """The true value of a field."""
    value = desk.state(name)
    for step in path.split("."):
        value = value[step]
    return value


def assert_only_what_is_planned(desk: Desk, document: Document) -> None:
    """Every write is an operation of the plan, for some of its numbers, and none goes twice."""
    left = list(document["operations"])
    ids = {change["phone_number"]: change["id"] for change in document["changes"]}
    for entry in desk.writes():
        body: dict[str, Any] = dict(entry.body) if isinstance(entry.body, dict) else {}
        named = body.pop("phone_numbers", None) or [
            ids[name] for name in body.pop("numbers", ()) or ()
        ]
        named = named or [id_ for id_ in ids.values() if f"/{id_}" in entry.path]
        fits = [
            each
            for each in left
            if each["call"] == entry.call
            and _in_clear(each["body"]) == body
            and {ids[name] for name in each["numbers"]} >= set(named)
        ]
        assert fits, entry
        left.remove(fits[0])


def _in_clear(body: dict[str, Any]) -> dict[str, Any]:
    """A body with the one PIN that these declarations know."""
    return {
        key: "4712" if isinstance(value, dict) and "secret" in value else value
        for key, value in body.items()
    }
