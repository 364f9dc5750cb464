"""Requests and responses on the wire: what the handler sees and what the client gets (RFC 9110, RFC 9112)."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from fogbank.core.http import FileSlice, Request, Response


def echo(request: Request) -> Response:
    """Answers with what the handler saw."""
    seen = [("x-method", request.method), ("x-path", request.path), ("x-query", request.query)]
    return Response(200, [*seen, ("x-scheme", request.scheme), ("x-client", request.client)], request.content or b"")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/bucket/a%2Fb//c/./../d.", "/bucket/a%2Fb//c/./../d.", ""),
        (b"//double", "//double", ""),
        (b"/b?acl", "/b", "acl"),
        (b"/b?a=1?b=/&&c=%zz+", "/b", "a=1?b=/&&c=%zz+"),
        ("/straße/日本?x=ü".encode(), "/straße/日本".encode().decode("latin-1"), "x=ü".encode().decode("latin-1")),
        (b'/"<>{}|^`\\[]\xff', '/"<>{}|^`\\[]\xff', ""),
        (b"http://h:80/p//q?r=s", "/p//q", "r=s"),
        (b"http://h", "/", ""),
        (b"HTTPS://h?q", "/", "q"),
    ],
)
def test_request_targets_are_not_normalised(serve, target: bytes, path: str, query: str) -> None:
    answer = serve(echo).ask(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (answer.status, answer.header("x-path"), answer.header("x-query")) == (200, path, query)


def test_options_asterisk(serve) -> None:
    assert serve(echo).ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").header("x-path") == "*"


def test_headers_keep_order_case_and_duplicates(serve) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return Response()

    running = serve(handler)
    head = (
        b"GET / HTTP/1.1\r\nhOsT: h\r\nX-B:1\r\nx-a:  two  words \t\r\nX-b: 3\r\nX-Empty:\r\nx-utf: "
        + "ü".encode()
        + b"\r\n\r\n"
    )
    for _ in range(2):  # the second time the lines are remembered ones
        running.ask(head)
    expected = [("hOsT", "h"), ("X-B", "1"), ("x-a", "two  words"), ("X-b", "3"), ("X-Empty", ""), ("x-utf", "Ã¼")]
    assert [request.headers for request in seen] == [expected, expected]
    assert seen[0].header("x-b") == "1,3"


def test_a_small_body_arrives_whole_however_it_is_cut(serve) -> None:
    running = serve(echo)
    request = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world"
    for size in (1, 7, 60, 1000):
        client = running.client()
        for at in range(0, len(request), size):
            client.send(request[at : at + size])
        assert client.answer().body == b"hello world"


def test_a_chunked_body_that_ends_quickly_arrives_whole(serve) -> None:
    request = b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    request += b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n"
    running = serve(echo)
    for size in (9, 1000):
        client = running.client()
        for at in range(0, len(request), size):
            client.send(request[at : at + size])
        answer = client.answer()
        assert (answer.body, answer.header("x-client")) == (b"hello world", "127.0.0.1")


def test_a_slow_chunked_body_becomes_a_stream(serve) -> None:
    called = threading.Event()

    async def handler(request: Request) -> Response:
        called.set()
        assert request.stream is not None
        assert request.stream.length is None
        return Response(body=await request.read(100))

    client = serve(handler).client()
    client.send(b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    assert called.wait(5)  # while the body has not ended
    client.send(b"1\r\n!\r\n0\r\n\r\n")
    assert client.answer().body == b"hello!"


def test_pipelined_requests_are_answered_in_order(serve) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.05)
        return Response(body=request.path.encode())

    def handler(request: Request):
        return slow(request) if request.path.endswith("0") else Response(body=request.path.encode())

    client = serve(handler).client()
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(95)))
    assert [client.answer().body for _ in range(95)] == [b"/%d" % number for number in range(95)]


def test_pipelined_bodies_do_not_mix(serve) -> None:
    client = serve(echo).client()
    client.send(
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
        b"\r\nPOST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nf"
    )
    assert [(a.header("x-path"), a.body) for a in (client.answer(), client.answer())] == [("/a", b"abc"), ("/b", b"de")]
    client.send(b"g")
    assert client.answer().body == b"fg"


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)
def test_keep_alive(serve, head: bytes, kept: bool) -> None:
    client = serve(echo).client()
    answer = client.ask(head)
    if kept:
        assert answer.header("connection") in (None, "keep-alive")
        assert client.ask(head).status == 200
    else:
        assert answer.header("connection") == "close"
        assert client.closed()


def test_an_upgrade_that_is_not_taken_is_an_ordinary_request(serve) -> None:
    """Java's HttpClient offers h2c with its first request on a plain connection (RFC 9110 section 7.8)."""
    client = serve(echo).client()
    answer = client.ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Length: 2\r\n\r\nhi"
    )
    assert (answer.status, answer.body) == (200, b"hi")
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 200


