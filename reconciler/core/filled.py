"""Templates checked for every number that they are filled for: what they give must be as right
as what is written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.entries import Reading
from reconciler.core.fields import Field, Type
from reconciler.core.hints import quoted
from reconciler.core.layers import Broken
from reconciler.core.model import Source
from reconciler.core.runs import Run
from reconciler.core.templates import Filler, Id, PlainPin, TagChange, Tags, Template, filled_tags
from reconciler.core.values import CNAM, E164, ID


def check_filled(run: Run, reading: Reading, broken: dict[Broken, list[str]]) -> None:
    """Note what is wrong with the templates of a run in `broken`, by place with the numbers, and
    the PINs that stand in the YAML among the secrets of `reading`."""
    settings = run.settings
    for path, value, source in zip(settings.paths, settings.values, settings.sources, strict=True):
        if not isinstance(value, Template):
            continue
        row = BY_PATH[run.kind][path]
        if value.needs_index() and run.offset < 0:
            text = "{index} is a place in a block, and this is a number outside of any"
            broken.setdefault((source, text), []).append(f"+{run.first}")
        elif _may_fail(row, value):
            _check_each(run, row, value, source, reading, broken)


def _may_fail(row: Field, value: Template) -> bool:
    if isinstance(value, Tags):
        return any(isinstance(step, TagChange) for step in value.steps)
    if isinstance(value, Id):
        return value.aliases is not None
    return isinstance(value, PlainPin) or row.type in {Type.E164, Type.CNAM}


def _check_each(
    run: Run,
    row: Field,
    value: Template,
    source: Source,
    reading: Reading,
    broken: dict[Broken, list[str]],
) -> None:
    for place, number in enumerate(run.numbers()):
        of = Filler(number, run.offset + place if run.offset >= 0 else None)
        if isinstance(value, PlainPin):
            reading.secrets[value.fill(of).ref] = value.text.fill(of)
            continue
        for text, example in _faults(row, value, of, complete=reading.complete):
            broken.setdefault((source, text), []).append(f"{number}{example}")


def _faults(row: Field, value: Any, of: Filler, *, complete: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with a template for one number, and what it gives."""
    if isinstance(value, Tags):
        for step in value.steps:
            both = isinstance(step, TagChange) and filled_tags(step.add, of) & filled_tags(
                step.remove, of
            )
            if both:
                yield "a tag is both added and removed", f": {quoted(min(both))}"
        return
    if isinstance(value, Id):
        text = value.text.fill(of)
        known = ID.match(text) or text in (value.aliases or {})
        if complete and not known:
            yield "what it gives is neither an id nor an alias", f": {quoted(text)}"
        return
    text = value.fill(of)
    if row.type is Type.E164 and not E164.match(text):
        yield "what it gives is no number in E.164", f": {quoted(text)}"
    if row.type is Type.CNAM and not CNAM.match(text):
        yield "what it gives is not at most 15 letters, digits and spaces", f": {quoted(text)}"
