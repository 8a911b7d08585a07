"""What an export writes beside the numbers: what Git leaves out, and a file of shared groups."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reconciler.core.scope import Scope
from reconciler.core.starter import IGNORE
from reconciler.workflow.exporting import Manner, export_into, export_new, open_base
from tests.plan.world import account, phone

FLEET = account(
    *(
        phone(at, tags=[side], customer_reference="a desk" if at % 2 else "a lobby")
        for at, side in enumerate(["east"] * 12 + ["west"] * 12)
    ),
)


def test_a_new_project_leaves_journals_out_of_git() -> None:
    assert export_new(FLEET, Scope(), Manner()).files[".gitignore"] == IGNORE
    ignored = set(IGNORE.splitlines())
    assert ignored >= {".reconciler/", "journal.jsonl", "live.json", "plan.json", "undo.json"}


def test_one_document_for_a_pipe_has_nothing_beside_it() -> None:
    assert list(export_new(FLEET, Scope(), Manner(), one_file=True).files) == [""]


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is added to a project that is there, a file for each tag."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    return dict(export_into(open_base(Path()), FLEET, Scope(), Manner("tag")).files)


def test_groups_of_several_new_files_have_a_file_of_their_own(added: dict[str, str]) -> None:
    shared = [name for name, text in added.items() if "groups" in yaml.safe_load(text)]
    assert shared == ["numbers/groups.yaml"]
    assert "numbers" not in yaml.safe_load(added["numbers/groups.yaml"])
    assert {"numbers/east.yaml", "numbers/west.yaml"} <= set(added)


def test_nothing_is_ignored_in_a_project_that_is_there(added: dict[str, str]) -> None:
    assert ".gitignore" not in added
