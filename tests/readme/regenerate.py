"""`python -m tests.readme.regenerate`: records the sessions of all pages, and the table of calls in
README.md, anew; read the diff."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.readme.calls import MARK, measured
from tests.readme.session import PAGES, README, run, same, sessions


def main() -> None:
    """Run every session and put what it says into its blocks."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(recorded(text), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        README.write_text(counted(text, Path(scratch)), encoding="utf-8")


def recorded(text: str) -> str:
    """A page with what its sessions say now. Where a part of one differs all of it is new, so that
    the digest of a plan is the same wherever it is shown."""
    new: list[tuple[int, int, str]] = []
    for session in sessions(text):
        with tempfile.TemporaryDirectory() as scratch:
            parts = list(run(session, Path(scratch).resolve()))
            if any(same(said) != same(part.block) for part, said in parts):
                new += [(part.start, part.end, said) for part, said in parts]
    for start, end, said in sorted(new, reverse=True):
        text = text[:start] + said + text[end:]
    return text


def counted(text: str, scratch: Path) -> str:
    """A page with the calls as they are counted now."""
    before, _, after = text.partition(MARK)
    _, _, after = after.partition("\n\n")
    return f"{before}{MARK}{measured(scratch)}\n{after}"


if __name__ == "__main__":
    main()
