"""Plan here, apply there; begin here, finish there. Only one file is carried over."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.faults import Delay
from reconciler.sandbox.server import RunningSandbox
from tests.action.conftest import WANTED, declare
from tests.apply.account import ONE, TWO
from tests.cli.support import SECONDS, Said, child, running, wait_for

Machine = Callable[..., Said]


@pytest.fixture
def machine(tmp_path: Path, key: dict[str, str]) -> Callable[[str], Machine]:
    """A machine of its own: its directory, its home, its state, and the key of the account."""

    def make(name: str) -> Machine:
        home = tmp_path / name
        (home / "work").mkdir(parents=True)
        places = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}

        def run(*words: str, **more: str) -> Said:
            return child(*words, cwd=home / "work", env={**places, **key, **more})

        return run

    return make


@pytest.fixture
def carry(tmp_path: Path) -> Callable[[str, str, str], None]:
    """Copy one file; its mode is that of a download."""

    def copy(file: str, here: str, there: str) -> None:
        target = tmp_path / there / "work" / file
        shutil.copyfile(tmp_path / here / "work" / file, target)
        target.chmod(0o644)

    return copy


def references(served: RunningSandbox) -> list[Any]:
    """What the account says of the two numbers."""
    return [served.control.state(each)["customer_reference"] for each in (ONE, TWO)]


def test_a_plan_is_applied_where_there_is_no_yaml(
    machine: Callable[[str], Machine],
    carry: Callable[[str, str, str], None],
    served: RunningSandbox,
    tmp_path: Path,
) -> None:
    here, there = machine("here"), machine("there")
    declare(tmp_path / "here" / "work", WANTED)
    assert here("plan", "--out", "plan.json").code == 0
    carry("plan.json", "here", "there")
    said = there("apply", "plan.json", "--format", "json")
    assert (said.code, said.json["converged"]) == (0, True), said
    assert references(served) == ["desk-1", "desk-2"]
    assert here("drift").code == 0


def test_a_bound_pin_needs_the_same_binding_key_there(
    machine: Callable[[str], Machine],
    carry: Callable[[str, str, str], None],
    served: RunningSandbox,
    tmp_path: Path,
) -> None:
    here, there = machine("here"), machine("there")
    declare(tmp_path / "here" / "work", {ONE: {"external_pin": {"env": "PIN_ONE"}}})
    secrets = {"RECONCILER_SECRET_KEY": "binding", "PIN_ONE": "1234"}
    assert here("plan", "--out", "plan.json", **secrets).code == 0
    carry("plan.json", "here", "there")
    assert there("apply", "plan.json", PIN_ONE="1234").code == 1
    assert there("apply", "plan.json", **secrets | {"PIN_ONE": "4321"}).code == 1
    assert served.control.state(ONE)["external_pin"] is None
    assert there("apply", "plan.json", **secrets).code == 0
    assert served.control.state(ONE)["external_pin"] == "1234"


def test_an_apply_that_was_interrupted_is_finished_from_its_journal_alone(
    machine: Callable[[str], Machine],
    carry: Callable[[str, str, str], None],
    served: RunningSandbox,
    tmp_path: Path,
) -> None:
    machine("here")
    there = machine("there")
    work = tmp_path / "here" / "work"
    declare(work, WANTED)
    served.control.fault(Delay(1.0), method="PATCH", times=None)
    environ = {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}
    words = ("apply", "--auto-approve", "--journal", "journal.jsonl", "--concurrency", "1")
    with running(work, environ | {"XDG_STATE_HOME": str(work.parent)}, *words) as process:
        wait_for(lambda: any(one.method == "PATCH" for one in served.control.log()))
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
    assert references(served).count(None) == 1
    served.control.clear()
    carry("journal.jsonl", "here", "there")
    said = there("resume", "journal.jsonl", "--format", "json")
    assert (said.code, said.json["converged"]) == (0, True), said
    assert references(served) == ["desk-1", "desk-2"]
