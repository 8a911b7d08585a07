"""The files of a project in their canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import InputError, Problem
from reconciler.files import open_source, project_files
from reconciler.files.layout import formatted
from reconciler.files.output import Rewrite, rewrite_files


@dataclass(frozen=True, slots=True)
class Formatting:
    """How many files were looked at, and the names, as shown, of those that are not (or, once
    written, were not) in canonical form."""

    files: int
    changed: tuple[str, ...]


def format_files(path: Path, *, write: bool) -> Formatting:
    """Bring every file that `path` means into its canonical form, or only say which are not.

    InputError with every place where a file is no YAML of ours: then nothing is written.
    UsageError where a file cannot be written.
    """
    files = project_files(path, Path.cwd())
    problems: list[Problem] = []
    changed: dict[str, Rewrite] = {}
    for file in files:
        raw = open_source(file)
        if isinstance(raw, Problem):
            problems.append(raw)
            continue
        try:
            after = formatted(file.path, raw)
        except InputError as error:
            problems += error.problems
            continue
        if after != raw:
            changed[file.path] = Rewrite(file.where, raw, after)
    if problems:
        raise InputError(problems)
    if write:
        rewrite_files(tuple(changed.values()))
    return Formatting(len(files), tuple(changed))
