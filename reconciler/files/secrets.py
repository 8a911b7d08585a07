"""PINs: resolved when they are needed, for the numbers that are meant, and kept out of text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.core.model import Desired, DesiredNumber, Source
from reconciler.core.values import Secret
from reconciler.errors import InputError, Problem

_MOST_BYTES = 4096


def resolve_secrets(desired: Desired, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The value of every secret that a number of `desired` uses, by ref.

    `{env: NAME}` is read from `environ`, `{file: PATH}` from below `root` (one line, its end
    dropped). InputError with every one that is missing or empty.
    """
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number in desired.numbers.values():
        for secret, source in _secrets(number):
            if secret.ref in values:
                continue
            where, _, name = secret.ref.partition(":")
            try:
                value = _value(desired, root, environ, where, name)
            except ValueError as error:
                problems.append(Problem(source.path, source.line, source.column, str(error)))
                continue
            values[secret.ref] = value
    if problems:
        raise InputError(problems)
    return values


def _secrets(number: DesiredNumber) -> list[tuple[Secret, Source]]:
    settings = number.settings
    pairs = zip(settings.values, settings.sources, strict=True)
    return [(value, source) for value, source in pairs if isinstance(value, Secret)]


def _value(desired: Desired, root: Path, environ: Mapping[str, str], where: str, name: str) -> str:
    match where:
        case "yaml":
            return desired.secrets[f"yaml:{name}"]
        case "env":
            value = environ.get(name, "")
            if not value:
                raise ValueError(f"environment variable {name} is not set (or empty)")
        case _:
            value = _from_file(root, name)
    if not value.isprintable():
        raise ValueError(f"the secret of {where}:{name} holds a line end or a control character")
    return value


def _from_file(root: Path, name: str) -> str:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"secret file {name} is outside of the project")
    if not path.is_file():
        raise ValueError(f"secret file {name} does not exist (or is no plain file)")
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        text = raw.decode()
    except OSError as error:
        raise ValueError(f"secret file {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"secret file {name} is not UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > _MOST_BYTES:
        raise ValueError(f"secret file {name} is {'empty' if not text else 'too large'}")
    return text
