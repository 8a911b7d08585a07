"""YAML that cannot be meant: exit 1, one line for each fault at its place, all of them at once."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

_PLACED = re.compile(r"[^\n:]+\.yaml:[0-9]+:[0-9]+: \S[^\n]*")
_OF_A_FILE = re.compile(r"[^\n:]+: \S[^\n]*")
_SECONDS = 5.0

Content = str | bytes | Callable[[Path], None]
"""What is in a file, or what makes it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A project and what is said of it: pairs of a place and words that stand there."""

    files: Mapping[str, Content]
    says: tuple[tuple[str, str], ...]


def declares(*lines: str) -> str:
    """A file of numbers, whose first line is the third."""
    return "\n".join(("version: 1", "numbers:", *(f"  {line}" for line in lines), ""))


def of_one(settings: str) -> str:
    """A file that declares one number; its settings begin at column 20 of line 3."""
    return declares(f'"{ONE}": {{{settings}}}')


def levels(count: int) -> str:
    """An alias bomb: every level is ten times the one below."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 10)}]" for each in range(1, count)
    ]
    return "\n".join(lines)


def merges(count: int) -> str:
    """Mappings that merge one of `count` keys, as often."""
    keys = ", ".join(f"k{each}: 1" for each in range(count))
    return "\n".join(
        (
            "version: 1",
            "groups:",
            f"  a: &a {{{keys}}}",
            *(f"  g{n}: {{<<: *a}}" for n in range(count)),
        )
    )


def link_to(target: str) -> Callable[[Path], None]:
    """A symbolic link."""
    return lambda path: path.symlink_to(target)


def pipe(path: Path) -> None:
    """A FIFO to which nobody writes."""
    os.mkfifo(path)


def directory(path: Path) -> None:
    """A directory with the name of a file."""
    path.mkdir()


def oversize(path: Path) -> None:
    """A sparse file of a terabyte."""
    with path.open("wb") as file:
        file.truncate(1024**4)


