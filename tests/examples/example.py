"""One example: its files, and what it is run against."""

from __future__ import annotations

from pathlib import Path

import reconciler
from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.generate import make_fleet

EXAMPLES = sorted(
    each
    for each in (Path(reconciler.__file__).parent.parent / "examples").iterdir()
    if each.name[:2].isdigit()
)


def fleet() -> Fleet:
    """What `reconciler sandbox --numbers 300 --seed 1` serves."""
    return make_fleet(300, seed=1)
