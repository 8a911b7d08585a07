"""Small words for the tests of the safety rules."""

from __future__ import annotations

from typing import Any

from tests.apply.account import Account
from tests.cli.support import Said, Shell

APPLY = ("apply", "--auto-approve")
ADDRESS = "53829456729313"
EVERY_OPTION = (
    "--allow-release",
    "--allow-emergency-off",
    "--allow-unlock",
    "--allow-unreadable",
    "--allow-max-changes",
    "--allow-empty-account",
)


def e164(at: int) -> str:
    """The number at place `at`."""
    return f"+1312{5_550_000 + at}"


def references(count: int, first: int = 0, text: str = "new") -> dict[str, Any]:
    """`count` numbers, each declared with a reference."""
    return {e164(first + at): {"customer_reference": text} for at in range(count)}


def document(reconciler: Shell, *words: str) -> Any:
    """The plan document that `plan` prints."""
    said = reconciler("plan", "--format", "json", *words)
    assert said.code == 0, said
    return said.json


def rules(plan: Any) -> set[tuple[str, str, str]]:
    """Number, path and rule of everything that is withheld."""
    return {(each["phone_number"], each["path"], each["rule"]) for each in plan["withheld"]}


def refused(said: Said, rule: str, option: str, account: Account) -> bool:
    """Whether the whole apply was refused by this rule, and nothing was written."""
    named = f"rule: {rule}" in said.err and option in said.err
    return said.code == 3 and named and "nothing was written" in said.err and not account.writes()
