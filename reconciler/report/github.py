"""What GitHub Actions reads: workflow commands, and the file of a step's outputs.

The runner takes a line for a command wherever a program prints it. Here a command's texts are
escaped as its toolkit does it, and all that is for people stands between `::stop-commands::TOKEN`
and `::TOKEN::`, where no line is a command. The token is the caller's, random for every run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.core.declared_diff import Comparison, What
from reconciler.core.model import Source
from reconciler.core.outcome import Failed, Left, Outcome
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.core.policies import ERROR
from reconciler.core.text import neutral, shortened
from reconciler.errors import Problem
from reconciler.report.difftext import setting_words
from reconciler.report.grouping import examples
from reconciler.report.headlines import drift_counts
from reconciler.report.judged import broken, untold, wanted, whom
from reconciler.report.phrases import live
from reconciler.report.risks import Member, Risky, released, risky
from reconciler.report.text import how_to_go_on
from reconciler.report.view import View
from reconciler.report.words import count, grouped, shown

Level = Literal["error", "warning"]
Locate = Callable[[str], str]
"""From the path of a file as the user would type it to the path in the repository."""

_MOST = 10
"""GitHub shows so many errors, and so many warnings, of one step; further ones are lost."""

_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Annotation:
    """A message at a place; `path` is empty where there is none, `line` 0 for a whole file."""

    level: Level
    title: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0


def command(name: str, message: str, properties: Mapping[str, str]) -> str:
    """One workflow command: `::NAME key=value,…::message`, both escaped."""
    given = ",".join(f"{key}={_property(text)}" for key, text in properties.items() if text)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotation_lines(annotations: Iterable[Annotation], locate: Locate) -> list[str]:
    """A command each; of more than GitHub shows the first, and one that counts the rest."""
    by_level: defaultdict[Level, list[Annotation]] = defaultdict(list)
    for each in annotations:
        by_level[each.level].append(each)
    lines: list[str] = []
    for level, found in by_level.items():
        kept = found if len(found) <= _MOST else found[: _MOST - 1]
        lines += [_line(each, locate) for each in kept]
        if more := len(found) - len(kept):
            lines.append(command(level, f"{more:,} more: see the log and the summary", {}))
    return lines


def _line(each: Annotation, locate: Locate) -> str:
    properties = {"title": shortened(neutral(each.title), 200)}
    if each.path:
        properties = {"file": neutral(locate(each.path)), **_place(each), **properties}
    return command(each.level, shortened(neutral(each.message), _LONGEST), properties)


def _place(each: Annotation) -> dict[str, str]:
    found = {"line": each.line, "col": each.column}
    return {name: str(number) for name, number in found.items() if number}


def guarded(text: str, token: str) -> str:
    """`text` for people, none of whose lines is a command."""
    return f"::stop-commands::{token}\n{text}\n::{token}::"


def outputs(values: Mapping[str, str], token: str) -> str:
    """What goes to the file of outputs; `token` is random, so that no value can end itself."""
    return "".join(f"{name}<<{token}\n{value}\n{token}\n" for name, value in values.items())


# ---- what is annotated ------------------------------------------------------------------------


def problem_annotations(
    errors: Sequence[Problem], warnings: Sequence[Problem]
) -> Iterator[Annotation]:
    """What is wrong, and what is odd, in the YAML."""
    for each in errors:
        yield Annotation("error", "Invalid", each.message, each.path, each.line, each.column)
    for each in warnings:
        yield Annotation("warning", "Odd", each.message, each.path, each.line, each.column)


def plan_annotations(plan: Plan, view: View) -> Iterator[Annotation]:
    """What a reviewer has to look at, the gravest first: refusals, releases, risks, and what is
    held back."""
    if view.drift and plan.has_drift:
        yield Annotation("warning", "Drift", drift_counts(plan))
    for refusal in () if view.drift else view.refusals:
        yield Annotation("warning", "Apply would be refused", refusal)
    yield from _policies(plan)
    for change in released(plan):
        message = f"{change.phone_number} is given back"
        yield _at(change.source, "Risk: release", message)
    for group in risky(plan.difference.changes):
        yield from _risk(group)
    yield from _held(plan)


def _policies(plan: Plan) -> Iterator[Annotation]:
    """What breaks a policy, or may, at the first line that says so."""
    for each in broken(plan.violations):
        level: Level = "error" if each.level == ERROR else "warning"
        held = f"{wanted(each.requires)}, not {live(each.values, shown)}"
        message = f"{each.path} of {whom(each.numbers)} {held}"
        source = each.sources[0]
        title = f"Policy: {each.policy}"
        yield Annotation(level, title, message, source.path, source.line, source.column)
    for left in untold(plan.unjudged):
        message = f"cannot be judged: {left.path} of {whom(left.numbers)}: {left.reason}"
        yield _at(left.policy_source, f"Policy: {left.policy}", message)


def diff_annotations(comparison: Comparison) -> Iterator[Annotation]:
    """The same of what a branch changes in the YAML: settings, releases, risks, and what is no
    longer declared. Errors of the base are warnings: they are not this branch's."""
    for problem in comparison.problems:
        yield Annotation("warning", "Invalid in the base", str(problem))
    for each in comparison.diff.settings:
        change = f"{each.path}: {setting_words(each.before)} → {setting_words(each.after)}"
        yield _at(each.source if each.after is not None else None, "Project setting", change)
    for number in comparison.diff.of(What.RELEASE):
        message = f"{number.phone_number} is to be given back"
        yield _at(number.source, "Risk: release", message)
    for group in risky(each for each in comparison.diff.numbers if each.after is not None):
        yield from _risk(group)
    if gone := comparison.diff.of(What.UNDECLARED):
        who = f"{count(len(gone), 'number')} ({examples([each.phone_number for each in gone])})"
        yield Annotation("warning", "No longer declared", f"{who}: left as in the account")


