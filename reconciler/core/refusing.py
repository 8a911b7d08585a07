"""Rules for the whole apply: what a plan must not be for any of it to be written.

Each gives its reason as one text, which ends with the name of the rule and what allows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType

from reconciler.core.hints import quoted
from reconciler.core.model import Snapshot
from reconciler.core.plan import Plan
from reconciler.core.policies import ERROR
from reconciler.core.safety import Allowance, Safety

_FEWEST_FOR_PERCENT = 10
EMPTY_ACCOUNT = "empty account"
UNDECLARED = "undeclared"
POLICY = "policy"

_ALLOWED_BY: Mapping[str, Allowance] = MappingProxyType(
    {
        EMPTY_ACCOUNT: Allowance.EMPTY_ACCOUNT,
        "max_changes": Allowance.MAX_CHANGES,
        "max_changes_percent": Allowance.MAX_CHANGES,
    }
)
_RULE = re.compile(r".*\(rule: ([a-z_ ]+); [^()]*\)", re.DOTALL)


def rule_of(refusal: str) -> str:
    """The rule that refuses, by the end of its text: what stands before it may quote anything."""
    found = _RULE.fullmatch(refusal)
    return found[1] if found else ""


def allowance_of(refusal: str) -> Allowance | None:
    """What takes a refusal away; None where only another YAML does."""
    return _ALLOWED_BY.get(rule_of(refusal))


def refusals(
    plan: Plan, snapshot: Snapshot, safety: Safety, allowed: frozenset[Allowance], declared: int
) -> tuple[str, ...]:
    """Why the whole apply is refused, one text a rule; nothing is written then.

    `declared` counts all declared numbers, before any --target.
    """
    found = [
        _empty_account(plan, snapshot, allowed),
        *_too_many(plan, safety, allowed, declared),
        _undeclared(plan),
        _broken(plan),
    ]
    return tuple(text for text in found if text)


def _empty_account(plan: Plan, snapshot: Snapshot, allowed: frozenset[Allowance]) -> str:
    """No number at all while some are declared is somebody's mistake: the wrong key, mostly."""
    declared = plan.summary.declared
    if not declared or snapshot.live_numbers or snapshot.conflicts:
        return ""
    if Allowance.EMPTY_ACCOUNT in allowed or any(read.refused for read in snapshot.listings):
        return ""
    return (
        f"the account has no numbers at all, but {declared:,} are declared: is this the right "
        f"key? (rule: {EMPTY_ACCOUNT}; {Allowance.EMPTY_ACCOUNT.option} allows it)"
    )


def _undeclared(plan: Plan) -> str:
    found = plan.difference.undeclared
    if not found:
        return ""
    are = "number is" if len(found) == 1 else "numbers are"
    return (
        f"{len(found):,} live {are} not declared, such as {found[0]} (rule: {UNDECLARED}; declare "
        "them, or let assign mean them; `plan --show-unmanaged` lists them)"
    )


def _broken(plan: Plan) -> str:
    """Policies that the numbers would break: no option lets that pass, for the project can."""
    found = [each for each in plan.violations if each.level == ERROR]
    if not found:
        return ""
    names = list(dict.fromkeys(each.policy for each in found))
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    policies = f"policy {quoted(names[0])}{more}"
    numbers = dict.fromkeys(each.phone_number for each in found)
    would = "number would break" if len(numbers) == 1 else "numbers would break"
    such = [f"{each.path} of {each.phone_number} ({each.source})" for each in found[:3]]
    rest = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
    return (
        f"{len(numbers):,} {would} {policies}: {', '.join(such)}{rest} (rule: {POLICY}; correct "
        "it in the YAML, exempt what may be so by unless, or leave the number out by --target)"
    )


def _too_many(
    plan: Plan, safety: Safety, allowed: frozenset[Allowance], declared: int
) -> Iterator[str]:
    if Allowance.MAX_CHANGES in allowed:
        return
    changed = plan.summary.numbers_changed
    option = f"{Allowance.MAX_CHANGES.option} allows it"
    if safety.max_changes is not None and changed > safety.max_changes:
        yield (
            f"{changed:,} numbers would change, more than the {safety.max_changes:,} of "
            f"max_changes (rule: max_changes; {option})"
        )
    percent = safety.max_changes_percent
    # Exactly: to a float, 32.3% of 1,000 is less than 323.
    if declared >= _FEWEST_FOR_PERCENT and changed * 100 > Fraction(str(percent)) * declared:
        yield (
            f"{changed:,} of {declared:,} declared numbers would change "
            f"({changed * 100 / declared:.3g}%), more than the {percent:g}% of "
            f"max_changes_percent (rule: max_changes_percent; {option})"
        )
