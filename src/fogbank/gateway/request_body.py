"""Request bodies that did not arrive with their head: small, fast ones are collected, others become streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .exchange import Exchange
from .limits import HttpLimits
from .parsing import CHUNKED, ChunkedDecoder
from .streams import ClientDisconnected, IncomingBody

_QUICK_SECONDS = 0.01  # the handler gets a chunked body that ends within this time as bytes


class Arrival:
    """The arriving body of one request.

    Calls `ready(exchange)` when the handler can be called, `flow()` when the connection should check again whether to
    pause or resume reading, and `write(data)` to send 100 Continue.
    """

    __slots__ = (
        "_collected", "_decoder", "_flow", "_left", "_ready", "_size", "_small", "_timer", "_write", "exchange",
    )  # fmt: skip

    def __init__(
        self,
        exchange: Exchange,
        length: int,
        limits: HttpLimits,
        *,
        ready: Callable[[Exchange], None],
        flow: Callable[[], None],
        write: Callable[[bytes], None],
    ) -> None:
        self.exchange = exchange
        exchange.complete = False
        exchange.request.content = None
        self._decoder = ChunkedDecoder(limits.header_bytes) if length == CHUNKED else None
        self._left = length  # bytes still to come, if known
        self._small = limits.small_body_bytes
        self._collected: list[bytes] = []
        self._size = 0  # bytes collected
        self._timer: asyncio.TimerHandle | None = None
        self._ready, self._flow, self._write = ready, flow, write

    def start(self) -> None:
        """Call the handler before the body has arrived if it is large, or if the client waits for 100 Continue."""
        if not self.exchange.asked or self._left > self._small:
            self._make_stream()
            self._ready(self.exchange)

    def hurry(self, loop: asyncio.AbstractEventLoop) -> None:
        """Limit the time for collecting a chunked body."""
        if self._decoder is not None and self.exchange.stream is None:
            self._timer = loop.call_later(_QUICK_SECONDS, self._hand_over)

    def feed(self, data: bytes) -> bytes | None:
        """Add bytes. Returns None while the body is incomplete, then the bytes that follow it. Raises Refusal."""
        if self._decoder is not None:
            pieces, rest = self._decoder.feed(data)
            done = self._decoder.done
        else:
            pieces, rest = [data[: self._left]], data[self._left :]
            self._left -= len(pieces[0])
            done = not self._left
        for piece in pieces:
            stream = self.exchange.stream
            if stream is not None:
                stream.feed(piece)
            else:
                self._collected.append(piece)
                self._size += len(piece)
                if self._size > self._small:
                    self._hand_over()
        return rest if done else None

    def end(self) -> None:
        """Complete the body: its last byte has arrived."""
        exchange = self.exchange
        if exchange.stream is not None:
            exchange.stream.end()
        else:
            exchange.request.content = b"".join(self._collected)
            self._ready(exchange)

    def stop(self) -> None:
        """Stop collecting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lose(self) -> None:
        """Fail the body: the client has disconnected."""
        self.stop()
        if self.exchange.stream is not None:
            self.exchange.stream.fail(ClientDisconnected())

    def _make_stream(self) -> IncomingBody:
        length = None if self._decoder is not None else self._left
        exchange = self.exchange
        exchange.stream = exchange.request.stream = IncomingBody(length, self._flow, self._ask)
        return exchange.stream

    def _hand_over(self) -> None:
        """Switch from collecting to a stream: a chunked body turned out to be long or slow."""
        self.stop()
        stream = self._make_stream()
        for piece in self._collected:
            stream.feed(piece)
        self._collected = []
        self._ready(self.exchange)

    def _ask(self) -> None:
        """The handler reads the body: send 100 Continue if the client waits for it (RFC 9110 section 10.1.1)."""
        exchange = self.exchange
        if not exchange.asked and exchange.stream is not None and not exchange.stream.received:
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.asked = True
