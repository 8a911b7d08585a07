"""Tags of one layer over those of the layers below: what it has to say for a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.core.declarable import doubled
from reconciler.core.values import TagEdit

Given = tuple[str, ...] | TagEdit | None
"""What layers say of tags; None of none."""


def folded_tags(given: Iterable[Any]) -> Given:
    """What several layers come to, lowest first."""
    found: Given = None
    for each in given:
        if not isinstance(each, TagEdit):
            found = tuple(each or ())
        elif isinstance(found, TagEdit):
            found = found.then(each)
        else:
            found = each if found is None else each.apply(found)
    return found


def edited_tags(here: Given, below: Given, live: tuple[str, ...]) -> Any:
    """What a layer that says `here` has to say over `below` so that `live` is declared, as the
    YAML holds it: a list, or an edit. A list stays a list and an edit an edit."""
    tags = set(live)
    if isinstance(here, tuple) or (here is None and not _is_near(below, tags)):
        return _listed(tags)
    add, remove = (set(here.add), set(here.remove)) if here else (set[str](), set[str]())
    gone: frozenset[str] | set[str] = set()
    extra: frozenset[str] | set[str] = set()
    if isinstance(below, TagEdit):
        gone, extra = below.add - tags, below.remove & tags
    elif below is not None:
        gone, extra = set(below) - tags, tags - set(below)
    return {"add": _listed((add & tags) | extra), "remove": _listed((remove - tags) | gone)}


def _is_near(below: Given, tags: set[str]) -> bool:
    """Whether an edit says more than a new list would: something of what is below stays."""
    return isinstance(below, TagEdit) or not tags.isdisjoint(below or ())


def _listed(tags: Iterable[str]) -> list[str]:
    return [doubled(tag) for tag in sorted(tags)]
