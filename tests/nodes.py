"""Several nodes on one PostgreSQL store behind one port: the requests of each connection go to the nodes in turn."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from fogbank import testing
from fogbank.testing.handles import Cloud
from fogbank.testing.threads import ThreadCloud

INTERIM = b"HTTP/1.1 100"  # the client goes on with the same request
UPGRADED = b"HTTP/1.1 101"


class Balancer:
    """A TCP port in front of the nodes. What follows an answer on a connection is the next request: the next node's.

    TLS and upgraded connections stay with one node.
    """

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer", daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        connection = _Connection(out)
        try:
            while data := await client.read(1 << 16):
                if connection.answered:
                    await connection.move_to(self._ports[next(self._turn) % len(self._ports)], data)
                await connection.send(data)
        except ConnectionError:
            pass
        finally:
            await connection.close()


class _Connection:
    """A client's connection, and the node that answers it now."""

    def __init__(self, out: asyncio.StreamWriter) -> None:
        self.answered = True  # the next bytes of the client begin a request
        self._out = out
        self._node: asyncio.StreamWriter | None = None
        self._answers: asyncio.Task[None] | None = None
        self._stays = False

    async def move_to(self, port: int, data: bytes) -> None:
        if self._stays:
            return
        self._stays = data[:1] == b"\x16"  # TLS
        await self._leave()
        reader, self._node = await asyncio.open_connection("127.0.0.1", port)
        self.answered = False
        self._answers = asyncio.ensure_future(self._pass_on(reader))

    async def send(self, data: bytes) -> None:
        assert self._node is not None
        self._node.write(data)
        await self._node.drain()

    async def _pass_on(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self._stays = self._stays or data.startswith(UPGRADED)
                self.answered = not data.startswith(INTERIM) or b"\r\n\r\nHTTP/" in data
                self._out.write(data)
                await self._out.drain()
            self._out.close()  # the node closed it

    async def _leave(self) -> None:
        if self._answers is not None:
            self._answers.cancel()
        if self._node is not None:
            self._node.close()

    async def close(self) -> None:
        await self._leave()
        self._out.close()


class Nodes(Cloud):
    """The nodes as one cloud. `app` and `run` are those of the first node."""

    def __init__(self, nodes: list[ThreadCloud], balancer: Balancer, config: Any) -> None:
        super().__init__(config)
        self.nodes = nodes
        self.region = nodes[0].region
        self._balancer = balancer

    @property
    def app(self) -> Any:
        return self.nodes[0].app

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._balancer.port}"

    @property
    def token(self) -> str:
        return self.nodes[0].token

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.nodes[0].run(coroutine)


@contextlib.contextmanager
def shared(number: int, url: str, data: Path, client_config: Any = None, **options: Any) -> Iterator[Nodes]:
    """Run so many nodes on the database at `url` and the folder `data`."""
    with contextlib.ExitStack() as running:
        nodes = [
            running.enter_context(testing.cloud(store=url, data=data, client_config=client_config, **options))
            for _ in range(number)
        ]
        balancer = Balancer([node.app.port for node in nodes])
        running.callback(balancer.close)
        yield Nodes(nodes, balancer, client_config)
