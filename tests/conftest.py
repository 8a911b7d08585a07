"""What every test runs under."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run: whoever sees a test fail can run it again. The long forms
# (tests.fuzz, tests.crash) look at others. And no verdict on how fast they are made: on a machine
# with other work the first of them can take seconds.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: half as many again as there are cores, for many tests wait for a process or for
    time that is real. On two cores it takes a fifth less."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lock of an account is held per machine: tests side by side use the same made-up one."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session", autouse=True)
def _sigint_as_usual() -> Iterator[None]:
    """A child can be interrupted, although a shell may have started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
