"""`reconciler demo`."""

from __future__ import annotations

import click

from reconciler.errors import Exit


@click.command("demo")
def command() -> Exit:
    """Fetch, plan, apply and drift against a sandbox of its own. Needs no key."""
    from reconciler.demo import run_demo  # see cli/__init__

    run_demo()
    return Exit.OK
