"""HTTP requests and responses. Requests keep the raw text, since signatures are checked byte for byte."""

from __future__ import annotations

import base64
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
        """Read the whole body. Raises BodyTooLarge if it is longer than `limit` bytes."""
        ...


class BodyTooLarge(Exception):
    """A body is longer than its reader allows."""


TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
BREAKING = re.compile("[\r\n\0]")  # characters that would end a header's value or the whole message early
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # characters that no client may send in a header's value


def is_header(name: str, value: str) -> bool:
    """Whether this is a valid header to send."""
    return TOKEN.fullmatch(name) is not None and BREAKING.search(value) is None


_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


def is_text(content_type: str) -> bool:
    """Whether events of payload format 2.0 carry a body of this type as text; they carry others in base64.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))


def as_text(body: bytes, content_type: str) -> tuple[str, bool]:
    """(body, isBase64Encoded) of an event."""
    if is_text(content_type):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


@lru_cache(maxsize=4096)
def is_loopback(peer: str) -> bool:
    """Whether a socket's peer (an IP address without brackets) is this machine."""
    try:
        found = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


@lru_cache(maxsize=4096)
def is_secure(scheme: str, peer: str) -> bool:
    """Whether a request counts as encrypted (aws:SecureTransport).

    Requests from this machine do, also over plain http: the buckets of deploy tools deny unencrypted requests.
    """
    return scheme == "https" or is_loopback(peer)


def look_up(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Make a dict of headers by lower-case name. Duplicates are joined with commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


# headers that only browsers send, and that a page can neither remove nor change (see `gateway.strangers`)
_BROWSERS = frozenset(("sec-fetch-site", "sec-fetch-dest", "origin", "referer"))
_BROWSER = "Mozilla/"  # the start of every browser's User-Agent


UNREAD: Any = object()  # the claim of a request has not been parsed yet


class Addressed(NamedTuple):
    """Facts that the router found in a request and that signature verification needs."""

    bucket: str = ""  # the bucket in the host name
    words: tuple[str, ...] = ()  # the query parameters that selected the operation
    open_body: str = ""  # what may be sent instead of the hash of the body


NOTHING = Addressed()


class Request(msgspec.Struct, eq=False, weakref=True):
    """One HTTP request.

    `path` and `query` are the raw, still percent-encoded text of the request line, decoded as latin-1. Nothing is
    normalised: `//`, `%2F` and trailing dots are as the client sent them. `headers` keeps order, case and duplicates;
    use `set_headers` to change them. `lookup` has them by lower-case name, duplicates joined with commas, as RFC 9110
    section 5.3 says.
    A small body has arrived completely when the handler is called: `content` holds it and `stream` is None. For a
    longer body `content` is None and `stream` delivers it.
    `claim` is what the request says about its signer, parsed once (auth/signatures/claims.py). `addressed` is what the
    router found. Router and verification share both, so that they cannot disagree about what the request means.
    `browser` says that a web browser sent the request.
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
        """Get the value of a header by its lower-case name."""
        return self.lookup.get(name, default)

    def set_headers(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers
        self.lookup = look_up(headers)

    @property
    def host(self) -> str:
        """The Host header as sent, port included."""
        return self.header("host")

    async def read(self, limit: int) -> bytes:
        """Get the whole body; waits until it has arrived. Raises BodyTooLarge if it is longer than `limit` bytes."""
        if self.content is not None:
            if len(self.content) > limit:
                raise BodyTooLarge
            return self.content
        assert self.stream is not None
        return await self.stream.read(limit)


class FileSlice:
    """A response body that is part of a file. The gateway sends it without loading it into memory."""

    __slots__ = ("length", "offset", "path")

    def __init__(self, path: str, offset: int, length: int) -> None:
        self.path = path
        self.offset = offset
        self.length = length

    def read(self, limit: int | None = None) -> bytes:
        """Read it, or its first `limit` bytes. Blocks: for small parts, or for threads."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            return file.read(self.length if limit is None else min(self.length, limit))


ResponseBody = bytes | FileSlice | AsyncIterator[bytes]


class Response:
    """One HTTP response. The gateway adds Date, Content-Length (for bytes and files) and connection headers."""

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
    """An open WebSocket, as endpoints use it.

    `closing` is the code and reason of the end, once there is one: 1005 for a close frame without a code, 1006 for a
    connection that was lost (RFC 6455 section 7.1.5).
    """

    closing: tuple[int, str]

    async def receive(self) -> str | bytes | None:
        """Wait for the next message. None if the socket is closed."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message; waits until the client accepts more. Raises Disconnected."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...


class Upgrade(Response):
    """The response to a WebSocket handshake. `talk(socket)` then runs the connection, which ends when it returns.

    A message of more than `most` bytes closes the connection. A request that is no handshake gets a 400 response.
    """

    __slots__ = ("most", "subprotocol", "talk")

    def __init__(
        self, talk: Callable[[WebSocket], Awaitable[None]], *, subprotocol: str = "", most: int = 1 << 20
    ) -> None:
        super().__init__(101)
        self.talk = talk
        self.subprotocol = subprotocol
        self.most = most
