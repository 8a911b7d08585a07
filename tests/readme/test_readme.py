"""Every command that a page shows is run, and says what is shown; every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.calls import MARK, measured
from tests.readme.session import PAGES, README, ROOT, Session, run, same, sessions

TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
SESSIONS = [
    pytest.param(session, id=f"{page.parent.name}-{session.name}")
    for page, text in TEXTS.items()
    for session in sessions(text)
]
LINKS = [
    pytest.param(page.parent / target, id=f"{page.parent.name}-{target}")
    for page, text in TEXTS.items()
    for target in sorted(set(re.findall(r"\]\((?!https?:|#)([^)#]+)", text)))
]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_is_what_the_commands_say(session: Session, tmp_path: Path) -> None:
    for part, said in run(session, tmp_path):
        assert same(said) == same(part.block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_console_block_belongs_to_a_session(page: Path) -> None:
    shown = sum(1 for session in sessions(TEXTS[page]) for part in session.parts if part.block)
    assert TEXTS[page].count("```console") == shown


def test_the_readme_shows_sessions() -> None:
    assert "```console" in TEXTS[README]


def test_the_calls_of_the_readme_are_those_that_are_made(tmp_path: Path) -> None:
    _, mark, after = TEXTS[README].partition(MARK)
    table, _, _ = after.partition("\n\n")
    assert mark
    assert f"{table}\n" == measured(tmp_path)


@pytest.mark.parametrize("target", LINKS)
def test_every_link_leads_somewhere(target: Path) -> None:
    assert target.exists()
