"""Which projects a tree holds: each directory with a project file, and the rest of the tree."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.text import neutral
from reconciler.errors import UsageError
from reconciler.files.tree import Tree, find_project

_NOT_OURS = frozenset({"node_modules", "site-packages", "__pycache__"})
"""What package managers fill. A project in there is somebody else's: it must not meet a key."""


def find_projects(path: Path, cwd: Path) -> list[Path]:
    """The roots of the projects at and below the directory `path`, as the user would type them,
    in sorted order; `cwd` is absolute.

    What lies in none of the nested ones is a project too, at `path` itself, if there is any YAML
    or a project file. Names that start with `.` are skipped, links are not followed. UsageError
    where there is no project; raises as `find_project` does.
    """
    found: list[Path] = []
    todo = [path]
    while todo:
        root = todo.pop()
        tree = find_project(root, cwd)
        if not (cwd / root).is_dir():
            raise UsageError(f"{neutral(str(path))}: --all takes a directory, not a file")
        if _is_project(tree):
            found.append(root)
        todo += [root / name for name in tree.nested if not _NOT_OURS & set(Path(name).parts)]
    if not found:
        raise UsageError(f"{neutral(str(path))}: no project here or below: no YAML file is there")
    return sorted(found, key=lambda each: each.parts)


def _is_project(tree: Tree) -> bool:
    """Whether there is anything to read. A link that leads out is nothing by itself; a directory
    that cannot be looked into may hold numbers, and loading the project says so."""
    return tree.project_file is not None or any(
        not (file.is_directory and file.where.is_symlink()) for file in tree.files
    )
