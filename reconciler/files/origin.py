"""Which commit a project stands at, as Git says; nothing outside of Git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_SECONDS = 10


def commit_of(root: Path) -> str:
    """The commit checked out around `root`, empty where there is none or Git does not answer."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
