"""kill -9 at any moment of an apply, or of the resume after it: what is left is finished."""

from __future__ import annotations

import random
import shutil

import pytest

from reconciler.core.safety import Allowance
from reconciler.errors import UsageError
from tests.apply.account import Account
from tests.apply.conftest import MakeAccount
from tests.apply.test_everything_converges_under_any_answer import account_under
from tests.crash.killing import Deeds, Killer, apply_and_die, is_finished, journal_of, resume

EVERYTHING = frozenset(Allowance)
SHARES = 8


def with_every_call(make_account: MakeAccount, **switches: object) -> Account:
    """An account with something to do for every call, in a project without a journal."""
    account = account_under(make_account, **switches)
    account.control.timing(pending=1.0, running=2.0, emergency=20.0)
    shutil.rmtree(account.root / ".reconciler", ignore_errors=True)
    return account


def test_dead_means_dead(make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    account = with_every_call(make_account)
    planned = account.plan(allow=EVERYTHING)
    assert apply_and_die(account, planned, Killer(account, monkeypatch), 30)
    written = len(account.writes())
    assert written
    assert not apply_and_die(account, planned, Killer(account, monkeypatch), 10_000)
    assert len(account.writes()) > written


@pytest.mark.parametrize("share", range(SHARES))
def test_a_resume_finishes_what_was_killed_and_repeats_nothing(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    moment, died = share + 1, True
    while died:
        account = with_every_call(make_account, shows_write_only=True)
        planned = account.plan(allow=EVERYTHING)
        died = apply_and_die(account, planned, Killer(account, monkeypatch), moment)
        if not is_finished(account):
            outcome = resume(account)
            assert outcome.converged, (moment, outcome)
        done = Deeds(planned.plan, planned.secrets).count(account.writes())
        assert set(done.values()) <= {1}, (moment, done)
        assert is_finished(account), moment
        if journal_of(account):
            assert account.plan(allow=EVERYTHING).plan.operations == (), moment
        moment += SHARES


@pytest.mark.parametrize("seed", range(6))
def test_killed_again_and_again_it_still_comes_to_its_end(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    account = with_every_call(make_account, shows_write_only=True)
    planned = account.plan(allow=EVERYTHING)
    killer = Killer(account, monkeypatch)
    apply_and_die(account, planned, killer, rng.randint(3, 60))
    for _ in range(12):
        with killer.at(rng.randint(5, 45)):
            if not is_finished(account):
                resume(account)
    if not is_finished(account):
        assert resume(account).converged
    done = Deeds(planned.plan, planned.secrets).count(account.writes())
    assert set(done.values()) <= {1}, done
    assert account.plan(allow=EVERYTHING).plan.operations == ()


@pytest.mark.parametrize("moment", range(8, 150, 29))
def test_what_no_answer_shows_is_never_sent_twice(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    account = with_every_call(make_account)  # bundle and address stand in no answer
    planned = account.plan(allow=EVERYTHING)
    apply_and_die(account, planned, Killer(account, monkeypatch), moment)
    outcome = resume(account)
    assert {each.path for each in outcome.unconfirmed} <= {"bundle_id", "address_id"}
    assert is_finished(account)
    done = Deeds(planned.plan, planned.secrets).count(account.writes())
    assert set(done.values()) <= {1}, done


@pytest.mark.parametrize("moment", range(9, 150, 29))
def test_reads_that_lag_behind_lead_to_nothing_twice(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    account = with_every_call(make_account, shows_write_only=True, read_delay=3.0)
    planned = account.plan(allow=EVERYTHING)
    apply_and_die(account, planned, Killer(account, monkeypatch), moment)
    if not is_finished(account):
        assert resume(account).converged
    done = Deeds(planned.plan, planned.secrets).count(account.writes())
    assert set(done.values()) <= {1}, done


def test_a_finished_journal_is_not_resumed(make_account: MakeAccount) -> None:
    account = with_every_call(make_account)
    account.apply(account.plan(allow=EVERYTHING))
    written = len(account.writes())
    with pytest.raises(UsageError, match="is finished: nothing was sent"):
        resume(account)
    assert len(account.writes()) == written
