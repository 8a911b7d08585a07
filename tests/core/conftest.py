"""A directory of YAML files, as a user has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.project import Declared


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declared:
    """The project in an empty directory, which is the current one: paths show as file names."""
    monkeypatch.chdir(tmp_path)
    return Declared(tmp_path)
