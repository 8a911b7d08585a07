"""Which declared numbers the account owns and may edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.few import read_declared
from reconciler.api.listings import read_lists
from reconciler.api.ownership import Ownership, ask_ownership
from reconciler.api.read import ReadClient, open_reader
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Kind, Listing
from reconciler.core.model import DesiredNumber, Verified
from reconciler.core.scope import by_tag_declared, by_target, unmatched
from reconciler.errors import ForbiddenError, UsageError
from reconciler.workflow.common import Options, account, key_refused, load


async def verify(path: Path, options: Options) -> Verified:
    """Ask the API about the declared numbers, 1000 a call."""
    desired = load(path).desired
    targeted = by_target(desired, options.scope.targets)
    meant = by_tag_declared(targeted, options.scope.tags)
    meant = replace(
        meant, numbers={n: each for n, each in meant.numbers.items() if not each.release}
    )
    if not meant.numbers and not options.scope.is_everything:
        raise UsageError("no declared number matches --target and --tag")
    endpoint, limits = account(desired, options)
    plain = [number for number, each in meant.numbers.items() if each.kind is Kind.NUMBER]
    mobile = frozenset(meant.numbers) - frozenset(plain)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        answer = await _ask(reader, plain)
        unsure = answer.not_found | answer.silent
        plainly = await _plain(reader, sorted(unsure), limits.page_size) if unsure else {}
        listed = await _mobile(reader, limits.page_size) if mobile else {}

    def those(numbers: frozenset[str]) -> tuple[DesiredNumber, ...]:
        return tuple(each for each in meant.numbers.values() if each.phone_number in numbers)

    waiting = {n: status for n, status in listed.items() if n in mobile and status != "active"}
    lacking = those((answer.not_found - plainly.keys()) | (mobile - listed.keys()))
    return Verified(
        those(answer.editable | (mobile & listed.keys() - waiting.keys())),
        those(answer.silent | plainly.keys() | waiting.keys()),
        tuple(each for each in lacking if not each.when_owned),
        tuple(each for each in lacking if each.when_owned),
        plainly | waiting,
        unmatched(targeted.numbers, options.scope.targets),
    )


async def _ask(reader: ReadClient, numbers: Sequence[str]) -> Ownership:
    """A refusal leaves nothing to tell, so here it is the key that was refused."""
    try:
        return await ask_ownership(reader, numbers)
    except ForbiddenError as refusal:
        raise key_refused(refusal) from None


async def _plain(reader: ReadClient, numbers: Sequence[str], page_size: int) -> dict[str, str]:
    """The status of those of `numbers` that a list shows: what the API says it does not find is
    not there, or there and not in a state to be edited, such as one that is still being ported."""
    wanted = {Listing.SLIM: numbers}
    try:
        found = await read_declared(reader, wanted, Needs(), page_size=page_size)
    except ForbiddenError:
        return {}  # its word alone has to do
    rows = (row for each in found.rows.values() for row in each.values())
    among = frozenset(numbers)
    return {row.phone_number: row.status for row in rows if row.phone_number in among}


async def _mobile(reader: ReadClient, page_size: int) -> dict[str, str]:
    """The status of every mobile number: verify_ownership is not documented to know them."""
    needs = Needs(kinds=frozenset({Kind.MOBILE}))
    found = await read_lists(reader, [Listing.MOBILE], needs, page_size=page_size)
    return {row.phone_number: row.status for row in found.rows[Listing.MOBILE].values()}
