"""Plans in files: saved, shown, and applied on this machine or another."""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from reconciler.api.clock import SystemClock
from reconciler.api.read import ReadClient
from reconciler.api.reread import Reread, held
from reconciler.api.settings import Limits
from reconciler.apply import Context, Stop, Watcher
from reconciler.apply.checking import Checker, Request
from reconciler.core.changes import Action
from reconciler.core.fingerprint import BINDING_KEY_ENV, fingerprint_of, unbound
from reconciler.core.freshness import State
from reconciler.core.model import Source
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.core.refusing import allowance_of
from reconciler.core.text import Redactor, neutral, shortened
from reconciler.core.values import LiveValue, Secret
from reconciler.errors import ReconcilerError, SafetyError, StaleError, UsageError
from reconciler.files.secrets import resolve_refs
from reconciler.report.grouping import examples
from reconciler.workflow.applying import (
    Run,
    carry_out,
    forwarding_switched_on,
    reading_until_stopped,
    secrets_of,
    switching_numbers,
)
from reconciler.workflow.common import Options, account, account_of, load, root_here

OnStale = Literal["abort", "skip"]


async def apply_saved(
    plan: Plan, options: Options, on_stale: OnStale, watcher: Watcher, stop: Stop
) -> Outcome:
    """Carry out a saved plan: exactly its operations, minus what is stale.

    Raises UsageError for another account's plan, SafetyError for one that a rule refused,
    StaleError where something moved and `on_stale` is "abort". Nothing is written then.
    """
    root = root_here()
    endpoint, limits = account(account_of(root), options)
    check_base_url(plan, endpoint.base_url)
    secrets = plan_secrets(plan, root, endpoint.key_name)
    check_bound(plan, secrets)
    reading = reading_until_stopped(endpoint, limits, SystemClock(), stop, secrets.values())
    async with reading as reader:
        checker = Checker(plan, reader, secrets_of(secrets), page_size=limits.page_size)
        again = await read_targets(plan, checker)
        if stop.interrupted:
            raise KeyboardInterrupt  # nothing was written, and there is no journal
        check_account(plan, again)
        back = await _back_again(plan, again, reader, limits)
        if not back and _is_live_already(plan, checker, again):
            return _already_applied(plan, reader)
        check_refusals(plan, options)
        stale, unread = _stale(plan, checker, again, back)
        if stale and on_stale == "abort":
            raise StaleError(_stale_text(stale))
        if unread and on_stale == "abort":
            raise ReconcilerError(
                "nothing was written: " + _named(unread, "cannot be compared with the plan")
            )
        pins = frozenset({*secrets.values(), *live_pins(again)})
        context = Context(
            secrets_of(secrets),
            Redactor((endpoint.api_key, *pins)),
            limits,
            connections=forwarding_switched_on(plan, connections_in(again)),
            stale=stale,
        )
        run = Run(plan, endpoint, limits, root, context, pins)
        outcome = await carry_out(run, options, reader, watcher, stop)
        return replace(outcome, notes=(*outcome.notes, *_unbound(plan)))


async def read_targets(plan: Plan, checker: Checker) -> Reread:
    """Every number that the plan touches, read again by the cheapest way."""
    requests = [Request(each, each.numbers) for each in plan.operations]
    return await checker.read_all(
        requests, dict.fromkeys(switching_numbers(plan), ("connection_id",))
    )


def check_base_url(plan: Plan, base_url: str) -> None:
    """A plan is for one API address."""
    if plan.base_url.rstrip("/") != base_url.rstrip("/"):
        raise UsageError(
            f"the plan was made for {_fit(plan.base_url)}, but here the API is {base_url}: set "
            "TELNYX_BASE_URL, or account.base_url in reconciler.yaml; nothing was written"
        )


def check_refusals(plan: Plan, options: Options) -> None:
    """What a rule refused when the plan was made is refused now, unless it is allowed now."""
    left = [each for each in plan.refusals if allowance_of(each) not in options.allow]
    if left:
        raise SafetyError("nothing was written: " + "; ".join(map(_fit, left)))


def _fit(words: str) -> str:
    """What stands in a file that anybody may have written, fit for an error."""
    return shortened(neutral(words), 1_000)


def plan_secrets(plan: Plan, root: Path, key_name: str) -> dict[str, str]:
    """The PINs that the plan writes, by ref; `key_name` is the variable of the API key. InputError
    where one cannot be had here."""
    used: list[tuple[Secret, Source]] = [
        (field.after, field.source)
        for change in plan.difference.changes
        for field in change.fields
        if isinstance(field.after, Secret)
    ]
    in_yaml: Mapping[str, str] = {}
    if any(secret.ref.startswith("yaml:") for secret, _ in used):
        in_yaml = load(root).desired.secrets
    return resolve_refs(used, in_yaml, root, os.environ, key_name)


