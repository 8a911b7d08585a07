"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.errors import Exit

_NAMES = ("numbers", "plan", "snapshot")


@click.command("schema")
@click.argument(
    "name", type=click.Choice(_NAMES), default="numbers", metavar="[numbers|plan|snapshot]"
)
def command(name: str) -> Exit:
    """Print a JSON Schema: of the YAML, of a plan file or of a snapshot."""
    from reconciler.core.generate import generated  # see cli/__init__

    click.echo(generated()[f"{name}.schema.json"], nl=False)
    return Exit.OK
