"""An editor that speaks yaml-language-server completes, explains and underlines (where it is
installed: `npm install -g yaml-language-server`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.starter import starter
from tests.editor.server import Server, serving

COMMAND = shutil.which("yaml-language-server")
pytestmark = pytest.mark.skipif(
    COMMAND is None,
    reason="yaml-language-server is not on PATH: npm install -g yaml-language-server",
)
HEAD = "# yaml-language-server: $schema=../schemas/numbers.schema.json\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `init` writes it."""
    root = tmp_path_factory.mktemp("project")
    for name, text in starter().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    """One server for all tests: it takes a second to start."""
    assert COMMAND
    with serving(COMMAND, root) as server:
        yield server


class Opened:
    """A file that is open in the editor. `|` in its text is where the cursor stands."""

    def __init__(self, server: Server, root: Path, name: str, text: str) -> None:
        before = (HEAD + text).partition("|")[0]
        self._server = server
        self.uri = (root / "numbers" / name).as_uri()
        self._at = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        document = {"uri": self.uri, "languageId": "yaml", "version": 1}
        whole = (HEAD + text).replace("|", "")
        server.tell("textDocument/didOpen", {"textDocument": {**document, "text": whole}})

    def ask(self, what: str) -> Any:
        """What the server says of the place of the cursor."""
        place = {"textDocument": {"uri": self.uri}, "position": self._at}
        return self._server.ask(f"textDocument/{what}", place)

    def offered(self) -> set[str]:
        """The labels of what would complete it."""
        found = self.ask("completion")
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"] for item in items or ()}

    def underlined(self) -> list[str]:
        """What is wrong with it, in words."""
        while True:
            told = self._server.hear("textDocument/publishDiagnostics")
            if told["uri"] == self.uri:
                return [each["message"] for each in told["diagnostics"]]


def test_inside_voice_the_settings_are_offered(server: Server, root: Path) -> None:
    text = 'numbers:\n  "+13125550001":\n    voice:\n      |\n'
    offered = Opened(server, root, "a.yaml", text).offered()
    assert {"inbound_call_screening", "call_forwarding", "tech_prefix_enabled"} <= offered


def test_inside_a_block_they_are_offered_too(server: Server, root: Path) -> None:
    text = 'numbers:\n  "+13125550100..+13125550199":\n    messaging:\n      |\n'
    assert "messaging_profile_id" in Opened(server, root, "b.yaml", text).offered()


def test_the_values_of_a_setting_are_offered(server: Server, root: Path) -> None:
    text = "defaults:\n  voice:\n    inbound_call_screening: |\n"
    assert {"flag_calls", "reject_calls"} <= Opened(server, root, "c.yaml", text).offered()


def test_a_typo_is_underlined(server: Server, root: Path) -> None:
    opened = Opened(server, root, "d.yaml", 'numbers:\n  "+13125550001": {tag: [x]}\n')
    assert any("tag" in each for each in opened.underlined())


def test_a_number_that_is_none_is_underlined(server: Server, root: Path) -> None:
    assert Opened(server, root, "e.yaml", 'numbers:\n  "3125550001": {}\n').underlined()


def test_what_is_right_is_not_underlined(server: Server, root: Path) -> None:
    text = 'numbers:\n  "+13125550001": {tags: [x], external_pin: {env: PIN}}\n'
    assert Opened(server, root, "f.yaml", text).underlined() == []


def test_a_setting_is_explained(server: Server, root: Path) -> None:
    text = 'numbers:\n  "+13125550001":\n    conn|ection_id: "1"\n'
    hover = Opened(server, root, "g.yaml", text).ask("hover")
    assert "takes its calls" in str(hover)
