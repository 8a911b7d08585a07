"""What is declared of one number, by which lines, and what is live."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.few import read_declared
from reconciler.api.listings import Found, read_lists
from reconciler.api.read import ReadClient, open_reader
from reconciler.api.settings import Endpoint, Limits
from reconciler.core.assigning import Assigning, assigned
from reconciler.core.changes import Difference
from reconciler.core.desired import build
from reconciler.core.diff import diff
from reconciler.core.explained import Explanation, explain
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Kind, Listing
from reconciler.core.hints import Hints
from reconciler.core.judging import Ruling, rulings
from reconciler.core.live import build_snapshot
from reconciler.core.model import Desired, DesiredNumber, Snapshot
from reconciler.core.places import canonical_number
from reconciler.core.policy import withhold
from reconciler.core.scope import by_target
from reconciler.errors import InputError, UsageError
from reconciler.files import load_documents
from reconciler.files.secrets import resolve_secrets
from reconciler.workflow.common import Options, account
from reconciler.workflow.snapshots import load_snapshot

_PLAIN = (Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING)
_MOBILE = (Listing.MOBILE, Listing.MOBILE_MESSAGING)


async def explain_number(given: str, path: Path, options: Options) -> Explanation:
    """Everything about the number spelled `given`. The account is read where there is a key, or a
    snapshot; without either only the YAML speaks. UsageError where nobody knows the number."""
    number = canonical_number(given)
    if not number:
        raise UsageError(f"'{given}' is no number in E.164, such as +13125550001")
    loaded = load_documents(path, Path.cwd())
    desired, problems = build(
        loaded.project, loaded.documents, selected=loaded.selected, unread=loaded.incomplete
    )
    if wrong := loaded.all_problems(problems):
        raise InputError(wrong)
    declared = desired.numbers.get(number)
    notes: list[str] = []
    snapshot = None
    if options.live is not None:
        snapshot = load_snapshot(options.live)
    elif os.environ.get(desired.api_key_env):
        endpoint, limits = account(desired, options)
        snapshot = await _read(endpoint, limits, number, declared)
    else:
        notes.append(f"the account was not read: {desired.api_key_env} is not set")
    rules = desired.assigning if declared is None and snapshot is not None else None
    if rules is not None and snapshot is not None:
        desired = _with_assigned(desired, rules, snapshot, number)
        declared = desired.numbers.get(number)
    explained = explain(declared, number, loaded.project, loaded.documents, snapshot, rules)
    if declared is None and explained.live is None:
        close = Hints().closest(number, desired.numbers)
        hint = f"; did you mean {close}?" if close else ""
        raise UsageError(f"{number} is not declared" + _nor_live(snapshot) + hint)
    compared = _compared(desired, snapshot, number, loaded.root, notes) if snapshot else None
    ruled: list[Ruling] = []
    if declared is not None and not declared.release:
        seen = snapshot if compared else None
        ruled = rulings(desired.policies, declared, seen, compared.changes if compared else ())
    withheld = compared.withheld if compared else ()
    return Explanation(explained, withheld, tuple(ruled), tuple(notes))


def _with_assigned(desired: Desired, rules: Assigning, snapshot: Snapshot, number: str) -> Desired:
    """`desired` with the one number, where `rules` mean it."""
    found = {number: live} if (live := snapshot.numbers.get(number)) else {}
    return assigned(desired, rules, replace(snapshot, numbers=found))


def _nor_live(snapshot: Snapshot | None) -> str:
    return "" if snapshot is None else ", nor is it in the account"


def _compared(
    desired: Desired, snapshot: Snapshot, number: str, root: Path, notes: list[str]
) -> Difference | None:
    """What a plan would change of the number, and what it would hold back, and why. None where
    they cannot be compared."""
    if number not in desired.numbers or number not in snapshot.numbers:
        return None
    meant = by_target(desired, (number,))
    try:
        difference = diff(meant, snapshot, resolve_secrets(meant, root, os.environ))
    except InputError as error:
        notes.append(f"not compared with the account: {error}")
        return None
    safety, today = desired.safety, SystemClock().now().date()
    return withhold(difference, snapshot, safety, safety.allowing(frozenset()), today)


async def _read(
    endpoint: Endpoint, limits: Limits, number: str, declared: DesiredNumber | None
) -> Snapshot:
    """The number as it is live, by the cheapest way."""
    clock = SystemClock()
    async with open_reader(endpoint, limits, clock) as reader:
        if declared and declared.kind is Kind.MOBILE:
            found = await read_lists(reader, _MOBILE, _ALL, page_size=limits.page_size)
        else:
            found = await _plain(reader, number, limits.page_size)
            here = any(row.phone_number == number for row in found.rows[_PLAIN[0]].values())
            if not here and not declared:
                more = await read_lists(reader, _MOBILE, _ALL, page_size=limits.page_size)
                found = found.and_(more)
        return build_snapshot(
            found.rows,
            found.reads,
            base_url=endpoint.base_url,
            fetched_at=clock.now(),
            calls=reader.reads,
            account_size=found.account_size,
        )


_ALL = Needs(kinds=frozenset(Kind))


async def _plain(reader: ReadClient, number: str, page_size: int) -> Found:
    wanted = {each: [number] for each in _PLAIN}
    return await read_declared(reader, wanted, Needs(), page_size=page_size)