# Responses


def test_date_and_content_length_are_added_once(serve) -> None:
    running = serve(lambda request: Response(200, [("content-length", "99"), ("X", "y")], b"four"))
    answer = running.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (answer.header("content-length"), answer.body, answer.header("x")) == ("4", b"four", "y")
    assert answer.header("date").endswith(" GMT")
    dated = serve(lambda request: Response(200, [("Date", "Thu, 01 Jan 1970 00:00:00 GMT")]))
    assert dated.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").header("date") == "Thu, 01 Jan 1970 00:00:00 GMT"


async def pieces(*parts: bytes):
    for part in parts:
        await asyncio.sleep(0)
        yield part


def test_an_iterator_is_sent_in_chunks(serve) -> None:
    running = serve(lambda request: Response(200, [], pieces(b"one", b"", b"two" * 100_000)))
    client = running.client()
    for _ in range(2):
        answer = client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert answer.header("transfer-encoding") == "chunked"
        assert answer.header("content-length") is None
        assert answer.body == b"one" + b"two" * 100_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-C: d"),
        ("X-A", "b\nX-C: d"),
        ("X-A", "b\rX-C: d"),
        ("X-A", "b\0"),
        ("X-A: b\r\nX-C", "d"),
        ("Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-A", "b"),
        ("Content-Length: 0, X-A", "b"),
        ("Content-Length ", "0"),
        ("Transfer-Encoding\t", "chunked"),
        ("X A", "b"),
        ("X\u00e4", "b"),
        ("", "b"),
    ],
)
def test_no_header_says_more_than_one_header(serve, name: str, value: str, caplog) -> None:
    """Functions behind a URL and stages of APIs choose names and values: none of them splits a response."""
    running = serve(lambda request: Response(200, [("X-First", "1"), (name, value)], b"body"))
    for _ in range(2):
        answer = running.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
        assert answer.header("x-c") is answer.header("x-a") is None
    assert "response header" in caplog.text


@pytest.mark.parametrize("status", [0, 100, 103, 199, 1000, -200])
def test_an_answer_has_the_status_of_one(serve, status: int, caplog) -> None:
    """Functions choose statuses too; after 1xx a client would take the next answer for this one (RFC 9110 15.2)."""
    client = serve(lambda request: Response(status, [], b"body")).client()
    for _ in range(2):
        assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 500
    assert "not the status of a final response" in caplog.text


def test_no_header_of_the_gateway_is_sent_twice(serve) -> None:
    given = [("DATE", "Thu, 01 Jan 1970 00:00:00 GMT"), ("content-length", "1"), ("Transfer-Encoding", "gzip")]
    running = serve(lambda request: Response(200, [*given, ("X-Amz-Date", "x"), ("Connection", "close")], b"body"))
    for _ in range(2):
        client = running.client()
        answer = client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        names = [name.lower() for name, _ in answer.headers]
        assert sorted(names) == ["connection", "content-length", "date", "x-amz-date"]
        assert (answer.header("date"), answer.header("content-length")) == (given[0][1], "4")
        assert client.closed()


def test_an_iterator_with_a_length_is_not(serve) -> None:
    running = serve(lambda request: Response(200, [("Content-Length", "6")], pieces(b"one", b"two")))
    answer = running.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (answer.header("transfer-encoding"), answer.header("content-length"), answer.body) == (None, "6", b"onetwo")


def test_an_iterator_for_http_1_0_ends_with_the_connection(serve) -> None:
    client = serve(lambda request: Response(200, [], pieces(b"one", b"two"))).client()
    answer = client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (answer.header("connection"), answer.body) == ("close", b"onetwo")


@pytest.mark.parametrize("parts", [(b"one",), (b"one", b"two", b"three")])
def test_an_iterator_that_breaks_its_promise_breaks_the_connection(serve, parts, caplog) -> None:
    client = serve(lambda request: Response(200, [("Content-Length", "6")], pieces(*parts))).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.until(b"\r\n\r\n")
    with pytest.raises((AssertionError, ConnectionResetError)):
        client.take(100)
    assert "Content-Length" in caplog.text or "of 6 bytes" in caplog.text


def test_an_iterator_that_fails_midway_is_seen_by_the_client(serve, caplog) -> None:
    async def failing():
        yield b"some"
        raise ValueError("midway")

    client = serve(lambda request: Response(200, [], failing())).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    with pytest.raises((AssertionError, ConnectionResetError)):
        client.answer()
    assert "midway" in caplog.text


