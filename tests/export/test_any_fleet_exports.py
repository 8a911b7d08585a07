"""Any fleet, with any text in it, exports to YAML from which nothing differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.diff import diff
from reconciler.core.fields import Kind
from reconciler.core.model import Desired, Snapshot
from reconciler.core.scope import Scope, Section
from reconciler.errors import InputError
from reconciler.files.layout import formatted
from reconciler.files.output import write_project
from reconciler.workflow.exporting import Manner, export_into, export_new, open_base
from tests.export.fleets import defaults, snapshots

SPLITS = st.sampled_from(["", "tag", "country", "connection"])
SECTIONS = st.sets(st.sampled_from(list(Section)), max_size=2).map(
    lambda only: Scope((), (), tuple(sorted(only)))
)
ANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to shrink a whole account takes minutes, and tells little more
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEW = settings(ANY, max_examples=25)


def written(files: Mapping[str, str], root: Path) -> Desired:
    """What `files` declare, once they are written and read again."""
    write_project(root, files)
    return workflow.load(root).desired


def differences(desired: Desired, snapshot: Snapshot) -> tuple[Any, ...]:
    """Everything that a plan would have to say."""
    found = diff(desired, snapshot, {"env:A_PIN": "0000"})
    return (*found.changes, *found.unknown, *found.not_owned)


def assert_canonical(files: Mapping[str, str]) -> None:
    """That `fmt` would change nothing."""
    for name, text in files.items():
        if name.endswith(".yaml"):
            assert formatted(name, text.encode()).decode() == text


@ANY
@given(snapshot=snapshots(), by=SPLITS, scope=SECTIONS)
def test_from_what_is_exported_nothing_differs(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot, by: str, scope: Scope
) -> None:
    made = export_new(snapshot, scope, Manner(by))
    assert_canonical(made.files)
    desired = written(made.files, tmp_path_factory.mktemp("out"))
    assert differences(desired, snapshot) == ()
    assert desired.numbers.keys() | made.left_out.keys() == snapshot.numbers.keys()


@ANY
@given(snapshot=snapshots())
def test_from_one_file_nothing_differs(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot
) -> None:
    text = export_new(snapshot, Scope(), Manner(), one_file=True).files[""]
    desired = written({"all.yaml": text}, tmp_path_factory.mktemp("out"))
    assert differences(desired, snapshot) == ()


@ANY
@given(snapshot=snapshots(), by=SPLITS, scope=SECTIONS, below=defaults(), seed=st.randoms())
def test_into_a_project_with_any_defaults_nothing_new_differs(
    tmp_path_factory: pytest.TempPathFactory,
    snapshot: Snapshot,
    by: str,
    scope: Scope,
    below: dict[str, Any],
    seed: Any,
) -> None:
    root = tmp_path_factory.mktemp("project")
    there = set(seed.sample(sorted(snapshot.numbers), min(2, len(snapshot.numbers))))
    groups = {"common": {"customer_reference": "x"}, "no": None}
    project = {"version": 1, "defaults": below, "groups": groups}
    (root / "reconciler.yaml").write_text(json.dumps(project))
    (root / "numbers").mkdir()
    (root / "numbers" / "numbers.yaml").write_text(json.dumps(declaring(there, snapshot)))
    before = {each: each.read_bytes() for each in root.rglob("*.yaml")}
    try:
        base = open_base(root)
    except InputError:
        assume(False)
    made = export_into(base, snapshot, scope, Manner(by))
    assert_canonical(made.files)
    desired = written(made.files, root)
    new = {number: each for number, each in desired.numbers.items() if number not in there}
    assert differences(replace(desired, numbers=new), snapshot) == ()
    assert new.keys() | made.left_out.keys() == snapshot.numbers.keys() - there
    assert {each: each.read_bytes() for each in before} == before


def declaring(numbers: set[str], snapshot: Snapshot) -> dict[str, Any]:
    """A file that declares these numbers, and manages nothing of them."""
    kinds = {number: snapshot.numbers[number].kind for number in sorted(numbers)}
    return {
        kind.yaml_key: {number: {} for number, own in kinds.items() if own is kind} for kind in Kind
    }


@ANY
@given(snapshot=snapshots(), by=SPLITS)
def test_the_order_of_the_answers_makes_no_difference(snapshot: Snapshot, by: str) -> None:
    turned = replace(snapshot, numbers=dict(reversed(list(snapshot.numbers.items()))))
    assert (
        export_new(snapshot, Scope(), Manner(by)).files
        == export_new(turned, Scope(), Manner(by)).files
    )
