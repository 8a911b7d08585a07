"""PINs: resolved when they are needed, for the numbers that are meant, and kept out of text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.core.catalogue import SECRETS
from reconciler.core.declared import compact
from reconciler.core.model import Desired, DesiredNumber, Source
from reconciler.core.templates import Pin, PlainPin
from reconciler.core.text import neutral
from reconciler.core.values import Secret
from reconciler.errors import InputError, Problem

_MOST_BYTES = 4096
_MOST_SHOWN = 60


def resolve_secrets(desired: Desired, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The value of every secret that a number of `desired` uses, by ref.

    `{env: NAME}` is read from `environ`, `{file: PATH}` from below `root` (one line, its end
    dropped). InputError with every one that is missing or empty.
    """
    used = (
        pair
        for run in compact(desired.numbers).managing(SECRETS)
        if any(isinstance(value, Secret | Pin | PlainPin) for value in run.settings.values)
        for number in (run.each() if run.templated else (run.at(run.first),))
        for pair in _secrets(number)
    )
    return resolve_refs(used, desired.secrets, root, environ, desired.api_key_env)


def resolve_refs(
    used: Iterable[tuple[Secret, Source]],
    in_yaml: Mapping[str, str],
    root: Path,
    environ: Mapping[str, str],
    key_name: str,
) -> dict[str, str]:
    """The same for secrets by themselves, each with the place that uses it; `in_yaml` are those
    that stand in the YAML in clear, by ref. `key_name` is the variable of the API key, which is
    nobody's PIN: who may change the YAML must not have it sent."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for secret, source in used:
        if secret.ref in values:
            continue
        where, _, name = secret.ref.partition(":")
        try:
            values[secret.ref] = _value(in_yaml, root, environ, where, name, environ.get(key_name))
        except ValueError as error:
            # Of a plan file both may be anybody's words.
            path, why = neutral(source.path), neutral(str(error))
            problems.append(Problem(path, source.line, source.column, why))
    if problems:
        raise InputError(problems)
    return values


def _secrets(number: DesiredNumber) -> list[tuple[Secret, Source]]:
    settings = number.settings
    pairs = zip(settings.values, settings.sources, strict=True)
    return [(value, source) for value, source in pairs if isinstance(value, Secret)]


def _value(
    in_yaml: Mapping[str, str],
    root: Path,
    environ: Mapping[str, str],
    where: str,
    name: str,
    key: str | None,
) -> str:
    match where:
        case "yaml":
            if f"yaml:{name}" not in in_yaml:
                why = "the PIN that stood here in clear is not here now"
                raise ValueError(f"{why} (is this the directory of the project?)")
            return in_yaml[f"yaml:{name}"]
        case "env":
            value = environ.get(name, "")
            if not value:
                raise ValueError(f"environment variable {name} is not set (or empty)")
        case _:
            value = _from_file(root, name)
    if value == key:
        raise ValueError(f"{where}:{name} is the API key, and no PIN")
    if not value.isprintable():
        raise ValueError(f"the secret of {where}:{name} holds a line end or a control character")
    return value


def _from_file(root: Path, name: str) -> str:
    shown = name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}…"
    try:
        path = Path(os.path.realpath(root / name))
        if not path.is_relative_to(os.path.realpath(root)):
            raise ValueError(f"secret file {shown} is outside of the project")
        raw = _read_plain(path)
    except FileNotFoundError:
        raise ValueError(f"secret file {shown} does not exist") from None
    except OSError as error:
        raise ValueError(f"secret file {shown} cannot be read: {error.strerror}") from None
    if raw is None:
        raise ValueError(f"secret file {shown} is no plain file")
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"secret file {shown} is too large")
    try:
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError(f"secret file {shown} is not UTF-8") from None
    if not text:
        raise ValueError(f"secret file {shown} is empty")
    return text


def _read_plain(path: Path) -> bytes | None:
    """The bytes of a file, one more than allowed at most; None of a pipe, a directory and so on.

    Opened without waiting and without following a link: it may have been swapped since.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
