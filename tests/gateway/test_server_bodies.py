"""Request bodies that take a while: 100 Continue, back-pressure both ways, bounded memory, bodies nobody reads."""

from __future__ import annotations

import asyncio
import http.client
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fogbank.core.http import Request, Response
from fogbank.gateway.streams import BodyMalformed, BodyTimeout, ClientDisconnected

EXPECT = b"PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"


async def length(request: Request) -> Response:
    """Reads the body as it comes; answers its length and a checksum of sorts."""
    if request.stream is None:
        return Response(body=b"whole %d" % len(request.content or b""))
    size = 0
    async for piece in request.stream:
        size += len(piece)
    return Response(body=b"stream %d" % size)


def silent(client, seconds: float = 0.15) -> bool:
    return not client.held and not select.select([client.socket], [], [], seconds)[0]


def test_100_continue_is_sent_when_the_body_is_wanted(serve) -> None:
    wanted = threading.Event()

    async def handler(request: Request) -> Response:
        await asyncio.get_running_loop().run_in_executor(None, wanted.wait)
        return Response(body=await request.read(10))

    client = serve(handler).client()
    client.send(EXPECT)
    assert silent(client)
    wanted.set()
    assert client.answer().status == 100
    client.send(b"hello")
    assert client.answer().body == b"hello"
    assert client.ask(EXPECT + b"again").status == 200  # sent without waiting: no 100 is needed any more


def test_a_denial_comes_before_the_body(serve) -> None:
    client = serve(lambda request: Response(403, [], b"no")).client()
    answer = client.ask(EXPECT)
    assert (answer.status, answer.body) == (403, b"no")
    # whether the client sends the body now is its choice, so the connection cannot be used again
    assert answer.header("connection") == "close"
    client.socket.close()


