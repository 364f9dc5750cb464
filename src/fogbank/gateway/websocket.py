"""WebSockets (RFC 6455) on a connection whose request was answered with `core.http.Upgrade`.

wsproto implements the protocol. This module moves the bytes, assembles messages, and adds back-pressure both ways.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from urllib.parse import quote

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from ..core import http
from .streams import HIGH, ClientDisconnected, Outlet

GOING_AWAY, LOST, TOO_BIG, FAILED = 1001, 1006, 1009, 1011  # RFC 6455 section 7.4.1
LEAST = 64  # bytes that a message counts as, an empty one too


class Socket:
    """One open WebSocket. Implements `core.http.WebSocket`."""

    def __init__(self, outlet: Outlet, upgrade: http.Upgrade) -> None:
        self._outlet = outlet
        self._most = upgrade.most
        self.talk = upgrade.talk
        self._wire = WSConnection(ConnectionType.SERVER)
        self._pieces: list[Any] = []  # text, or bytes
        self._size = 0  # bytes or characters of the message that is arriving
        self._messages: deque[str | bytes] = deque()
        self._held = 0  # the same of all messages that the endpoint has not received yet
        self._arrived = asyncio.Event()
        self.closing = (LOST, "")
        self._over = False
        self._stopped = False  # the client is made to wait

    def _write(self, event: Event) -> None:
        try:
            data = self._wire.send(event)
        except LocalProtocolError:
            return  # closed meanwhile
        if not self._outlet.lost and not self._outlet.transport.is_closing():
            self._outlet.transport.write(data)

    # -- called by the connection ------------------------------------------------------------------------------------

    def accept(self, request: http.Request, response: http.Upgrade) -> bool:
        """Answer the handshake. False if the request is none."""
        headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
        try:
            self._wire.initiate_upgrade_connection(headers, quote(request.path, safe="/%"))
            if not any(isinstance(event, Request) for event in self._wire.events()):
                return False
        except RemoteProtocolError:
            return False
        extra = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
        self._write(AcceptConnection(subprotocol=response.subprotocol or None, extra_headers=extra))
        return True

    def received(self, data: bytes) -> None:
        """Process bytes from the client."""
        try:
            self._wire.receive_data(data)
            for event in self._wire.events():
                self._take(event)
        except RemoteProtocolError as error:
            if error.event_hint is not None:
                self._write(error.event_hint)
            self.lost()
        self.flow()

    def flow(self) -> None:
        """Pause reading while messages wait to be received, or while the client does not read what it is sent."""
        transport = self._outlet.transport
        stop = self._held > HIGH or self._outlet.paused
        if stop == self._stopped or transport.is_closing():
            return
        self._stopped = stop
        if stop:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _take(self, event: object) -> None:
        match event:
            case TextMessage() | BytesMessage():
                self._piece(event)
            case Ping() | CloseConnection():
                self._write(event.response())
                if isinstance(event, CloseConnection):
                    self.closing = (int(event.code), event.reason or "")
                    self.lost()

    def _piece(self, event: TextMessage | BytesMessage) -> None:
        self._size += len(event.data)
        if self._size > self._most:
            self.end(TOO_BIG)
            return
        if event.data:
            self._pieces.append(event.data)
        if not event.message_finished:
            return
        message: str | bytes = "".join(self._pieces) if isinstance(event, TextMessage) else b"".join(self._pieces)
        self._held += max(self._size, LEAST)
        self._pieces, self._size = [], 0
        self._messages.append(message)
        self._arrived.set()

    def lost(self) -> None:
        """Mark the end: no more messages will arrive."""
        self._over = True
        self._arrived.set()

    def end(self, code: int, reason: str = "") -> None:
        """Send a close frame, without waiting for the client."""
        self._write(CloseConnection(code, reason or None))
        if not self._over:
            self.closing = (code, reason)
        self.lost()

    # -- called by the endpoint --------------------------------------------------------------------------------------

    async def receive(self) -> str | bytes | None:
        while not self._messages:
            if self._over:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        message = self._messages.popleft()
        self._held -= max(len(message), LEAST)
        self.flow()
        return message

    async def send(self, message: str | bytes) -> None:
        if self._over:
            raise http.Disconnected
        self._write(TextMessage(message) if isinstance(message, str) else BytesMessage(message))
        try:
            await self._outlet.drain()
        except ClientDisconnected:
            raise http.Disconnected from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.end(code, reason)
