"""HTTP messages as the gateway reads and writes them: raw, so that signatures can be checked byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Protocol


class BodyStream(Protocol):
    """A request body that is still arriving. Reading applies back-pressure to the client."""

    length: int | None  # Content-Length, or None for chunked transfer encoding

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def read(self, limit: int) -> bytes:
        """The whole body; raises BodyTooLarge past `limit` bytes."""
        ...


class BodyTooLarge(Exception):
    """A body is longer than its reader allows."""


class Request:
    """One HTTP request.

    `path` and `query` are the raw, still percent-encoded text of the request line (latin-1 of the bytes: nothing is
    normalised, `//`, `%2F` and trailing dots are as the client sent them). `headers` keeps order, case and duplicates.
    A small body has arrived whole when the handler is called: `content` holds it and `stream` is None; of a longer one
    `content` is None and `stream` delivers it.
    """

    __slots__ = ("_lookup", "client", "content", "headers", "method", "path", "query", "scheme", "stream")

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        content: bytes | None = b"",
        stream: BodyStream | None = None,
        scheme: str = "http",
        client: str = "127.0.0.1",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = list(headers)
        self.content = content
        self.stream = stream
        self.scheme = scheme
        self.client = client
        self._lookup: dict[str, str] | None = None

    def header(self, name: str, default: str = "") -> str:
        """The value of a header by lower-case name; duplicates are joined with commas, as RFC 9110 5.3 reads them."""
        lookup = self._lookup
        if lookup is None:
            lookup = self._lookup = {}
            for key, value in self.headers:
                key = key.lower()
                lookup[key] = f"{lookup[key]},{value}" if key in lookup else value
        return lookup.get(name, default)

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
