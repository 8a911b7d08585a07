"""What a branch changes in the YAML, for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.core.declared_diff import Comparison, DeclaredDiff, NumberDiff, SettingDiff, What
from reconciler.core.text import neutral, shortened
from reconciler.core.values import UNMANAGED
from reconciler.report.grouping import Block, FieldGroup, blocks, examples
from reconciler.report.text import Paint, change_words, gravity, plain
from reconciler.report.words import count, shown

_SIGNS = {
    What.MOVED: ("~", "change", "declared as another kind of number"),
    What.CHANGED: ("~", "change", ""),
    What.DECLARED: ("+", "good", "now declared"),
    What.KEPT: ("~", "change", "no longer to be given back"),
    What.UNDECLARED: ("-", "risk", "no longer declared, left as in the account"),
}
_PROBLEMS_SHOWN = 20


def diff_text(comparison: Comparison, *, paint: Paint = plain) -> str:
    """Settings of the project, what is to be given back, then the numbers, grouped; the summary
    last."""
    diff = comparison.diff
    lines = [*_broken_base(comparison, paint), *_settings(diff.settings, paint)]
    lines += [_release(each, paint) for each in diff.of(What.RELEASE)]
    for what, (sign, role, how) in _SIGNS.items():
        lines += _numbers(diff.of(what), f"{paint(sign, role)} ", how, paint)
    if lines:
        lines.append("")
    lines.append(_summary(comparison, paint))
    lines += [f"note: {shortened(neutral(note), 500)}" for note in comparison.notes]
    return "\n".join(lines)


def _summary(comparison: Comparison, paint: Paint) -> str:
    between = between_words(comparison)
    if comparison.problems:
        declared = count(comparison.diff.declared_after, "number")
        return (
            f"{paint('Not compared:', 'risk')} {between}: the YAML of the former is invalid. "
            f"That of the latter is valid: {declared} declared."
        )
    if not comparison.has_changes:
        declared = count(comparison.diff.declared_after, "declared number")
        return f"{paint('No changes', 'good')} {between}: {declared}."
    return f"{paint('Diff', 'bold')} {between}: {diff_counts(comparison.diff)}."


def between_words(comparison: Comparison) -> str:
    """`from main (1a2b3c4d5e) to HEAD (5d6e7f8a9b)`, and where the branch left main."""
    base, head = comparison.base, comparison.head
    start = f"{neutral(base.name)} ({base.commit[:10]})"
    if comparison.start != base.commit:
        start = f"{comparison.start[:10]} (where it left {neutral(base.name)})"
    return f"from {start} to {neutral(head.name)} ({head.commit[:10]})"


def diff_counts(diff: DeclaredDiff) -> str:
    """`1,200 numbers changed, 3 now declared, 1 to be given back, 2 settings of the project`, of
    what there is."""
    said = (
        (What.RELEASE, "to be given back"),
        (What.UNDECLARED, "no longer declared"),
        (What.KEPT, "no longer to be given back"),
        (What.MOVED, "of another kind"),
        (What.CHANGED, "changed"),
        (What.DECLARED, "now declared"),
    )
    parts = [
        f"{count(number, 'number')} {how}" for what, how in said if (number := len(diff.of(what)))
    ]
    if diff.settings:
        parts.append(f"{count(len(diff.settings), 'setting')} of the project changed")
    if diff.fields_changed:
        parts.append(f"{count(diff.fields_changed, 'field')} in all")
    return ", ".join(parts) or "no changes"


def setting_words(value: Any) -> str:
    """The value of a setting of the project, on one line."""
    if value is None:
        return "(not set)"
    return shortened(neutral(json.dumps(value, ensure_ascii=False)), 200)


def _broken_base(comparison: Comparison, paint: Paint) -> Iterator[str]:
    problems = comparison.problems
    name = neutral(comparison.base.name)
    for problem in problems[:_PROBLEMS_SHOWN]:
        yield f"  {paint('!', 'risk')} invalid in {name}: {neutral(str(problem))}"
    if (more := len(problems) - _PROBLEMS_SHOWN) > 0:
        yield f"  {paint('!', 'risk')} and {count(more, 'more error')}"


def _settings(settings: Sequence[SettingDiff], paint: Paint) -> Iterator[str]:
    for each in settings:
        place = paint(f"  # {neutral(str(each.source))}", "dim") if each.source else ""
        before, after = setting_words(each.before), setting_words(each.after)
        yield f"  {paint('!', 'change')} project: {neutral(each.path)}: {before} → {after}{place}"


def _release(number: NumberDiff, paint: Paint) -> str:
    name = paint(f"{number.phone_number} is to be given back", "bold")
    place = paint(f"# {neutral(str(number.source))}", "dim")
    return f"  {paint('-', 'risk')} {name}{paint('  [release]', 'risk')}  {place}"


def _numbers(numbers: Sequence[NumberDiff], sign: str, how: str, paint: Paint) -> Iterator[str]:
    """The numbers of which one thing becomes, in groups of alike ones."""
    if not numbers:
        return
    gone, new = (numbers[0].what is each for each in (What.UNDECLARED, What.DECLARED))
    bare = [each for each in numbers if gone or not each.fields]
    if bare:
        places = {each.source[:2] for each in bare}
        where = str(bare[0].source) if len(places) == 1 else f"{len(places):,} places"
        was = "was " if bare[0].after is None else ""
        title = _title([each.phone_number for each in bare], how, paint)
        yield f"  {sign}{title}  {paint(f'# {was}{neutral(where)}', 'dim')}"
    rest = [each for each in numbers if each.fields and not gone]
    for block in sorted(blocks(rest), key=gravity):
        yield f"  {sign}{_title(block.numbers, how, paint)}"
        for group in block.fields:
            yield f"      {_field(block, group, paint, new=new)}"


def _title(numbers: Sequence[str], how: str, paint: Paint) -> str:
    title = examples(numbers)
    if len(numbers) > 1:
        title = f"{count(len(numbers), 'number')}{f' {how}' if how else ''}: {title}"
    elif how:
        title = f"{title} {how}"
    return paint(title, "bold")


def _field(block: Block, group: FieldGroup, paint: Paint, *, new: bool) -> str:
    """`path: before → after  [risk]  # file:line`; of a `new` number only what it becomes."""
    field = group.example
    place = neutral(str(field.source)) if group.places == 1 else f"{group.places:,} places"
    words = change_words(block, group)
    if new and group.intents == 1:
        words = shown(field.after)
    if field.after is UNMANAGED and group.intents == 1:
        words, place = f"{words}, left as it is", f"was {place}"
    risk = paint(f"  [{', '.join(field.risk)}]", "risk") if field.risk else ""
    return f"{field.path}: {words}{risk}  {paint('# ' + place, 'dim')}"
