"""A mistake in select, ignore or safety is an error with its place, before anything is asked."""

from __future__ import annotations

import pytest

from tests.apply.account import Account
from tests.cli.support import Shell

WRONG = [
    ("safety: {max_change: 1}", "2:10: unknown key 'max_change': did you mean 'max_changes'?"),
    ("safety: {allow_relase: true}", "2:10: unknown key 'allow_relase': did you mean"),
    ("safety: {allow_empty_account: true}", "2:10: unknown key 'allow_empty_account'"),
    ("safety: {max_changes: 1.5}", "2:23: safety.max_changes must be a whole number"),
    ("safety: {max_changes: -1}", "2:23: safety.max_changes must be at least 0"),
    ("safety: {max_changes: true}", "2:23: safety.max_changes must be a whole number"),
    ("safety: {max_changes: '5'}", "2:23: safety.max_changes must be a whole number"),
    ("safety: {max_changes: null}", "2:23: safety.max_changes cannot be null"),
    ("safety: {max_changes_percent: 101}", "2:31: safety.max_changes_percent must be at most"),
    ("safety: {max_changes_percent: -1}", "2:31: safety.max_changes_percent must be at least"),
    ("safety: {max_changes_percent: 30%}", "2:31: safety.max_changes_percent must be a number"),
    ("safety: {max_changes_percent: .nan}", "2:31: safety.max_changes_percent must be a number"),
    ("safety: {max_changes_percent: .inf}", "2:31: safety.max_changes_percent must be a number"),
    ("safety: {allow_release: yes}", "2:25: safety.allow_release must be true or false"),
    ("safety: {allow_release: 'true'}", "2:25: safety.allow_release must be true or false"),
    ("safety: {allow_release: 1}", "2:25: safety.allow_release must be true or false"),
    ("safety: []", "2:9: safety must be a mapping"),
    ("select: {tag: [a]}", "2:10: unknown key 'tag': did you mean 'tags'?"),
    ("select: {tags: [1]}", "2:17: select.tags[0] must be text"),
    ("select: {tags: ['']}", "2:17: select.tags[0] must not be empty"),
    ("select: {connection_ids: [nope]}", "2:26: unknown connection_id alias 'nope'"),
    ("select: {connection_ids: trnk}", "2:26: unknown connection_id alias 'trnk': did you mean"),
    ("select: {statuses: [actve]}", "2:21: select.statuses[0] cannot be 'actve'"),
    ("select: {statuses: actve}", "2:20: select.statuses cannot be 'actve'"),
    ("select: [tags]", "2:9: select must be a mapping"),
    ("ignore: [{numbers: '*', paths: [voise]}]", "2:33: unknown setting 'voise'"),
    ("ignore: [{numbers: '*', paths: [voise]}]", "did you mean 'voice'?"),
    ("ignore: [{numbers: '*', paths: [release]}]", "2:33: unknown setting 'release'"),
    ("ignore: [{numbers: '*', paths: [voice.]}]", "2:33: unknown setting 'voice.'"),
    ("ignore: [{numbers: '*', paths: [3]}]", "2:33: ignore[0].paths[0] must be text"),
    ("ignore: [{numbers: '*', paths: tags}]", "2:32: ignore[0].paths must be a list"),
    ("ignore: [{numbers: '*'}]", "2:10: ignore[0] needs the key paths"),
    ("ignore: [{paths: [tags]}]", "2:10: ignore[0] needs the key numbers"),
    ("ignore: [{numbrs: '*', paths: [tags]}]", "2:11: unknown key 'numbrs': did you mean"),
    ("ignore: [{numbers: '13125550001', paths: [tags]}]", "2:20: ignore[0].numbers cannot be"),
    ("ignore: [{numbers: 13125550001, paths: [tags]}]", "2:20: ignore[0].numbers must be text"),
    ("ignore: {numbers: '*', paths: [tags]}", "2:9: ignore must be a list"),
    ("ignore: [{numbers: '*', paths: [tags], until: 2026-02-30}]", "2:47: until: 2026-02-30 is no"),
    ("ignore: [{numbers: '*', paths: [tags], until: 31.12.2026}]", "2:47: ignore[0].until cannot"),
    ("ignore: [{numbers: '*', paths: [tags], until: 20261231}]", "2:47: ignore[0].until must be"),
    ("ignore: [{numbers: '*', paths: [tags], until: 2026-12-31T00:00:00Z}]", "2:47: "),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
@pytest.mark.parametrize("command", [("validate",), ("apply", "--auto-approve")], ids=" ".join)
def test_a_mistake_is_said_with_its_place(
    account: Account, reconciler: Shell, command: tuple[str, ...], text: str, message: str
) -> None:
    project = f"version: 1\n{text}\naliases: {{connection_id: {{trunk: '15'}}}}\n"
    (account.root / "reconciler.yaml").write_text(project)
    said = reconciler(*command)
    assert (said.code, account.control.log()) == (1, [])
    assert message in said.err
    assert said.err.startswith("reconciler.yaml:2:")


@pytest.mark.parametrize("key", ["safety", "select", "ignore"])
def test_only_the_project_file_may_hold_it(account: Account, reconciler: Shell, key: str) -> None:
    (account.root / "numbers.yaml").write_text(f"numbers: {{}}\n{key}: {{}}\n")
    said = reconciler("validate")
    assert said.code == 1
    assert f"numbers.yaml:2:1: '{key}' belongs in reconciler.yaml" in said.err


RIGHT = [
    "safety: {max_changes: 0, max_changes_percent: 0.5, allow_release: false}",
    "select: {tags: a, connection_ids: [trunk, '15'], statuses: [port_pending, active]}",
    "ignore: [{numbers: '+1312555000[12]', paths: [voice], reason: x, until: 2026-12-31}]",
    "ignore: [{numbers: '*', paths: [voice.cnam_listing, noise_suppression, messaging]}]",
    "ignore: []",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_taken(account: Account, reconciler: Shell, text: str) -> None:
    project = f"version: 1\n{text}\naliases: {{connection_id: {{trunk: '15'}}}}\n"
    (account.root / "reconciler.yaml").write_text(project)
    assert reconciler("validate").code == 0
