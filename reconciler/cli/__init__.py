"""The command line: one file per command; each parses, calls one workflow function, renders.

Commands are loaded when they are called, so that `--help` and completion stay quick: nothing
imported here may load httpx, yaml, jsonschema or deepdiff.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Any

import click

from reconciler import __version__
from reconciler.cli.options import FORMAT, arranged
from reconciler.errors import BugError, Exit, InputError, ReconcilerError

_COMMANDS = {
    "init": "Write a commented starter project.",
    "validate": "Check the YAML offline: all errors, with their lines.",
    "fmt": "Bring the YAML into canonical order and quoting, comments kept.",
    "fetch": "Snapshot the live account into a file.",
    "export": "Write the live account as YAML.",
    "plan": "Show what apply would do; never writes.",
    "apply": "Make the account what the YAML declares.",
    "resume": "Finish an interrupted apply from its journal.",
    "revert": "Write the plan that undoes what an apply changed.",
    "show": "Show a saved plan, in any format.",
    "drift": "Exit 2 where the account and the YAML differ.",
    "diff": "Show what a branch changes in the YAML, from Git alone.",
    "explain": "Show what is declared of one number, line by line, and what is live.",
    "verify": "Ask which declared numbers the account owns and may edit.",
    "emergency": "List the numbers without active emergency service.",
    "jobs": "List, show or wait for the account's background jobs.",
    "schema": "Print a JSON Schema.",
    "sandbox": "Serve a simulated account on loopback.",
    "demo": "Run the main job against a sandbox of its own.",
}


class _Commands(click.Group):
    """Commands by name, each in a module of its own that is imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"reconciler.cli.{cmd_name}")
        return arranged(module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not ctx.resilient_parsing:
            from reconciler.core.hints import Hints

            if close := Hints().closest(args[0], _COMMANDS):
                raise click.UsageError(f"No such command '{args[0]}': did you mean '{close}'?", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ReconcilerError as error:
            if ctx.meta.get(FORMAT) == "github":
                from reconciler.cli.github import publish_error

                publish_error(error)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reconciler")
def cli() -> None:
    """Desired state for Telnyx phone numbers, kept in Git.

    YAML files declare how numbers should be; plan shows the difference to the live account, apply
    makes it so, drift watches it. The key comes from the environment: TELNYX_API_KEY.
    """


def main() -> None:
    """Run a command and leave with its exit code. No failure shows as a traceback."""
    if sys.stdout is None:
        click.echo("Error: standard output is closed, so there is no place for a result.", err=True)
        sys.exit(Exit.ERROR)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets an escape, not a crash.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    # Nearly everything a run makes it keeps to the end: at the default of 700, looking for garbage
    # in it again and again took a third of the time of a plan of 100,000 numbers.
    gc.set_threshold(100_000, 50, 50)
    try:
        code = _run()
        sys.stdout.flush()
    except OSError as error:
        # Most likely stdout: whoever read it has gone, or its disk is full.
        leave_stdout()
        if not isinstance(error, BrokenPipeError):
            name = f"{error.filename}: " if isinstance(error.filename, str) else ""
            _tell(f"Error: {name}{error.strerror or error}")
        code = Exit.ERROR
    # Nobody needs it any more, and the system takes all of it back: Python would first look for
    # garbage in it, which took a tenth of a fetch of 10,000 numbers.
    gc.freeze()
    sys.exit(int(code))


def leave_stdout() -> None:
    """Nothing goes to standard output any more, for it failed: what is still buffered must not be
    flushed there again on the way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> Exit:
    try:
        result = cli.main(standalone_mode=False)
        return result if isinstance(result, Exit) else Exit.OK
    except InputError as error:
        for problem in error.problems:
            _tell(str(problem))
        click.echo(f"{len(error.problems)} error{'s'[: len(error.problems) != 1]}", err=True)
        return error.exit_code
    except ReconcilerError as error:
        _tell(f"Error: {error}")
        return error.exit_code
    except click.ClickException as error:
        # Click would say 2 for a wrong option; here 2 means that changes are pending.
        error.show()
        return Exit.ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return Exit.INTERRUPTED
    except OSError:
        raise  # a stream of ours: `main` knows what to do
    except Exception as bug:  # noqa: BLE001 - the reason stands in the next line
        # The last resort: a traceback would tell the user nothing, and could hold the key.
        click.echo(f"Error: {BugError(bug)}", err=True)
        return Exit.ERROR


def _tell(error: str) -> None:
    """An error on stderr, neutral: it may name a file as somebody called it."""
    from reconciler.core.text import neutral_lines  # no command that goes well has use for it

    click.echo(neutral_lines(error), err=True)
