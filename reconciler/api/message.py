"""What is sent and what comes back: the words that `http`, the guards and the lines share.

httpx has words for all that a client may want, and takes longer to load them, and to put each call
into them, than the call itself takes. It is loaded for what is written, and for the way through a
proxy (`by_httpx`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `origin` is `https://host[:port]`, `target` the path and the query below it.

    `headers` are all that are sent, the key among them; `connect_seconds` is how long it may take
    until there is a connection.
    """

    method: str
    origin: str
    target: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    connect_seconds: float


class Reply(ABC):
    """The head of an answer, while its body has still to come."""

    __slots__ = ("headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """`headers` by name in lower case, as `headers_of` gives them."""
        self.status = status
        self.headers = headers

    @abstractmethod
    async def part(self) -> bytes:
        """The next part of the body as it came over the network; nothing at its end.

        Raises LineError, or OSError, where it broke off.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """The answer is done with, read or not."""


class Transport(ABC):
    """A way for calls to the API."""

    @abstractmethod
    async def send(self, request: Request) -> Reply:
        """Send, and give the answer as soon as its head is there; the caller closes it.

        Raises LineError, or OSError: NotConnectedError and ProxyRefusedError where nothing of the
        request was sent, anything else where that is not known.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close every connection."""


class LineError(Exception):
    """There was no whole answer; the text says why, and may hold what a server said."""


class NotConnectedError(LineError):
    """There was no connection, so that nothing was sent; the cause, if any, is the system's."""


class ProxyRefusedError(LineError):
    """A proxy refused to make a connection: nothing was sent."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case; what comes more than once is one, with commas between."""
    headers: dict[str, str] = {}
    for name_as_it_came, value_as_it_came in raw:
        name = name_as_it_came.decode("latin-1").lower()
        value = value_as_it_came.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
