"""The types a catalogue row is made of: what a field is, where it is read, how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a number is; each kind has its own key in the YAML, its own lists and fields."""

    NUMBER = "number"
    MOBILE = "mobile"

    @property
    def yaml_key(self) -> str:
        """The top-level key that declares numbers of this kind."""
        return "numbers" if self is Kind.NUMBER else "mobile_numbers"


class Type(StrEnum):
    """What values a field takes."""

    BOOLEAN = "boolean"
    ENUM = "enum"
    ID = "id"
    TEXT = "text"
    E164 = "e164"
    CNAM = "cnam"
    PIN = "pin"
    TAGS = "tags"


class Listing(StrEnum):
    """A list endpoint, by the path it is asked at."""

    SLIM = "/phone_numbers/slim"
    NUMBERS = "/phone_numbers"
    VOICE = "/phone_numbers/voice"
    MESSAGING = "/phone_numbers/messaging"
    MOBILE = "/v2/mobile_phone_numbers"
    MOBILE_MESSAGING = "/mobile_phone_numbers/messaging"


class Channel(StrEnum):
    """A call that writes; the values are the keys of `summary.calls` in a plan."""

    UPDATE_JOB = "update_job"
    EMERGENCY_JOB = "emergency_job"
    DELETE_JOB = "delete_job"
    MESSAGING_BULK = "messaging_bulk"
    PATCH_NUMBER = "patch_number"
    PATCH_VOICE = "patch_voice"
    PATCH_MESSAGING = "patch_messaging"
    PATCH_MOBILE = "patch_mobile"
    ENABLE_EMERGENCY = "enable_emergency"
    BUNDLE = "bundle"
    DELETE_NUMBER = "delete_number"


CALL_NAMES: Mapping[Channel, tuple[str, str]] = MappingProxyType(
    {
        Channel.UPDATE_JOB: ("update job", "update jobs"),
        Channel.EMERGENCY_JOB: ("emergency job", "emergency jobs"),
        Channel.DELETE_JOB: ("delete job", "delete jobs"),
        Channel.MESSAGING_BULK: ("messaging bulk update", "messaging bulk updates"),
        Channel.PATCH_NUMBER: ("PATCH number", "PATCH number"),
        Channel.PATCH_VOICE: ("PATCH voice", "PATCH voice"),
        Channel.PATCH_MESSAGING: ("PATCH messaging", "PATCH messaging"),
        Channel.PATCH_MOBILE: ("PATCH mobile number", "PATCH mobile number"),
        Channel.ENABLE_EMERGENCY: ("emergency activation", "emergency activations"),
        Channel.BUNDLE: ("bundle change", "bundle changes"),
        Channel.DELETE_NUMBER: ("DELETE number", "DELETE number"),
    }
)
"""What people call one call of a channel, and many."""


class Clear(StrEnum):
    """What a channel takes to clear a field. It belongs to the channel, not to the field:
    a messaging PATCH keeps the profile on null and unassigns it on an empty string."""

    NEVER = "never"
    EMPTY_STRING = "empty string"
    NULL = "null"
    EMPTY_LIST = "empty list"


class Wire(StrEnum):
    """How a value travels."""

    AS_IS = "as is"
    ON_OFF = "on or off"
    """Mobile noise suppression: read as an enum, written as a boolean."""


@dataclass(frozen=True, slots=True)
class Read:
    """One place a field can be read.

    `at` is the way to the value in a row. `nullable` says whether that list's schema allows
    null there: it decides what a missing key means (`catalogue.absent_means_empty`).
    """

    listing: Listing
    at: tuple[str, ...]
    nullable: bool = False
    documented: bool = True
    """Whether the specification shows it there; what it does not show may come all the same."""
    check: bool = False
    """Whether this place only bears witness: it must agree, but is never read in place of the
    list that the field belongs to."""


@dataclass(frozen=True, slots=True)
class Write:
    """One call that can write a field, where in its body, and how it clears it."""

    channel: Channel
    at: tuple[str, ...]
    clear: Clear = Clear.NEVER
    wire: Wire = Wire.AS_IS


@dataclass(frozen=True, slots=True)
class Field:
    """Everything there is to know about one managed field."""

    kind: Kind
    path: str
    type: Type
    doc: str
    reads: tuple[Read, ...]
    """Places to read it, the cheapest first, then those that only check. All places that a
    snapshot holds must agree."""
    writes: tuple[Write, ...]
    values: tuple[str, ...] = ()
    """The values of an enum."""
    null: bool = False
    """Whether null, clear it, is a legal value in the YAML."""
    off: str = ""
    """What to write instead of null where null is not legal."""
    linked: str = ""
    """Fields of one link travel in one call: a number never stands half configured."""
    meaningless_without: str = ""
    """The field without which this one has no effect: while that is empty, absent is unset."""
    cost: str = ""
    """The paid feature it switches, if it does: the key under `prices`."""
    risk: tuple[str, ...] = ()
    example: str | bool | tuple[str, ...] = ""

    @property
    def write_only(self) -> bool:
        """Whether no documented answer shows it, so that a write cannot be verified."""
        return not any(read.documented for read in self.reads)

    @property
    def secret(self) -> bool:
        """Whether its value is masked everywhere."""
        return self.type is Type.PIN

    def write_by(self, channel: Channel) -> Write | None:
        """How `channel` writes this field, or None where it cannot."""
        return next((write for write in self.writes if write.channel is channel), None)
