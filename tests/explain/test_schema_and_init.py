"""`schema` prints what is generated; `init` writes a project that is right as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.apply.account import Account
from tests.cli.support import Shell

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["numbers", "plan", "snapshot"])
def test_a_schema_is_the_generated_one(reconciler: Shell, name: str) -> None:
    kept = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert reconciler("schema", name).out == kept


def test_without_a_name_it_is_that_of_the_yaml(reconciler: Shell) -> None:
    assert reconciler("schema").out == reconciler("schema", "numbers").out


def test_a_starter_project_is_valid_and_plans_nothing(account: Account, reconciler: Shell) -> None:
    assert reconciler("init", "new").code == 0
    assert reconciler("validate", "new").code == 0
    assert "No changes." in reconciler("plan", "new").out
    assert account.writes() == []


def test_the_schema_lines_lead_to_a_schema(reconciler: Shell) -> None:
    reconciler("init", "new")
    for file in Path("new").rglob("*.yaml"):
        (place,) = re.findall(r"\$schema=(\S+)", file.read_text())
        assert json.loads((file.parent / place).read_text())["title"]


def test_what_is_commented_out_is_valid_too(reconciler: Shell) -> None:
    reconciler("init", "new")
    for file in Path("new").rglob("*.yaml"):
        text = re.sub(r": \{\}\n#  ", ":\n#  ", file.read_text())
        file.write_text(re.sub(r"^#  ", "  ", text, flags=re.MULTILINE))
    said = reconciler("validate", "new")
    assert (said.code, said.out) == (0, "Valid: 1 number declared.\n")


@pytest.mark.parametrize("name", ["reconciler.yaml", ".gitignore"])
def test_nothing_that_is_there_is_touched(reconciler: Shell, name: str) -> None:
    Path("new").mkdir()
    Path("new", name).write_text("mine")
    said = reconciler("init", "new")
    assert (said.code, name in said.err) == (1, True)
    assert [each.name for each in Path("new").rglob("*")] == [name]


def test_its_workflow_is_yaml_with_pinned_actions_and_few_rights(reconciler: Shell) -> None:
    reconciler("init", "new")
    text = Path("new/.github/workflows/numbers.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)", text)
    assert [bool(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each)) for each in used] == [True] * 4
