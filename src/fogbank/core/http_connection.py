"""A client connection to an HTTP/1.1 server. It reads whole answers, up to a size limit."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, cast

import httptools

HEAD_LIMIT = 64 * 1024  # bytes of status line and headers


class OutboundError(Exception):
    """A request that got no answer. The text says why."""


class TooLarge(OutboundError):
    """The answer is larger than its reader allows."""


class Answer(NamedTuple):
    """`headers` as the server sent them, in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header by lower-case name."""
        return next((value for given, value in self.headers if given.lower() == name), "")


class Connection(asyncio.Protocol):
    """One connection, for one request after the other. `idle` says that the next request can be sent."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self.idle = False

    async def ask(self, method: str, message: bytes, limit: int) -> Answer:
        """Send a request and await its answer. Raises OutboundError. A cancellation closes the connection."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._method, self._limit = method, limit
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._received = self._status = 0
        self.idle = False
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            raise OutboundError("the server closed the connection")
        self._transport.write(message)
        try:
            return await self._waiting
        finally:
            if not self.idle:
                self.close()

    def close(self) -> None:
        self.idle = False
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio's callbacks -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # unsolicited data
            return
        if not self._status and self._received > HEAD_LIMIT:
            self._fail(TooLarge(f"the headers of the answer are larger than {HEAD_LIMIT} bytes"))
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(OutboundError(f"the answer is not HTTP/1.1: {error}"))

    def eof_received(self) -> bool:
        self._ended()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._ended()

    def _ended(self) -> None:
        self.idle = False
        if self._waiting is None or self._waiting.done():
            return
        if self._status and self._until_closed():
            self._succeed()
        else:
            self._fail(OutboundError("the server closed the connection before it had answered"))

    # -- the parser's callbacks --------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # else it is a trailer
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 101:
            self._fail(OutboundError("the server switched protocols"))
        if 100 <= status < 200:
            return
        self._status = status
        if self._method == "HEAD":  # no body follows, whatever Content-Length says
            self._succeed()

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > self._limit:
            self._fail(TooLarge(f"the answer is larger than {self._limit} bytes"))

    def on_message_complete(self) -> None:
        if not self._status:  # 100 Continue, 103 Early Hints: the final answer follows
            self._headers, self._received = [], 0
            return
        assert self._transport is not None
        if self._waiting is not None and not self._waiting.done():
            self.idle = self._parser.should_keep_alive() and not self._transport.get_write_buffer_size()
            self._succeed()

    def _until_closed(self) -> bool:
        """Whether the end of the connection marks the end of the body (RFC 9112 section 6.3)."""
        found: dict[str, Any] = {name.lower(): value for name, value in self._headers}
        return "content-length" not in found and "chunked" not in found.get("transfer-encoding", "").lower()

    def _succeed(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(self._status, self._headers, bytes(self._body)))

    def _fail(self, error: OutboundError) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.close()
