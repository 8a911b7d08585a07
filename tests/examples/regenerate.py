"""`python -m tests.examples.regenerate`: writes every plan.txt anew, to be read by eye."""

from __future__ import annotations

import os
import subprocess
import sys

from reconciler.sandbox.server import RunningSandbox
from tests.examples.example import EXAMPLES, fleet


def main() -> None:
    """Plan every example against the sandbox."""
    for example in EXAMPLES:
        with RunningSandbox(fleet()) as sandbox:
            keys = {"TELNYX_BASE_URL": sandbox.base_url, "TELNYX_API_KEY": sandbox.api_key}
            done = subprocess.run(
                [sys.executable, "-m", "reconciler", "plan"],
                cwd=example,
                env=os.environ | keys,
                stdout=subprocess.PIPE,
                check=True,
            )
        (example / "plan.txt").write_bytes(done.stdout)


if __name__ == "__main__":
    main()
