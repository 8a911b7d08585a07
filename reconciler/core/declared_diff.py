"""desired × desired -> what one state of the YAML declares otherwise than another.

Layers are resolved on both sides, so that a line of a group shows on every number it touches.
Where a setting stands does not count, only what it comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.diff import risks
from reconciler.core.documents import Document
from reconciler.core.fields import Kind
from reconciler.core.model import NO_SETTINGS, Desired, DesiredNumber, Settings, Source
from reconciler.core.safety import IN_THE_FILE, Ignore
from reconciler.core.scope import Section, section_of
from reconciler.core.values import (
    UNKNOWN,
    UNMANAGED,
    DeclaredValue,
    Edited,
    Secret,
    TagEdit,
)
from reconciler.errors import Problem


class What(StrEnum):
    """What becomes of a number in the YAML."""

    CHANGED = "changed"
    DECLARED = "declared"
    UNDECLARED = "undeclared"
    """It is declared no longer; the account keeps it as it is."""
    RELEASE = "release"
    """It is to be given back now."""
    KEPT = "kept"
    """It was to be given back, and is no longer."""
    MOVED = "moved"
    """It is declared as another kind of number."""


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field of one number, UNMANAGED on a side that does not name it.

    `source` is where it is declared, or where it was; `before_source` where it was, if it was. A
    PIN is never here but by where it comes from.
    """

    path: str
    before: DeclaredValue
    after: DeclaredValue
    source: Source
    before_source: Source | None = None
    risk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one side declares a number, apart from its fields."""

    kind: Kind
    release: bool
    source: Source


@dataclass(frozen=True, slots=True)
class NumberDiff:
    """One number that is declared otherwise; None for a side that does not declare it. `source`
    is where it is declared, or where it was."""

    phone_number: str
    before: Standing | None
    after: Standing | None
    source: Source
    fields: tuple[FieldDiff, ...] = ()

    @property
    def what(self) -> What:
        """What becomes of it, in one word, the gravest first."""
        before, after = self.before, self.after
        if after is not None and after.release:
            return What.RELEASE
        if before is not None and before.release:
            return What.KEPT
        if after is None:
            return What.UNDECLARED
        if before is None:
            return What.DECLARED
        return What.CHANGED if before.kind is after.kind else What.MOVED


@dataclass(frozen=True, slots=True)
class SettingDiff:
    """One setting of the project file, as JSON has it, None where it is not set. A rule of
    `ignore` is whole on one side and None on the other, and a policy is whole."""

    path: str
    before: Any
    after: Any
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class DeclaredDiff:
    """All that differs. Numbers stand in the order of the later side, those it has not at the
    end."""

    numbers: tuple[NumberDiff, ...] = ()
    settings: tuple[SettingDiff, ...] = ()
    declared_before: int = 0
    declared_after: int = 0

    def of(self, what: What) -> list[NumberDiff]:
        """The numbers of which this becomes."""
        return [each for each in self.numbers if each.what is what]

    @property
    def fields_changed(self) -> int:
        """How many fields differ, on all numbers; what is given back has none."""
        return sum(len(each.fields) for each in self.numbers if each.what is not What.RELEASE)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit as the user named it, and its id."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a branch changes: from `start`, where `head` left `base`, to `head`.

    `problems` are those of the YAML at `start`; while there are any, `diff` holds only how many
    numbers `head` declares. `project` is the directory of the project in the repository, ""
    where it is the root.
    """

    base: Revision
    start: str
    head: Revision
    project: str
    diff: DeclaredDiff
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def has_changes(self) -> bool:
        """Whether anything differs, or it cannot be told."""
        return bool(self.diff.numbers or self.diff.settings or self.problems)


def declared_diff(
    before: Desired,
    after: Desired,
    *,
    project_before: Document | None = None,
    project_after: Document | None = None,
) -> DeclaredDiff:
    """Compare two states of a project; the documents of the project files say where settings
    stand."""
    differ = _Differ(before.secrets, after.secrets)
    numbers: list[NumberDiff] = []
    for name, number in after.numbers.items():
        earlier = before.numbers.get(name)
        found = differ.changed(earlier, number) if earlier else differ.came(number)
        if found:
            numbers.append(found)
    numbers += [
        differ.went(number) for name, number in before.numbers.items() if name not in after.numbers
    ]
    settings = tuple(_settings(before, after, project_before, project_after))
    return DeclaredDiff(tuple(numbers), settings, len(before.numbers), len(after.numbers))


