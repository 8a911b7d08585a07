"""The sentences that sum up a plan, the same in every format that people read."""

from __future__ import annotations

from decimal import Decimal

from reconciler.core.cost import FeatureCost, amount, cost_bearing
from reconciler.core.plan import Plan
from reconciler.core.text import neutral
from reconciler.report.judged import judged_counts
from reconciler.report.words import calls, count, time_range


def plan_counts(plan: Plan) -> str:
    """`61 numbers to change, 0 to release, 0 unchanged`, and what is held back or found."""
    summary = plan.summary
    updated = summary.numbers_changed - summary.released
    return (
        f"{count(updated, 'number')} to change, {summary.released:,} to release, "
        f"{summary.unchanged:,} unchanged{_left_counts(plan)}"
    )


def drift_counts(plan: Plan) -> str:
    """`2 fields on 1 number (live → declared), 60 as declared`, and what is held back or found."""
    summary = plan.summary
    updated = summary.numbers_changed - summary.released
    on = f"{count(summary.fields_changed, 'field')} on {count(updated, 'number')}"
    released = f", {summary.released:,} to release" if summary.released else ""
    same = f"{summary.unchanged:,} as declared{_left_counts(plan)}"
    return f"{on} (live → declared){released}, {same}"


def _left_counts(plan: Plan) -> str:
    """`, 2 fields withheld, 1 number not owned`, as far as there are any."""
    summary = plan.summary
    parts = [
        f", {count(number, what)} {how}"
        for number, what, how in (
            (summary.withheld, "field", "withheld"),
            (summary.unknown, "field", "unknown"),
            (summary.not_owned, "number", "not owned"),
            (len(plan.difference.undeclared), "live number", "undeclared"),
        )
        if number
    ]
    return "".join([*parts, *(f", {each}" for each in judged_counts(plan))])


def judged_words(plan: Plan) -> str:
    """`, but 2 policy violations`, to be put behind what says that there is nothing to do."""
    found = list(judged_counts(plan))
    return f", but {' and '.join(found)}" if found else ""


def calls_line(plan: Plan) -> str:
    """`193 changes on 61 numbers → 10 update jobs (floor 10), about 5 s to 2 min.`"""
    summary = plan.summary
    updated = summary.numbers_changed - summary.released
    what = f"{count(summary.fields_changed, 'change')} on {count(updated, 'number')}"
    if summary.released:
        released = count(summary.released, "release")
        what = f"{what} and {released}" if updated else released
    return (
        f"{what} → {calls(summary.calls)} "
        f"(floor {summary.write_calls_floor:,}), {time_range(plan.eta)}."
    )


def cost_lines(plan: Plan) -> list[str]:
    """`Monthly cost: +7.50: emergency +7.50 (5 on).` and the same by group; without prices how
    many changes may cost something. Nothing where none does."""
    changes = cost_bearing(plan.difference.changes)
    if not changes:
        return []
    if plan.cost is None:
        return [f"{count(changes, 'cost-bearing change')}, of which no monthly price is known."]
    features = ", ".join(map(_feature, plan.cost.features))
    lines = [f"Monthly cost: {_signed(plan.cost.monthly)}: {features}."]
    if plan.summary.released:
        lines[0] += " What the numbers given back cost is not counted."
    if any(plan.cost.groups):
        groups = sorted(plan.cost.groups.items())
        parts = (f"{neutral(group) or 'no group'} {_signed(money)}" for group, money in groups)
        lines.append(f"Of it by group: {', '.join(parts)}.")
    return lines


def _feature(each: FeatureCost) -> str:
    counts = ((each.on, "on"), (each.off, "off"), (each.unsure, "unsure, not counted"))
    how = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    money = "without a price" if each.monthly is None else _signed(each.monthly)
    return f"{each.feature} {money} ({how})" if how else f"{each.feature} {money}"


def _signed(money: Decimal) -> str:
    return f"{'+' if money > 0 else ''}{amount(money)}"


def account_line(plan: Plan, reads: int | None) -> str:
    """`300 live numbers, 239 of them unmanaged (7 reads, no writes).`"""
    live = count(plan.live_numbers, "live number")
    unmanaged = f", {plan.summary.unmanaged:,} of them unmanaged" if plan.summary.unmanaged else ""
    if reads is None:
        how = f"as read at {plan.fetched_at:%Y-%m-%d %H:%M:%S} UTC"
    else:
        how = f"{count(reads, 'read')}, no writes" if reads else "from a snapshot, no calls"
    return f"{live}{unmanaged} ({how})."
