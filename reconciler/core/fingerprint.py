"""Binding PINs to what was reviewed: an HMAC of the value under the user's own key.

A plan file holds no PIN, so without this nobody could tell whether the PIN that is sent is the
one that was reviewed. A PIN has few digits: only a key that is not in the file keeps its
fingerprint from being guessed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.core.changes import Change, Difference, FieldChange
from reconciler.core.values import Secret

BINDING_KEY_ENV = "RECONCILER_SECRET_KEY"


def fingerprint_of(key: str, about: str, value: str) -> str:
    """The fingerprint of a PIN. `about` is its ref, or for a live one the number: equal PINs of
    two numbers are not seen to be equal."""
    text = f"{about}\0{value}".encode()
    # A key from the environment may be any bytes.
    return hmac.new(key.encode(errors="surrogateescape"), text, "sha256").hexdigest()


def bind(
    difference: Difference,
    key: str,
    secrets: Mapping[str, str],
    live_pin: Callable[[str], str | None],
) -> Difference:
    """`difference` with a fingerprint on every PIN; as it is where there is no key.

    `secrets` are by ref, `live_pin` gives what a number holds now, None where that is not known.
    """
    if not key:
        return difference

    def bound(change: Change, field: FieldChange) -> FieldChange:
        before, after = field.before, field.after
        if isinstance(before, Secret) and (pin := live_pin(change.phone_number)) is not None:
            before = replace(before, fingerprint=fingerprint_of(key, change.phone_number, pin))
        if isinstance(after, Secret):
            found = fingerprint_of(key, after.ref, secrets[after.ref])
            after = replace(after, fingerprint=found)
        return field._replace(before=before, after=after)

    def with_fingerprints(change: Change) -> Change:
        if not any(isinstance(each.after, Secret) for each in change.fields) and not any(
            isinstance(each.before, Secret) for each in change.fields
        ):
            return change
        return change._replace(fields=tuple(bound(change, each) for each in change.fields))

    return replace(difference, changes=tuple(map(with_fingerprints, difference.changes)))


def unbound(difference: Difference) -> tuple[str, ...]:
    """The numbers whose new PIN nothing binds to the review."""
    return tuple(
        change.phone_number
        for change in difference.changes
        for field in change.fields
        if isinstance(field.after, Secret) and not field.after.fingerprint
    )