def in_clear(value: DeclaredValue) -> bool:
    """Whether this is a PIN that stands in the YAML itself."""
    return isinstance(value, Secret) and value.ref.startswith("yaml:")


def only(diff: DeclaredDiff, sections: Iterable[Section]) -> DeclaredDiff:
    """What differs in these sections of the numbers' settings (none: in all)."""
    wanted = frozenset(sections)
    if not wanted:
        return diff
    cut = (
        replace(each, fields=tuple(f for f in each.fields if section_of(f.path) in wanted))
        for each in diff.numbers
    )
    return replace(diff, numbers=tuple(each for each in cut if each.fields), settings=())


class _Differ:
    """Compares numbers; `secrets` are the PINs that stand in the YAML of each side, by ref."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._pins = (before, after)
        self._known: dict[tuple[int, int, Kind, Kind], tuple[Any, Any, tuple[FieldDiff, ...]]] = {}

    def changed(self, before: DesiredNumber, after: DesiredNumber) -> NumberDiff | None:
        """What differs on a number that both sides declare, None where nothing does."""
        alike = before.kind is after.kind and before.release is after.release
        same_keys = before.protect is after.protect and before.when_owned is after.when_owned
        if alike and same_keys and self._same_settings(before.settings, after.settings):
            return None
        fields = (*_keys(before, after), *self._fields(before, after))
        if alike and not fields:
            return None
        sides = _standing(before), _standing(after)
        return NumberDiff(after.phone_number, *sides, after.source, fields)

    def came(self, number: DesiredNumber) -> NumberDiff:
        """A number that only the later side declares."""
        fields = (*_keys(None, number), *self._fields(None, number))
        return NumberDiff(number.phone_number, None, _standing(number), number.source, fields)

    def went(self, number: DesiredNumber) -> NumberDiff:
        """A number that only the earlier side declares."""
        fields = (*_keys(number, None), *self._fields(number, None))
        return NumberDiff(number.phone_number, _standing(number), None, number.source, fields)

    def _same_settings(self, before: Settings, after: Settings) -> bool:
        """Quickly: whether both say the same; a PIN in clear has to be looked at."""
        return (
            before.paths == after.paths
            and before.values == after.values
            and not (self._pins[0] and "external_pin" in before.paths)
        )

    def _fields(
        self, before: DesiredNumber | None, after: DesiredNumber | None
    ) -> tuple[FieldDiff, ...]:
        """What differs between two settings: many numbers share both, and then the answer."""
        kinds = [each.kind for each in (before, after) if each]
        old, new = (each.settings if each else NO_SETTINGS for each in (before, after))
        key = (id(old), id(new), kinds[0], kinds[-1])
        known = self._known.get(key)
        if known is None:
            found = tuple(self._each_field(old, new, kinds))
            # With the settings, so that no other object gets their ids meanwhile.
            known = self._known[key] = (old, new, found)
        return known[2]

    def _each_field(self, old: Settings, new: Settings, kinds: list[Kind]) -> Iterator[FieldDiff]:
        olds, news = _by_path(old), _by_path(new)
        for path in dict.fromkeys(path for kind in reversed(kinds) for path in BY_PATH[kind]):
            before, was = olds.get(path, _UNNAMED)
            after, source = news.get(path, _UNNAMED)
            place = source or was
            if place is None or self._same(before, after):
                continue
            row = next(BY_PATH[kind][path] for kind in reversed(kinds) if path in BY_PATH[kind])
            known = (
                before if before is not UNMANAGED and not isinstance(before, TagEdit) else UNKNOWN
            )
            wanted = () if isinstance(after, TagEdit) else after
            found = () if wanted is UNMANAGED else risks(row, known, wanted)
            yield FieldDiff(path, _shown(before), _shown(after), place, was, found)

    def _same(self, before: Any, after: Any) -> bool:
        if isinstance(before, Secret) and isinstance(after, Secret):
            old, new = self._pins[0].get(before.ref), self._pins[1].get(after.ref)
            # In clear on both sides: it counts what it is, not on which line.
            return before.ref == after.ref if old is None and new is None else old == new
        if isinstance(before, TagEdit) and isinstance(after, TagEdit):
            return before.add == after.add and before.remove == after.remove
        return bool(before == after)


def _standing(number: DesiredNumber) -> Standing:
    return Standing(number.kind, number.release, number.source)


_UNNAMED: tuple[Any, Source | None] = (UNMANAGED, None)


def _keys(before: DesiredNumber | None, after: DesiredNumber | None) -> Iterator[FieldDiff]:
    """What a number says besides its settings, which on a declared number is false if left out."""
    for key in ("protect", "when_owned"):
        old, new = (getattr(each, key) if each else UNMANAGED for each in (before, after))
        place = after or before
        if place and old is not new and {old, new} != {False, UNMANAGED}:
            yield FieldDiff(key, old, new, place.source, before.source if before else None)


def _by_path(settings: Settings) -> dict[str, tuple[Any, Source | None]]:
    pairs = zip(settings.values, settings.sources, strict=True)
    return dict(zip(settings.paths, pairs, strict=True))


def _shown(value: Any) -> DeclaredValue:
    if isinstance(value, TagEdit):
        return Edited(tuple(sorted(value.add)), tuple(sorted(value.remove)))
    found: DeclaredValue = value
    return found


# ---- the project file ---------------------------------------------------------------------------


def _settings(
    before: Desired,
    after: Desired,
    project_before: Document | None,
    project_after: Document | None,
) -> Iterator[SettingDiff]:
    """What a reviewer has to know of the project file: whose account, and what is allowed."""
    old, new = _flat(before), _flat(after)
    for path in dict.fromkeys((*old, *new)):
        if old.get(path) != new.get(path):
            way = tuple(path.split("."))
            source = _place(project_after, way) or _place(project_before, way)
            yield SettingDiff(path, old.get(path), new.get(path), source)
    yield from _policies(before, after, project_before, project_after)
    for place, rule in _rest(before.safety.ignore, after.safety.ignore):
        yield SettingDiff("ignore", _rule(rule), None, _place(project_before, ("ignore", place)))
    for place, rule in _rest(after.safety.ignore, before.safety.ignore):
        yield SettingDiff("ignore", None, _rule(rule), _place(project_after, ("ignore", place)))


def _policies(
    before: Desired,
    after: Desired,
    project_before: Document | None,
    project_after: Document | None,
) -> Iterator[SettingDiff]:
    """The policies that come, go, or say something else, by their names."""
    old = {each.name: (at, each.as_written()) for at, each in enumerate(before.policies)}
    new = {each.name: (at, each.as_written()) for at, each in enumerate(after.policies)}
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name), new.get(name)
        if (was and was[1]) == (is_now and is_now[1]):
            continue
        project, found = (project_after, is_now) if is_now else (project_before, was)
        source = _place(project, ("policies", found[0])) if found else None
        yield SettingDiff("policies", was and was[1], is_now and is_now[1], source)


def _flat(desired: Desired) -> dict[str, Any]:
    safety = desired.safety
    select = safety.select
    return {
        "account.base_url": desired.base_url or None,
        "account.api_key_env": desired.api_key_env,
        "select.tags": sorted(select.tags) or None,
        "select.connection_ids": sorted(select.connection_ids) or None,
        "select.statuses": sorted(select.statuses) or None,
        "safety.max_changes_percent": _as_written(safety.max_changes_percent),
        "safety.max_changes": safety.max_changes,
        "safety.undeclared": safety.undeclared,
        "assign": desired.assigning.as_written() if desired.assigning else None,
        **{f"safety.{each}": each in safety.allow for each in IN_THE_FILE},
        **{f"limits.{name}": value for name, value in desired.limits.items()},
        **{f"prices.{feature}": str(price) for feature, price in desired.prices.items()},
    }


def _as_written(number: float) -> float:
    return int(number) if number.is_integer() else number


def _rule(rule: Ignore) -> dict[str, Any]:
    until = {"until": rule.until.isoformat()} if rule.until else {}
    return {"numbers": rule.numbers, "paths": list(rule.paths), **until}


def _rest(of: tuple[Ignore, ...], without: tuple[Ignore, ...]) -> Iterator[tuple[int, Ignore]]:
    """The rules of one side that the other has not, each with its place."""
    there = Counter(without)
    for place, rule in enumerate(of):
        if there[rule]:
            there[rule] -= 1
        else:
            yield place, rule


def _place(project: Document | None, way: tuple[str | int, ...]) -> Source | None:
    """Where the setting stands in a project file; None where it does not."""
    if project is None:
        return None
    node = project.data
    for step in way:
        known = project.marks.get(id(node), {})
        if step not in known:
            return None
        node = node[step]
    mark = project.entry(way).key
    return Source(project.path, mark.line, mark.column)
