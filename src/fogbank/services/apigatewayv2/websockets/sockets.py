"""The WebSockets that this process holds, and messages for those that others hold.

A connection's record says which process holds its socket. Where nodes share a store, each renews a lease as long as it
holds sockets: the connections of a node that died are gone. It watches for messages that other nodes leave for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import msgspec

from fogbank.core.clock import aside
from fogbank.core.context import Cloud
from fogbank.core.http import Disconnected, WebSocket
from fogbank.store.api import Reader, Transaction

from ..records import CONNECTIONS, HOLDERS, OUTGOING, Connection, Holder, Outgoing

LEASE_SECONDS = 30.0
RENEW_SECONDS = LEASE_SECONDS / 3
GOING_AWAY = 1001
PATIENCE = 29.0  # seconds that a client may take to read


class Held(msgspec.Struct, eq=False):
    """An open socket. `active` is when a message last went either way, on the cloud's clock."""

    connection: Connection
    socket: WebSocket
    active: float


class Sockets:
    """All sockets of this process: `app.local(Sockets)`."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self.held: dict[str, Held] = {}
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        for topic in ("reset", "reset/apigatewayv2"):
            app.signals.on(topic, self._drop)
        app.on_stop(self._stop)

    def _drop(self) -> None:
        for held in list(self.held.values()):
            self.start(held.socket.close(GOING_AWAY, "Going away"))

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that outlives its caller."""
        task = aside(work)
        self._tasks.add(task)  # the event loop does not keep it
        task.add_done_callback(self._tasks.discard)

    async def open(self, connection: Connection) -> None:
        """Store the record of a connection that this process is about to hold."""
        await self._app.run(lambda: self._store(connection))
        if self._task is None and not self._app.store.embedded:
            self._task = aside(self._serve(), name="apigatewayv2-sockets")

    def _store(self, connection: Connection) -> None:
        with self._app.store.write() as tx:
            if self._app.store.embedded and not self.held:  # no other process: they are of one that ended
                for old in [c for c in tx.scan(CONNECTIONS) if c.node != self._app.node and c.id not in self.held]:
                    tx.delete(CONNECTIONS, CONNECTIONS.key(old))
            tx.put(HOLDERS, Holder(node=self._app.node, until=self._app.clock.real() + LEASE_SECONDS))
            tx.put(CONNECTIONS, connection)

    async def close(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self.held.pop(connection.id, None)

        def delete() -> None:
            with self._app.store.write() as tx:
                tx.delete(CONNECTIONS, CONNECTIONS.key(connection))

        await self._app.run(delete)

    # -- for the operations ------------------------------------------------------------------------------------------

    def lives(self, tx: Reader, connection: Connection) -> bool:
        """Whether the process that holds a connection is there."""
        if connection.node == self._app.node:
            return connection.id in self.held
        if self._app.store.embedded:
            return False
        holder = tx.get(HOLDERS, (connection.node,))
        return holder is not None and holder.until > self._app.clock.real()

    async def send(self, id: str, data: bytes, now: float) -> None:
        """Send to a socket of this process. Raises Disconnected, also for a client that does not read."""
        held = self.held.get(id)
        if held is None:
            raise Disconnected
        held.active = now
        try:
            async with asyncio.timeout(PATIENCE):
                await held.socket.send(_message(data))
        except TimeoutError:
            await held.socket.close(GOING_AWAY, "Going away")
            raise Disconnected from None

    def leave(self, tx: Transaction, connection: Connection, data: bytes, *, close: bool = False) -> None:
        """Leave a message, or the end, for a connection of another process."""
        at = int(self._app.clock.real() * 1e9)
        made = Outgoing(node=connection.node, at=at, id=self._app.ids.hex(8), connection=connection.id, data=data,
                        close=close)  # fmt: skip
        tx.put(OUTGOING, made)
        tx.signal(_topic(connection.node))

    # -- messages that others left -----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        node = self._app.node
        with self._app.signals.watch(_topic(node)) as watch:
            while True:
                for message in await self._app.run(self._taken):
                    self._deliver(message)
                try:
                    async with asyncio.timeout(RENEW_SECONDS):
                        await watch.wait()
                except TimeoutError:
                    pass

    def _deliver(self, message: Outgoing) -> None:
        """Deliver a message without waiting for its client. Each is written at once, so they stay in order."""

        async def send() -> None:
            held = self.held.get(message.connection)
            if held is not None and message.close:
                await held.socket.close(1000, "Connection Closed Normally")
            elif held is not None:
                with contextlib.suppress(Disconnected):  # it closed meanwhile
                    await self.send(message.connection, message.data, self._app.clock.now())

        self.start(send())

    def _taken(self) -> list[Outgoing]:
        """Renew the lease, and take what others left."""
        node = self._app.node
        with self._app.store.write() as tx:
            found = list(tx.scan(OUTGOING, (node,)))
            for message in found:
                tx.delete(OUTGOING, OUTGOING.key(message))
            tx.put(HOLDERS, Holder(node=node, until=self._app.clock.real() + LEASE_SECONDS))
            return found


def _message(data: bytes) -> str | bytes:
    """Text goes out in text frames, what is no text in binary ones."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _topic(node: str) -> str:
    return f"apigatewayv2/outgoing/{node}"
