"""The long forms of what the tests here do in short:

    python -m tests.crash kills      [--numbers 5000] [--times 200] [--processes 10]
    python -m tests.crash faults     [--times 100]
    python -m tests.crash histories  [--times 2000]

Each says what it found, and ends in 1 where that is something wrong.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import unittest

from hypothesis import HealthCheck, settings

from tests.crash import faulty
from tests.crash.histories import History
from tests.crash.kills import Tally, kill_at_boundaries, kill_processes

MOST_CALLS = faulty.MOST_CALLS


def main() -> None:
    """Run one of the long forms."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["kills", "faults", "histories"])
    parser.add_argument("--numbers", type=int, default=5000)
    parser.add_argument("--times", type=int)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=list(faulty.SHAPES), action="append")
    given = parser.parse_args()
    started = time.monotonic()
    if given.what == "kills":
        times = 200 if given.times is None else given.times
        is_good = kills(given.numbers, times, given.processes, given.seed)
    elif given.what == "faults":
        is_good = faults(given.shape or ["mixed"], given.times or 100)
    else:
        is_good = histories(given.times or 2000)
    say(f"{time.monotonic() - started:.0f} s")
    sys.exit(not is_good)


def say(text: str) -> None:
    """One line, now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def kills(numbers: int, times: int, processes: int, seed: int) -> bool:
    """Applies killed at boundaries, and processes killed at random moments."""
    is_good = True
    if times:
        tally = kill_at_boundaries(numbers, times, seed)
        is_good &= told(f"{numbers:,} numbers, {tally.moments} boundaries", tally)
    if processes:
        is_good &= told(f"{numbers:,} numbers, SIGKILL", kill_processes(numbers, processes, seed))
    return is_good


def told(what: str, tally: Tally) -> bool:
    """Say how it went; whether it went well."""
    say(
        f"{what}: {tally.kills} killed ({tally.untouched} before anything was sent, "
        f"{tally.survived} more were through), {tally.twice} writes twice, "
        f"{len(tally.wrong)} wrong"
    )
    for each in tally.wrong[:20]:
        say(f"  {each}")
    return not tally.wrong and not tally.twice


def faults(shapes: list[str], times: int) -> bool:
    """A fifth of all calls fails, for so many seeds."""
    is_good = True
    for name in shapes:
        shape = faulty.SHAPES[name]
        usual = faulty.run(0, failing=0.0, shape=shape).calls
        results = [faulty.run(seed, shape=shape) for seed in range(times)]
        shares = [each.calls / usual for each in results]
        wrong = [f"seed {seed}: {each}" for seed, r in enumerate(results) for each in r.wrong]
        left = sum(bool(each.exit_code) for each in results)
        mean = statistics.mean(shares)
        say(
            f"{name}: {usual} calls without faults; with them {mean:.2f} times as many on average "
            f"(most {max(shares):.2f}); {times - left} converge, {left} end in 5 and resume; "
            f"{sum(each.twice for each in results)} writes twice, {len(wrong)} false"
        )
        for each in wrong[:20]:
            say(f"  {each}")
        is_good &= not wrong and mean <= MOST_CALLS
    return is_good


def histories(times: int) -> bool:
    """Any history of an account, for so many of them."""
    case = History.TestCase
    case.settings = settings(
        max_examples=times,
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    result = unittest.TextTestRunner(sys.stdout).run(unittest.TestSuite([case("runTest")]))
    say(f"{times} histories of up to 20 steps: {'well' if result.wasSuccessful() else 'wrong'}")
    return result.wasSuccessful()


if __name__ == "__main__":
    main()
