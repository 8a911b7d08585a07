"""Which commit a project stands at and who is at work, as Git and the CI system say."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 10


def commit_of(root: Path) -> str:
    """The commit checked out around `root`, empty where there is none or Git does not answer."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD")


_WHO = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "CIRCLE_USERNAME",
    "BUILDKITE_BUILD_CREATOR",
    "BUILD_REQUESTEDFOR",
    "BITBUCKET_STEP_TRIGGERER_UUID",
)
_WHERE = ("CI_JOB_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL", "BUILD_URL")


def author(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Who is at work and where, for the audit: `who` as the CI system names them, else as Git
    does; `run` is the address of the CI run; `host` is this machine. Empty where nobody says."""
    given = (environ[name] for name in _WHO if environ.get(name))
    who = next(given, "") or _git(root, "config", "user.email") or _git(root, "config", "user.name")
    run = next((environ[name] for name in _WHERE if environ.get(name)), "")
    if environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY")
        run = f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    said = {"who": who, "run": run, "host": platform.node()}
    return {key: _as_utf8(text) for key, text in said.items()}


def _as_utf8(text: str) -> str:
    """What the environment holds may be any bytes."""
    return text.encode(errors="replace").decode()


def _git(root: Path, *words: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(root), *words]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
