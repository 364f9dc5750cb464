"""What the server refuses, and that nobody can hold it up: malformed and smuggled requests, sizes, slow clients."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.http import FileSlice, Request, Response

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def echo(request: Request) -> Response:
    return Response(200, [("x-path", request.path)], request.content or b"")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / http/1.1\r\nHost: h\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET path HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host (RFC 9112 section 3.2)
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", 417),
        # two readings of one message (RFC 9112 section 11.2)
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \xb2\r\n\r\nhe", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n" + b"x" * 5000, 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n", 400),
    ],
)
def test_a_malformed_request_is_refused_and_the_connection_ends(serve, request_bytes: bytes, status: int) -> None:
    client = serve(echo).client()
    answer = client.ask(request_bytes)
    assert (answer.status, answer.header("connection")) == (status, "close")
    assert 0 < len(answer.body) < 200
    assert client.closed()


def test_good_requests_before_a_bad_one_are_answered_first(serve) -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return echo(request)

    client = serve(handler).client()
    client.send(GET + GET + b"bad\r\n\r\n" + GET)
    assert [client.answer().status for _ in range(3)] == [200, 200, 400]
    assert client.closed()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 1000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 200),
        (b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET /" + b"a" * 100_000, 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 5000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 100_000, 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 19 + b"\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 20 + b"\r\n", 431),
    ],
)
@pytest.mark.parametrize("cut", [100, 1_000_000])
def test_limits_of_the_head(serve, head: bytes, status: int, cut: int) -> None:
    client = serve(echo, url_bytes=1500, header_bytes=4000, header_count=20).client()
    try:
        for at in range(0, len(head), cut):
            client.send(head[at : at + cut])
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert client.answer().status == status


def test_trailers_and_chunk_extensions_are_limited(serve) -> None:
    running = serve(echo, header_bytes=8000)
    start = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert running.ask(start + b"0\r\n" + b"T: x\r\n" * 3000 + b"\r\n").status == 431
    assert running.ask(start + b"0\r\nT: " + b"x" * 9000).status == 400
    assert running.ask(start + b"5;" + b"x" * 9000).status == 400


# Slow clients


def test_a_head_that_comes_too_slowly_is_408(serve) -> None:
    running = serve(echo, header_seconds=0.3)
    client = running.client()
    client.send(GET)
    assert client.answer().status == 200  # the time of one request does not count for the next
    sent, slow = 0, b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 2000
    try:
        for byte in slow:
            client.send(bytes([byte]))
            sent += 1
            if select.select([client.socket], [], [], 0.02)[0]:
                break
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert client.answer().status == 408
    assert sent < len(slow)  # each byte did not give it more time


def test_a_connection_that_says_nothing_is_closed(serve) -> None:
    client = serve(echo, header_seconds=0.2).client()
    client.socket.settimeout(5)
    while client.more():
        pass


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(serve) -> None:
    closed = threading.Event()

    async def handler(request: Request) -> Response:
        while request.path == "/long" and not closed.is_set():
            await asyncio.sleep(0.02)
        return Response()

    running = serve(handler, idle_seconds=0.2, header_seconds=0.2, body_seconds=0.2)
    idle, busy = running.client(), running.client()
    busy.send(b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n")
    assert idle.ask(GET).status == 200
    assert idle.closed()
    closed.set()
    assert busy.answer().status == 200


def test_many_slow_clients_do_not_stop_a_quick_one(serve) -> None:
    running = serve(echo)
    for _ in range(100):
        running.client().send(b"GET / HTTP/1.1\r\nX: ")
    client = running.client()
    for _ in range(20):
        assert client.ask(GET).status == 200


async def endless():
    while True:
        yield b"x" * 100_000


@pytest.mark.parametrize("kind", ["bytes", "file", "pieces"])
def test_a_client_that_takes_nothing_is_dropped(serve, tmp_path: Path, kind: str) -> None:
    size = 50_000_000
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    bodies = {
        "bytes": lambda: b"x" * size,
        "file": lambda: FileSlice(str(tmp_path / "file"), 0, size),
        "pieces": endless,
    }
    running = serve(lambda request: Response(200, [], bodies[kind]()), write_seconds=0.3)
    client = running.client()
    client.send(GET)
    deadline = time.monotonic() + 5
    while running.server.connections or not client.held:
        if not client.held:
            client.more()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_connection_too_many_is_503(serve) -> None:
    running = serve(echo, max_connections=2)
    first, second = running.client(), running.client()
    assert first.ask(GET).status == second.ask(GET).status == 200
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as third:
        assert third.recv(1000).startswith(b"HTTP/1.1 503 ")
    first.close()
    deadline = time.monotonic() + 5
    while len(running.server.connections) > 1:
        assert time.monotonic() < deadline
    assert running.ask(GET).status == 200


def test_unread_pipelined_requests_are_bounded(serve) -> None:
    """A client that sends requests and never reads: it is made to wait, not served into memory."""
    running = serve(lambda request: Response(200, [], b"x" * 60_000))
    client = running.client()
    client.socket.setblocking(False)
    sent = 0
    for _ in range(20):
        try:
            while sent < 200_000_000:
                sent += client.socket.send(GET * 20_000)
        except BlockingIOError:
            time.sleep(0.02)
    assert sent < 20_000_000
    (connection,) = running.server.connections
    assert connection.transport.get_write_buffer_size() < 2_000_000


# Anything at all

FRAGMENTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n", b"POST /x?y HTTP/1.1\r\n", b"Host: h\r\n", b"Content-Length: 3\r\n", b"\r\n", b"abc",
        b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"Expect: 100-continue\r\n", b"HTTP/1.0\r\n",
        b"Connection: close\r\n", b"\n", b"\r", b" ", b":", b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"Content-Length: 99999\r\n", b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
)  # fmt: skip


def test_no_bytes_crash_or_hang_the_server(serve) -> None:
    """After any input: the server answers HTTP, closes or waits for more; and it serves the next client."""
    running = serve(any_handler, body_seconds=2, header_seconds=2, idle_seconds=2)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.one_of(st.binary(max_size=40), FRAGMENTS), max_size=12), st.floats(0, 1))
    def send(fragments: list[bytes], cut: float) -> None:
        client = running.client()
        stream = b"".join(fragments)
        at = int(len(stream) * cut)
        said = b""
        try:
            client.send(stream[:at])
            client.send(stream[at:])
            client.socket.shutdown(socket.SHUT_WR)
            while piece := client.socket.recv(65536):
                said += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            client.close()
            running.clients.remove(client)
        assert not said or said.startswith(b"HTTP/1.1 ")
        assert b"HTTP/1.1 500" not in said

    send()
    assert running.ask(GET).status == 200


def any_handler(request: Request):
    return read(request) if request.stream is not None else echo(request)


async def read(request: Request) -> Response:
    return Response(200, [], await request.read(10_000))
