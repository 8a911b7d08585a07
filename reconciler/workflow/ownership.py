"""Which declared numbers the account owns and may edit."""

from __future__ import annotations

from pathlib import Path

from reconciler.api.clock import SystemClock
from reconciler.api.ownership import ask_ownership
from reconciler.api.read import open_reader
from reconciler.core.model import DesiredNumber, Verified
from reconciler.core.scope import by_tag_declared, by_target
from reconciler.errors import UsageError
from reconciler.workflow.common import Options, account, load


async def verify(path: Path, options: Options) -> Verified:
    """Ask the API about the declared numbers, 1000 a call."""
    desired = load(path).desired
    meant = by_tag_declared(by_target(desired, options.scope.targets), options.scope.tags)
    if not meant.numbers and not options.scope.is_everything:
        raise UsageError("no declared number matches --target and --tag")
    endpoint, limits = account(desired, options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        answer = await ask_ownership(reader, list(meant.numbers))

    def those(numbers: frozenset[str]) -> tuple[DesiredNumber, ...]:
        return tuple(each for each in meant.numbers.values() if each.phone_number in numbers)

    return Verified(those(answer.editable), those(answer.silent), those(answer.not_found))
