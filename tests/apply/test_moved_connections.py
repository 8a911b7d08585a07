"""A connection that the provider attaches on its own is told, however forwarding came on."""

from __future__ import annotations

from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TRUNK, Account
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


def test_a_declared_connection_outlasts_the_forwarding_that_another_call_switches_on(
    make_account: MakeAccount,
) -> None:
    """Three connections times three targets, by six jobs."""
    fleet = [f"+1312555{at:04d}" for at in range(9)]
    trunks = [TRUNK, "1521916448077776307", "1521916448077776308"]
    account = make_account(*map(number, fleet), forward_only_connection=True)
    account.declare(
        {
            each: {
                "connection_id": trunks[at % 3],
                "voice": {
                    "call_forwarding": {
                        "call_forwarding_enabled": True,
                        "forwarding_type": "always",
                        "forwards_to": f"+1303555{at // 3:04d}",
                    }
                },
            }
            for at, each in enumerate(fleet)
        },
    )
    planned = account.plan()
    assert len(planned.plan.operations) == 6
    assert account.apply(planned).converged
    assert [account.state(each)["connection_id"] for each in fleet] == 3 * trunks
