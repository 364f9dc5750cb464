"""TCP listeners in front of engines. They add TLS where the engine has none, and keep one address across a failover.

    async with Door(port, target=lambda: primary_port, tls=context) as door:
        ...
        door.drop(old_port)           # clients of a server that lost its role reconnect, to the new one

`filter` sees what clients send before it is forwarded, and may answer itself (Memcached's auto-discovery).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, cast

ADDRESS = "127.0.0.1"
PENDING = 1 << 20  # bytes of a client to buffer until its engine has accepted the connection


class Filter(Protocol):
    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The pairs of bytes to forward and bytes to answer, in order."""
        ...


class Door:
    """Forwards each new connection to the port that `target()` returns; closes it when there is none."""

    def __init__(
        self,
        port: int,
        target: Callable[[], int | None],
        *,
        tls: ssl.SSLContext | None = None,
        filter: Callable[[], Filter] | None = None,
    ) -> None:
        self.port = port
        self.target = target
        self.tls = tls
        self.filter = filter
        self.clients: set[_Client] = set()

    async def __aenter__(self) -> Door:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), ADDRESS, self.port, ssl=self.tls)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        self._server.close()
        self.drop()

    def drop(self, port: int | None = None) -> None:
        """Close the connections to one engine, or all of them."""
        for client in list(self.clients):
            if port is None or client.port == port:
                client.cut()


class _Side(asyncio.Protocol):
    """One end of a forwarded connection. The other end writes what this one reads, with back-pressure."""

    other: _Side | None = None
    transport: asyncio.Transport | None = None
    sealed = False  # by TLS, which has no half-closed connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            with contextlib.suppress(RuntimeError):  # it is closing
                self.other.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)

    def eof_received(self) -> bool:
        """The peer stopped writing and may still read: half-close the other end too, except over TLS."""
        transport = self.other.transport if self.other is not None else None
        if transport is None or self.sealed or not transport.can_write_eof():
            return False
        transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()  # once the data written to it has been sent


class _Client(_Side):
    def __init__(self, door: Door) -> None:
        self._door = door
        self._ended = False
        self.sealed = door.tls is not None
        self._pending: list[bytes] = []
        self._held = 0
        self._filter = door.filter() if door.filter is not None else None
        self.port: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._door.clients.add(self)
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        self.port = self._door.target()
        engine = _Side()
        try:
            if self.port is None:
                raise ConnectionRefusedError
            await asyncio.get_running_loop().create_connection(lambda: engine, ADDRESS, self.port)
        except OSError:
            self.cut()
            return
        engine.other, self.other = self, engine
        if self.transport is None or self.transport.is_closing():
            engine.connection_lost(None)
            if engine.transport is not None:
                engine.transport.close()
            return
        pending, self._pending = self._pending, []
        for data in pending:
            self.data_received(data)
        if self._held > PENDING:
            self.transport.resume_reading()
        if self._ended:
            self.eof_received()

    def eof_received(self) -> bool:
        if self.other is None and not self.sealed:
            self._ended = True
            return True
        return super().eof_received()

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._pending.append(data)
            self._held += len(data)
            if self._held > PENDING and self.transport is not None:
                self.transport.pause_reading()
        elif self._filter is None:
            self.other.write(data)
        else:
            for forward, answer in self._filter.feed(data):
                if forward:
                    self.other.write(forward)
                if answer:
                    self.write(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._door.clients.discard(self)
        self._connecting.cancel()
        super().connection_lost(error)

    def cut(self) -> None:
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.abort()
