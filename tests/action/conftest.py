"""A runner with a project and a key, against a sandbox on a socket."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.server import RunningSandbox
from tests.action.runner import Runner
from tests.apply.account import ONE, TWO
from tests.cli.conftest import served

__all__ = ["served"]

WANTED = {ONE: {"customer_reference": "desk-1"}, TWO: {"customer_reference": "desk-2"}}

MakeRunner = Callable[..., Runner]


def declare(directory: Path, numbers: dict[str, Any]) -> None:
    """A project in `directory` that declares these numbers."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "numbers.yaml").write_text(
        f"version: 1\nnumbers: {json.dumps(numbers)}\n", encoding="utf-8"
    )


@pytest.fixture
def key(served: RunningSandbox) -> dict[str, str]:
    """What a step that calls the API has in its environment."""
    return {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}


@pytest.fixture
def make_runner(tmp_path: Path) -> MakeRunner:
    """One machine after another, each new."""
    if shutil.which("jq") is None:
        pytest.skip("the scripts and the stand-in for gh need jq")
    made: list[Runner] = []

    def make(**given: Any) -> Runner:
        runner = Runner(tmp_path / f"machine-{len(made)}", **given)
        declare(runner.workspace / "telnyx", WANTED)
        made.append(runner)
        return runner

    return make


@pytest.fixture
def runner(make_runner: MakeRunner, key: dict[str, str]) -> Runner:
    """A run of a pull request of the repository itself, with the key; two numbers change."""
    return make_runner(env=key)
