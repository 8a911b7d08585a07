"""Any history keeps its promises; `python -m tests.crash histories` looks at many more."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.crash.histories import History

TestAnyHistory = History.TestCase
TestAnyHistory.settings = settings(
    max_examples=30,
    stateful_step_count=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
