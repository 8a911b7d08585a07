"""What the action installs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.action.runner import ROOT


def test_what_is_installed_is_locked(tmp_path: Path) -> None:
    said = tmp_path / "said"
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$@" >>"{said}"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"\n'
        'cp "$0" "$3/bin/reconciler"; fi\n'
    )
    python.chmod(0o755)
    env = {
        "PATH": "/usr/bin:/bin",
        "PYTHON": str(python),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_PATH": str(tmp_path / "path"),
    }
    for _ in range(2):
        subprocess.run(["bash", str(ROOT / ".github/action/install.sh")], env=env, check=True)
    _, locked, ours, version = said.read_text().splitlines()
    assert f"--require-hashes --only-binary :all: -r {ROOT}/requirements-run.lock" in locked
    assert "--no-deps --no-build-isolation" in ours
    assert version == "--version"
    assert (tmp_path / "path").read_text() == f"{tmp_path}/telnyx-reconciler/command\n"


def test_the_lock_of_the_action_holds_the_versions_that_are_tested() -> None:
    def pinned(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split()[0] for line in lines if line[:1].isalnum()}

    run = pinned("requirements-run.lock")
    assert run <= pinned("requirements.lock")
    assert any(each.startswith("hatchling==") for each in run)
