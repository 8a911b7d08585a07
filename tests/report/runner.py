"""A step's output as GitHub's runner reads it: which lines are commands, and what they say.

After `ActionCommand.cs` of the runner: `::name props::data` at the start of a line, blanks before
it allowed, and the older `##[name props]data` anywhere in a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAMES = frozenset(
    {"error", "warning", "notice", "debug", "group", "endgroup", "echo", "stop-commands"}
    | {"add-mask", "set-output", "set-env", "add-path", "save-state"}
    | {"add-matcher", "remove-matcher"}
)


@dataclass(frozen=True)
class Command:
    """One command that the runner carries out."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def commands(output: str) -> list[Command]:
    """The commands in what a step printed, those outside of stop-commands only."""
    found: list[Command] = []
    token = ""
    # .NET ends a line at CR, LF or both; the others are for readers that are less exact.
    for line in re.split(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", output):
        if token:
            token = "" if line.strip() == f"::{token}::" else token
            continue
        command = _parsed(line)
        if command is None:
            continue
        if command.name == "stop-commands":
            token = command.data
        else:
            found.append(command)
    assert not token, "commands are stopped to the end"
    return found


def _parsed(line: str) -> Command | None:
    line = line.lstrip()
    if line.startswith("::") and "::" in line[2:]:
        info, _, data = line[2:].partition("::")
        name, _, rest = info.partition(" ")
        if name in NAMES:
            pairs = (each.split("=", 1) for each in rest.strip().split(",") if "=" in each)
            return Command(name, _unescaped(data), {key: _property(text) for key, text in pairs})
    old = re.search(r"##\[([a-z-]+)(?: [^\]]*)?\](.*)", line)
    if old and old[1] in NAMES:
        return Command(old[1], old[2])
    return None


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _property(text: str) -> str:
    text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",")
    return text.replace("%25", "%")


def outputs(text: str) -> dict[str, str]:
    """What later steps see of a file of outputs."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, delimiter = line.split("<<", 1)
            value = []
            for each in lines:
                if each == delimiter:
                    break
                value.append(each)
            else:
                raise AssertionError(f"no end of {name}")
            found[name] = "\n".join(value)
        else:
            name, value_here = line.split("=", 1)
            found[name] = value_here
    return found
