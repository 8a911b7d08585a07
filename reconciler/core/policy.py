"""Safety rules: what a Difference may not do, and why."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.changes import Change, Difference, Withheld
from reconciler.core.model import Snapshot
from reconciler.core.plan import Plan


def withhold(difference: Difference, snapshot: Snapshot) -> Difference:
    """Hold back what the rules do not allow; everything else stays."""
    kept: list[Change] = []
    held: list[Withheld] = list(difference.withheld)
    for change in difference.changes:
        status = snapshot.numbers[change.phone_number].status
        if status == "active":
            kept.append(change)
            continue
        reason = f"its status is {status or 'not given'}; only active numbers are written"
        held += [
            Withheld(change.phone_number, field.path, field.before, field.after, "status", reason)
            for field in change.fields
        ]
    return replace(difference, changes=tuple(kept), withheld=tuple(held))


def refuse_empty_account(plan: Plan, snapshot: Snapshot) -> str:
    """Why an account without a single number, while some are declared, is refused: it is
    somebody's mistake, most likely the wrong key. Empty where it is not so, or is allowed."""
    declared = plan.summary.declared
    if not declared or snapshot.numbers or snapshot.conflicts or "empty_account" in plan.allowed:
        return ""
    if any(read.refused for read in snapshot.listings):
        return ""
    return (
        f"the account has no numbers at all, but {declared:,} are declared: is this the right "
        "key? (rule: empty account; allow it with --allow-empty-account)"
    )