CASES: dict[str, Case] = {
    "an unquoted number as a key": Case(
        {"a.yaml": declares(f"{ONE}: {{}}")}, (("a.yaml:3:3", f'in quotes: "{ONE}"'),)
    ),
    "`0123` or `1_000` or `1:30` or `0x1F` where a string belongs": Case(
        {"a.yaml": of_one("customer_reference: 0123, tags: [1_000, 1:30, 0x1F]")},
        (
            ("a.yaml:3:40", '"0123"'),
            ("a.yaml:3:53", '"1_000"'),
            ("a.yaml:3:60", '"1:30"'),
            ("a.yaml:3:66", '"0x1F"'),
        ),
    ),
    "`no`/`on` in a string": Case(
        {"a.yaml": of_one("customer_reference: no, tags: [on]")},
        (("a.yaml:3:40", 'in quotes: "no"'), ("a.yaml:3:51", 'in quotes: "on"')),
    ),
    "dates": Case(
        {"a.yaml": of_one("customer_reference: 2026-07-01")},
        (("a.yaml:3:40", "take it for a date"),),
    ),
    "duplicate keys (both lines)": Case(
        {"a.yaml": declares(f'"{ONE}": {{}}', f'"{ONE}": {{}}')},
        (("a.yaml:4:3", "stands twice, here and on line 3"),),
    ),
    "the same number in two files": Case(
        {"a.yaml": of_one(""), "b.yaml": of_one("")},
        (("b.yaml:3:3", "declared twice: first at a.yaml:3"),),
    ),
    "the same number in two spellings": Case(
        {"a.yaml": of_one(""), "b.yaml": declares('"+1 (312) 555-0001": {}')},
        (("b.yaml:3:3", f"write {ONE}"), ("b.yaml:3:3", "declared twice: first at a.yaml:3")),
    ),
    "alias bombs": Case({"a.yaml": levels(9)}, (("a.yaml:9:", "unfold to"),)),
    "merge-key bombs": Case({"a.yaml": merges(2000)}, (("a.yaml:504:", "merge keys unfold to"),)),
    "recursive anchors": Case(
        {"a.yaml": "version: 1\ngroups: &g\n  a: *g\n"},
        (("a.yaml:3:6", "inside its own anchor, from line 2"),),
    ),
    "depth beyond 50": Case(
        {"a.yaml": of_one(f"tags: {'[' * 51}{']' * 51}")},
        (("a.yaml:3:", "nested more than 50 deep"),),
    ),
    "a 5,000-digit integer": Case(
        {"a.yaml": of_one(f"customer_reference: {'9' * 5000}")},
        (("a.yaml:3:40", "more digits than a number can keep"),),
    ),
    "`!!python/*` and other tags": Case(
        {"a.yaml": of_one("customer_reference: !!python/name:os.system x, tags: !mine [a]")},
        (
            ("a.yaml:3:40", "tags are not allowed: remove !!python/name:os.system"),
            ("a.yaml:3:73", "tags are not allowed: remove !mine"),
        ),
    ),
    "lone surrogates": Case(
        {"a.yaml": of_one(r'customer_reference: "\ud800"')},
        (("a.yaml:3:41", r"\ud800 stands for no character"),),
    ),
    "NUL": Case(
        {"a.yaml": of_one('customer_reference: "a\0", tags: ["\\0"]')},
        (("a.yaml:3:42", "U+0000"), ("a.yaml:3:53", "U+0000")),
    ),
    "ESC": Case(
        {"a.yaml": of_one('customer_reference: "\x1b[31m", tags: ["\\e[31m"]')},
        (("a.yaml:3:41", "U+001B"), ("a.yaml:3:56", "U+001B")),
    ),
    "bidi and zero-width characters": Case(
        {"a.yaml": of_one('customer_reference: "a\u202eb", tags: ["a\u200bb", "\\u2066"]')},
        (("a.yaml:3:42", "U+202E"), ("a.yaml:3:56", "U+200B"), ("a.yaml:3:61", "U+2066")),
    ),
    "Arabic digits in a number": Case(
        {"a.yaml": declares('"+1312555\u0660\u0661\u0662\u0663": {}')},
        (("a.yaml:3:3", "is not a number in E.164"),),
    ),
    "trailing newlines in a number": Case(
        {"a.yaml": declares(f'"{ONE}\\n": {{}}')}, (("a.yaml:3:3", f"write {ONE}"),)
    ),
    "several documents": Case(
        {"a.yaml": of_one("") + "---\n" + declares(f'"{TWO}": {{}}')},
        (("a.yaml:4:1", "a second document begins here"),),
    ),
    "unknown keys (did-you-mean)": Case(
        {"a.yaml": of_one("tag: [a], voice: {inbound_call_screenings: disabled}")},
        (
            ("a.yaml:3:20", "did you mean 'tags'?"),
            ("a.yaml:3:38", "did you mean 'inbound_call_screening'?"),
        ),
    ),
    "BOM": Case(
        {"a.yaml": b"\xef\xbb\xbf" + of_one("tag: [a]").encode()},
        (("a.yaml:3:20", "unknown key 'tag'"),),
    ),
    "CRLF": Case(
        {"a.yaml": of_one("tag: [a]").replace("\n", "\r\n").encode()},
        (("a.yaml:3:20", "unknown key 'tag'"),),
    ),
    "UTF-16": Case({"a.yaml": of_one("").encode("utf-16")}, (("a.yaml:1:1", "save it as UTF-8"),)),
    "oversize files": Case({"a.yaml": oversize}, (("a.yaml", "larger than 64 MiB"),)),
    "conflict markers": Case(
        {"a.yaml": declares("x: {}").replace("  x: {}", "<<<<<<< ours\n=======\n>>>>>>> theirs")},
        (("a.yaml:3:1", "unresolved merge conflict"),),
    ),
    "symlinks that leave the tree": Case(
        {"a.yaml": link_to("/etc/passwd"), "numbers": link_to("/etc")},
        (("a.yaml", "leaves the project"), ("numbers", "leaves the project")),
    ),
    "a FIFO": Case({"a.yaml": pipe}, (("a.yaml", "a named pipe, not a file"),)),
    "a directory": Case(
        {"a.yaml": directory}, (("a.yaml", "is a directory with the name of a file"),)
    ),
    "emergency on without an address": Case(
        {"a.yaml": of_one("emergency: {emergency_enabled: true}")},
        (("a.yaml:3:32", "emergency_address_id must be set"),),
    ),
    "emergency off with an address": Case(
        {"a.yaml": of_one('emergency: {emergency_enabled: false, emergency_address_id: "5"}')},
        (("a.yaml:3:58", "emergency_address_id must be left out"),),
    ),
    "CNAM rules": Case(
        {
            "a.yaml": of_one("voice: {cnam_listing: {cnam_listing_enabled: true}}"),
            "b.yaml": declares(
                f'"{TWO}": {{voice: {{cnam_listing: {{cnam_listing_enabled: true,'
                ' cnam_listing_details: "Sixteen letters!"}}}'
            ),
        },
        (
            ("a.yaml:3:43", "cnam_listing_details must be set"),
            ("b.yaml:3:93", "at most 15 letters, digits and spaces"),
        ),
    ),
    "forwarding on without a target": Case(
        {"a.yaml": of_one("voice: {call_forwarding: {call_forwarding_enabled: true}}")},
        (("a.yaml:3:46", "forwards_to must name a target"),),
    ),
    "unknown alias": Case(
        {"a.yaml": 'aliases: {connection_id: {trunk: "1"}}\n' + of_one("connection_id: trunkk")},
        (("a.yaml:4:20", "unknown connection_id alias 'trunkk': did you mean 'trunk'?"),),
    ),
    "unknown group": Case(
        {"a.yaml": "groups: {support: {}}\n" + of_one("groups: [suport]")},
        (("a.yaml:4:29", "unknown group 'suport': did you mean 'support'?"),),
    ),
    "a loop of groups": Case(
        {"a.yaml": "groups: {a: {extends: [b]}, b: {extends: [a]}}\n"},
        (("a.yaml:1:23", "in a loop: a -> b -> a"),),
    ),
}


