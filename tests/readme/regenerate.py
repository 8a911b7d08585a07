"""`python -m tests.readme.regenerate`: records the sessions of README.md anew; read the diff."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.readme.session import README, run, same, sessions


def main() -> None:
    """Run every session and put what it says into its blocks."""
    text = README.read_text(encoding="utf-8")
    new: list[tuple[int, int, str]] = []
    for session in sessions(text):
        with tempfile.TemporaryDirectory() as scratch:
            new += [
                (part.start, part.end, said)
                for part, said in run(session, Path(scratch))
                if same(said) != same(part.block)
            ]
    for start, end, said in sorted(new, reverse=True):
        text = text[:start] + said + text[end:]
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
