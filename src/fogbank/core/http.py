"""HTTP messages as the gateway reads and writes them: raw, so that signatures can be checked byte for byte."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import msgspec


class BodyStream(Protocol):
    """A request body that is still arriving. Reading applies back-pressure to the client."""

    length: int | None  # Content-Length, or None for chunked transfer encoding

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def read(self, limit: int) -> bytes:
        """The whole body; raises BodyTooLarge past `limit` bytes."""
        ...


class BodyTooLarge(Exception):
    """A body is longer than its reader allows."""


TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
BREAKING = re.compile("[\r\n\0]")  # ends a header's value, or the whole message, before its time
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # what no client may send in a header's value


def is_header(name: str, value: str) -> bool:
    """Whether this can be sent as a header."""
    return TOKEN.fullmatch(name) is not None and BREAKING.search(value) is None


@lru_cache(maxsize=4096)
def is_loopback(peer: str) -> bool:
    """Whether a socket's peer, an address without brackets, is this machine."""
    try:
        found = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


@lru_cache(maxsize=4096)
def is_secure(scheme: str, peer: str) -> bool:
    """Whether a request counts as encrypted (aws:SecureTransport).

    What never leaves this machine does: deploy tools' buckets deny plain http.
    """
    return scheme == "https" or is_loopback(peer)


def look_up(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, duplicates joined with commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


# what browsers send and nothing else does, and a page can neither take away nor change: `gateway.strangers` says why
_BROWSERS = frozenset(("sec-fetch-site", "sec-fetch-dest", "origin", "referer"))
_BROWSER = "Mozilla/"  # how the User-Agent of each begins


UNREAD: Any = object()  # nobody has asked yet who signed a request


class Addressed(NamedTuple):
    """What the router found in a request that its signature has to cover, or may leave out."""

    bucket: str = ""  # in the name of the host
    words: tuple[str, ...] = ()  # of the query that chose the operation
    open_body: str = ""  # what may stand for the hash of the body


NOTHING = Addressed()


class Request(msgspec.Struct, eq=False, weakref=True):
    """One HTTP request.

    `path` and `query` are the raw, still percent-encoded text of the request line (latin-1 of the bytes: nothing is
    normalised, `//`, `%2F` and trailing dots are as the client sent them). `headers` keeps order, case and duplicates;
    whoever changes it calls `set_headers`. `lookup` has them by lower-case name, duplicates joined with commas, as
    RFC 9110 5.3 reads them.
    A small body has arrived whole when the handler is called: `content` holds it and `stream` is None; of a longer one
    `content` is None and `stream` delivers it.
    `claim` is what it says of who signed it, read once (auth/signatures/claims.py), and `addressed` what the router
    found: where a request goes and what is verified cannot differ. `browser`: it is a web browser's.
    """

    method: str
    path: str
    query: str = ""
    headers: list[tuple[str, str]] = []
    content: bytes | None = b""
    stream: BodyStream | None = None
    scheme: str = "http"
    client: str = "127.0.0.1"
    lookup: dict[str, str] = {}
    claim: Any = UNREAD
    addressed: Addressed = NOTHING
    browser: bool = False

    def __post_init__(self) -> None:
        lookup = self.lookup
        if not lookup and self.headers:
            self.lookup = lookup = look_up(self.headers)
        self.browser = not _BROWSERS.isdisjoint(lookup) or lookup.get("user-agent", "")[:8] == _BROWSER

    def header(self, name: str, default: str = "") -> str:
        """The value of a header by lower-case name."""
        return self.lookup.get(name, default)

    def set_headers(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers
        self.lookup = look_up(headers)

    @property
    def host(self) -> str:
        """The Host header as sent, port included."""
        return self.header("host")

    async def read(self, limit: int) -> bytes:
        """The whole body, whether it has arrived yet or not; raises BodyTooLarge past `limit` bytes."""
        if self.content is not None:
            if len(self.content) > limit:
                raise BodyTooLarge
            return self.content
        assert self.stream is not None
        return await self.stream.read(limit)


class FileSlice:
    """A response body that is part of a file: the gateway sends it without loading it."""

    __slots__ = ("length", "offset", "path")

    def __init__(self, path: str, offset: int, length: int) -> None:
        self.path = path
        self.offset = offset
        self.length = length


ResponseBody = bytes | FileSlice | AsyncIterator[bytes]


class Response:
    """One HTTP response. The gateway adds Date, Content-Length (of bytes and files) and connection handling."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int = 200, headers: list[tuple[str, str]] | None = None, body: ResponseBody = b""
    ) -> None:
        self.status = status
        self.headers = headers if headers is not None else []
        self.body = body


class Disconnected(Exception):
    """The client of a WebSocket has gone."""


class WebSocket(Protocol):
    """An open WebSocket, as an endpoint has it."""

    async def receive(self) -> str | bytes | None:
        """The next message; None when it is closed."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Returns when the client takes more; raises Disconnected."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...


class Upgrade(Response):
    """The answer to a WebSocket's handshake: `talk(socket)` has the connection then, which ends when it returns.

    A message of more than `most` bytes closes it. A request that is no handshake is answered with 400.
    """

    __slots__ = ("most", "subprotocol", "talk")

    def __init__(
        self, talk: Callable[[WebSocket], Awaitable[None]], *, subprotocol: str = "", most: int = 1 << 20
    ) -> None:
        super().__init__(101)
        self.talk = talk
        self.subprotocol = subprotocol
        self.most = most
