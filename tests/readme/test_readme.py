"""Every command that README.md shows is run, and says what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.session import README, ROOT, Session, run, same, sessions

TEXT = README.read_text(encoding="utf-8")
SESSIONS = sessions(TEXT)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda each: each.name)
def test_a_session_of_the_readme_is_what_the_commands_say(session: Session, tmp_path: Path) -> None:
    for part, said in run(session, tmp_path):
        assert same(said) == same(part.block)


def test_every_console_block_belongs_to_a_session() -> None:
    shown = sum(1 for session in SESSIONS for part in session.parts if part.block)
    assert TEXT.count("```console") == shown > 0


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT))))
def test_every_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
