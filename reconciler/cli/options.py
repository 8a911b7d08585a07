"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.scope import Scope
    from reconciler.workflow import Options

F = TypeVar("F", bound=Callable[..., Any])

_SECTIONS = ("voice", "messaging", "emergency", "tags", "number")

_PATH = "[PATH]"
path_argument = click.argument("path", default=".", type=click.Path(path_type=Path), metavar=_PATH)


FORMAT = "reconciler.format"
"""Under this key the context knows how to report, errors included."""


def _remember(ctx: click.Context, param: click.Parameter, value: str) -> str:
    del param
    ctx.meta[FORMAT] = value
    return value


def format_of(*formats: str) -> Callable[[F], F]:
    """--format for a command that can report in these ways; the first is the default."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        metavar="|".join(formats),
        callback=_remember,
        help=f"How to report ({formats[0]}).",
    )


all_option = click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every project at and below PATH, each with its own account.",
)
format_option: Callable[[F], F] = format_of("text", "json")
plan_format_option: Callable[[F], F] = format_of("text", "json", "markdown", "html", "github")
"""For plan, drift, apply and show: what `report.formats` and `cli.github` can write."""
color_option = click.option("--no-color", is_flag=True, help="No colour (as with NO_COLOR set).")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Say more, on stderr.")


def _positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    del ctx
    if value is not None and not 0 < value < float("inf"):
        raise UsageError(f"--{str(param.name).replace('_', '-')} must be a number above 0")
    return value


_SCOPE = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="GLOB_OR_NUMBER",
        help="Only these declared numbers, such as +13125550001 or '+1312*'.",
    ),
    click.option(
        "--tag", "tags", multiple=True, metavar="TAG", help="Only numbers declared with this tag."
    ),
    click.option(
        "--only",
        multiple=True,
        type=click.Choice(_SECTIONS),
        help="Only these settings (number: root fields but tags).",
    ),
)
_NETWORK = (
    click.option(
        "--max-wait",
        type=float,
        callback=_positive,
        metavar="SECONDS",
        help="The longest to wait when the API asks to (300).",
    ),
    click.option("--concurrency", type=click.IntRange(1, 256), help="Calls in flight at once (8)."),
)
_ALLOW = tuple(
    click.option(f"--allow-{name}", f"allow_{name.replace('-', '_')}", is_flag=True, help=text)
    for name, text in (
        ("release", "Let numbers be given back."),
        ("emergency-off", "Let emergency service be switched off."),
        ("unlock", "Let the deletion lock be taken off."),
        ("unreadable", "Write fields whose live value cannot be read."),
        ("max-changes", "Change more numbers than max_changes and max_changes_percent say."),
        ("empty-account", "Go on although the account has no numbers and some are declared."),
    )
)
_LIVE = click.option(
    "--live",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take a snapshot that fetch wrote in place of the network.",
)
job_timeout_option = click.option(
    "--job-timeout",
    type=float,
    callback=_positive,
    metavar="SECONDS",
    help="The longest to wait for one background job (3600).",
)


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


network_options: Callable[[F], F] = _stack(*_NETWORK)
"""For fetch: pace."""

reading_options: Callable[[F], F] = _stack(
    path_argument,
    *_SCOPE,
    _LIVE,
    *_NETWORK,
    *_ALLOW,
    plan_format_option,
    color_option,
    verbose_option,
)
"""For commands that compare: PATH, scope, --live, pace, format."""

writing_options: Callable[[F], F] = _stack(
    path_argument,
    *_SCOPE,
    *_NETWORK,
    job_timeout_option,
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Where to keep the journal (.reconciler/journal-<time>.jsonl).",
    ),
    *_ALLOW,
    plan_format_option,
    color_option,
    verbose_option,
)
"""For apply: the same without --live, and with the time of jobs."""


resuming_options: Callable[[F], F] = _stack(
    *_NETWORK, job_timeout_option, plan_format_option, color_option
)
"""For resume: pace and format; what is to be written stands in the journal."""

reverting_options: Callable[[F], F] = _stack(
    *_NETWORK, *_ALLOW, plan_format_option, color_option, verbose_option
)
"""For revert: a plan without a PATH."""

explaining_options: Callable[[F], F] = _stack(
    path_argument, _LIVE, *_NETWORK, format_option, color_option
)
"""For explain."""

exporting_options: Callable[[F], F] = _stack(
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="GLOB_OR_NUMBER",
        help="Only these live numbers, such as +13125550001 or '+1312*'.",
    ),
    click.option(
        "--tag", "tags", multiple=True, metavar="TAG", help="Only live numbers with this tag."
    ),
    _SCOPE[2],
    _LIVE,
    *_NETWORK,
)
"""For export: the scope judges live numbers, for nothing is declared yet."""

covering_options: Callable[[F], F] = _stack(
    path_argument, *_SCOPE[:2], _LIVE, *_NETWORK, format_of("text", "json", "csv")
)
"""For emergency: PATH, --target, --tag, --live, pace, format."""

asking_options: Callable[[F], F] = _stack(path_argument, *_SCOPE[:2], *_NETWORK, format_option)
"""For commands that only ask about declared numbers: PATH, --target, --tag, pace, format."""


comparing_options: Callable[[F], F] = _stack(
    *_SCOPE, format_of("text", "json", "markdown", "github"), color_option
)
"""For diff, which knows no account."""


_RANKS = {
    "targets": 0,
    "tags": 0,
    "only": 0,
    "live": 0,
    "output_format": 2,
    "max_wait": 4,
    "job_timeout": 4,
    "concurrency": 4,
    "no_color": 5,
    "verbose": 5,
}
_OWN, _PERMISSION = 1, 3


def arranged(command: click.Command) -> click.Command:
    """`command` with its options in the order in which they are looked for: what it is about,
    what is its own, how to report, what to allow, and last what hardly anybody sets."""

    def rank(param: click.Parameter) -> int:
        name = param.name or ""
        return _PERMISSION if name.startswith("allow_") else _RANKS.get(name, _OWN)

    command.params.sort(key=rank)
    if any(param.name == "path" and param.metavar == _PATH for param in command.params):
        command.epilog = "PATH is a project, or one file of it; this directory if it is left out."
    return command


def options_from(given: dict[str, Any]) -> Options:
    """What the options of a command say, for the workflow."""
    from reconciler.core.safety import Allowance
    from reconciler.workflow import Options

    return Options(
        scope=scope_from(given),
        live=given.get("live"),
        max_wait=given["max_wait"],
        job_timeout=given.get("job_timeout"),
        concurrency=given["concurrency"],
        allow=frozenset(each for each in Allowance if given.get(each.value)),
        journal=given.get("journal"),
        show_unmanaged=bool(given.get("show_unmanaged")),
    )


def scope_from(given: dict[str, Any]) -> Scope:
    """What --target, --tag and --only say."""
    from reconciler.core.scope import Scope, Section

    return Scope(
        targets=tuple(given.get("targets", ())),
        tags=tuple(given.get("tags", ())),
        only=tuple(Section(each) for each in given.get("only", ())),
    )
