"""The nouns: what is declared, what is live. Immutable, small, and shared wherever alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from reconciler.core.fields import Kind, Listing
from reconciler.core.safety import Safety
from reconciler.core.values import LiveValue
from reconciler.errors import Problem

if TYPE_CHECKING:
    from reconciler.core.assigning import Assigning  # it is made of the nouns in here
    from reconciler.core.policies import Policy


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class Source(NamedTuple):
    """Where a setting comes from: file, line, column (from 1), and the group if one gave it."""

    path: str
    line: int
    column: int = 1
    group: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What is managed of a number: parallel tuples in the order of the catalogue.

    Numbers with the same layers share one Settings, so a block of 10,000 costs one; `paths` is
    shared by all that manage the same fields. A value may also be a Secret or a TagEdit.
    """

    paths: tuple[str, ...]
    values: tuple[Any, ...]
    sources: Sequence[Source]

    def get(self, path: str) -> Any:
        """The value declared for `path`; KeyError where the path is not managed."""
        try:
            return self.values[self.paths.index(path)]
        except ValueError:
            raise KeyError(path) from None

    def as_dict(self) -> dict[str, Any]:
        """Managed paths and their values."""
        return dict(zip(self.paths, self.values, strict=True))


NO_SETTINGS = Settings((), (), ())

Layout = tuple[Source | tuple[int, int], ...]
"""Where settings stand: a Source, or how many lines below their number, and the column."""


class Placed(Sequence[Source]):
    """The sources of a number's settings in little room: `layout` is shared by all numbers that
    are written alike, `line` is that of the number in the file `path`."""

    __slots__ = ("_layout", "_line", "_path")

    def __init__(self, layout: Layout, path: str, line: int) -> None:
        self._layout = layout
        self._path = path
        self._line = line

    @overload
    def __getitem__(self, at: int) -> Source: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Source, ...]: ...
    def __getitem__(self, at: int | slice) -> Source | tuple[Source, ...]:
        if isinstance(at, slice):
            return tuple(map(self._source, self._layout[at]))
        return self._source(self._layout[at])

    def __len__(self) -> int:
        return len(self._layout)

    def __iter__(self) -> Iterator[Source]:
        return map(self._source, self._layout)

    @property
    def layout(self) -> Layout:
        """What is the same of all numbers that are written alike."""
        return self._layout

    def _source(self, place: Source | tuple[int, int]) -> Source:
        if isinstance(place, Source):
            return place
        return Source(self._path, self._line + place[0], place[1])


@dataclass(frozen=True, slots=True)
class DesiredNumber:
    """A declared number, all layers merged and templates filled; or, with `release`, one to give
    back."""

    phone_number: str
    kind: Kind
    settings: Settings
    source: Source
    release: bool = False
    protect: bool = False
    """It is never changed or released."""
    when_owned: bool = False
    """The account may lack it: it is still on its way."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A project: everything its files declare.

    `numbers` is by E.164 in the order of files and lines, from files a `Declared`;
    `declared_elsewhere` are those of the project's files that were not asked for. `secrets` are
    PINs that stand in the YAML itself, by the ref that the settings hold instead. `limits` is as
    the project file gives it, checked.
    """

    numbers: Mapping[str, DesiredNumber]
    declared_elsewhere: Set[str] = frozenset()
    limits: Mapping[str, float] = field(default_factory=_nothing)
    prices: Mapping[str, Decimal] = field(default_factory=_nothing)
    """A month and number, by feature."""
    api_key_env: str = "TELNYX_API_KEY"
    base_url: str = ""
    secrets: Mapping[str, str] = field(default_factory=_nothing, repr=False)
    warnings: tuple[Problem, ...] = ()
    safety: Safety = field(default_factory=Safety)
    assigning: Assigning | None = field(default=None, repr=False)
    """The rules for live numbers that nobody declares."""
    policies: tuple[Policy, ...] = field(default=(), repr=False)
    """What numbers have to be, by the project's own word."""


class LiveNumber(NamedTuple):
    """A number of the account: `values` follow the snapshot's columns for its kind.

    `reasons` says why a value is UNKNOWN, by path, where that is particular to this number. There
    are as many as the account has numbers, and a NamedTuple is made in a third of the time of a
    frozen dataclass.
    """

    phone_number: str
    id: str
    kind: Kind
    status: str
    country: str
    type: str
    values: tuple[LiveValue, ...]
    reasons: Mapping[str, str] | None = None

    def __repr__(self) -> str:  # the values may hold a PIN
        return f"<live {self.kind.value} {self.phone_number}>"


@dataclass(frozen=True, slots=True)
class ListingRead:
    """How reading one list went. `refused` is why it could not be read, empty when it was;
    `pages` counts the calls, and `way` says in words how they were chosen."""

    listing: Listing
    rows: int = 0
    pages: int = 0
    refused: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account at one time.

    `columns` names the paths that were looked for, by kind; what was not is unknown. `numbers`
    is by E.164.
    """

    base_url: str
    fetched_at: datetime
    listings: tuple[ListingRead, ...]
    columns: Mapping[Kind, tuple[str, ...]]
    numbers: Mapping[str, LiveNumber]
    reads: int = 0
    account_size: int | None = None
    """How many numbers the account has, where only some of them were read."""
    conflicts: Mapping[str, str] = field(default_factory=_nothing)
    """Numbers of which the lists contradict each other as to whether or under which id they
    are in the account, and how: never planned, never taken for 'not owned'."""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=_nothing)
    """What the account calls the things behind ids: field -> id -> name. Only for people."""

    @property
    def live_numbers(self) -> int:
        """How many numbers the account has."""
        return len(self.numbers) if self.account_size is None else self.account_size

    def value(self, live: LiveNumber, path: str) -> LiveValue:
        """The live value of `path`; KeyError where the snapshot did not look for it."""
        try:
            return live.values[self.columns[live.kind].index(path)]
        except ValueError:
            raise KeyError(path) from None


@dataclass(frozen=True, slots=True)
class Verified:
    """The ownership of declared numbers; each is in one of the four. `awaited` are those that are
    not owned, and need not be yet (when_owned). `statuses` are those, as the lists have them, of
    numbers that are not editable, such as `port-pending`. `unmatched` is what --target asked for
    besides what it found."""

    editable: tuple[DesiredNumber, ...]
    not_editable: tuple[DesiredNumber, ...]
    not_owned: tuple[DesiredNumber, ...]
    awaited: tuple[DesiredNumber, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
