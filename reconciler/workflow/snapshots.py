"""Snapshots of the account, live and in files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from reconciler.api.clock import SystemClock
from reconciler.api.progress import Progress, ignore_progress
from reconciler.core.fetchplan import EVERYTHING, Needs
from reconciler.core.idnames import names_in
from reconciler.core.live import build_snapshot
from reconciler.core.model import Desired, Snapshot
from reconciler.core.snapshotfile import parse_snapshot, snapshot_document
from reconciler.errors import UsageError
from reconciler.workflow.common import Options, account, account_here

_MOST_SNAPSHOT_BYTES = 4 * 1024**3


async def fetch_everything(
    options: Options, progress: Progress = ignore_progress, desired: Desired | None = None
) -> Snapshot:
    """A snapshot of the whole account that `desired` names (None: the project here)."""
    from reconciler.api.listings import read_lists  # a file needs no HTTP
    from reconciler.api.read import open_reader

    endpoint, limits = account(desired or account_here(), options)
    clock = SystemClock()
    async with open_reader(endpoint, limits, clock) as reader:
        found = await read_lists(
            reader, EVERYTHING, Needs(), page_size=limits.page_size, progress=progress
        )
        snapshot = build_snapshot(
            found.rows,
            found.reads,
            base_url=endpoint.base_url,
            fetched_at=clock.now(),
            calls=reader.reads,
        )
        return replace(snapshot, names=names_in(found.rows))


def load_snapshot(path: Path) -> Snapshot:
    """A snapshot that `fetch` wrote. UsageError where the file is none."""
    try:
        if not path.is_file():
            raise UsageError(f"{path}: no such file, or not a plain one")
        if path.stat().st_size > _MOST_SNAPSHOT_BYTES:
            raise UsageError(f"{path}: too large for a snapshot")
        return parse_snapshot(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path}: not a snapshot that fetch wrote: no JSON") from None


def snapshot_json(snapshot: Snapshot) -> bytes:
    """The snapshot file, indented, ready to write."""
    return msgspec.json.format(msgspec.json.encode(snapshot_document(snapshot)), indent=1) + b"\n"
