"""`--target`, `--tag` and `--only`: which of the declared state a command is about.

Repeats of one option OR, different options AND.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from reconciler.core.diff import live_value
from reconciler.core.fields import Kind
from reconciler.core.model import Desired, DesiredNumber, Settings, Snapshot
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
    return _keep(
        desired,
        (
            number
            for name, number in desired.numbers.items()
            if name in exact or any(fnmatchcase(name, pattern) for pattern in patterns)
        ),
    )


def by_tag(desired: Desired, tags: Iterable[str], snapshot: Snapshot) -> Desired:
    """The numbers whose declared tags hold one of `tags`; of an edit, its result on live ones."""
    wanted = frozenset(tags)
    if not wanted:
        return desired
    return _keep(
        desired,
        (each for each in desired.numbers.values() if wanted & declared_tags(each, snapshot)),
    )


def by_tag_declared(desired: Desired, tags: Iterable[str]) -> Desired:
    """`by_tag` without an account: of an edit, the tags it adds."""
    wanted = frozenset(tags)
    if not wanted:
        return desired

    def declared(number: DesiredNumber) -> frozenset[str]:
        settings = number.settings
        value = settings.get("tags") if "tags" in settings.paths else ()
        return value.add if isinstance(value, TagEdit) else frozenset(value or ())

    return _keep(desired, (each for each in desired.numbers.values() if wanted & declared(each)))


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

    return _keep(desired, (each for each in desired.numbers.values() if may(each)))


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
    kept: list[DesiredNumber] = []
    for number in desired.numbers.values():
        settings = cut.get(id(number.settings))
        if settings is None:
            settings = cut[id(number.settings)] = _cut(number.settings, wanted)
        if settings.paths:
            kept.append(replace(number, settings=settings))
    return _keep(desired, kept)


def _cut(settings: Settings, wanted: frozenset[Section]) -> Settings:
    places = [at for at, path in enumerate(settings.paths) if section_of(path) in wanted]
    return Settings(
        tuple(settings.paths[at] for at in places),
        tuple(settings.values[at] for at in places),
        tuple(settings.sources[at] for at in places),
    )


def _keep(desired: Desired, numbers: Iterable[DesiredNumber]) -> Desired:
    kept = {number.phone_number: number for number in numbers}
    elsewhere = desired.declared_elsewhere | (desired.numbers.keys() - kept.keys())
    return replace(desired, numbers=kept, declared_elsewhere=elsewhere)


def paths_of(desired: Desired, kind: Kind) -> frozenset[str]:
    """Every path that some number of `kind` manages."""
    sets = {
        id(each.settings.paths): each.settings.paths
        for each in desired.numbers.values()
        if each.kind is kind
    }
    return frozenset(path for paths in sets.values() for path in paths)


def has_tag_edits(desired: Desired) -> bool:
    """Whether some number edits its live tags."""
    return any(
        isinstance(value, TagEdit)
        for settings in {id(n.settings): n.settings for n in desired.numbers.values()}.values()
        for value in settings.values
    )
