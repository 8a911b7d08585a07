"""The file of a plan: whole, private, and refused when a single bit of it is another."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.diff import diff
from reconciler.core.plan import Origin, make_plan
from reconciler.core.planfile import plan_document
from reconciler.core.policy import withhold
from reconciler.core.safety import Allowance, Safety
from reconciler.errors import UsageError
from reconciler.workflow.planfiles import plan_in
from tests.apply.account import ONE, TWO
from tests.cli.support import Shell
from tests.plan.world import N1, NOON, account, declare, phone, plan_for
from tests.saved.support import Desk, Document, document_of, forged, put, read
from tests.saved.test_forged_plans import bundle, release
from tests.saved.test_forged_plans import settings as settings_plan


@pytest.fixture
def saved(desk: Desk) -> Path:
    """A plan of one change."""
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    return desk.save()


def test_a_plan_file_is_for_its_owner_alone(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_plan_file_is_for_its_owner_alone_whatever_stood_there(desk: Desk) -> None:
    (desk.root / "plan.json").write_text("{}")
    (desk.root / "plan.json").chmod(0o666)
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    assert stat.S_IMODE(desk.save().stat().st_mode) == 0o600


def test_a_plan_is_not_written_through_a_link(desk: Desk) -> None:
    target = desk.root / "elsewhere.json"
    (desk.root / "plan.json").symlink_to(target)
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    with pytest.raises(UsageError, match="symbolic link"):
        desk.save()
    assert not target.exists()


def test_a_directory_that_is_reached_through_a_link_is_written_into(
    reconciler: Shell, desk: Desk
) -> None:
    """As /tmp is on some systems, or a disk that is mounted elsewhere."""
    (desk.root / "real").mkdir()
    (desk.root / "link").symlink_to("real")
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    assert reconciler("plan", "--out", "link/plan.json").code == 0
    assert [each.name for each in (desk.root / "real").iterdir()] == ["plan.json"]
    assert stat.S_IMODE((desk.root / "real" / "plan.json").stat().st_mode) == 0o600
    assert reconciler("apply", "link/plan.json", "--journal", "link/journal.jsonl").code == 0


def test_a_file_that_is_read_is_not_written_over_through_a_link_to_its_directory(
    reconciler: Shell, desk: Desk
) -> None:
    (desk.root / "link").symlink_to(".")
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    assert reconciler("fetch", "-o", "live.json").code == 0
    before = Path("live.json").read_bytes()
    said = reconciler("plan", "--live", "live.json", "--out", "link/live.json")
    assert (said.code, Path("live.json").read_bytes() == before) == (1, True)


def test_a_directory_that_turns_into_a_link_meanwhile_does_not_lead_astray(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, elsewhere = desk.root / "plans", desk.root / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    fsync = os.fsync

    def swap(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        place.rename(desk.root / "moved")
        place.symlink_to(elsewhere)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", swap)
    desk.save("plans/plan.json")
    assert [each.name for each in (desk.root / "moved").iterdir()] == ["plan.json"]
    assert list(elsewhere.iterdir()) == []


def test_a_link_that_comes_into_the_place_of_the_file_meanwhile_is_not_followed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, plan = desk.root / "target", desk.root / "plan.json"
    target.write_text("mine")
    desk.declare({ONE: {"customer_reference": "desk-1"}})
    fsync = os.fsync

    def swap(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        plan.symlink_to(target)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", swap)
    desk.save()
    assert (target.read_text(), plan.is_symlink()) == ("mine", False)


def test_a_plan_that_cannot_be_written_whole_leaves_what_was_there(
    saved: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(descriptor: int) -> None:
        del descriptor
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        desk.save()
    assert (saved.read_bytes(), [each.name for each in desk.root.glob(".plan*")]) == (before, [])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_plan_file_that_others_may_write_to_is_refused(saved: Path, mode: int) -> None:
    saved.chmod(mode)
    with pytest.raises(UsageError, match="others may write to it"):
        workflow.load_plan(saved)


def test_a_plan_file_that_others_may_read_is_taken(saved: Path) -> None:
    saved.chmod(0o644)
    assert workflow.load_plan(saved).operations


def test_a_pipe_is_no_plan_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.json", 0o600)
    with pytest.raises(UsageError, match="not a plain file"):
        workflow.load_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_directory_is_no_plan_file(reconciler: Shell, tmp_path: Path, command: str) -> None:
    (tmp_path / "plan.json").mkdir()
    said = reconciler(command, "plan.json")
    assert (said.code, len(said.err.splitlines())) == (1, 1)


def test_any_single_bit_that_is_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = plan_for(declare({N1: {"tags": ("é",)}}), account(phone(1)))
    workflow.save_plan(plan, path)
    assert workflow.load_plan(path).operations == plan.operations
    data = bytearray(path.read_bytes())
    for place in range(len(data)):
        for bit in range(8):
            data[place] ^= 1 << bit
            with pytest.raises(UsageError):
                plan_in(bytes(data), "plan.json")
            data[place] ^= 1 << bit


def test_a_flipped_byte_is_refused_by_the_commands_and_nothing_is_sent(
    reconciler: Shell, desk: Desk, saved: Path
) -> None:
    data = saved.read_bytes().replace(b"desk-1", b"desk-2")
    saved.write_bytes(data)
    said = reconciler("apply", str(saved))
    assert said.code == 1
    assert "its digest does not match: it was changed after it was written" in said.err
    assert desk.control.log() == []


@pytest.mark.parametrize("version", [0, 2, 99, 10**30])
def test_a_plan_of_another_version_is_refused(saved: Path, version: int) -> None:
    put(saved, forged(document_of(saved), lambda d: d.update(format_version=version)))
    with pytest.raises(UsageError, match=f"plan format {version} is not known"):
        workflow.load_plan(saved)


@pytest.mark.parametrize("version", [None, "1", 1.0, True, [1], {}])
def test_what_is_no_version_is_refused(saved: Path, version: Any) -> None:
    put(saved, forged(document_of(saved), lambda d: d.update(format_version=version)))
    with pytest.raises(UsageError, match="not a plan"):
        workflow.load_plan(saved)


@pytest.mark.parametrize("text", ["", "null", "[]", "1", '"x"', "{}", "{", "\ufeff{}", "[" * 9000])
def test_other_files_are_no_plans(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="not a plan that `plan --out` wrote"):
        workflow.load_plan(path)


def test_a_plan_of_another_tool_version_is_taken() -> None:
    assert read(forged(settings_plan(), lambda d: d.update(tool_version="0.0.1"))).operations


# ---- show ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [settings_plan, release, bundle])
@pytest.mark.parametrize("output_format", ["text", "json", "markdown"])
def test_show_renders_every_plan_in_every_format(
    reconciler: Shell, tmp_path: Path, made: Any, output_format: str
) -> None:
    document: Document = made()
    put(tmp_path / "p.json", document)
    said = reconciler("show", "p.json", "--format", output_format)
    assert said.code == 0
    assert document["changes"][0]["phone_number"] in said.out


def test_show_as_json_gives_the_document_back(reconciler: Shell, saved: Path) -> None:
    assert reconciler("show", str(saved), "--format", "json").json == document_of(saved)


def test_show_needs_no_key_and_no_network(
    reconciler: Shell, desk: Desk, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY")
    assert (reconciler("show", str(saved)).code, desk.control.log()) == (0, [])


@pytest.mark.parametrize("output_format", ["text", "markdown"])
def test_text_that_steers_is_neutral_in_what_show_writes(
    reconciler: Shell, saved: Path, output_format: str
) -> None:
    bad = "\x1b[2J\u202e::error::x\n@all|`"

    def steer(document: Document) -> None:
        document["tool_version"] = bad
        document["refusals"] = [bad]
        document["source"] = {"commit": bad, "digest": bad}
        document["changes"][0]["fields"][0] |= {"source": f"{bad}:1", "before": bad}
        document["withheld"] = [
            {
                "phone_number": TWO,
                "path": "tags",
                "before": bad,
                "after": bad,
                "rule": bad,
                "reason": bad,
            }
        ]
        document["not_owned"] = [{"phone_number": TWO, "source": f"{bad}:1"}]
        document["unknown"] = [{"phone_number": TWO, "path": "tags", "reason": bad}]
        document["summary"] |= {"withheld": 1, "not_owned": 1, "unknown": 1}

    put(saved, forged(document_of(saved), steer))
    said = reconciler("show", str(saved), "--format", output_format)
    assert said.code == 0
    lines = (said.out + said.err).splitlines()
    assert [line for line in lines if not line.isprintable()] == []
    assert not any(line.startswith("::") for line in lines)


# ---- there and back -----------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
wishes = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.lists(texts, max_size=3).map(lambda tags: tuple(sorted(set(tags)))),
        "connection_id": st.sampled_from([None, "77"]),
        "customer_reference": st.none() | texts,
        "hd_voice_enabled": st.booleans(),
        "deletion_lock_enabled": st.just(True),
        "voice.call_forwarding.call_forwarding_enabled": st.booleans(),
        "voice.call_forwarding.forwards_to": st.sampled_from([None, "+13035559123"]),
        "voice.cnam_listing.cnam_listing_details": st.none() | st.just("ACME"),
        "voice.media_features.t38_fax_gateway_enabled": st.booleans(),
        "voice.translated_number": st.none() | texts,
        "messaging.messaging_profile_id": st.sampled_from([None, "9"]),
        "messaging.messaging_product": texts,
        "bundle_id": st.sampled_from([None, "5"]),
        "address_id": st.sampled_from([None, "6"]),
    },
)


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    wanted=st.lists(wishes, min_size=1, max_size=5),
    before=st.lists(wishes, min_size=5, max_size=5),
    job_size=st.integers(1, 4),
)
def test_any_plan_is_read_as_the_document_that_it_was(
    wanted: list[dict[str, Any]], before: list[dict[str, Any]], job_size: int
) -> None:
    fleet = [
        phone(at).have({path: _raw(value) for path, value in live.items()})
        for at, live in enumerate(before, start=1)
    ]
    numbers = {fleet[at].phone_number: each for at, each in enumerate(wanted)}
    live, all_ = account(*fleet), frozenset(Allowance)
    found = withhold(diff(declare(numbers), live, {}), live, Safety(), all_, NOON.date())
    plan = make_plan(
        found,
        live,
        created_at=NOON,
        origin=Origin("", ""),
        job_size=job_size,
        allowed=tuple(sorted(all_)),
    )
    document = json.loads(json.dumps(plan_document(plan)))
    assert plan_document(read(document)) == document


def _raw(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
