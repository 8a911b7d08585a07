"""Journals that are bent in every way: each is refused in one line, or leads a resume to nothing
that its plan does not hold.

A journal is bent as bytes (its chain of checksums is broken then, mostly), or line by line with a
chain that belongs to it; then what is left is whether the lines make sense for their plan.
"""

from __future__ import annotations

import copy
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler import journal, workflow
from reconciler.core.planfile import canonical_json, digest
from reconciler.errors import ReconcilerError, UsageError
from reconciler.journal import seems_finished
from reconciler.sandbox.fleet import number
from reconciler.workflow.resuming import Found
from tests.apply.account import ONE, PROFILE, THREE, TWO, Account
from tests.crash.killing import Deeds, Killer, apply_and_die, journal_of, resume
from tests.fuzz.bending import bend, bent_bytes

_MOMENTS = (4, 9, 14, 20, 30, 1000)
"""When the applies whose journals are bent were killed; the last one was not."""
_RESUMED = 12
"""Of so many journals that are taken, one is resumed."""

_FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
_DECLARED: dict[str, Any] = {
    ONE: {**_FLAGGED, "messaging": {"messaging_profile_id": PROFILE}},
    TWO: {**_FLAGGED, "customer_reference": "desk-2"},
    THREE: {"customer_reference": "desk-3", "tags": ["a"]},
}


def run(count: int, seed: int) -> str:
    """Read `count` bent journals; what became of them. AssertionError where one is refused in more
    than a line, or a resume writes what its plan does not hold; any other error should not be."""
    random_ = random.Random(seed)
    found: Counter[str] = Counter()
    whole = [_journal(moment) for moment in _MOMENTS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal-1.jsonl")
        for turn in range(count):
            at = random_.randrange(len(_MOMENTS))
            data = _bent(random_, whole[at], as_bytes=turn % 3 == 0)
            path.write_bytes(data)
            path.chmod(0o600)
            what = _read(path)
            if isinstance(what, Found) and random_.randrange(_RESUMED) == 0:
                found[_resumed(data, _MOMENTS[at])] += 1
            else:
                found["taken" if isinstance(what, Found) else what] += 1
    return ", ".join(f"{number:,} {what}" for what, number in sorted(found.items()))


@contextmanager
def _killed(moment: int) -> Iterator[Account]:
    """An account whose apply was killed at a moment."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", folder)
        account = Account(Path(folder), patch, [number(each) for each in (ONE, TWO, THREE)])
        account.control.timing(pending=0.5, running=1.0)
        account.declare(_DECLARED)
        apply_and_die(account, account.plan(), Killer(account, patch), moment)
        yield account


def _journal(moment: int) -> bytes:
    with _killed(moment) as account:
        path = journal_of(account)
        assert path is not None
        return path.read_bytes()


def _bent(random_: random.Random, whole: bytes, *, as_bytes: bool) -> bytes:
    if as_bytes:
        return bent_bytes(random_, whole)
    entries = [json.loads(line)["entry"] for line in whole.splitlines() if line.endswith(b"}")]
    entries = copy.deepcopy(entries)
    match random_.randrange(5):
        case 0:
            _shuffle(random_, entries)
        case 1:
            _bend_plan(random_, entries[0])
        case _:
            bend(random_, random_.choice(entries))
    return _sealed(entries)


def _shuffle(random_: random.Random, entries: list[Any]) -> None:
    one, other = (random_.randrange(len(entries)) for _ in range(2))
    match random_.randrange(4):
        case 0:
            del entries[one]
        case 1:
            entries.insert(other, copy.deepcopy(entries[one]))
        case 2:
            entries[one], entries[other] = entries[other], entries[one]
        case _:
            del entries[one:]


def _bend_plan(random_: random.Random, first: Any) -> None:
    """A plan that is another, with a digest that fits it."""
    plan = first.get("plan")
    bend(random_, plan)
    if isinstance(plan.get("digest"), str):
        plan["digest"] = digest(plan)


def _sealed(entries: Sequence[Any]) -> bytes:
    lines, checksum = [], ""
    for entry in entries:
        canonical_json(entry)
        line, checksum = journal._sealed(entry, checksum)
        lines.append(line)
    return b"".join(lines)


def _read(path: Path) -> Found | str:
    try:
        seems_finished(path)
        return workflow.open_journal(path)
    except UsageError as error:
        text = str(error)
        assert text.startswith(str(path)), text
        assert text.isprintable(), ascii(text)
        assert len(text) < len(str(path)) + 600, text
        return "refused as damaged" if "is damaged" in text else "refused as none of ours"


def _resumed(data: bytes, moment: int) -> str:
    with _killed(moment) as account:
        path = journal_of(account)
        assert path is not None
        path.write_bytes(data)
        history = workflow.open_journal(path).history
        account.control.forget()
        said = ""
        try:
            resume(account)
        except ReconcilerError as error:
            said = str(error) or "nothing"
        assert said.isprintable(), ascii(said)
        secrets: dict[str, str] = {}
        Deeds(history.plan, secrets).count(account.writes())
        assert account.control.violations() == []
        return "refused by resume" if said else "resumed"