def _risk(group: Risky) -> Iterator[Annotation]:
    """One for each line of YAML that says so."""
    by_line: defaultdict[Source, list[Member]] = defaultdict(list)
    for member in group.members:
        by_line[member[1].source].append(member)
    title = f"Risk: {', '.join(group.labels)}"
    for source, members in by_line.items():
        part = replace(group, members=tuple(members))
        who = f"{count(len(members), 'number')} ({examples(part.numbers)})"
        change = f"{live(part.befores, shown)} → {shown(part.example.after)}"
        yield _at(source, title, f"{part.path} of {who}: {change}")


def _held(plan: Plan) -> Iterator[Annotation]:
    difference = plan.difference
    for (rule, reason), held in grouped(difference.withheld, lambda e: (e.rule, e.reason)).items():
        numbers = list(dict.fromkeys(each.phone_number for each in held))
        source = next((each.source for each in held if each.source), None)
        yield _at(source, f"Withheld ({rule})", f"{examples(numbers)}: {reason}")
    for (reason,), unknown in grouped(difference.unknown, lambda each: (each.reason,)).items():
        numbers = list(dict.fromkeys(each.phone_number for each in unknown))
        source = next((each.source for each in unknown if each.source), None)
        yield _at(source, "Unknown", f"{examples(numbers)}: {reason}")
    for absent in difference.not_owned:
        yield _at(absent.source, "Not owned", f"the account lacks {absent.phone_number}")


def _at(source: Source | None, title: str, message: str) -> Annotation:
    if source is None:
        return Annotation("warning", title, message)
    return Annotation("warning", title, message, source.path, source.line, source.column)


def outcome_annotations(outcome: Outcome, path: str = "") -> Iterator[Annotation]:
    """What an apply left undone: errors for what went wrong, warnings for what was held back.
    `path` as in `how_to_go_on`."""
    if outcome.stopped:
        yield Annotation("error", "Stopped", outcome.stopped)
    said: list[tuple[str, Failed | Left, str]] = [
        *(("Failed", each, f"{each.code} {each.detail}") for each in outcome.failed),
        *(("Unconfirmed", each, each.reason) for each in outcome.unconfirmed),
        *(("Not tried", each, each.reason) for each in outcome.skipped),
    ]
    for (title, changed, reason), items in grouped(said, lambda e: (e[0], e[1].path, e[2])).items():
        numbers = list(dict.fromkeys(item.phone_number for _, item, _ in items))
        who = f"{count(len(numbers), 'number')} ({examples(numbers)})"
        yield Annotation("error", title, f"{changed} of {who}: {reason}")
    for (rule, reason), held in grouped(outcome.withheld, lambda e: (e.rule, e.reason)).items():
        numbers = list(dict.fromkeys(each.phone_number for each in held))
        yield _at(held[0].source, f"Withheld ({rule})", f"{examples(numbers)}: {reason}")
    if not outcome.converged:
        yield Annotation("error", "Apply incomplete", how_to_go_on(outcome, path))


# ---- outputs ----------------------------------------------------------------------------------


def plan_outputs(plan: Plan, view: View) -> dict[str, str]:
    """What later steps ask a plan or a drift."""
    summary = plan.summary
    return {
        "has-changes": _truth(plan.has_drift if view.drift else plan.has_changes),
        "refused": _truth(bool(view.refusals) and not view.drift),
        "numbers-changed": str(summary.numbers_changed),
        "fields-changed": str(summary.fields_changed),
        "released": str(summary.released),
        "withheld": str(summary.withheld),
        "unknown": str(summary.unknown),
        "not-owned": str(summary.not_owned),
        "write-calls": str(summary.write_calls),
        "plan-digest": plan.digest or plan_document(plan)["digest"],
    }


def diff_outputs(comparison: Comparison) -> dict[str, str]:
    """What later steps ask a diff."""
    diff = comparison.diff
    return {
        "has-changes": _truth(comparison.has_changes),
        "base-valid": _truth(not comparison.problems),
        "numbers-changed": str(len(diff.numbers)),
        "fields-changed": str(diff.fields_changed),
        "released": str(len(diff.of(What.RELEASE))),
        "settings-changed": str(len(diff.settings)),
    }


def outcome_outputs(outcome: Outcome) -> dict[str, str]:
    """What later steps ask an apply."""
    lengths = {
        "applied": outcome.applied,
        "failed": outcome.failed,
        "unconfirmed": outcome.unconfirmed,
        "skipped": outcome.skipped,
        "withheld": outcome.withheld,
    }
    return {
        "converged": _truth(outcome.converged),
        **{name: str(len(items)) for name, items in lengths.items()},
        "write-calls": str(sum(outcome.calls.values())),
        "journal": neutral(outcome.journal),
    }


def _truth(value: bool) -> str:
    return "true" if value else "false"
