"""The main job, shown on a sandbox of its own: what a user would type, and what comes back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.errors import Exit, ReconcilerError
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.server import RunningSandbox

_NUMBERS = 300
_PROJECT = "02-shared-groups"
_MOVED = "+13125550007"


@dataclass(frozen=True, slots=True)
class _Step:
    """A command and the exit code it must end with."""

    words: tuple[str, ...]
    expected: Exit = Exit.OK


_CONVERGE = (
    _Step(("fetch", "-o", "live.json")),
    _Step(("validate",)),
    _Step(("plan",)),
    # Every declared number changes here, which a safety rule would hold back.
    _Step(("apply", "--auto-approve", "--allow-max-changes")),
    _Step(("drift",)),
)
_REPAIR = (
    _Step(("drift",), Exit.CHANGES),
    _Step(("apply", "--auto-approve")),
    _Step(("drift",)),
)


def run_demo() -> None:
    """Run every step in a copy of an example, against a fleet of some hundreds of numbers.

    ReconcilerError when a step does not end as it must.
    """
    with (
        tempfile.TemporaryDirectory() as scratch,
        RunningSandbox(make_fleet(_NUMBERS, seed=1)) as sandbox,
    ):
        project = Path(scratch, _PROJECT)
        shutil.copytree(_examples() / _PROJECT, project)
        environ = {
            **os.environ,
            "TELNYX_BASE_URL": sandbox.base_url,
            "TELNYX_API_KEY": sandbox.api_key,
            "XDG_STATE_HOME": scratch,
        }
        _tell(f"A sandbox with {_NUMBERS} numbers serves {sandbox.base_url}.")
        _tell(f"This is a copy of examples/{_PROJECT}; every command is one you could type.")
        for step in _CONVERGE:
            _run(step, project, environ)
        _tell(f"Somebody edits {_MOVED} in the portal, behind our back:")
        sandbox.control.change(_MOVED, "voice.inbound_call_screening", "disabled")
        sandbox.control.change(_MOVED, "tags", ["walk-in"])
        for step in _REPAIR:
            _run(step, project, environ)
        refused = sandbox.control.violations()
        if refused:
            raise ReconcilerError(f"the sandbox saw invalid requests: {refused}")


def _examples() -> Path:
    """The examples: beside the package in a checkout, inside it when installed."""
    here = Path(__file__).parent
    return next(each for each in (here / "examples", here.parent / "examples") if each.is_dir())


def _tell(text: str) -> None:
    click.echo(click.style(f"\n# {text}", dim=True) if sys.stdout.isatty() else f"\n# {text}")


def _run(step: _Step, project: Path, environ: dict[str, str]) -> None:
    line = "$ reconciler " + " ".join(step.words)
    click.echo("\n" + (click.style(line, bold=True) if sys.stdout.isatty() else line))
    sys.stdout.flush()
    command = [sys.executable, "-m", "reconciler", *step.words]
    code = subprocess.run(command, cwd=project, env=environ, check=False).returncode
    if code:
        click.echo(f"(exit {code})")
    if code != step.expected:
        raise ReconcilerError(f"'{line[2:]}' ended with {code}, not {int(step.expected)}")
