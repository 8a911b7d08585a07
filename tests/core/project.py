"""Writes files, loads them, and says what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.desired import build
from reconciler.core.documents import Document
from reconciler.core.model import Desired, DesiredNumber
from reconciler.errors import InputError
from reconciler.files import read_document

ONE = "+13125550001"
TWO = "+13125550002"


@dataclass(frozen=True, slots=True)
class Declared:
    """A project below `root`; files are given as name -> text."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def load(self, files: Mapping[str, str], path: str = ".") -> Desired:
        """What the files declare."""
        self.write(files)
        return workflow.load(Path(path)).desired

    def complaints(self, files: Mapping[str, str], path: str = ".") -> list[str]:
        """What is wrong with the files: there must be something."""
        self.write(files)
        with pytest.raises(InputError) as caught:
            workflow.load(Path(path))
        return [str(problem) for problem in caught.value.problems]

    def number(self, files: Mapping[str, str], number: str = ONE) -> DesiredNumber:
        return self.load(files).numbers[number]

    def settings(self, files: Mapping[str, str], number: str = ONE) -> dict[str, Any]:
        """What is managed of one number."""
        return self.number(files, number).settings.as_dict()

    def sources(self, files: Mapping[str, str], number: str = ONE) -> dict[str, str]:
        """Where each setting of one number comes from: FILE:LINE, and the group if any."""
        settings = self.number(files, number).settings
        return {
            path: f"{source} {source.group}".strip()
            for path, source in zip(settings.paths, settings.sources, strict=True)
        }


def read(text: str, name: str = "a.yaml") -> Document:
    """One file that YAML itself has nothing against."""
    document, problems = read_document(name, text.encode())
    assert document is not None, problems
    return document


def built(text: str) -> tuple[Desired, list[str]]:
    """What one file declares, and what is wrong with it, in order and as often as it was said."""
    desired, problems = build(None, [read(text)])
    return desired, [str(problem) for problem in sorted(problems)]
