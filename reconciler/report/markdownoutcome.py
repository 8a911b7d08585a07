"""What became of an apply, as Markdown for a comment or a job summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.changes import RELEASE
from reconciler.core.outcome import Failed, Left, Outcome
from reconciler.report.commonmark import (
    COMMENT_LIMIT,
    Part,
    code,
    details,
    fit,
    marker,
    prose,
    table,
)
from reconciler.report.markdown import held_parts, note_parts
from reconciler.report.phrases import who
from reconciler.report.ranges import named
from reconciler.report.text import how_to_go_on
from reconciler.report.words import calls, count, duration, grouped

_NAMES_AT_MOST = 20_000


def outcome_markdown(
    outcome: Outcome, project: str = "", *, path: str = "", limit: int = COMMENT_LIMIT
) -> str:
    """What an apply did, in at most `limit` characters (at least 40,000): what is left first.
    `path` as in `how_to_go_on`."""
    parts = [
        _head(outcome, project, path),
        *_left("Failed", [(e, f"{e.code} {e.detail}".strip()) for e in outcome.failed], 0),
        *_left("Unconfirmed", [(e, e.reason) for e in outcome.unconfirmed], 1),
        *_left("Not tried", [(e, e.reason) for e in outcome.skipped], 2),
        *held_parts(outcome.withheld, outcome.unknown, outcome.not_owned, rank=3),
        *_left("Cannot be verified", [(e, e.reason) for e in outcome.unverifiable], 4),
        *_released(outcome),
        *note_parts(outcome.notes),
        *_applied(outcome),
        *_record(outcome),
    ]
    return fit(parts, limit)


def _head(outcome: Outcome, project: str, path: str) -> Part:
    word = "complete" if outcome.converged else "incomplete"
    of_project = f" of {code(project)}" if project else ""
    numbers = len({each.phone_number for each in outcome.applied})
    done = f"{count(len(outcome.applied), 'change')} on {count(numbers, 'number')}"
    lines = [
        marker("apply", project),
        f"### Apply{of_project} {word}: {done} applied and read back",
        "",
        f"{calls(outcome.calls)}, {count(outcome.reads, 'read')}, {duration(outcome.seconds)}.",
    ]
    if outcome.already:
        lines[-1] += f" {count(len(outcome.already), 'change')} had been made already."
    if not outcome.converged:
        stopped = f"**Stopped:** {prose(outcome.stopped)} — " if outcome.stopped else ""
        lines += ["", "> [!CAUTION]", f"> {stopped}{prose(how_to_go_on(outcome, path))}"]
    return Part("\n".join(lines), required=True)


def _left(title: str, items: Sequence[tuple[Failed | Left, str]], rank: int) -> Iterator[Part]:
    """A row for each field and reason."""
    groups = grouped(items, lambda item: (item[0].path, item[1]))
    rows = []
    for (path, reason), each in groups.items():
        numbers = list(dict.fromkeys(item.phone_number for item, _ in each))
        rows.append((who(numbers, 10), code(path), prose(reason)))
    if rows:
        head, line, *lines = table(("Numbers", "Field", "Why"), rows)

        def cut(dropped: int) -> str:
            rest = list(groups.values())[len(groups) - dropped :]
            beyond = {item.phone_number for each in rest for item, _ in each}
            return (
                f"{count(dropped, 'more reason')} on {count(len(beyond), 'number')} not shown "
                f"here: {code('--format json')} lists every one."
            )

        title = f"#### {title}: {count(len(items), 'change')}"
        yield Part(f"{title}\n\n{head}\n{line}", tuple(lines), rank=rank, cut=cut)


def _released(outcome: Outcome) -> Iterator[Part]:
    if numbers := [each.phone_number for each in outcome.applied if each.path == RELEASE]:
        title = f"#### Given back: {len(numbers):,}"
        yield Part(f"{title}\n\n{named(numbers, code, _NAMES_AT_MOST)}", required=True)


def _applied(outcome: Outcome) -> Iterator[Part]:
    """Every number that was written, folded, by the fields that it got."""
    fields: dict[str, list[str]] = {}
    for each in outcome.applied:
        fields.setdefault(each.phone_number, []).append(each.path)
    groups = grouped(fields, lambda number: tuple(sorted(fields[number])))
    rows = [
        (", ".join(map(code, paths)), f"{len(numbers):,}", named(numbers, code, 2_000))
        for paths, numbers in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]
    if rows:
        head, line, *lines = table(("Fields", "Count", "Numbers"), rows)
        opened, closed = details("What was applied")
        yield Part(
            f"{opened}\n{head}\n{line}",
            tuple(lines),
            closed,
            rank=9,
            cut=lambda dropped: f"{count(dropped, 'more group')} of changes not shown here.",
        )


def _record(outcome: Outcome) -> Iterator[Part]:
    """Who did it, from where, and where it is written down."""
    if outcome.journal:
        audit = outcome.audit
        plan, commit, who_did = (audit.get(key, "") for key in ("plan_digest", "commit", "who"))
        said = [f"Plan {code(plan[:19])}"] if plan else []
        said += [f"commit {code(commit[:12])}"] if commit else []
        said += [f"by {code(who_did)}"] if who_did else []
        yield Part(" · ".join([*said, f"journal {code(outcome.journal)}"]), required=True)
