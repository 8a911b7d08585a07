"""One apply per account on a machine.

The kernel holds the lock, so that a dead holder's is free.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.core.text import neutral
from reconciler.errors import LockedError, UsageError
from reconciler.files.output import make_private_directory

_MOST_BYTES = 1000


@contextmanager
def account_lock(
    base_url: str, api_key: str, holder: str, environ: Mapping[str, str]
) -> Iterator[None]:
    """Hold the lock of an account: its base URL and a hash of the key.

    `holder` is what another apply is told of this one, on one line. LockedError, naming the
    holder, where somebody else has it; UsageError where there is no place for it.
    """
    name = hashlib.sha256(f"{base_url}\0{api_key}".encode()).hexdigest()[:32]
    path = _state_directory(environ) / f"{name}.lock"
    how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, how, 0o600)
    except OSError as error:
        raise UsageError(f"{path}: cannot be opened for the lock: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.pread(descriptor, _MOST_BYTES, 0).decode(errors="replace").strip()
            who = neutral(said) or "it has just begun"
            raise LockedError(
                f"another apply is at work on this account ({who}); nothing was written"
            ) from None
        os.ftruncate(descriptor, 0)
        # Neutral, for it names a directory, and that may be in no encoding at all.
        os.pwrite(descriptor, neutral(holder).encode()[:_MOST_BYTES], 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # and with it the lock; the file stays, or two could hold two locks


def _state_directory(environ: Mapping[str, str]) -> Path:
    """Where state that outlives a run belongs: $XDG_STATE_HOME, else ~/.local/state."""
    given = environ.get("XDG_STATE_HOME", "")
    home = environ.get("HOME", "")
    if not Path(given or home).is_absolute():
        raise UsageError("HOME is not set: set XDG_STATE_HOME to a directory for the lock")
    base = Path(given) if given else Path(home, ".local", "state")
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{base}: cannot be made for the lock: {error.strerror}; set XDG_STATE_HOME"
        ) from None
    place = base / "telnyx-reconciler"
    make_private_directory(place)
    return place
