"""How many connections this process can hold open: the system counts open files, and ends there."""

from __future__ import annotations

import resource

_WANTED_FILES = 4096
_OTHER_FILES = 64
"""The journal, the lock, the pipes of git and of the terminal, the event loop: with room."""
_FILES_OF_AN_ACCOUNT = 2
"""A journal and a lock."""


def most_connections(accounts: int = 1) -> int:
    """Calls that may be in flight for a reader and a writer, each on connections of its own, where
    so many `accounts` are asked at the same time; at least one.

    The soft limit (1024 on most systems, 256 on some) stands for programs that wait by select(),
    which this one does not; so it is raised, as far as the hard limit lets.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _WANTED_FILES:
        soft = _raised(soft, hard)
    if soft == resource.RLIM_INFINITY:
        soft = _WANTED_FILES
    others = _OTHER_FILES + (accounts - 1) * _FILES_OF_AN_ACCOUNT
    return max((soft - others) // 2 // accounts, 1)


def _raised(soft: int, hard: int) -> int:
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a system with another limit below the one it tells
        return soft
    return wanted
