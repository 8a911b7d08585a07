"""Write plan.txt and operations.json of every case anew: `python -m tests.cases.regenerate`."""

from __future__ import annotations

import sys

from tests.cases.case import cases, outputs_of


def main() -> None:
    """Write both files of each case and name those that are different now."""
    for case in cases():
        outputs = outputs_of(case)
        for name, text in (("plan.txt", outputs.plan), ("operations.json", outputs.operations)):
            file = case / name
            if not file.exists() or file.read_text() != text:
                file.write_text(text)
                sys.stdout.write(f"{case.name}/{name}\n")


if __name__ == "__main__":
    main()
