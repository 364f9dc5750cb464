"""Starting and stopping: ports, and what happens to requests in flight."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from fogbank.core.http import Request, Response
from fogbank.gateway.loop import run
from fogbank.gateway.server import Server

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def stop_in_background(running, grace: float) -> threading.Thread:
    thread = threading.Thread(target=lambda: running.wait(running.server.stop(grace)))
    thread.start()
    return thread


def test_stop_finishes_what_is_in_flight(serve) -> None:
    started = threading.Event()

    async def handler(request: Request) -> Response:
        started.set()
        await asyncio.sleep(0.4)
        return Response(body=await request.read(10_000_000))

    running = serve(handler)
    waiting, uploading, idle = running.client(), running.client(), running.client()
    waiting.send(GET)
    assert started.wait(5)
    uploading.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
    time.sleep(0.1)
    stopping = stop_in_background(running, 10)
    assert idle.closed() or not idle.held
    with pytest.raises(ConnectionRefusedError):
        for _ in range(100):
            socket.create_connection(("127.0.0.1", running.port), timeout=5).close()
            time.sleep(0.01)
    uploading.send(b"x" * 99_000)
    assert waiting.answer().header("connection") == "close"
    assert len(uploading.answer().body) == 100_000
    assert waiting.closed()
    stopping.join(5)
    assert not stopping.is_alive()
    assert not running.server.connections


def test_stop_is_quick_when_nothing_is_in_flight(serve) -> None:
    running = serve(lambda request: Response())
    clients = [running.client() for _ in range(5)]
    for client in clients[:3]:
        assert client.ask(GET).status == 200
    started = time.monotonic()
    running.wait(running.server.stop(10))
    assert time.monotonic() - started < (9 if running.server._tls else 60)
    assert all(client.closed() for client in clients[:3])


def test_stop_ends_what_outlasts_the_grace(serve) -> None:
    cancelled = threading.Event()

    async def handler(request: Request) -> Response:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return Response()

    running = serve(handler)
    client = running.client()
    client.send(GET)
    time.sleep(0.1)
    started = time.monotonic()
    running.wait(running.server.stop(0.2))
    assert time.monotonic() - started < 30  # and not the minute that the handler would take
    assert cancelled.wait(5)
    assert client.closed()


def test_a_taken_port_is_an_error_that_names_it() -> None:
    async def main() -> None:
        first = Server(lambda request: Response())
        await first.start()
        second = Server(lambda request: Response(), port=first.port)
        with pytest.raises(OSError, match="in use"):
            await second.start()
        await second.stop(0)
        await first.stop(0)
        third = Server(lambda request: Response(), port=first.port)  # at once, although connections may linger
        await third.start()
        await third.stop(0)

    run(main())


def test_localhost_listens_on_each_of_its_addresses() -> None:
    async def main() -> None:
        server = Server(lambda request: Response(body=request.client.encode()), host="localhost")
        await server.start()
        found = await asyncio.get_running_loop().getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM)
        for family, *_, address in found:
            reader, writer = await asyncio.open_connection(address[0], server.port, family=family)
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n" + address[0].encode())).startswith(b"HTTP/1.1 200")
            writer.close()
        await server.stop(1)

    run(main())