def check_bound(plan: Plan, secrets: Mapping[str, str]) -> None:
    """A PIN that is bound to the review has to be the one that was reviewed."""
    key = os.environ.get(BINDING_KEY_ENV, "")
    fields = [field for change in plan.difference.changes for field in change.fields]
    if not key and any(
        map(_is_bound, (v for field in fields for v in (field.before, field.after)))
    ):
        raise UsageError(
            f"the plan binds its PINs to the review: set {BINDING_KEY_ENV} to the value "
            "it was made with; nothing was written"
        )
    for secret in (field.after for field in fields):
        if not isinstance(secret, Secret) or not secret.fingerprint:
            continue
        found = fingerprint_of(key, secret.ref, secrets[secret.ref])
        if not hmac.compare_digest(found.encode(), secret.fingerprint.encode()):
            raise UsageError(
                f"{_fit(secret.ref)} is not the PIN that was reviewed, or {BINDING_KEY_ENV} is not "
                "the one the plan was made with; nothing was written"
            )


def _is_bound(value: object) -> bool:
    return isinstance(value, Secret) and bool(value.fingerprint)


def check_account(plan: Plan, again: Reread) -> None:
    """A plan none of whose numbers is there is another account's; what it releases may be gone."""
    updates = any(change.action is Action.UPDATE for change in plan.difference.changes)
    if updates and again.gone >= {change.phone_number for change in plan.difference.changes}:
        raise UsageError(
            "none of the numbers of the plan is in this account under its id: it is another "
            "account's plan; nothing was written"
        )


def connections_in(again: Reread) -> dict[str, LiveValue]:
    """The connections that were read, by number."""
    path = "connection_id"
    return {number: each[path] for number, each in again.values.items() if path in each}


def live_pins(again: Reread) -> frozenset[str]:
    """The PINs that were read: an answer may repeat the old one."""
    found = (values.get("external_pin") for values in again.values.values())
    return frozenset(pin for pin in found if isinstance(pin, str))


async def _back_again(
    plan: Plan, again: Reread, reader: ReadClient, limits: Limits
) -> Collection[str]:
    """Numbers to release that are gone under the id of the plan, but in the account under
    another: they were bought anew, and that is not what was reviewed."""
    gone = [
        change.phone_number
        for change in plan.difference.changes
        if change.action is Action.RELEASE and change.phone_number in again.gone
    ]
    if not gone:
        return ()
    size, page = plan.live_numbers, limits.page_size
    return await held(reader, gone, account_size=size, page_size=page)


def _stale(
    plan: Plan, checker: Checker, again: Reread, back: Collection[str]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What has moved, by operation and number, with the why; and what cannot be read, by number."""
    stale: dict[str, dict[str, str]] = {}
    unread: dict[str, str] = {}
    for operation in plan.operations:
        for number, found in checker.judge(Request(operation, operation.numbers), again).items():
            if number in back:
                why = "it is in the account under another id now"
                stale.setdefault(operation.id, {})[number] = why
            elif found.state is State.MOVED:
                stale.setdefault(operation.id, {})[number] = found.reason
            elif found.state is State.UNREAD:
                unread[number] = found.reason
    return stale, unread


def _unbound(plan: Plan) -> Iterator[str]:
    """Between the review and this apply nothing held these PINs to what they were."""
    if numbers := unbound(plan.difference):
        yield (
            f"external_pin of {len(numbers):,} number{'s'[: len(numbers) != 1]} "
            f"({examples(numbers)}) was not bound to the review: set {BINDING_KEY_ENV} when "
            "planning and applying"
        )


def _stale_text(stale: Mapping[str, Mapping[str, str]]) -> str:
    by_number = {number: why for numbers in stale.values() for number, why in numbers.items()}
    return (
        "the plan is stale, nothing was written: "
        + _named(by_number, "moved since it was made")
        + "; make it anew, or apply the rest with --on-stale skip"
    )


def _named(by_number: Mapping[str, str], how: str, most: int = 10) -> str:
    numbers = [f"{number} ({why})" for number, why in by_number.items()]
    return f"{len(numbers):,} number{'s'[: len(numbers) != 1]} {how}: {examples(numbers, most)}"


def _is_live_already(plan: Plan, checker: Checker, again: Reread) -> bool:
    """Whether every change is live: then there is nothing to send."""
    return bool(plan.operations) and all(
        found.state is State.DONE
        for operation in plan.operations
        for found in checker.judge(Request(operation, operation.numbers), again).values()
    )


def _already_applied(plan: Plan, reader: ReadClient) -> Outcome:
    """Nothing was sent. What the plan withheld, or found not owned, is as little done as it was
    after the first apply, and tells in the exit code as it did then."""
    difference = plan.difference
    how = "every change of the plan is live"
    if all(change.action is Action.RELEASE for change in difference.changes):
        how = "none of the numbers to release is in this account"
    return Outcome(
        applied=(),
        failed=(),
        unconfirmed=(),
        unverifiable=(),
        skipped=(),
        withheld=difference.withheld,
        not_owned=difference.not_owned,
        unknown=difference.unknown,
        calls={},
        reads=reader.reads,
        seconds=0.0,
        notes=(f"already applied: {how}; nothing was sent",),
    )
