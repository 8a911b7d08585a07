"""The command line, in process and as a child."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from reconciler import cli

COMMAND = (sys.executable, "-m", "reconciler")
SECONDS = 60


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on stdout, which is one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def has_traceback(self) -> bool:
        """Whether the inside of the program shows."""
        return "Traceback" in self.out + self.err or 'File "' in self.out + self.err


class Shell:
    """Runs commands in this process, in the current directory."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        """One command, as typed; no failure may show as a traceback."""
        self._capsys.readouterr()
        self._patch.setattr(sys, "argv", ["reconciler", *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = self._capsys.readouterr()
        assert isinstance(left.value.code, int)
        said = Said(left.value.code, out, err)
        assert not said.has_traceback, said
        return said


def child(
    *words: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    stdout: IO[bytes] | None = None,
    seconds: float = SECONDS,
) -> Said:
    """One command as a process of its own, which has so many seconds."""
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin.encode(),
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=seconds,
    )
    out, err = done.stdout or b"", done.stderr
    return Said(done.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def shell(script: str, *, cwd: Path, env: Mapping[str, str] | None = None) -> Said:
    """A line of sh in which `$R` is the command."""
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=cwd,
        env={**os.environ, **(env or {}), "R": " ".join(COMMAND)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
    )
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return Said(done.returncode, out, err)


def in_a_terminal(
    words: tuple[str, ...], answer: bytes, cwd: Path, env: dict[str, str]
) -> tuple[int, str]:
    """Run a command with a terminal for its streams, and type `answer` when it asks.

    A person who sees nothing happen types it again: Python can miss a Ctrl-C that comes in the
    very moment between its prompt and its reading.
    """
    ours, theirs = pty.openpty()
    # A terminal that the leader of a session opens is its own: Ctrl-C then is a signal.
    on_it = 'tty="$1"; shift; exec "$@" <"$tty" >"$tty" 2>&1'
    process = subprocess.Popen(
        ["sh", "-c", on_it, "sh", os.ttyname(theirs), *COMMAND, *words],
        cwd=cwd,
        env={**os.environ, "TERM": "xterm", **env},
        start_new_session=True,
    )
    shown, end = b"", time.monotonic() + SECONDS
    type_at = 0.0
    try:
        while (now := time.monotonic()) < end:
            if select.select([ours], [], [], 0.05)[0]:
                shown += os.read(ours, 65536)
            elif process.poll() is not None:
                break
            if b"\n> " in shown and now > type_at:
                os.write(ours, answer)
                type_at = now + 5.0
        return process.wait(0), shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@contextmanager
def running(project: Path, env: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs by itself; it does not outlive the block."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=project,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something happens, but not for ever."""
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