def make(files: Mapping[str, Content], root: Path) -> None:
    """Write a project."""
    for name, content in files.items():
        if isinstance(content, str | bytes):
            raw = content if isinstance(content, bytes) else content.encode()
            (root / name).write_bytes(raw)
        else:
            content(root / name)


@pytest.mark.parametrize("item", CASES)
def test_bad_yaml(account: Account, reconciler: Shell, item: str) -> None:
    case = CASES[item]
    make(case.files, account.root)
    started = time.process_time()
    said = reconciler("validate")
    assert time.process_time() - started < _SECONDS
    *lines, count = said.err.splitlines()
    assert (said.code, said.out) == (1, "")
    assert len(lines) == len(case.says), lines
    assert count == f"{len(lines)} error{'s'[: len(lines) != 1]}"
    for line, (where, words) in zip(lines, case.says, strict=True):
        assert line.startswith(where), line
        assert words in line
        assert line.isprintable()
        assert (_PLACED if ":" in where else _OF_A_FILE).fullmatch(line), line


@pytest.mark.parametrize("item", CASES)
@pytest.mark.parametrize("command", ["plan", "drift", "apply --auto-approve"])
def test_nothing_is_asked_and_nothing_written_on_bad_yaml(
    account: Account, reconciler: Shell, item: str, command: str
) -> None:
    make(CASES[item].files, account.root)
    said = reconciler(*command.split())
    assert (said.code, account.control.log()) == (1, [])


def test_all_faults_of_all_files_are_reported_together(account: Account, reconciler: Shell) -> None:
    names = ("dates", "a FIFO", "a 5,000-digit integer", "UTF-16", "conflict markers")
    for place, item in enumerate(names):
        (content,) = CASES[item].files.values()
        make({f"{place}.yaml": content}, account.root)
    *lines, _ = reconciler("validate").err.splitlines()
    files = dict.fromkeys(line.partition(".yaml")[0] for line in lines)
    assert list(files) == ["0", "1", "2", "3", "4"]


def test_the_same_number_in_two_blocks(account: Account, reconciler: Shell) -> None:
    first, second = f"{ONE}..+13125550009", "+13125550005..+13125550019"
    files: dict[str, Content] = {
        "a.yaml": declares(f'"{first}": {{}}'),
        "b.yaml": declares(f'"{TWO}9": {{}}', f'"{second}": {{}}'),
    }
    make(files, account.root)
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.control.log()) == (1, [])
    line, count = said.err.splitlines()
    assert line.startswith(f"b.yaml:4:3: the block {second} overlaps {first} at a.yaml:3")
    assert count == "1 error"


def test_an_empty_file_no_numbers_never_remove_all(account: Account, reconciler: Shell) -> None:
    (account.root / "a.yaml").write_text("")
    before = account.control.dump()
    said = reconciler("apply", "--auto-approve", "--allow-release")
    assert (said.code, account.writes()) == (0, [])
    assert account.control.dump() == before


def test_an_empty_file_beside_others_declares_nothing(account: Account, reconciler: Shell) -> None:
    (account.root / "a.yaml").write_text("# nothing here\n")
    (account.root / "b.yaml").write_text(of_one(""))
    assert reconciler("validate").out.startswith("Valid: 1 number declared")


def test_includes_that_leave_the_tree(account: Account, reconciler: Shell) -> None:
    outside = account.root.parent / "outside.yaml"
    outside.write_text("not: [valid")
    (account.root / "reconciler.yaml").write_text(
        f"version: 1\nfiles: {{include: ['../*.yaml', '{outside}', 'a.yaml']}}\n"
    )
    (account.root / "a.yaml").write_text(of_one(""))
    said = reconciler("validate")
    assert "not: [valid" not in said.err
    assert str(outside) not in said.out


@pytest.mark.parametrize("command", ["plan", "apply --auto-approve", "validate --secrets"])
def test_an_unset_secret_variable(
    make_account: MakeAccount,
    reconciler: Shell,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = make_account()
    monkeypatch.delenv("PIN_DESK_1", raising=False)
    (account.root / "a.yaml").write_text(of_one("external_pin: {env: PIN_DESK_1}"))
    said = reconciler(*command.split())
    assert (said.code, account.writes()) == (1, [])
    assert "a.yaml:3:20: environment variable PIN_DESK_1 is not set" in said.err
