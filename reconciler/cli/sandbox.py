"""`reconciler sandbox`."""

from __future__ import annotations

import click

from reconciler.errors import Exit, UsageError


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one (0).")
@click.option(
    "--numbers", type=click.IntRange(0, 2_000_000), default=1000, help="How many it has (1000)."
)
@click.option("--seed", type=int, default=0, help="Another seed, other numbers (0).")
def command(port: int, numbers: int, seed: int) -> Exit:
    """Serve a simulated account on loopback until Ctrl-C."""
    from reconciler.sandbox.app import DEFAULT_KEY
    from reconciler.sandbox.server import serve

    def ready(base_url: str) -> None:
        click.echo(f"Serving {base_url}")
        click.echo(f"export TELNYX_BASE_URL={base_url} TELNYX_API_KEY={DEFAULT_KEY}")

    try:
        serve(port, numbers, seed, on_ready=ready)
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}") from None
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    return Exit.OK
