"""One connection without a socket: whatever way its bytes are cut, it says the same."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fogbank.core.http import Request, Response
from fogbank.gateway.connection import Connection
from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.server import Server


class Transport(asyncio.Transport):
    """Collects what is written; knows whether the connection is over."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed, f"after the end of the connection: {data!r}"
        self.said += data

    def write_eof(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


async def late(request: Request) -> Response:
    await asyncio.sleep(0)
    return seen(request, await request.read(1_000_000))


def seen(request: Request, body: bytes) -> Response:
    return Response(200, [("x-saw", f"{request.method} {request.path} {request.headers!r}")], body)


def handler(request: Request) -> Any:
    """Answers with what it was asked, at once where that is possible and /late does not ask for more time."""
    if request.path == "/refuse":
        return Response(403, [], b"no")
    if request.content is None or request.path == "/late":
        return late(request)
    return seen(request, request.content)


async def talk(pieces: list[bytes], limits: HttpLimits, *, give_turns: bool) -> tuple[bytes, bool]:
    """What a connection says to `pieces`, and whether it ends."""
    server = Server(handler, limits=limits, now=lambda: 0.0)
    connection = Connection(server, "http")
    transport = Transport()
    connection.connection_made(transport)
    for piece in pieces:
        if transport.closed:  # what comes now nobody reads
            break
        connection.data_received(piece)
        if give_turns:
            for _ in range(3):
                await asyncio.sleep(0)
    for _ in range(40):  # of the loop, for what is answered late or waits its turn
        await asyncio.sleep(0)
    said, closed = transport.said, transport.closed
    connection.connection_lost(None)
    return said, closed


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: h", *headers]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


TARGETS = st.sampled_from(["/", "/a?b", "/late", "/refuse"])
CHUNKED = "Transfer-Encoding: chunked"
REQUESTS = st.one_of(
    st.builds(lambda target: request("GET", target), TARGETS),
    st.builds(lambda target: request("HEAD", target), TARGETS),
    st.builds(
        lambda target, body: request("PUT", target, f"Content-Length: {len(body)}", body=body),
        TARGETS,
        st.binary(max_size=40),
    ),
    st.builds(
        lambda target, chunks: request(
            "PUT", target, CHUNKED, body=b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
        ),
        TARGETS,
        st.lists(st.binary(min_size=1, max_size=12), max_size=3),
    ),
    st.builds(lambda: request("GET", "/", "Connection: close")),
    st.sampled_from([b"\r\n", b"bad\r\n\r\n", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=6), st.lists(st.integers(0, 600), max_size=6), st.booleans())
@example([b"\r\n", b"\r\n", request("GET", "/")], [], False)
@example([request("PUT", "/", "Content-Length: 3", body=b"abc"), b"\r\n", request("GET", "/")], [68], False)
def test_how_the_bytes_are_cut_makes_no_difference(requests: list[bytes], cuts: list[int], give_turns: bool) -> None:
    stream = b"".join(requests)
    limits = HttpLimits(small_body_bytes=20)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    cut = [piece for start, end in pairwise(edges) if (piece := stream[start:end])]
    single = [stream[at : at + 1] for at in range(len(stream))]
    expected = asyncio.run(talk(single, limits, give_turns=True))
    assert asyncio.run(talk([stream], limits, give_turns=give_turns)) == expected
    assert asyncio.run(talk(cut, limits, give_turns=give_turns)) == expected


def test_empty_lines_before_a_request_are_let_pass() -> None:
    """RFC 9112 section 2.2."""
    for empty in (b"\r\n", b"\r\n\r\n", b"\r\n" * 5):
        said, closed = asyncio.run(talk([empty + request("GET", "/a")], HttpLimits(), give_turns=False))
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not closed


def test_many_chunked_requests_in_one_piece_are_answered() -> None:
    """Each is followed by the next: not as deep as there are requests, and not in one turn of the loop."""
    count = 1000

    async def ask() -> int:
        server = Server(handler, now=lambda: 0.0)
        connection, transport = Connection(server, "http"), Transport()
        connection.connection_made(transport)
        connection.data_received(request("PUT", "/", CHUNKED, body=b"1\r\nx\r\n0\r\n\r\n") * count)
        at_once = transport.said.count(b"HTTP/1.1 200")
        for _ in range(2 * count):
            await asyncio.sleep(0)
        assert transport.said.count(b"HTTP/1.1 200") == count
        connection.connection_lost(None)
        return at_once

    assert asyncio.run(ask()) < 100


def test_nothing_interrupts_an_answer_that_has_begun() -> None:
    """A handler that reads the body while it answers: 100 Continue would stand in the middle of the answer."""

    async def ask() -> bytes:
        def echo(request: Request) -> Response:
            assert request.stream is not None
            return Response(200, [], aiter(request.stream))

        connection, transport = Connection(Server(echo, now=lambda: 0.0), "http"), Transport()
        connection.connection_made(transport)
        connection.data_received(request("PUT", "/", "Content-Length: 5", "Expect: 100-continue"))
        for _ in range(5):
            await asyncio.sleep(0)
        connection.data_received(b"hello")
        for _ in range(5):
            await asyncio.sleep(0)
        said = transport.said
        connection.connection_lost(None)
        return said

    said = asyncio.run(ask())
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize("end", ["retire", "idle"])
def test_no_request_is_served_on_a_connection_that_is_being_closed(end: str) -> None:
    """TLS may deliver bytes after `close`: nobody would hear the answer of what they ask."""
    asked: list[str] = []

    async def ask() -> None:
        def count(request: Request) -> Response:
            asked.append(request.path)
            return Response()

        server = Server(count, now=lambda: 0.0)
        connection, transport = Connection(server, "https"), Transport()
        connection.connection_made(transport)
        connection.data_received(request("GET", "/first"))
        if end == "retire":
            connection.retire()
        else:
            connection.check(server.ticked + 1000)
        assert transport.closed
        connection.data_received(request("PUT", "/second"))
        connection.connection_lost(None)

    asyncio.run(ask())
    assert asked == ["/first"]
