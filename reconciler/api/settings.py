"""Where the API is, who asks, and how hard: checked once, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from urllib.parse import SplitResult, quote, urlsplit

from reconciler.errors import UnavailableError, UsageError

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"
DEFAULT_KEY_ENV = "TELNYX_API_KEY"
BASE_URL_ENV = "TELNYX_BASE_URL"

_VERSION = "/v2"
_LOOPBACK = IPv4Network("127.0.0.0/8")
_PRINTABLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BASE_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~-]+)*")
# Escapes only as `segment` writes them: never of a dot or a slash.
_CALL_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9_.~:@=+-]|%(?:2B|3A|3D|40))+)+")
_SEGMENT = re.compile(r"[A-Za-z0-9_.:+=@~-]{1,200}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The API's address (`https://host[:port][/path]`, no trailing slash) and the key for it.

    `key_name` is the variable that the key came from, for messages.
    """

    base_url: str
    api_key: str = field(repr=False)
    key_name: str = DEFAULT_KEY_ENV

    @property
    def host(self) -> str:
        """Host name or address, for messages."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the calls stay on this machine."""
        return _is_loopback(self.host)

    @property
    def origin(self) -> str:
        """The address of the server alone: `https://host[:port]`."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def target_of(self, path: str) -> str:
        """`url_for`, as the server that is the origin sees it: a path from its root."""
        return self.url_for(path).removeprefix(self.origin)

    def url_for(self, path: str) -> str:
        """The address of `path`, which starts with `/`.

        The specification writes most paths from the base URL (`/phone_numbers/slim`) and the
        mobile ones from the host's root (`/v2/mobile_phone_numbers`): both spellings of either
        give the same address, never `/v2/v2`. A base URL that does not end in `/v2` (a gateway)
        has its calls right below it. A path that could lead elsewhere is a ValueError.
        """
        if not _CALL_PATH.fullmatch(path):
            raise ValueError(f"not a path of an API call: {path!r}")
        below = path.removeprefix(_VERSION) if path.startswith(_VERSION + "/") else path
        return self.base_url + below


def segment(value: str) -> str:
    """An opaque id, or a number in E.164, as one segment of a path.

    Raises UnavailableError for what can be no id: `../`, slashes, blanks, control characters.
    """
    if not _SEGMENT.fullmatch(value) or not value.strip("."):
        raise UnavailableError("path of a call", "the API gave an id that no address can hold")
    return quote(value, safe="")


def endpoint_from(
    environ: Mapping[str, str], *, api_key_env: str = DEFAULT_KEY_ENV, base_url: str | None = None
) -> Endpoint:
    """The endpoint that the environment names; `base_url`, when given, goes before the variable.

    Raises UsageError, which never holds the key or the URL, for either may hold a secret.
    """
    # What is as long as a key may be one, pasted where its variable belongs: not repeated.
    name = api_key_env if len(api_key_env) < _LONG_AS_A_KEY else _NAMED
    key = _checked_key(environ.get(api_key_env, ""), name)
    if base_url is not None:
        return Endpoint(_checked_url(base_url, "base_url"), key, name)
    url = _checked_url(environ.get(BASE_URL_ENV) or DEFAULT_BASE_URL, BASE_URL_ENV)
    return Endpoint(url, key, name)


def _checked_key(key: str, name: str) -> str:
    if not key.strip():
        raise UsageError(f"{name} is not set or empty: set it to the API key")
    if not _PRINTABLE.fullmatch(key):
        raise UsageError(
            f"{name} holds a blank, a line end, a control or a non-ASCII character: "
            "no API key does; was it pasted with something around it?"
        )
    return key


def _checked_url(url: str, name: str) -> str:
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise UsageError(f"{name} holds a blank, a backslash, a control or a non-ASCII character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"{name} is not a URL: the form is {DEFAULT_BASE_URL}") from None
    if "@" in parts.netloc:
        raise UsageError(f"{name} holds user info: the key comes from the environment alone")
    if "?" in url or "#" in url:
        raise UsageError(f"{name} holds a query or a fragment: the form is {DEFAULT_BASE_URL}")
    host = _checked_host(parts, name)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise UsageError(f"{name} must be https:// (http:// only to 127.0.0.0/8, ::1, localhost)")
    path = parts.path.rstrip("/")
    if not _BASE_PATH.fullmatch(path):
        raise UsageError(f"{name} has a path that cannot be used: the form is {DEFAULT_BASE_URL}")
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{'' if port is None else f':{port}'}{path}"


def _checked_host(parts: SplitResult, name: str) -> str:
    """The host, in the one spelling that every parser reads alike.

    `2130706433`, `0x7f.1` and `0177.0.0.1` are addresses to some resolvers and names to others,
    so a host whose last label is a number must be a plain dotted IPv4 address.
    """
    host = parts.hostname or ""
    try:
        if ":" in host:
            return IPv6Address(host).compressed if "%" not in host else _no_host(name)
        if _NUMBER_LABEL.fullmatch(host.rstrip(".").rpartition(".")[2]):
            return str(IPv4Address(host))
    except AddressValueError:
        return _no_host(name)
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        return _no_host(name)
    return host


def _no_host(name: str) -> str:
    raise UsageError(f"{name} names no usable host: a name, a dotted IPv4 address or [IPv6]")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return (
            IPv6Address(host) == IPv6Address("::1")
            if ":" in host
            else IPv4Address(host) in _LOOPBACK
        )
    except AddressValueError:
        return False


_LONG_AS_A_KEY = 32
_NAMED = "the variable that account.api_key_env names"
_COUNTS = frozenset(
    {"concurrency", "page_size", "job_size", "jobs_in_flight", "max_body_bytes", "accounts"}
)
_HUGE = 1e12
_AT_MOST = {"page_size": 250, "job_size": 1000, "jobs_in_flight": 20}


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard the API is asked; every value above zero, or UsageError.

    `rate_per_second` is where the pace starts, `concurrency` the calls in flight before the
    latency is known (1: always one after the other). Times are in seconds; `call_timeout_seconds`
    is the whole of one call, its body included. `accounts` are those that this process asks at the
    same time: its connections are divided among them.
    """

    rate_per_second: float = 5.0
    concurrency: int = 8
    page_size: int = 250
    job_size: int = 1000
    jobs_in_flight: int = 20
    max_wait_seconds: float = 300.0
    call_timeout_seconds: float = 30.0
    job_timeout_seconds: float = 3600.0
    max_body_bytes: int = 64 * 1024 * 1024
    accounts: int = 1

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_limit(item.name, getattr(self, item.name))


def _check_limit(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"limits.{name} must be a number")
    if name in _COUNTS and not isinstance(value, int):
        raise UsageError(f"limits.{name} must be a whole number")
    if not 0 < value <= _HUGE:  # NaN compares as neither
        raise UsageError(f"limits.{name} must be a finite number above 0")
    if value > _AT_MOST.get(name, value):
        raise UsageError(f"limits.{name} is {value}: the API takes at most {_AT_MOST[name]}")
