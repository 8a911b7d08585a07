"""What the tests of export do again and again."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import Shell


def exported(reconciler: Shell, *words: str, into: str = "out") -> dict[str, str]:
    """The files of a new project, by name."""
    assert reconciler("export", "-o", into, *words).code == 0
    root = Path(into)
    return {str(each.relative_to(root)): each.read_text() for each in root.rglob("*.yaml")}


def says_no_changes(reconciler: Shell, path: str = "out") -> bool:
    """Whether a plan right after it has nothing to do."""
    return "No changes." in reconciler("plan", path).out
