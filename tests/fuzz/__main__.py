"""`python -m tests.fuzz plans [--count 20000] [--seed 1]`: the long form of what the tests do in
short."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.plans import run


def main() -> None:
    """Run one fuzz; it ends with a traceback where it finds something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=["plans"])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    found = run(given.count, given.seed)
    took = time.monotonic() - started
    sys.stdout.write(f"{given.count:,} plan files in {took:.0f} s: {found}\n")


if __name__ == "__main__":
    main()
