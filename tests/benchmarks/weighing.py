"""What a process costs: `weighing.py SECONDS COMMAND...` prints its CPU seconds and peak memory.

It is run for itself, without packages: a process begins with the peak memory of whoever starts it,
so that one started by the benchmarks, which hold more than it does, would be told to take theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading


def main() -> None:
    """Run the command for at most so many seconds; CPU seconds, MB, exit code as JSON."""
    _, seconds, *command = sys.argv
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        deadline = threading.Timer(float(seconds), child.kill)
        deadline.start()
        _, status, usage = os.wait4(child.pid, 0)
        deadline.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
    spent = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode
    json.dump(spent, sys.stdout)


if __name__ == "__main__":
    main()
