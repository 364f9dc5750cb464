"""The HTTP server: listens, tells TLS from plain HTTP by the first byte, and applies limits to its connections."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable

from .connection import Connection
from .framing import date
from .limits import HttpLimits
from .parsing import HeadParser
from .serving import Handler, Served
from .tls import TlsContext

log = logging.getLogger("fogbank.gateway")

_HANDSHAKE = b"\x16"  # the first byte of a TLS connection (RFC 8446 section 5.1: a handshake record)
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """Serves `handler` on one port, with both HTTP and (if `tls` is given) HTTPS.

    `handler(request)` returns the Response, or an awaitable of it, and runs on the event loop. `now` returns the time
    for the Date header, in seconds since the epoch: SDKs correct their own clocks by it.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: HttpLimits | None = None,
        tls: TlsContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.handler = handler
        self.host = host
        self.port = port  # once started, the actual port
        self.limits = limits or HttpLimits()
        self.parser = HeadParser(self.limits)
        self.connections: set[Served] = set()
        self.stopping = False
        self.ticked = 0.0  # loop time of the last check of the connections
        self._tls = tls
        self._now = now
        self._date = (0, "")
        self._listeners: list[socket.socket] = []
        self._silent: dict[socket.socket, float] = {}  # sockets without a first byte → when they were accepted
        self._arriving: set[Served] = set()  # not in `connections` yet, for example during a TLS handshake
        self._adopting: set[asyncio.Task[None]] = set()
        self._emptied: asyncio.Event | None = None  # stop() waits for it
        self._ticker: asyncio.TimerHandle | None = None
        limits = self.limits
        shortest = min(limits.header_seconds, limits.idle_seconds, limits.body_seconds, limits.write_seconds)
        self._tick_seconds = min(0.5, shortest / 4)

    async def start(self) -> None:
        """Listen. Raises OSError if the address is in use or not one of this machine."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self.host or None, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                listener = socket.socket(family, kind, protocol)
                self._listeners.append(listener)
                listener.setblocking(False)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind((address[0], self.port, *address[2:]))
                listener.listen(1024)
                self.port = listener.getsockname()[1]
        except OSError:
            self._close_listeners()
            raise
        for listener in self._listeners:
            loop.add_reader(listener.fileno(), self._accept, listener)
        self._tick()

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Stop listening, wait up to `grace_seconds` for requests in flight, and close all connections."""
        loop = asyncio.get_running_loop()
        self.stopping = True
        for listener in self._listeners:
            loop.remove_reader(listener.fileno())
        self._close_listeners()
        for silent in list(self._silent):
            self._drop(silent)
        for connection in list(self.connections):
            connection.retire()
        if self.connections or self._adopting:
            self._emptied = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), grace_seconds)
        for task in list(self._adopting):
            task.cancel()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)
        if self._ticker is not None:
            self._ticker.cancel()

    def date(self) -> str:
        """The current value of the Date header."""
        second = int(self._now())
        if self._date[0] != second:
            self._date = (second, date(second))
        return self._date[1]

    def welcome(self, connection: Served, /) -> None:
        """Add a new connection."""
        self._arriving.discard(connection)
        self.connections.add(connection)

    def forget(self, connection: Served, /) -> None:
        """Remove a closed connection."""
        self.connections.discard(connection)
        self._note_end()

    def _note_end(self) -> None:
        if self._emptied is not None and not self.connections and not self._adopting:
            self._emptied.set()

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(64):
            try:
                accepted, _ = listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:  # out of file descriptors: try again in a moment
                log.warning("cannot accept a connection: %s", error)
                loop = asyncio.get_running_loop()
                loop.remove_reader(listener.fileno())
                loop.call_later(0.5, self._accept_again, listener)
                return
            accepted.setblocking(False)
            if len(self.connections) + len(self._silent) + len(self._arriving) >= self.limits.max_connections:
                self._turn_away(accepted)
                continue
            if self._tls is None:
                self._adopt(accepted, tls=False)
            else:
                self._look(accepted)

    def _accept_again(self, listener: socket.socket) -> None:
        if not self.stopping:
            asyncio.get_running_loop().add_reader(listener.fileno(), self._accept, listener)

    @staticmethod
    def _turn_away(accepted: socket.socket) -> None:
        try:
            accepted.send(_BUSY)
        except OSError:
            pass
        finally:
            accepted.close()

    def _look(self, accepted: socket.socket) -> None:
        """Wait for the first byte of a connection, and adopt it as TLS or as plain HTTP."""
        try:
            first = accepted.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            if accepted not in self._silent:
                self._silent[accepted] = asyncio.get_running_loop().time()
                asyncio.get_running_loop().add_reader(accepted.fileno(), self._look, accepted)
            return
        except OSError:
            first = b""
        if not first:
            self._drop(accepted)
            return
        if self._silent.pop(accepted, None) is not None:
            asyncio.get_running_loop().remove_reader(accepted.fileno())
        self._adopt(accepted, tls=first == _HANDSHAKE)

    def _drop(self, accepted: socket.socket) -> None:
        if self._silent.pop(accepted, None) is not None:
            asyncio.get_running_loop().remove_reader(accepted.fileno())
        accepted.close()

    def _adopt(self, accepted: socket.socket, *, tls: bool) -> None:
        connection = Connection(self, "https" if tls else "http")
        self._arriving.add(connection)
        task = asyncio.get_running_loop().create_task(self._connect(accepted, connection, tls))
        self._adopting.add(task)
        task.add_done_callback(self._adopted)

    def _adopted(self, task: asyncio.Task[None]) -> None:
        self._adopting.discard(task)
        self._note_end()

    async def _connect(self, accepted: socket.socket, connection: Connection, tls: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            if tls:
                assert self._tls is not None
                await loop.connect_accepted_socket(
                    lambda: connection,
                    accepted,
                    ssl=await self._tls.context(),
                    ssl_handshake_timeout=self.limits.handshake_seconds,
                )
            else:
                await loop.connect_accepted_socket(lambda: connection, accepted)
        except (
            OSError,
            TimeoutError,
        ) as error:  # also ssl.SSLError: the client does not trust our certificate, or sent garbage
            log.debug("a connection failed before its first request: %s", error)
            accepted.close()
        finally:
            self._arriving.discard(connection)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = self.ticked = loop.time()
        for connection in list(self.connections):
            connection.check(now)
        for accepted, since in list(self._silent.items()):
            if now - since > self.limits.header_seconds:
                self._drop(accepted)
        self._ticker = loop.call_later(self._tick_seconds, self._tick)
