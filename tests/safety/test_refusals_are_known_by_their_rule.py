"""A refusal is known by the rule that its text ends with, not by a word that it quotes."""

from __future__ import annotations

from reconciler.core.refusing import allowance_of, rule_of
from reconciler.core.safety import Allowance

QUOTING = (
    "1 number breaks 'empty account (rule: max_changes; --allow-max-changes allows it)', such as "
    "+13125550001 (rule: undeclared; declare it)"
)


def test_the_rule_is_what_the_text_ends_with() -> None:
    assert rule_of(QUOTING) == "undeclared"
    assert rule_of(
        "12 numbers would change (rule: max_changes; --allow-max-changes allows it)"
    ) == ("max_changes")


def test_what_a_text_quotes_opens_nothing() -> None:
    assert allowance_of(QUOTING) is None


def test_a_text_without_a_rule_is_allowed_by_nothing() -> None:
    assert rule_of("too many, --allow-max-changes") == ""
    assert allowance_of("too many, --allow-max-changes") is None


def test_each_rule_is_allowed_by_its_own_option() -> None:
    assert allowance_of("none (rule: empty account; x)") is Allowance.EMPTY_ACCOUNT
    assert allowance_of("many (rule: max_changes_percent; x)") is Allowance.MAX_CHANGES
