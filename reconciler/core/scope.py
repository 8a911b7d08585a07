"""`--target`, `--tag` and `--only`: which of the declared state a command is about.

Repeats of one option OR, different options AND.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from reconciler.core.declared import Declared, Rest, compact
from reconciler.core.diff import live_value
from reconciler.core.fields import Kind
from reconciler.core.model import Desired, DesiredNumber, Settings, Snapshot
from reconciler.core.runs import Run
from reconciler.core.templates import Tags
from reconciler.core.values import UNKNOWN, TagEdit


class Section(StrEnum):
    """A part of a number's settings, as `--only` names it."""

    VOICE = "voice"
    MESSAGING = "messaging"
    EMERGENCY = "emergency"
    TAGS = "tags"
    NUMBER = "number"


_SECTIONS = frozenset(str(section) for section in Section)
_MOBILE_VOICE = frozenset(
    {
        "call_forwarding",
        "call_recording",
        "caller_id_name_enabled",
        "cnam_listing",
        "inbound",
        "inbound_call_screening",
        "noise_suppression",
        "outbound",
    }
)
"""What a mobile number has at its root and a plain number has under `voice`, or not at all."""


def section_of(path: str) -> Section:
    """The section that a path belongs to: `number` is what stands at the root, but for tags."""
    head = path.partition(".")[0]
    if head in _MOBILE_VOICE:
        return Section.VOICE
    return Section(head) if head in _SECTIONS else Section.NUMBER


@dataclass(frozen=True, slots=True)
class Scope:
    """What the user asked for; an empty tuple asks for everything."""

    targets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    only: tuple[Section, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.targets or self.tags or self.only)


def by_target(desired: Desired, targets: Iterable[str]) -> Desired:
    """The numbers that match one of `targets`, E.164 or a glob such as `+1312*`."""
    globs = tuple(targets)
    if not globs:
        return desired
    exact = {glob for glob in globs if glob in desired.numbers}
    patterns = [glob for glob in globs if any(sign in glob for sign in "*?[")]

    def meant(name: str) -> bool:
        return name in exact or any(fnmatchcase(name, pattern) for pattern in patterns)

    declared = compact(desired.numbers)
    return _keep(desired, declared.matching(meant) if patterns else declared.named(exact))


def unmatched(numbers: Collection[str], targets: Sequence[str]) -> tuple[str, ...]:
    """Those of several `targets` that match none of `numbers`, as `by_target` kept them."""
    if len(targets) < 2:
        return ()
    return tuple(
        each
        for each in dict.fromkeys(targets)
        if each not in numbers and not any(fnmatchcase(name, each) for name in numbers)
    )


def by_tag(desired: Desired, tags: Iterable[str], snapshot: Snapshot) -> Desired:
    """The numbers whose declared tags hold one of `tags`; of an edit, its result on live ones."""
    wanted = frozenset(tags)
    if not wanted:
        return desired
    kept = compact(desired.numbers).filtered(lambda e: bool(wanted & declared_tags(e, snapshot)))
    return _keep(desired, kept)


def by_tag_declared(desired: Desired, tags: Iterable[str]) -> Desired:
    """`by_tag` without an account: of an edit, the tags it adds."""
    wanted = frozenset(tags)
    if not wanted:
        return desired

    def declared(number: DesiredNumber) -> frozenset[str]:
        settings = number.settings
        value = settings.get("tags") if "tags" in settings.paths else ()
        return value.add if isinstance(value, TagEdit) else frozenset(value or ())

    return _keep(desired, compact(desired.numbers).filtered(lambda e: bool(wanted & declared(e))))


def may_have_tag(desired: Desired, tags: Iterable[str]) -> Desired:
    """The numbers that `by_tag` can leave, whatever the account holds: of those that edit their
    tags only the account knows."""
    wanted = frozenset(tags)
    if not wanted:
        return desired

    def may(number: DesiredNumber) -> bool:
        settings = number.settings
        value = settings.get("tags") if "tags" in settings.paths else ()
        return isinstance(value, TagEdit) or not wanted.isdisjoint(value or ())

    return _keep(desired, compact(desired.numbers).filtered(may))


def declared_tags(number: DesiredNumber, snapshot: Snapshot) -> frozenset[str]:
    """The tags that are declared for it; of an edit, its result on the live ones."""
    settings = number.settings
    declared = settings.get("tags") if "tags" in settings.paths else ()
    if not isinstance(declared, TagEdit):
        return frozenset(declared or ())
    live = snapshot.numbers.get(number.phone_number)
    tags = live_value(snapshot, live, "tags") if live else UNKNOWN
    return frozenset(declared.apply(tags)) if isinstance(tags, tuple) else declared.add


def by_section(desired: Desired, only: Iterable[Section]) -> Desired:
    """The settings of the sections asked for; numbers that manage none of them fall away."""
    wanted = frozenset(only)
    if not wanted:
        return desired
    cut: dict[int, Settings] = {}

    def part(run: Run) -> Settings | None:
        settings = cut.get(id(run.settings))
        if settings is None:
            settings = cut[id(run.settings)] = _cut(run.settings, wanted)
        return settings if settings.paths else None

    return _keep(desired, compact(desired.numbers).changed(part))


def _cut(settings: Settings, wanted: frozenset[Section]) -> Settings:
    places = [at for at, path in enumerate(settings.paths) if section_of(path) in wanted]
    return Settings(
        tuple(settings.paths[at] for at in places),
        tuple(settings.values[at] for at in places),
        tuple(settings.sources[at] for at in places),
    )


def _keep(desired: Desired, kept: Declared) -> Desired:
    before = desired.declared_elsewhere
    whole = before.whole if isinstance(before, Rest) else compact(desired.numbers)
    elsewhere: Set[str] = Rest(whole, kept)
    if before and not isinstance(before, Rest):
        elsewhere = elsewhere | before
    return replace(desired, numbers=kept, declared_elsewhere=elsewhere)


def paths_of(desired: Desired, kind: Kind) -> frozenset[str]:
    """Every path that some number of `kind` manages."""
    runs = compact(desired.numbers).runs()
    sets = {id(run.settings.paths): run.settings.paths for run in runs if run.kind is kind}
    return frozenset(path for paths in sets.values() for path in paths)


def has_tag_edits(desired: Desired) -> bool:
    """Whether some number edits its live tags."""
    return any(
        isinstance(value, TagEdit | Tags)
        for settings in compact(desired.numbers).settings()
        for value in settings.values
    )
