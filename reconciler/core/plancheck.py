"""What no digest says of a plan: that its parts fit, and its calls do what its changes say.

Whoever can write a file can also compute its digest. A plan that shows one thing and does another
is refused here, before anything is read or sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import RELEASE, Action, Change, FieldChange, UnknownField, Withheld
from reconciler.core.cost import cost_of
from reconciler.core.diff import risks
from reconciler.core.fields import Channel, Kind
from reconciler.core.live import USABLE_ID
from reconciler.core.operations import Operation, covered, is_made_of, leaves_bundle
from reconciler.core.plan import JOB_CALLS, Plan
from reconciler.core.policies import ERROR, Unjudged, Violation
from reconciler.core.refusing import POLICY, rule_of
from reconciler.core.rules import DELETION_LOCK, EMERGENCY_ENABLED
from reconciler.core.safety import Allowance
from reconciler.core.values import E164, LIVE_SECRET, UNKNOWN, Secret

MOST_IN_A_JOB = 1000
_REFS = ("env:", "file:", "yaml:")
_PATHS = frozenset({*BY_PATH[Kind.NUMBER], *BY_PATH[Kind.MOBILE], RELEASE, ""})
"""What may be withheld or unknown; "" stands for the whole number."""


class NotOursError(Exception):
    """What shows that a file is no plan of ours."""


def check_plan(plan: Plan) -> None:
    """Raises NotOursError where the plan is not one that this program could have made."""
    changes = plan.difference.changes
    once("number", [change.phone_number for change in changes])
    once("id", [change.id for change in changes])
    once("operation", [operation.id for operation in plan.operations])
    allowed = _allowed(plan)
    for change in changes:
        _check_change(change)
        if missing := next((each for each in _needs(change) if each not in allowed), None):
            raise NotOursError(f"{change.phone_number} needs {missing.option}, which is not in it")
    stays: tuple[Withheld | UnknownField, ...]
    stays = (*plan.difference.withheld, *plan.difference.unknown)
    for each in stays:
        if each.path not in _PATHS:
            raise NotOursError(f"{each.path!r} of {each.phone_number} is no field")
    _check_policies(plan)
    _check_summary(plan)
    _check_cost(plan)
    _check_order(plan.operations)
    _check_work(plan, allowed)


def _check_policies(plan: Plan) -> None:
    """What breaks a policy refuses the plan, so that taking either out shows."""
    judged: tuple[Violation | Unjudged, ...] = (*plan.violations, *plan.unjudged)
    for each in judged:
        if each.path not in _PATHS:
            raise NotOursError(f"{each.path!r} of {each.phone_number} is no field")
    is_broken = any(each.level == ERROR for each in plan.violations)
    if is_broken is not any(rule_of(each) == POLICY for each in plan.refusals):
        raise NotOursError("its refusals are not those of its policies")


def _check_cost(plan: Plan) -> None:
    """The groups are not in the file: theirs only has to come to the same."""
    if plan.cost is None:
        return
    prices = {each.feature: each.price for each in plan.cost.features if each.price is not None}
    again = cost_of(plan.difference.changes, prices)
    if again is None or again.features != plan.cost.features:
        raise NotOursError("its cost is not that of its changes")
    if sum(plan.cost.groups.values()) != plan.cost.monthly:
        raise NotOursError("the cost of its groups does not add up")


def once(what: str, names: Iterable[str]) -> None:
    """Raises NotOursError where a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise NotOursError(f"{what} {name} stands in it twice")
        seen.add(name)


# ---- changes ----------------------------------------------------------------------------------


def _check_change(change: Change) -> None:
    number = change.phone_number
    if not E164.match(number) or not USABLE_ID.match(change.id):
        raise NotOursError(f"{number} has no usable number or id")
    if change.action is Action.RELEASE and change.kind is not Kind.NUMBER:
        raise NotOursError(f"{number} is mobile, and those are not given back")
    once(f"field of {number}", [field.path for field in change.fields])
    for field in change.fields:
        row = BY_PATH[change.kind][field.path]
        if field.before == field.after:
            raise NotOursError(f"{field.path} of {number} would not change")
        if field.before is UNKNOWN and row.linked:
            raise NotOursError(f"{field.path} of {number} is written only where it can be read")
        if field.risk != risks(row, field.before, field.after):
            raise NotOursError(f"{field.path} of {number} is not given the risk that it has")
        _check_secrets(field)


def _check_secrets(field: FieldChange) -> None:
    if isinstance(field.before, Secret) and field.before != LIVE_SECRET:
        raise NotOursError(f"{field.path} was what the account does not show")
    if isinstance(field.after, Secret) and not field.after.ref.startswith(_REFS):
        raise NotOursError(f"{field.path} is to become a secret from nowhere")


def _allowed(plan: Plan) -> frozenset[Allowance]:
    try:
        return frozenset(map(Allowance, plan.allowed))
    except ValueError:
        raise NotOursError("it allows what nothing is called") from None


def _needs(change: Change) -> Iterator[Allowance]:
    """What has to be allowed for a change to be in a plan at all."""
    if change.action is Action.RELEASE:
        yield Allowance.RELEASE
    for field in change.fields:
        if field.before is UNKNOWN:
            yield Allowance.UNREADABLE
        if field.after is False and field.path == EMERGENCY_ENABLED:
            yield Allowance.EMERGENCY_OFF
        if field.after is False and field.path == DELETION_LOCK:
            yield Allowance.UNLOCK


