"""declared = numbers_changed + unchanged + not_owned + those only withheld or unknown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.plan import Plan
from reconciler.core.safety import Allowance
from reconciler.sandbox.fleet import number
from reconciler.workflow import Options, Planned
from tests.apply.account import TRUNK, Account
from tests.safety.project import e164

WISHES: list[dict[str, Any]] = [
    {},
    {"customer_reference": "new"},
    {"customer_reference": None},
    {"tags": {"add": ["a"]}},
    {"bundle_id": "8194fbd9-0f3a-4a0c-9d3b-0b5a1c9f6a11"},
    {
        "bundle_id": "8194fbd9-0f3a-4a0c-9d3b-0b5a1c9f6a11",
        "voice": {"tech_prefix_enabled": True},
    },
    {"voice": {"tech_prefix_enabled": True}},
    {"voice": {"tech_prefix_enabled": True}, "customer_reference": "new"},
    {"emergency": {"emergency_enabled": False}},
    {"deletion_lock_enabled": False},
    {"release": True},
]
LIVE: list[dict[str, Any] | None] = [
    None,
    {},
    {"status": "port-pending"},
    {"tags": ["ours"]},
    {"deletion_lock_enabled": True, "tags": ["ours"]},
    {"connection_id": TRUNK, "customer_reference": "old"},
]


def holds(plan: Plan) -> bool:
    """Whether the summary of `plan` adds up, and no number stands in two of its places."""
    summary, difference = plan.summary, plan.difference
    changed = {each.phone_number for each in difference.changes}
    held = {each.phone_number for each in difference.withheld}
    held |= {each.phone_number for each in difference.unknown}
    lacking = {each.phone_number for each in difference.not_owned}
    return (
        not lacking & (changed | held)
        and summary.numbers_changed == len(changed)
        and summary.declared
        == len(changed) + summary.unchanged + len(lacking) + len(held - changed)
    )


@given(
    numbers=st.lists(
        st.tuples(st.sampled_from(LIVE), st.sampled_from(WISHES)), min_size=1, max_size=8
    ),
    select=st.sampled_from([{}, {"tags": ["ours"]}]),
    ignore=st.sampled_from([[], ["customer_reference"], ["voice", "bundle_id"]]),
    allow=st.sets(st.sampled_from(list(Allowance))),
    blind=st.sampled_from(["", "list_voice", "list_slim", "verify_ownership"]),
    for_drift=st.booleans(),
)
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_in_any_plan_and_any_drift(
    numbers: list[tuple[dict[str, Any] | None, dict[str, Any]]],
    select: dict[str, Any],
    ignore: list[str],
    allow: set[Allowance],
    blind: str,
    for_drift: bool,
) -> None:
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        live = [number(e164(at), **row) for at, (row, _) in enumerate(numbers) if row is not None]
        account = Account(Path(place), patch, [*live, number(e164(99))])
        rules = [{"numbers": "+1312555000[0-3]", "paths": ignore}] if ignore else []
        account.declare(
            {e164(at): wish for at, (_, wish) in enumerate(numbers)}, select=select, ignore=rules
        )
        if blind:
            account.control.forbid(blind)
        assert holds(planned(account, frozenset(allow), for_drift).plan)


def planned(account: Account, allow: frozenset[Allowance], for_drift: bool) -> Planned:
    """What plan, or drift, finds."""
    command = workflow.drift if for_drift else workflow.plan
    account.clock.next_loop()
    return asyncio.run(command(account.root, Options(allow=allow)))
