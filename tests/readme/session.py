"""The sessions in README.md and in those of the examples: their commands, and what those say.

A fenced `console` block belongs to the session that the comment above it names:

    <!-- session: NAME from DIRECTORY -->     begins one, in a copy of a directory of examples/
    <!-- session: NAME -->                    goes on with it
    <!-- portal: NUMBER PATH=JSON ... -->     changes the account behind our back

Every line that begins with `$ ` is run, `reconciler` and `cd` in process and in virtual time, the
rest by bash, against what `reconciler sandbox --numbers 300 --seed 1` serves. A line `…` stands for
lines that are not shown: what stands before it is how the answer of a command begins, what stands
after it how it ends.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler import cli
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import Account

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "examples").rglob("*.md")))
_PART = re.compile(
    r"^<!-- (?P<kind>session|portal): (?P<words>.*?) -->\n(?:\n?```console\n(?P<block>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_LEFT_OUT = "…"
_HOME = "/home/ada/numbers"  # where the session seems to be run
_GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-07-01T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-07-01T12:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


@dataclass(frozen=True)
class Part:
    """One comment, and the block below it, with its place in the text."""

    kind: str
    words: str
    block: str
    start: int
    end: int


@dataclass
class Session:
    """One story, from a fresh account to its end."""

    name: str
    directory: str
    parts: list[Part] = field(default_factory=list)


def sessions(text: str) -> list[Session]:
    """The sessions of a Markdown text, in order."""
    found: dict[str, Session] = {}
    last = ""
    for match in _PART.finditer(text):
        words = match["words"]
        if match["kind"] == "session":
            last, _, directory = words.partition(" from ")
            found.setdefault(last, Session(last, directory))
        part = Part(
            match["kind"], words, match["block"] or "", match.start("block"), match.end("block")
        )
        found[last].parts.append(part)
    return list(found.values())


def run(session: Session, root: Path) -> Iterator[tuple[Part, str]]:
    """Each block of a session with what its commands really say, as much as the block shows."""
    if session.directory:
        shutil.copytree(ROOT / "examples" / session.directory, root, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, value in _GIT.items():
            patch.setenv(name, value)
        patch.delenv("RECONCILER_SECRET_KEY", raising=False)
        account = Account(root, patch, fleet=make_fleet(300, seed=1))
        with _virtual_time(account, patch):
            for part in session.parts:
                if part.kind == "portal":
                    _edit(account, part.words)
                else:
                    said = "".join(_shown(*each) for each in _commands(part.block))
                    yield part, said.replace(str(root), _HOME)


def _commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that are shown of its answer."""
    for each in ("\n" + block).split("\n$ ")[1:]:
        command, *answer = each.splitlines()
        yield command, answer


def _shown(line: str, before: list[str]) -> str:
    """A command as typed, and what it says, shortened as it was `before`."""
    command, _, _ = line.partition("   #")
    words = shlex.split(command)
    if words[0] == "cd":
        os.chdir(words[1])
        code, said = 0, ""
    elif words[0] == "reconciler":
        code, said = _in_process([name for word in words[1:] for name in _expanded(word)])
    else:
        done = subprocess.run(
            ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        code, said = done.returncode, done.stdout
    end = f"(exit {code})\n" if code else ""
    answer = _shortened((said + end).splitlines(), before)
    return "".join(f"{each}\n" for each in (f"$ {line}", *answer))


def _shortened(answer: list[str], before: list[str]) -> list[str]:
    if _LEFT_OUT not in before:
        return answer
    head = before.index(_LEFT_OUT)
    tail = len(before) - head - 1
    assert len(answer) > head + tail, "nothing is left out"
    return [*answer[:head], _LEFT_OUT, *answer[len(answer) - tail :]]


def _expanded(word: str) -> list[str]:
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def _in_process(words: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    before = sys.argv
    sys.argv = ["reconciler", *words]
    try:
        with redirect_stdout(said), redirect_stderr(said):
            cli.main()
    except SystemExit as left:
        return int(left.code or 0), said.getvalue()
    finally:
        sys.argv = before
    raise AssertionError("a command ends with an exit code")


@contextmanager
def _virtual_time(account: Account, patch: pytest.MonkeyPatch) -> Iterator[None]:
    really_run = asyncio.run

    def in_virtual_time(work: Coroutine[Any, Any, Any]) -> Any:
        account.clock.next_loop()
        return really_run(work)

    patch.setattr(asyncio, "run", in_virtual_time)
    patch.setattr("reconciler.cli.progress.SystemClock", lambda: account.clock)
    yield


def _edit(account: Account, words: str) -> None:
    number, *changes = words.split()
    for change in changes:
        path, _, value = change.partition("=")
        account.control.change(number, path, json.loads(value))


_CHANGING = (
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:…"),
    (re.compile(r"journal-[0-9TZ-]+"), "journal-…"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d( UTC|Z)"), "(time)"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "(commit)"),
    (re.compile(r"commit [0-9a-f]{7,12}"), "commit …"),
    (re.compile(r"process \d+"), "process …"),
)


def same(text: str) -> str:
    """A text without what differs from one run to the next."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text.strip()