def _check_summary(plan: Plan) -> None:
    """The counts that a reader sees first are those of what is in it."""
    difference, summary = plan.difference, plan.summary
    calls = Counter(operation.call for operation in plan.operations)
    found = {
        "numbers_changed": len(difference.changes),
        "fields_changed": sum(len(change.fields) for change in difference.changes),
        "released": sum(change.action is Action.RELEASE for change in difference.changes),
        "not_owned": len(difference.not_owned),
        "unknown": len(difference.unknown),
        "withheld": len(difference.withheld),
        "calls": {channel: calls[channel] for channel in Channel},
        "write_calls": len(plan.operations),
    }
    for name, count in found.items():
        if getattr(summary, name) != count:
            raise NotOursError(f"its summary says something else of {name}")


# ---- operations -------------------------------------------------------------------------------


def _check_order(operations: Iterable[Operation]) -> None:
    """Calls for one number follow each other, so that they never run at the same time."""
    last: dict[str, str] = {}
    for place, operation in enumerate(operations, start=1):
        numbers = operation.numbers
        if operation.id != f"op-{place:04d}":
            raise NotOursError(f"{operation.id} is not the name of the operation at place {place}")
        if operation.depends_on != tuple(sorted({last[n] for n in numbers if n in last})):
            raise NotOursError(f"{operation.id} does not wait for the one before on its numbers")
        last |= dict.fromkeys(numbers, operation.id)


def _check_work(plan: Plan, allowed: frozenset[Allowance]) -> None:
    """Every change is made by one call, and no call does anything else."""
    changes = {change.phone_number: change for change in plan.difference.changes}
    written: defaultdict[str, set[str]] = defaultdict(set)
    left: set[str] = set()
    for operation in plan.operations:
        once(f"number of {operation.id}", operation.numbers)
        if len(operation.numbers) > (MOST_IN_A_JOB if operation.call in JOB_CALLS else 1):
            raise NotOursError(f"{operation.id} is for more numbers than its call can take")
        known: dict[_Wishes, _Work | None] = {}
        done: set[str] = set()
        for number in operation.numbers:
            change = changes.get(number)
            work = _work(operation, change, known) if change else None
            if change is None or work is None:
                raise NotOursError(f"{operation.id} does what is no change of {number}")
            done |= work.paths
            if work.only_leaves:
                _check_leaving(number, change, written, left)
                continue
            if twice := work.paths & written[number]:
                raise NotOursError(f"{operation.id} writes {min(twice)} of {number} once more")
            written[number] |= work.paths
        _check_guards(operation, done)
        _check_release(operation, allowed)
    for number, change in changes.items():
        if missing := ({field.path for field in change.fields} or {""}) - written[number]:
            raise NotOursError(f"no operation does {min(missing) or 'the release'} of {number}")


@dataclass(frozen=True, slots=True)
class _Work:
    """What an operation does to a number: the paths it writes, "" for a release; or nothing but
    the first half of a change of bundle."""

    paths: frozenset[str]
    only_leaves: bool


_Wishes = tuple[Any, ...]


def _work(operation: Operation, change: Change, known: dict[_Wishes, _Work | None]) -> _Work | None:
    """What `operation` does to a number, None where that is no part of its change. Numbers that
    change alike are looked at once: they are `known`."""
    key = (change.kind, change.action, *((field.path, field.after) for field in change.fields))
    if key not in known:
        known[key] = (
            _Work(
                frozenset(covered(operation, change)) or frozenset({""}),
                _only_leaves(operation, change),
            )
            if is_made_of(operation, change)
            else None
        )
    return known[key]


def _only_leaves(operation: Operation, change: Change) -> bool:
    """Whether it is the first of two calls: out of one bundle, to go into another."""
    return leaves_bundle(operation) and any(
        field.path in operation.body and field.after is not None for field in change.fields
    )


def _check_guards(operation: Operation, done: Set[str]) -> None:
    """What is sent again to some numbers changes on others, or goes with what does."""
    if operation.call in {Channel.DELETE_JOB, Channel.DELETE_NUMBER}:
        return
    kind = Kind.MOBILE if operation.call is Channel.PATCH_MOBILE else Kind.NUMBER
    rows = BY_PATH[kind]
    links = {rows[path].linked for path in done} - {""}
    for path in operation.guards:
        if path not in done and rows[path].linked not in links:
            raise NotOursError(f"{operation.id} sends {path} again, which changes on no number")


def _check_leaving(
    number: str, change: Change, written: Mapping[str, set[str]], left: set[str]
) -> None:
    bundle = next(field for field in change.fields if field.path == "bundle_id")
    if number in left or bundle.path in written[number] or bundle.before is None:
        raise NotOursError(f"{number} would leave a bundle that it is not in")
    left.add(number)


def _check_release(operation: Operation, allowed: frozenset[Allowance]) -> None:
    """What is given back has to be unlocked still, and without emergency service unless its end
    is allowed."""
    if operation.call not in {Channel.DELETE_JOB, Channel.DELETE_NUMBER}:
        return
    needed: dict[str, Any] = {DELETION_LOCK: False, EMERGENCY_ENABLED: False}
    if Allowance.EMERGENCY_OFF in allowed and EMERGENCY_ENABLED not in operation.guards:
        del needed[EMERGENCY_ENABLED]
    if operation.guards != needed:
        raise NotOursError(f"{operation.id} does not look at what speaks against a release")
