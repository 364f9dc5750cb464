"""Streams with back-pressure: request bodies that are still arriving, and the sending side of connections."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from ..core.http import BodyTooLarge

HIGH = 512 * 1024  # bytes buffered for a slow handler before reading from the client is paused
LOW = 128 * 1024
WRITE_HIGH = 256 * 1024  # bytes buffered for a slow client before the handler has to wait
WRITE_LOW = 64 * 1024


class BodyInterrupted(Exception):
    """A request body ended early. `status` is the gateway's response if the handler does not catch this."""

    status = 400


class ClientDisconnected(BodyInterrupted):
    """The client has disconnected."""


class BodyTimeout(BodyInterrupted):
    """The client has sent nothing for too long."""

    status = 408


class BodyMalformed(BodyInterrupted):
    """The chunked coding of the body is malformed."""


class IncomingBody:
    """A request body that is still arriving (core.http.BodyStream). One reader at a time.

    Calls `flow` when the connection should check again whether to pause or resume reading, and `ask` when a reader
    first waits for the body.
    """

    __slots__ = ("_ask", "_chunks", "_flow", "_waiter", "discarding", "ended", "error", "held", "length", "received")

    def __init__(self, length: int | None, flow: Callable[[], None], ask: Callable[[], None]) -> None:
        self.length = length
        self.received = 0  # bytes so far
        self.held = 0  # bytes buffered for the reader
        self.ended = False
        self.discarding = False
        self.error: BodyInterrupted | None = None
        self._chunks: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._flow = flow
        self._ask: Callable[[], None] | None = ask

    @property
    def wanted(self) -> bool:
        """Whether a reader is waiting for more."""
        return self._waiter is not None

    @property
    def wasted(self) -> int:
        """Bytes that a chunked body has received although it is being discarded."""
        return self.received if self.discarding and self.length is None else 0

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        if self.discarding:
            return
        self._chunks.append(data)
        self.held += len(data)
        self._wake()

    def end(self) -> None:
        self.ended = True
        self._wake()

    def fail(self, error: BodyInterrupted) -> None:
        """End the body early: its reader gets the bytes that have arrived, then `error`."""
        if not self.ended and self.error is None:
            self.error = error
            self._wake()

    def discard(self) -> None:
        """Drop the rest of the body: nobody will read it."""
        self.discarding = True
        self._chunks.clear()
        self.held = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            if self._chunks:
                data = self._chunks.popleft()
                before, self.held = self.held, self.held - len(data)
                if before > LOW >= self.held:
                    self._flow()
                yield data
            elif self.ended or self.discarding:
                return
            elif self.error is not None:
                raise self.error
            else:
                await self._more()

    async def read(self, limit: int) -> bytes:
        """Read the rest of the body. Raises BodyInterrupted, and BodyTooLarge if it is longer than `limit` bytes."""
        if self.length is not None and self.length > limit:
            raise BodyTooLarge
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            size += len(piece)
            if size > limit:
                raise BodyTooLarge
            pieces.append(piece)
        return b"".join(pieces)

    async def _more(self) -> None:
        if self._ask is not None:
            ask, self._ask = self._ask, None
            ask()
        if self._waiter is not None:
            raise RuntimeError("a request body has one reader")
        self._waiter = asyncio.get_running_loop().create_future()
        self._flow()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Outlet:
    """The sending side of a connection, with its back-pressure. One writer at a time."""

    __slots__ = ("_unsent", "_unsent_since", "_waiter", "lost", "moved", "paused", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_LOW)
        self.paused = False  # the write buffer is full: the client reads too slowly
        self.lost = False
        self.moved = 0  # bytes sent without the transport (by sendfile)
        self._unsent: int | None = None  # unsent bytes at the last call of `stuck`, if the client was slow then
        self._unsent_since = 0.0
        self._waiter: asyncio.Future[None] | None = None

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self._unsent = None
        self._wake()

    def stuck(self, now: float) -> float:
        """For how many seconds a slow client has accepted nothing, measured between the calls of this method."""
        unsent = self.transport.get_write_buffer_size() - self.moved
        if unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        return now - self._unsent_since

    def lose(self) -> None:
        self.lost = True
        self._wake()

    async def drain(self) -> None:
        """Wait until more can be written. Raises ClientDisconnected."""
        while self.paused and not self.lost:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self.lost or self.transport.is_closing():
            raise ClientDisconnected

    async def flush(self) -> None:
        """Wait until the kernel has everything that was written. Raises ClientDisconnected."""
        transport = self.transport
        transport.set_write_buffer_limits(high=0)
        try:
            while transport.get_write_buffer_size() and not self.lost:
                await (self.drain() if self.paused else asyncio.sleep(0))
        finally:
            if not self.lost:
                transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_LOW)
        await self.drain()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
