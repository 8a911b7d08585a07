"""A connection that the provider attaches on its own is told, however forwarding came on."""

from __future__ import annotations

from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, Account
from tests.apply.conftest import MakeAccount

TARGET = "+13035559123"


def ready(make_account: MakeAccount) -> Account:
    """A number whose switch is on already, and lacks only its target."""
    row = number(ONE, voice={"call_forwarding": {"call_forwarding_enabled": True}})
    account = make_account(row, forward_only_connection=True)
    forwarding = {"forwarding_type": "always", "forwards_to": TARGET}
    account.declare({ONE: {"voice": {"call_forwarding": forwarding}}})
    return account


def test_a_target_alone_can_switch_forwarding_on(make_account: MakeAccount) -> None:
    (note,) = ready(make_account).apply().notes
    assert note.startswith(f"{ONE}: the provider moved connection_id")
