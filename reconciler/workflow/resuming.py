"""Going on from a journal: finish what it began."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.apply import Context, Stop, Watcher
from reconciler.apply.checking import Checker
from reconciler.core.outcome import Outcome
from reconciler.core.replay import History
from reconciler.core.text import Redactor, neutral
from reconciler.errors import UsageError
from reconciler.files.origin import author
from reconciler.journal import (
    DIRECTORY,
    Journal,
    Lines,
    journals_in,
    read_history,
    read_lines,
    seems_finished,
)
from reconciler.workflow.applying import Run, reading_until_stopped, secrets_of, write
from reconciler.workflow.common import Options, account, account_of, root_here
from reconciler.workflow.saved import (
    check_account,
    check_base_url,
    check_bound,
    live_pins,
    plan_secrets,
    read_targets,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A journal that was read."""

    path: Path
    lines: Lines
    history: History


def open_journal(path: Path) -> Found:
    """The journal at `path`. UsageError where it is none, or damaged."""
    lines = read_lines(path)
    return Found(path, lines, read_history(path, lines))


def newest_unfinished() -> Found:
    """The one journal of the project here that is not finished. UsageError where there is none,
    or several, which are named."""
    # PATH may be a part of a project, and then has journals of its own.
    roots = dict.fromkeys((root_here(), Path.cwd().resolve()))
    journals = [path for root in roots for path in journals_in(root)]
    unfinished = [path for path in journals if not seems_finished(path)]
    if not unfinished:
        raise UsageError("there is no unfinished journal here: nothing to resume")
    if len(unfinished) > 1:
        names = ", ".join(neutral(str(path)) for path in unfinished)
        raise UsageError(f"several journals are unfinished; name the one to resume: {names}")
    return open_journal(unfinished[0])


def left_open(root: Path) -> list[Path]:
    """The journals of applies of the project at `root` that were not finished, the newest last. One
    that cannot be trusted is no reason to hold up anything here; `resume` refuses it."""
    found: list[Path] = []
    for path in journals_in(root):
        try:
            if not seems_finished(path):
                found.append(path)
        except UsageError:
            continue
    return found


async def resume(found: Found, options: Options, watcher: Watcher, stop: Stop) -> Outcome:
    """Finish an interrupted apply: settle by reading what is unknown, then send what was not.

    Nothing is sent that the plan of the journal does not hold. UsageError where the journal is
    finished.
    """
    history = found.history
    if history.finished:
        raise UsageError(f"{found.path} is finished: nothing was sent")
    plan, root = history.plan, project_of(found.path)
    endpoint, limits = account(account_of(root), options)
    check_base_url(plan, endpoint.base_url)
    secrets = plan_secrets(plan, root, endpoint.key_name)
    check_bound(plan, secrets)
    reading = reading_until_stopped(endpoint, limits, SystemClock(), stop, secrets.values())
    async with reading as reader:
        checker = Checker(plan, reader, secrets_of(secrets), page_size=limits.page_size)
        again = await read_targets(plan, checker)
        check_account(plan, again)
        pins = frozenset({*secrets.values(), *live_pins(again)})
        context = Context(
            secrets_of(secrets),
            Redactor((endpoint.api_key, *pins)),
            limits,
            connections=history.connections,
            pinned=history.pinned,
            past=history.operations,
        )
        run = Run(plan, endpoint, limits, root, context, pins)
        with _journal_of(found) as journal:
            by, at = author(root, os.environ), reader.clock.now().isoformat()
            await journal.write({"entry": "resume", "by": by, "at": at})
            return await write(run, journal, history.by, reader, watcher, stop)


def project_of(journal: Path) -> Path:
    """The root of the project that a journal lies in; for one that was kept elsewhere, the
    project of the current directory."""
    home = Path.cwd() / journal
    return home.parent.parent.resolve() if home.parent.name == DIRECTORY else root_here()


@contextmanager
def _journal_of(found: Found) -> Iterator[Journal]:
    journal = Journal.go_on(found.path, found.lines)
    try:
        yield journal
    finally:
        journal.close()
