"""Plan files: written, and read back with distrust. In a module of its own, because saving a plan
needs nothing of what applies one, and that takes as long to load as a small plan takes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.errors import UsageError
from reconciler.files.output import write_whole

_MOST_BYTES = 8 * 1024**3
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def save_plan(plan: Plan, path: Path) -> str:
    """Write the plan file, whole or not at all; its digest."""
    document = plan_document(plan)
    write_whole(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    digest: str = document["digest"]
    return digest


def load_plan(path: Path) -> Plan:
    """A plan that `save_plan` wrote. UsageError for what is none, was changed, or could have
    been: a file that others may write to."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{path}: is not a plain file")
            if found.st_mode & _OTHERS_MAY_WRITE:
                raise UsageError(
                    f"{path}: others may write to it, so it cannot be trusted: chmod go-w"
                )
            if found.st_size > _MOST_BYTES:
                raise UsageError(f"{path}: too large for a plan")
            data = file.read()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    return plan_in(data, str(path))


def plan_in(data: bytes, name: str) -> Plan:
    """The plan that a file called `name` holds; UsageError where it is none, or was changed."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        what = "no JSON"
        if name.endswith(".jsonl"):
            what += "; it is `resume` that goes on with a journal"
        raise UsageError(f"{name}: not a plan that `plan --out` wrote: {what}") from None
    from reconciler.core.planload import read_plan  # who saves a plan needs none of it

    return read_plan(document, name)
