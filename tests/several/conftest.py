"""Two accounts on sockets, and a tree of projects for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.clock import SystemClock
from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import FOUR, ONE, THREE, TWO
from tests.cli.support import Shell

Numbers = Mapping[str, Mapping[str, Any]]


class Tree:
    """A directory of projects. Each has its key in a variable of its own, such as KEY_EAST."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._patch = patch

    def project(self, name: str, numbers: Numbers, on: RunningSandbox, **settings: Any) -> Path:
        """Declare `numbers` in a project on an account; `settings` are for its project file."""
        place = self.root / name
        variable = f"KEY_{place.name.upper()}" if name != "." else "KEY_ROOT"
        self._patch.setenv(variable, on.api_key)
        account = {"base_url": on.base_url, "api_key_env": variable}
        about = {"version": 1, "account": account, "limits": {"rate_per_second": 1000}, **settings}
        place.mkdir(parents=True, exist_ok=True)
        (place / "reconciler.yaml").write_text(json.dumps(about))
        (place / "numbers.yaml").write_text(
            json.dumps({"version": 1, "numbers": numbers}, indent=1)
        )
        return place


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """An empty tree, which is the current directory."""
    root = tmp_path / "tree"
    root.mkdir()
    monkeypatch.chdir(root)
    return Tree(root, monkeypatch)


def _serve() -> Iterator[RunningSandbox]:
    with RunningSandbox(Fleet.of(number(each) for each in (ONE, TWO, THREE, FOUR))) as sandbox:
        yield sandbox
        assert sandbox.control.violations() == []


@pytest.fixture
def east() -> Iterator[RunningSandbox]:
    """An account of four numbers."""
    yield from _serve()


@pytest.fixture
def west() -> Iterator[RunningSandbox]:
    """Another account, of the same four."""
    yield from _serve()


@pytest.fixture
def reconciler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command in this process, which waits for no retry."""

    async def sleep(clock: SystemClock, seconds: float) -> None:
        del clock
        await asyncio.sleep(min(seconds, 0.01))

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return Shell(monkeypatch, capsys)
