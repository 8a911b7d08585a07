"""What of the account a project has to know, read from the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.api.few import read_declared
from reconciler.api.listings import Found, read_lists
from reconciler.api.progress import Progress
from reconciler.api.read import ReadClient
from reconciler.api.settings import Endpoint, Limits
from reconciler.core.declared import compact
from reconciler.core.fetchplan import Needs, lists_for, more_lists, numbers_by_list
from reconciler.core.fields import Kind
from reconciler.core.judging import Looked, looked_at, narrowed
from reconciler.core.live import build_snapshot
from reconciler.core.model import Desired, Snapshot
from reconciler.core.scope import by_section, has_tag_edits, may_have_tag, paths_of
from reconciler.workflow.common import Options, lists_undeclared


async def read_snapshot_for(
    reader: ReadClient,
    endpoint: Endpoint,
    desired: Desired,
    options: Options,
    limits: Limits,
    progress: Progress,
    *,
    targeted: Desired | None = None,
) -> Snapshot:
    """The account, as far as `targeted` (all of `desired`) declares it."""
    found = await _read_needed(
        reader, desired, targeted or desired, options, limits.page_size, progress
    )
    return build_snapshot(
        found.rows,
        found.reads,
        base_url=endpoint.base_url,
        fetched_at=reader.clock.now(),
        calls=reader.reads,
        account_size=found.account_size,
    )


async def _read_needed(
    reader: ReadClient,
    desired: Desired,
    targeted: Desired,
    options: Options,
    page_size: int,
    progress: Progress,
) -> Found:
    """The lists that hold what is declared; a further number list only where a number was not
    found where it is declared."""
    tagged = may_have_tag(targeted, options.scope.tags)
    sections = by_section(tagged, options.scope.only)
    paths = {kind: set(paths_of(sections, kind)) for kind in Kind}
    if desired.safety.select.tags or (options.scope.tags and has_tag_edits(tagged)):
        paths[Kind.NUMBER].add("tags")
    looked = _looked_at(desired, sections, options)
    declared = compact(sections.numbers)
    releases = any(run.release for run in declared.runs())
    if desired.assigning or lists_undeclared(desired, options):
        return await _read_all(reader, desired, paths, looked, releases, page_size, progress)
    needs = _needs(paths, looked, frozenset(run.kind for run in declared.runs()), releases)
    wanted = numbers_by_list(lists_for(needs), declared, looked)
    found = await read_declared(reader, wanted, needs, page_size=page_size, progress=progress)
    found = found.explained(needs)
    if more := more_lists(declared, found.rows):
        extra = await read_lists(
            reader, more, needs, page_size=page_size, progress=progress, optional=True
        )
        found = found.and_(extra.explained(needs))
    return found


async def _read_all(
    reader: ReadClient,
    desired: Desired,
    paths: Mapping[Kind, set[str]],
    looked: Sequence[Looked],
    releases: bool,
    page_size: int,
    progress: Progress,
) -> Found:
    """The lists of all numbers, whoever declares them, with what `assign`, `select` and
    the policies look at."""
    select = desired.safety.select
    for kind in Kind:
        paths[kind].update(desired.assigning.paths(kind) if desired.assigning else ())
        paths[kind].update({"tags"} if select.tags else ())
        paths[kind].update({"connection_id"} if select.connection_ids else ())
    needs = _needs(paths, looked, frozenset(Kind), releases)
    found = await read_lists(
        reader, lists_for(needs), needs, page_size=page_size, progress=progress
    )
    return found.explained(needs)


def _looked_at(desired: Desired, meant: Desired, options: Options) -> Sequence[Looked]:
    """What the policies look at: of the numbers that are meant, and of those that `assign` may
    mean all they can."""
    policies = narrowed(desired.policies, options.scope.only)
    looked = list(looked_at(policies, meant.numbers))
    if desired.assigning:
        looked += [(kind, each.paths(kind), ()) for kind in Kind for each in policies]
    return looked


def _needs(
    paths: Mapping[Kind, set[str]],
    looked: Sequence[Looked],
    kinds: frozenset[Kind],
    releases: bool,
) -> Needs:
    """What is declared (`paths`) with what the policies look at besides."""
    judged = {
        kind: frozenset(path for of, each, _ in looked if of is kind for path in each) - paths[kind]
        for kind in Kind
    }
    return Needs({kind: paths[kind] | judged[kind] for kind in Kind}, kinds, releases, judged)
