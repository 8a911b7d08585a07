"""From a real socket to files and back, by real processes."""

from __future__ import annotations

from pathlib import Path

from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import ONE
from tests.cli.support import child, shell


def test_export_and_plan_agree_over_a_socket(tmp_path: Path) -> None:
    with RunningSandbox(make_fleet(300, seed=7)) as served:
        env = {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}
        said = child("export", "-o", "out", cwd=tmp_path, env=env)
        assert (said.code, said.out) == (0, "")
        planned = child("plan", "out", "--detailed-exitcode", cwd=tmp_path, env=env)
        assert (planned.code, served.control.violations()) == (0, [])


def test_a_pipe_takes_a_whole_project_in_any_locale(tmp_path: Path) -> None:
    fleet = Fleet.of([number(ONE, customer_reference="Empfang-Süd 😀")])
    with RunningSandbox(fleet) as served:
        env = {
            "TELNYX_BASE_URL": served.base_url,
            "TELNYX_API_KEY": served.api_key,
            "LC_ALL": "C",
            "PYTHONIOENCODING": "ascii",
        }
        assert shell("$R export > all.yaml", cwd=tmp_path, env=env).code == 0
        assert "Empfang-Süd 😀" in (tmp_path / "all.yaml").read_text("utf-8")
        assert child("plan", "all.yaml", "--detailed-exitcode", cwd=tmp_path, env=env).code == 0
