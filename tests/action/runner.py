"""What GitHub's runner does with a composite action, on this machine: its shell steps run in bash,
what it uses of others is stood in for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import reconciler
from tests.action import gh
from tests.action.expressions import holds, render

ROOT = Path(reconciler.__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
SECONDS = 60

OURS: dict[str, Any] = {"head": {"repo": {"full_name": "o/r"}, "sha": "c0ffee"}, "number": 7}
FORK: dict[str, Any] = {"head": {"repo": {"full_name": "fork/r"}, "sha": "c0ffee"}, "number": 7}


@dataclass(frozen=True)
class Done:
    """How one use of the action ended: its outputs, and all that was said."""

    code: int
    outputs: dict[str, str]
    log: str
    summary: str
    artifacts: dict[str, Path]

    @property
    def digest(self) -> str:
        """What a reviewer of the plan sees."""
        return self.outputs["plan-digest"]

    def artifact(self, name: str) -> set[str]:
        """The files of an artifact, empty where it was not uploaded."""
        place = self.artifacts.get(name)
        return {each.name for each in place.iterdir()} if place else set()


@dataclass
class Runner:
    """A machine with a checked-out repository in `workspace`, and GitHub behind `gh`."""

    home: Path
    env: Mapping[str, str] = field(default_factory=dict)
    """What the step that uses the action has in `env`."""
    event: str = "pull_request"
    pull: Mapping[str, Any] = field(default_factory=lambda: OURS)
    actor: str = "somebody"
    while_running: Callable[[subprocess.Popen[str]], None] = lambda _: None
    """Called with the process of every shell step."""
    uploads: int = 0

    def __post_init__(self) -> None:
        for each in (self.workspace, self.temp, self.home / "bin", self.home / "github"):
            each.mkdir(parents=True, exist_ok=True)
        self._stand_in_for_gh()
        installed = self.temp / "telnyx-reconciler"
        installed.mkdir()
        (installed / "bin").symlink_to(Path(sys.executable).parent)
        (installed / ".installed").touch()
        (self.home / "bin" / "reconciler").symlink_to(Path(sys.executable).parent / "reconciler")

    @property
    def workspace(self) -> Path:
        return self.home / "workspace"

    @property
    def temp(self) -> Path:
        return self.home / "temp"

    @property
    def github(self) -> Any:
        """What GitHub holds: comments, issues, runs."""
        return json.loads((self.home / "github" / "state.json").read_text())

    def on_github(self, **things: Any) -> None:
        """Put things on GitHub."""
        (self.home / "github" / "state.json").write_text(json.dumps(self.github | things))

    def comments(self) -> list[Any]:
        """Those of the pull request."""
        found: list[Any] = self.github["comments"].get("7", [])
        return found

    def _stand_in_for_gh(self) -> None:
        state: dict[str, Any] = {
            "comments": {},
            "issues": [],
            "labels": [],
            "pulls": [],
            "runs": [],
        }
        (self.home / "github" / "state.json").write_text(json.dumps(state | {"artifacts": {}}))
        script = self.home / "bin" / "gh"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{gh.__file__}" "$@"\n')
        script.chmod(0o755)

    def use(self, mode: str, **inputs: str) -> Done:
        """One step that uses the action, to its end."""
        given = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        unknown = {name.replace("_", "-") for name in inputs} - given.keys()
        assert not unknown, unknown
        given |= {"mode": mode} | {name.replace("_", "-"): text for name, text in inputs.items()}
        contexts = self._contexts()
        contexts["inputs"] = {name: render(text, contexts) for name, text in given.items()}
        done = Done(0, {}, "", "", {})
        for step in ACTION["runs"]["steps"]:
            contexts["functions"] = _status(failed=done.code != 0)
            if holds(step.get("if", "success()"), contexts):
                done = self._step(step, contexts, done)
        outputs = {
            name: render(each["value"], contexts) for name, each in ACTION["outputs"].items()
        }
        return Done(done.code, outputs, done.log, done.summary, done.artifacts)

    def script(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> tuple[int, str]:
        """One `run:` of a workflow: its exit code and log."""
        env = self._rendered(step, {**self._contexts(), **contexts})
        code, log, _, _ = self._bash(step["run"], env)
        return code, log

    def _contexts(self) -> dict[str, Any]:
        return {
            "github": {
                "event_name": self.event,
                "event": {"pull_request": self.pull} if self.event == "pull_request" else {},
                "repository": "o/r",
                "server_url": "https://github.example",
                "run_id": "42",
                "run_attempt": "1",
                "actor": self.actor,
                "token": "ghs_token",
                "sha": "c0ffee",
            },
            "steps": {},
        }

    def _rendered(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
        return {name: render(str(text), contexts) for name, text in step.get("env", {}).items()}

    def _step(self, step: Mapping[str, Any], contexts: dict[str, Any], before: Done) -> Done:
        steps: dict[str, Any] = contexts["steps"]
        if "uses" in step:
            given = {name: render(str(text), contexts) for name, text in step["with"].items()}
            if step["uses"].startswith("actions/setup-python@"):
                steps[step["id"]] = {"outputs": {"python-path": sys.executable}}
                return before
            assert step["uses"].startswith("actions/upload-artifact@")
            self._upload(given, before.artifacts)
            return before
        code, log, outputs, summary = self._bash(step["run"], self._rendered(step, contexts))
        if "id" in step:
            outcome = "failure" if code else "success"
            steps[step["id"]] = {"outputs": outputs, "outcome": outcome}
        return Done(
            before.code or code,
            {},
            before.log + log,
            before.summary + summary,
            before.artifacts,
        )

    def _upload(self, given: Mapping[str, str], artifacts: dict[str, Path]) -> None:
        found = [Path(each) for each in given["path"].split("\n") if Path(each).is_file()]
        if not found:
            assert given["if-no-files-found"] == "ignore"
            return
        self.uploads += 1
        place = self.home / "artifacts" / str(self.uploads) / given["name"]
        place.mkdir(parents=True)
        for file in found:
            # The mode of a file is not kept.
            shutil.copyfile(file, place / file.name)
        artifacts[given["name"]] = place

    def _bash(self, script: str, env: Mapping[str, str]) -> tuple[int, str, dict[str, str], str]:
        files = {name: self.temp / name for name in ("OUTPUT", "STEP_SUMMARY", "PATH")}
        for file in files.values():
            file.write_text("")
        kept = {name: os.environ[name] for name in ("PATH", "XDG_STATE_HOME")}
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.workspace,
            env={
                "PATH": f"{self.home / 'bin'}:{kept['PATH']}",
                "XDG_STATE_HOME": kept["XDG_STATE_HOME"],
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "FAKE_GH": str(self.home / "github"),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temp),
                **{f"GITHUB_{name}": str(file) for name, file in files.items()},
                **self.env,
                **env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self.while_running(process)
            log, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
        outputs = _outputs(files["OUTPUT"].read_text())
        return process.returncode, log, outputs, files["STEP_SUMMARY"].read_text()


def _status(*, failed: bool) -> dict[str, Callable[[], bool]]:
    return {
        "always": lambda: True,
        "cancelled": lambda: False,
        "failure": lambda: failed,
        "success": lambda: not failed,
    }


def _outputs(text: str) -> dict[str, str]:
    """The file of outputs: `name=value`, or `name<<END`, lines, `END`."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark, end = line.partition("<<")
        if mark and "=" not in name:
            value: list[str] = []
            while (one := next(lines)) != end:
                value.append(one)
            found[name] = "\n".join(value)
        else:
            name, _, given = line.partition("=")
            found[name] = given
    return found
