"""Which numbers of an account are without active emergency service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.listings import read_lists
from reconciler.api.progress import Progress, ignore_progress
from reconciler.api.read import ReadClient, open_reader
from reconciler.core.catalogue import EMERGENCY_STATUS
from reconciler.core.coverage import Coverage
from reconciler.core.coverage import coverage as judge
from reconciler.core.fetchplan import Needs, lists_for
from reconciler.core.fields import Kind, Listing
from reconciler.core.live import build_snapshot
from reconciler.core.model import Desired, Snapshot
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.scope import by_tag_declared, by_target, unmatched
from reconciler.errors import UsageError
from reconciler.workflow.common import Options, account, load
from reconciler.workflow.snapshots import load_snapshot

_READ = frozenset({EMERGENCY_ENABLED, EMERGENCY_ADDRESS, EMERGENCY_STATUS})


async def coverage(path: Path, options: Options, progress: Progress = ignore_progress) -> Coverage:
    """Read one number list and judge it; of a project without numbers, the whole account."""
    desired = load(path).desired
    targeted = by_target(desired, options.scope.targets)
    meant = by_tag_declared(targeted, options.scope.tags)
    if not meant.numbers and not options.scope.is_everything:
        raise UsageError("no declared number matches --target and --tag")
    if options.live is not None:
        snapshot = load_snapshot(options.live)
    else:
        endpoint, limits = account(desired, options)
        async with open_reader(endpoint, limits, SystemClock()) as reader:
            snapshot = await _read(reader, desired, endpoint.base_url, limits.page_size, progress)
    found = judge(desired, meant.numbers, snapshot)
    return replace(found, unmatched=unmatched(targeted.numbers, options.scope.targets))


async def _read(
    reader: ReadClient, desired: Desired, base_url: str, page_size: int, progress: Progress
) -> Snapshot:
    """A number list; and that of mobile numbers, where one of the first may be one of them."""
    select = desired.safety.select
    paths = _READ | ({"tags"} if select.tags else set())
    needs = Needs({Kind.NUMBER: paths})
    found = await read_lists(
        reader, lists_for(needs), needs, page_size=page_size, progress=progress
    )
    plain = next(rows for each, rows in found.rows.items() if each is not Listing.MOBILE)
    if any(row.phone_number_type == "mobile" for row in plain.values()):
        mobile = (Listing.MOBILE,)
        found = found.and_(
            await read_lists(reader, mobile, needs, page_size=page_size, optional=True)
        )
    return build_snapshot(
        found.rows,
        found.reads,
        base_url=base_url,
        fetched_at=reader.clock.now(),
        calls=reader.reads,
    )
