"""Reports for a terminal. `paint(text, role)` colours a piece; without colour it is identity."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.core.changes import RELEASE, RISKS, Action, UnknownField, Withheld
from reconciler.core.fingerprint import BINDING_KEY_ENV, unbound
from reconciler.core.plan import Plan
from reconciler.core.policies import ERROR
from reconciler.core.text import neutral, shortened
from reconciler.report.grouping import Block, FieldGroup, blocks, examples
from reconciler.report.headlines import (
    account_line,
    calls_line,
    cost_lines,
    drift_counts,
    judged_words,
    plan_counts,
)
from reconciler.report.judged import broken, untold, wanted, whom
from reconciler.report.phrases import live
from reconciler.report.words import by_rule, calls, count, duration, grouped, shown

if TYPE_CHECKING:
    from reconciler.core.outcome import Failed, Left, Outcome

Paint = Callable[[str, str], str]


def plain(text: str, role: str) -> str:
    """No colour."""
    del role
    return text


def plan_text(plan: Plan, *, reads: int | None, paint: Paint = plain) -> str:
    """What an apply would do, grouped, with the summary last."""
    lines = [*_changes(plan, paint), *_unbound(plan, paint), *_not_changed(plan, paint)]
    if not lines and plan.is_settled:
        lines += [paint("No changes.", "good") + " The account matches the configuration."]
    elif not plan.difference.changes:
        head = paint(f"No changes to make{judged_words(plan)}.", _role(plan))
        lines += [*([""] if lines else []), head]
    else:
        lines += [
            "",
            f"{paint('Plan:', 'bold')} {plan_counts(plan)}.",
            calls_line(plan),
            *cost_lines(plan),
        ]
    return "\n".join([*lines, "", account_line(plan, reads)])


def drift_text(plan: Plan, *, reads: int | None, paint: Paint = plain) -> str:
    """How the account differs from the configuration: live → declared."""
    lines = [*_changes(plan, paint), *_not_changed(plan, paint)]
    if not lines:
        lines += [paint("No drift.", "good") + " The account matches the configuration."]
    elif not plan.has_drift:
        lines += ["", paint(f"No drift{judged_words(plan)}.", _role(plan))]
    else:
        lines += ["", f"{paint('Drift:', 'bold')} {drift_counts(plan)}.", *cost_lines(plan)]
    return "\n".join([*lines, "", account_line(plan, reads)])


def _role(plan: Plan) -> str:
    return "risk" if plan.violations or plan.unjudged else "good"


def _changes(plan: Plan, paint: Paint) -> Iterator[str]:
    """What changes: what is given back, each by its name, then the gravest risks first."""
    changes = plan.difference.changes
    for change in changes:
        if change.action is Action.RELEASE:
            source = paint(f"# {neutral(str(change.source))}", "dim")
            name = paint(f"{change.phone_number} is given back", "bold")
            yield f"  {paint('-', 'risk')} {name}{paint('  [release]', 'risk')}  {source}"
    updates = [change for change in changes if change.action is Action.UPDATE]
    for block in sorted(blocks(updates), key=gravity):
        title = examples(block.numbers)
        if len(block.numbers) > 1:
            title = f"{count(len(block.numbers), 'number')}: {title}"
        yield f"  {paint('~', 'change')} {paint(title, 'bold')}"
        for group in block.fields:
            yield f"      {_field(block, group, paint)}"


def _unbound(plan: Plan, paint: Paint) -> Iterator[str]:
    """PINs that nothing ties to what is reviewed here."""
    if numbers := unbound(plan.difference):
        yield (
            f"  {paint('!', 'risk')} not bound to the review: external_pin of "
            f"{count(len(numbers), 'number')} ({examples(numbers)}): set {BINDING_KEY_ENV} "
            "when planning and applying"
        )


def gravity(block: Block) -> int:
    """0 for a block that puts the gravest at risk."""
    labels = {label for group in block.fields for label in group.example.risk}
    return next((at for at, risk in enumerate(RISKS) if risk in labels), len(RISKS))


def _field(block: Block, group: FieldGroup, paint: Paint) -> str:
    """`path: before → after  [risk]  # file:line`, over all numbers of the block."""
    field = group.example
    source = neutral(str(field.source)) if group.places == 1 else f"{group.places:,} places"
    risk = paint(f"  [{', '.join(field.risk)}]", "risk") if field.risk else ""
    return f"{field.path}: {change_words(block, group)}{risk}  {paint('# ' + source, 'dim')}"


def change_words(block: Block, group: FieldGroup) -> str:
    """What a field becomes on all numbers of a block."""
    field = group.example
    if group.intents > 1:
        example = f"{shown(field.before)} → {shown(field.after)} on {block.numbers[0]}"
        return f"{group.intents:,} different changes, such as {example}"
    edit = ""
    if group.tags is not None:
        signs = [f"+{neutral(tag)}" for tag in group.tags.come]
        signs += [f"-{neutral(tag)}" for tag in group.tags.gone]
        edit = shortened(", ".join(signs), 200)
    if len(group.befores) == 1:
        lists = f"{shown(field.before)} → {shown(field.after)}"
        return f"{lists}  ({edit})" if edit else lists
    if edit:
        return f"{edit} (on {len(group.befores):,} different lists)"
    return f"{live(group.befores, shown)} → {shown(field.after)}"


def _not_changed(plan: Plan, paint: Paint) -> Iterator[str]:
    """What is declared and stays as it is: withheld, unknown, not owned; and
    what is live and not declared, where that is a finding."""
    difference = plan.difference
    yield from _withheld(difference.withheld, paint)
    yield from _unknown(difference.unknown, paint)
    if difference.not_owned:
        where = [f"{each.phone_number} ({each.source})" for each in difference.not_owned]
        yield (
            f"  {paint('!', 'risk')} not owned: {count(len(where), 'number')} "
            f"that the account lacks: {neutral(examples(where, 5))}"
        )
    if difference.undeclared:
        live = count(len(difference.undeclared), "live number")
        yield (
            f"  {paint('!', 'risk')} undeclared: {live} that nobody declares: "
            f"{examples(difference.undeclared, 5)}"
        )
    yield from _policies(plan, paint)


def _policies(plan: Plan, paint: Paint) -> Iterator[str]:
    """What breaks a policy, or may: a line for each policy and setting."""
    for each in broken(plan.violations):
        level = "" if each.level == ERROR else " (warn)"
        sign = paint("!", "risk" if each.level == ERROR else "change")
        where = paint(f"# {neutral(examples([*map(str, each.sources)]))}", "dim")
        yield (
            f"  {sign} policy {neutral(each.policy)}{level}: {each.path} of "
            f"{whom(each.numbers)} {wanted(each.requires)}, not {live(each.values, shown)}  {where}"
        )
    for left in untold(plan.unjudged):
        sign = paint("?", "change")
        yield (
            f"  {sign} policy {neutral(left.policy)} cannot be judged: {left.path} of "
            f"{whom(left.numbers)}: {_said(left.reason)}"
        )


def _said(words: str) -> str:
    """A reason that may hold what an answer said, fit for one line."""
    return shortened(neutral(words), 500)


def _withheld(items: Sequence[Withheld], paint: Paint) -> Iterator[str]:
    for rule, reason, each in by_rule(items):
        yield _held(f"withheld ({neutral(rule)})", each, reason, paint)


def _unknown(items: Sequence[UnknownField], paint: Paint) -> Iterator[str]:
    for (reason,), each in grouped(items, lambda item: (item.reason,)).items():
        yield _held("unknown", each, reason, paint)


def _held(what: str, items: Sequence[Withheld | UnknownField], reason: str, paint: Paint) -> str:
    """One line for everything that is held back for one reason."""
    numbers = list(dict.fromkeys(item.phone_number for item in items))
    places = list(dict.fromkeys(str(item.source) for item in items if item.source))
    paths = list(dict.fromkeys(item.path for item in items if item.path))
    fields = f" {examples(paths)} of" if paths else ""
    # What would be given back is named, however many.
    most = len(numbers) if RELEASE in paths else 3
    who = f"{count(len(numbers), 'number')} ({examples(numbers, most)})"
    where = paint(f"  # {neutral(examples(places))}", "dim") if places else ""
    return f"  {paint('!', 'risk')} {what}:{fields} {who}: {_said(reason)}{where}"


# ---- what an apply did ------------------------------------------------------------------------


def outcome_text(outcome: Outcome, *, paint: Paint = plain, path: str = "") -> str:
    """What became of an apply; what is left comes first, the counts last. `path` is where the
    project lies, for the command that goes on."""
    lines: list[str] = []
    lines += _failures(outcome.failed, paint)
    lines += _left("unconfirmed", outcome.unconfirmed, paint)
    lines += _left("not tried", outcome.skipped, paint)
    lines += _withheld(outcome.withheld, paint)
    lines += _unknown(outcome.unknown, paint)
    if outcome.not_owned:
        numbers = [each.phone_number for each in outcome.not_owned]
        lines.append(f"  {paint('!', 'risk')} not owned: {examples(numbers, 5)}")
    lines += _left("cannot be verified", outcome.unverifiable, paint)
    lines += [
        f"  {paint('-', 'risk')} {each.phone_number} was given back"
        for each in outcome.applied
        if each.path == RELEASE
    ]
    if outcome.already:
        numbers = list(dict.fromkeys(each.phone_number for each in outcome.already))
        lines.append(
            f"  note: {count(len(outcome.already), 'change')} on {examples(numbers, 5)} "
            "had been made already"
        )
    lines += [f"  note: {_said(note)}" for note in outcome.notes]
    if outcome.stopped:
        lines.append(f"  {paint('Stopped:', 'risk')} {_said(outcome.stopped)}")
    if lines:
        lines.append("")
    numbers_done = len({each.phone_number for each in outcome.applied})
    done = f"{count(len(outcome.applied), 'change')} on {count(numbers_done, 'number')}"
    head = "Apply complete." if outcome.converged else "Apply incomplete."
    lines.append(
        f"{paint(head, 'good' if outcome.converged else 'risk')} {done} applied and read back: "
        f"{calls(outcome.calls)}, {count(outcome.reads, 'read')}, {duration(outcome.seconds)}."
    )
    lines += _record(outcome)
    if not outcome.converged:
        lines.append(how_to_go_on(outcome, path))
    return "\n".join(lines)


def _record(outcome: Outcome) -> Iterator[str]:
    """Who did it, from where, and where it is written down."""
    if not outcome.journal:
        return
    audit = outcome.audit
    who = f" by {neutral(audit['who'])}" if audit.get("who") else ""
    commit = f" from commit {neutral(audit['commit'][:12])}" if audit.get("commit") else ""
    plan = audit.get("plan_digest", "")[:19]
    yield f"Plan {plan}{commit}{who}; journal: {neutral(outcome.journal)}"


def _failures(items: Sequence[Failed], paint: Paint) -> Iterator[str]:
    said = [(item, f"{item.code} {item.detail}".strip()) for item in items]
    yield from _by_reason("failed", said, paint)


def _left(name: str, items: Sequence[Left], paint: Paint) -> Iterator[str]:
    yield from _by_reason(name, [(item, item.reason) for item in items], paint)


def left_lines(name: str, items: Sequence[Left]) -> Iterator[str]:
    """What was left, and why, a line for each path and reason."""
    yield from _left(name, items, plain)


def how_to_go_on(outcome: Outcome, path: str = "") -> str:
    """What to do about what is left, the most useful first. `path` is where the project lies, ""
    here."""
    if outcome.open and outcome.journal:
        return f"To finish it: {resume_command(outcome.journal)}"
    if outcome.failed or outcome.unconfirmed or outcome.skipped or outcome.stopped:
        where = f" {neutral(shlex.quote(path))}" if path else ""
        return (
            f"What is left shows in the next plan: run `reconciler plan{where}`, then apply again."
        )
    if outcome.unknown:
        return "What is unknown was left alone: see the reasons above, then plan again."
    if outcome.not_owned:
        return "What is not owned cannot be written: correct the YAML, or get the number."
    return "What is withheld stays as it is until the rule named above allows it."


def resume_command(journal: str) -> str:
    """The command that goes on from a journal, to be pasted as it is."""
    return f"reconciler resume {neutral(shlex.quote(journal))}"


def _by_reason(
    name: str, items: Sequence[tuple[Failed | Left, str]], paint: Paint, most: int = 20
) -> Iterator[str]:
    """A line for each path and reason; of very many reasons the first, and how many more."""
    groups = grouped(items, lambda item: (item[0].path, item[1]))
    for (path, reason), each in list(groups.items())[:most]:
        numbers = list(dict.fromkeys(item.phone_number for item, _ in each))
        who = f"{count(len(numbers), 'number')}: {examples(numbers, 10)}"
        yield f"  {paint(name + ':', 'risk')} {path} of {who}: {_said(reason)}"
    if len(groups) > most:
        beyond = {item.phone_number for each in list(groups.values())[most:] for item, _ in each}
        rest = count(len(beyond), "more number")
        yield f"  {paint(name + ':', 'risk')} {rest}; --format json lists every one"
