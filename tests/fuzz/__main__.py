"""`python -m tests.fuzz yaml|plans|journals|answers [--count N] [--seed S]`: the long forms of what
the tests do in short."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz import answers, journals, plans, yaml

_FUZZES = {
    "yaml": (yaml.run, 100_000),
    "plans": (plans.run, 20_000),
    "journals": (journals.run, 20_000),
    "answers": (answers.run, 20_000),
}
"""What there is, and how many of it the long form bends."""


def main() -> None:
    """Run one fuzz; it ends with a traceback where it finds something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=list(_FUZZES))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    run, long_form = _FUZZES[given.what]
    count = long_form if given.count is None else given.count
    started = time.monotonic()
    found = run(count, given.seed)
    if given.what == "plans":
        found += f"; {plans.flip_every_bit():,} flips of a bit, all refused"
    took = time.monotonic() - started
    sys.stdout.write(f"{count:,} {given.what} in {took:.0f} s: {found}\n")


if __name__ == "__main__":
    main()