def test_100_continue_with_an_empty_body_or_http_1_0(serve) -> None:
    running = serve(length)
    assert running.ask(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").body == b"whole 0"
    head = b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    client = running.client()
    client.send(head)
    assert silent(client, 0.05)
    client.send(b"x")
    assert client.answer().body == b"whole 1"


def test_100_continue_for_chunks(serve) -> None:
    client = serve(length).client()
    assert (
        client.ask(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n").status
        == 100
    )
    assert client.ask(b"3\r\nabc\r\n0\r\n\r\n").body == b"stream 3"


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1, 5_000_000])
def test_bodies_around_the_size_that_is_streamed(serve, size: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", serve(length).port, timeout=15)
    for _ in range(2):
        client.request("PUT", "/", body=b"x" * size)
        kind = b"whole" if size <= 64 * 1024 else b"stream"
        assert client.getresponse().read() == b"%b %d" % (kind, size)
    client.request("PUT", "/", body=iter([b"x" * 1000] * (size // 1000)), encode_chunked=True)
    assert client.getresponse().read().split()[1] == b"%d" % (size // 1000 * 1000)
    client.close()


def test_a_slow_reader_makes_the_client_wait(serve) -> None:
    go = threading.Event()

    async def handler(request: Request) -> Response:
        await asyncio.get_running_loop().run_in_executor(None, go.wait)
        return await length(request)

    client = serve(handler).client()
    size = 64 * 1024 * 1024
    client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    client.socket.setblocking(False)
    sent = 0
    for _ in range(3):
        try:
            while sent < size:
                sent += client.socket.send(b"x" * min(1 << 20, size - sent))
        except BlockingIOError:
            time.sleep(0.05)
    assert sent < 24 * 1024 * 1024  # what the kernel's two buffers hold, and little of ours
    client.socket.settimeout(15)
    go.set()
    client.send(b"x" * (size - sent))
    assert client.answer().body == b"stream %d" % size


def test_a_client_that_breaks_off_its_upload(serve) -> None:
    ended: list[BaseException] = []
    over = threading.Event()

    async def handler(request: Request) -> Response:
        try:
            return await length(request)
        except BaseException as error:
            ended.append(error)
            over.set()
            raise

    client = serve(handler).client()
    client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nsome")
    time.sleep(0.05)
    client.close()
    assert over.wait(5)
    assert isinstance(ended[0], (ClientDisconnected, asyncio.CancelledError))


def test_bad_chunks_in_a_body_that_is_being_read(serve) -> None:
    seen: list[BaseException] = []

    async def handler(request: Request) -> Response:
        try:
            return await length(request)
        except BodyMalformed as error:
            seen.append(error)
            raise

    client = serve(handler).client()
    client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    time.sleep(0.1)
    answer = client.ask(b"zz\r\n")
    assert (answer.status, answer.header("connection")) == (400, "close")
    assert client.closed()
    assert len(seen) == 1


def test_a_body_past_its_limit_is_413(serve) -> None:
    async def handler(request: Request) -> Response:
        return Response(body=await request.read(100_000))

    running = serve(handler)
    client = running.client()
    client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n")
    assert client.answer().status == 413  # without having asked for the body
    client = running.client()
    client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n")
    assert client.answer().status == 413
    assert client.ask(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").body == b"abc"


# Bodies nobody reads


def test_a_little_of_an_unread_body_is_drained_and_the_connection_kept(serve) -> None:
    client = serve(lambda request: Response(403, [], b"no")).client()
    for framing in (b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000, b"Transfer-Encoding: chunked\r\n\r\n"):
        client.send(b"PUT / HTTP/1.1\r\nHost: h\r\n" + framing)
        if b"chunked" in framing:
            time.sleep(0.05)
            client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.body, answer.header("connection")) == (403, b"no", None)
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 403


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_all_before_it_reads_gets_the_early_answer(serve, chunked: bool) -> None:
    """The usual client: http.client and urllib3 write the whole body first. A bare close would reset it."""
    running = serve(lambda request: Response(403, [], b"no"))
    client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    if chunked:
        client.request("PUT", "/", body=iter([b"x" * 65536] * 300), encode_chunked=True)
    else:
        client.request("PUT", "/", body=b"x" * 20_000_000)
    response = client.getresponse()
    assert (response.status, response.read()) == (403, b"no")
    client.close()


def test_a_response_may_start_before_the_request_has_ended(serve) -> None:
    async def upper(request: Request):
        assert request.stream is not None
        async for piece in request.stream:
            yield piece.upper()

    client = serve(lambda request: Response(200, [], upper(request))).client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert client.take(8) == b"3\r\nABC\r\n"
    client.send(b"1\r\nd\r\n0\r\n\r\n")
    assert client.take(11) == b"1\r\nD\r\n0\r\n\r\n"
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ne\r\n0\r\n\r\n")


# Memory, in a process of its own

PROGRAM = """
import asyncio, resource, sys
from fogbank.core.http import FileSlice, Response
from fogbank.gateway.loop import run
from fogbank.gateway.server import Server

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

async def answer(request):
    size = 0
    if request.path == "/up":
        async for piece in request.stream:
            size += len(piece)
    elif request.path == "/file":
        return Response(200, [], FileSlice(sys.argv[1], 0, int(sys.argv[2])))
    elif request.path == "/pieces":
        async def pieces():
            for _ in range(int(sys.argv[2]) // 262144):
                yield bytes(262144)
        return Response(200, [], pieces())
    return Response(200, [("x-size", str(size)), ("x-peak", str(peak()))])

async def main():
    server = Server(answer)
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()

run(main())
"""


def test_memory_stays_bounded_whatever_passes_through(tmp_path: Path) -> None:
    """200 MB up and down, fast and with a client that dawdles, under 80 MB of memory in all."""
    size = 200 * 1024 * 1024
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "big"), str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            client = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=60)
            for body in (iter([bytes(1 << 20)] * 200), open(tmp_path / "big", "rb")):  # noqa: SIM115
                client.request("PUT", "/up", body=body, headers={"Content-Length": str(size)})
                response = client.getresponse()
                assert response.getheader("x-size") == str(size)
                response.read()
            for path in ("/file", "/pieces"):
                client.request("GET", path)
                response = client.getresponse()
                time.sleep(0.3)  # the server could run ahead now
                left = size
                while piece := response.read(1 << 20):
                    left -= len(piece)
                assert left == 0
            client.request("GET", "/")
            assert int(client.getresponse().getheader("x-peak")) < 80 * 1024
            client.close()
        finally:
            process.kill()


def test_a_slow_downloader_is_waited_for(serve, tmp_path: Path) -> None:
    from fogbank.core.http import FileSlice

    content = os.urandom(12_000_000)
    (tmp_path / "file").write_bytes(content)
    client = serve(lambda request: Response(200, [], FileSlice(str(tmp_path / "file"), 0, len(content)))).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.until(b"\r\n\r\n")
    time.sleep(0.2)
    assert client.take(len(content)) == content


def test_a_body_that_stops_coming_is_408(serve) -> None:
    seen: list[BaseException] = []

    async def handler(request: Request) -> Response:
        try:
            return await length(request)
        except BodyTimeout as error:
            seen.append(error)
            raise

    running = serve(handler, body_seconds=0.2)
    streamed = running.client()
    streamed.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nsome")
    small = running.client()
    small.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nsome")
    for client in (streamed, small):
        answer = client.answer()
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert client.closed()
    assert len(seen) == 1
