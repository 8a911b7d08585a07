"""Where the project stands in its repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from reconciler.core.text import neutral


def repository_path() -> Callable[[str], str]:
    """How a file that is named from here is named from the root of the repository."""
    here = Path.cwd()
    root = repository_root(here)

    def locate(path: str) -> str:
        absolute = Path(os.path.abspath(here / path))  # noqa: PTH100 - a link stays what it is
        return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else path

    return locate


def repository_root(here: Path) -> Path:
    """The work tree of Git around `here`, else the runner's workspace, else `here`."""
    for directory in (here, *here.parents):
        if (directory / ".git").exists():
            return directory
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or here)
    return workspace if here.is_relative_to(workspace) else here


def project_name(root: Path) -> str:
    """The directory of a project in its repository, "" where it is the root."""
    root = root.resolve()
    name = root.relative_to(repository_root(root)).as_posix()
    return "" if name == "." else neutral(name)