@pytest.mark.parametrize("length", [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_a_slice_of_a_file(serve, tmp_path: Path, length: int) -> None:
    content = bytes(range(251)) * 13_000
    (tmp_path / "file").write_bytes(content)
    running = serve(lambda request: Response(206, [("ETag", '"x"')], FileSlice(str(tmp_path / "file"), 77, length)))
    client = running.client()
    for _ in range(2):
        answer = client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (answer.status, answer.header("content-length")) == (206, str(length))
        assert answer.body == content[77 : 77 + length]
    client.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.answer(head_only=True).header("content-length") == str(length)
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 206


@pytest.mark.parametrize("length", [10, 1_000_000])
def test_a_missing_file_is_a_500(serve, length: int, caplog) -> None:
    running = serve(lambda request: Response(200, [], FileSlice("/nonexistent/file", 0, length)))
    client = running.client()
    for _ in range(2):
        assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 500
    assert "FileNotFoundError" in caplog.text


def test_a_file_that_is_too_short_never_passes_for_whole(serve, tmp_path: Path, caplog) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    client = serve(lambda request: Response(200, [], FileSlice(str(tmp_path / "file"), 0, 200_000))).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    with pytest.raises((AssertionError, ConnectionResetError)):
        client.answer()
    (tmp_path / "small").write_bytes(b"x" * 10)
    running = serve(lambda request: Response(200, [], FileSlice(str(tmp_path / "small"), 0, 20)))
    assert running.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 500


def test_head_has_the_headers_of_a_body_and_no_body(serve) -> None:
    answers = {
        "/bytes": lambda: Response(200, [], b"12345"),
        "/said": lambda: Response(200, [("Content-Length", "777")]),
        "/stream": lambda: Response(200, [], pieces(b"x")),
        "/error": lambda: Response(404, [], b"no such key"),
    }
    client = serve(lambda request: answers[request.path]()).client()
    got = []
    for path in answers:
        client.send(f"HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        answer = client.answer(head_only=True)
        got.append((answer.status, answer.header("content-length"), answer.header("transfer-encoding")))
    assert got == [(200, "5", None), (200, "777", None), (200, None, "chunked"), (404, "11", None)]


def test_204_and_304_have_no_body(serve) -> None:
    def handler(request: Request) -> Response:
        if request.path == "/204":
            return Response(204, [("Content-Length", "5")], b"wrong")
        return Response(304, [("ETag", '"x"'), ("Content-Length", "5")])

    client = serve(handler).client()
    assert client.ask(b"DELETE /204 HTTP/1.1\r\nHost: h\r\n\r\n").header("content-length") is None
    assert client.ask(b"GET /304 HTTP/1.1\r\nHost: h\r\n\r\n").header("content-length") == "5"
    assert client.ask(b"GET /204 HTTP/1.1\r\nHost: h\r\n\r\n").status == 204


def test_unusual_statuses(serve) -> None:
    running = serve(lambda request: Response(int(request.path[1:])))
    assert [running.ask(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % s).status for s in (218, 429, 599)] == [218, 429, 599]


def test_non_latin_header_values_go_out_as_utf8(serve) -> None:
    answer = serve(lambda request: Response(200, [("x", "日本")])).ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.header("x") == "日本".encode().decode("latin-1")


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "日\n本"])
def test_a_header_cannot_smuggle_another(serve, value: str, caplog) -> None:
    for headers in ([("x", value)], [(f"x{value}", "y")]):
        answer = serve(lambda request, headers=headers: Response(200, headers, b"body")).ask(
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        assert (answer.status, answer.header("set-cookie"), answer.header("x")) == (500, None, None)


# Handlers


@pytest.mark.parametrize("kind", ["sync", "async", "not a response"])
def test_a_failing_handler_is_a_logged_500(serve, kind: str, caplog) -> None:
    async def later(request: Request) -> Response:
        await asyncio.sleep(0)
        raise ValueError("boom")

    def handler(request: Request):
        if kind == "async":
            return later(request)
        if kind == "sync":
            raise ValueError("boom")
        return None

    client = serve(handler).client()
    for _ in range(2):
        answer = client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    assert "boom" in caplog.text or "NoneType" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_handler_that_is_cancelled_from_inside_leaves_nobody_waiting(serve) -> None:
    async def handler(request: Request) -> Response:
        raise asyncio.CancelledError

    client = serve(handler).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.closed()


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_goes_away_cancels_its_handler(serve, reset: bool) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def handler(request: Request) -> Response:
        started.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return Response()

    client = serve(handler).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert started.wait(5)
    if reset:
        import socket
        import struct

        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert cancelled.wait(5)


def test_a_client_that_goes_away_closes_the_response_iterator(serve) -> None:
    closed = threading.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    client = serve(lambda request: Response(200, [], endless())).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.take(1_000_000)
    client.close()
    assert closed.wait(5)
