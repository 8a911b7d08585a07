"""A real repository of Git, in which nothing of this machine's configuration counts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.files import Loaded, load_documents
from reconciler.files.commit import Commit
from reconciler.files.repository import open_repository

ONE, TWO, THREE = "+13125550001", "+13125550002", "+13125550003"
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "n",
    "GIT_AUTHOR_EMAIL": "n@example.com",
    "GIT_COMMITTER_NAME": "n",
    "GIT_COMMITTER_EMAIL": "n@example.com",
}


@dataclass(frozen=True)
class Repo:
    """A repository whose work tree is `root`; files are given as name -> text."""

    root: Path

    def git(self, *words: str) -> str:
        """What a command of Git says."""
        return git(self.root, *words)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str] | None = None) -> str:
        """The commit of everything there is, with these files written."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "m")
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """A new branch from here."""
        self.git("checkout", "--quiet", "-b", name)

    def switch(self, name: str) -> None:
        self.git("checkout", "--quiet", name)

    @contextmanager
    def store(self, revision: str = "HEAD") -> Iterator[Commit]:
        """The files of a commit."""
        repository, _ = open_repository(self.root, Path())
        with repository.objects() as objects:
            tree = repository.tree(repository.commit(revision))
            yield Commit(objects, repository.top, tree)

    def load(self, path: str = ".", revision: str = "HEAD") -> Loaded:
        """The project at `path` as a commit has it."""
        with self.store(revision) as store:
            return load_documents(Path(path), self.root, store)


def git(directory: Path, *words: str) -> str:
    """What a command of Git says in a directory."""
    done = subprocess.run(
        ["git", *words],
        cwd=directory,
        env=os.environ | _ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def new_repo(root: Path) -> Repo:
    """An empty one."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    return Repo(root)
