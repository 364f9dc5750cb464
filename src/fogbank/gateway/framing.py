"""Response framing: serializes heads, and writes bodies that are files or iterators."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from email.utils import formatdate
from http import HTTPStatus
from operator import itemgetter

from ..core.http import BREAKING, TOKEN, FileSlice, Response
from .streams import ClientDisconnected, Outlet

_PIECE = 256 * 1024  # bytes read from a file at a time where sendfile cannot be used
_SENDFILE = 1024 * 1024  # bytes per sendfile call, so that other connections get their turn
SMALL_FILE = 64 * 1024  # bytes; a slice up to this size is sent with its head in one write

_SPECIAL = frozenset(("date", "connection", "content-length", "transfer-encoding"))
_PLAIN_NAMES: set[str] = set()  # cache of header names that are valid and not special
_NAME = itemgetter(0)
_BODILESS = frozenset((204, 304, *range(100, 200)))
_STATUS = {int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n" for status in HTTPStatus}
_BODIED = {status: line for status, line in _STATUS.items() if status not in _BODILESS}


class BadResponse(Exception):
    """A handler's response that is not valid HTTP, or whose body does not match its head."""


def date(seconds: float) -> str:
    """Format an HTTP date (RFC 9110 section 5.6.7)."""
    return formatdate(seconds, usegmt=True)


def plain(status: int, text: str) -> Response:
    """A short text response of the gateway itself, for requests that do not reach the pipeline."""
    return Response(status, [("Content-Type", "text/plain; charset=utf-8")], text.encode() + b"\n")


class Framing:
    """How to send one response: the bytes of its head, how the body is framed, and whether the connection is kept."""

    __slots__ = ("chunked", "head", "keep", "length", "sends_body")

    head: bytes
    keep: bool  # whether the connection can serve another request
    sends_body: bool
    chunked: bool
    length: int | None  # bytes of body that the head announces


def quick(response: Response, method: str, now: str) -> bytes | None:
    """Fast path: serialize a whole response with a small body and no special header, on a connection that is kept.

    Returns None for all other responses: use `frame`.
    """
    body = response.body
    head = _BODIED.get(response.status)
    if body.__class__ is not bytes or head is None or method == "HEAD" or len(body) > SMALL_FILE:
        return None
    headers = response.headers
    if not _PLAIN_NAMES.issuperset(map(_NAME, headers)):
        return None
    ends = len(headers) + 4  # line ends; more would mean that a header's value contains one
    given = "".join([f"{name}: {value}\r\n" for name, value in headers])
    head = f"{head}{given}Date: {now}\r\nContent-Length: {len(body)}\r\n\r\n"
    if head.count("\n") != ends or head.count("\r") != ends or "\0" in head or not head.isascii():
        return None
    return head.encode("ascii") + body


def frame(response: Response, now: str, *, head_only: bool, http10: bool, keep: bool) -> Framing:
    """Frame a response. `now` is the Date; `head_only` for HEAD requests. Raises BadResponse."""
    framing = Framing()
    status, body = response.status, response.body
    if not 200 <= status <= 999:  # after an interim status (1xx) clients would wait for the final response
        raise BadResponse(f"not the status of a final response: {status}")
    parts = [_STATUS.get(status) or f"HTTP/1.1 {status} Status\r\n"]
    given: str | None = None
    dated = False
    for name, value in response.headers:
        if name not in _PLAIN_NAMES:
            lower = name.lower()
            if lower == "content-length":
                given = value
                continue
            if lower == "connection":
                keep = keep and "close" not in value.lower()
                continue
            if lower == "transfer-encoding":
                continue
            _check_name(name)
            dated = dated or lower == "date"
        if not value.isprintable() and BREAKING.search(value):
            raise BadResponse(f"the value of the response header {name} holds a line break or NUL: {value!r}")
        parts.append(f"{name}: {value}\r\n")
    if not dated:
        parts.append(f"Date: {now}\r\n")
    length = len(body) if isinstance(body, bytes) else body.length if isinstance(body, FileSlice) else None
    bodiless = status in _BODILESS
    framing.sends_body = not (head_only or bodiless)
    framing.chunked = False
    if not length and given is not None and (length is None or not framing.sends_body):
        length = int(given)
        if not bodiless or status == 304:
            parts.append(f"Content-Length: {length}\r\n")
    elif length is not None and not bodiless:
        parts.append(f"Content-Length: {length}\r\n")
    elif length is None and not bodiless:
        if http10:
            keep = False
        else:
            framing.chunked = True
            parts.append("Transfer-Encoding: chunked\r\n")
    framing.length = length
    if not keep:
        parts.append("Connection: close\r\n")
    elif http10:
        parts.append("Connection: keep-alive\r\n")
    parts.append("\r\n")
    text = "".join(parts)
    try:
        framing.head = text.encode("latin-1")
    except UnicodeEncodeError:
        framing.head = text.encode()
    framing.keep = keep
    return framing


def _check_name(name: str) -> None:
    """Raise BadResponse for an invalid header name: functions and stages can set any name."""
    if not TOKEN.fullmatch(name):
        raise BadResponse(f"invalid name of a response header: {name!r}")
    if name.lower() not in _SPECIAL and len(name) <= 64 and len(_PLAIN_NAMES) < 1024:
        _PLAIN_NAMES.add(name)


def refusal(status: int, text: str, now: str) -> bytes:
    """Serialize the response to a bad request that no handler sees. It is the last one on its connection."""
    response = plain(status, text)
    assert isinstance(response.body, bytes)
    return frame(response, now, head_only=False, http10=False, keep=False).head + response.body


async def send_pieces(outlet: Outlet, framing: Framing, pieces: AsyncIterator[bytes]) -> None:
    """Send the head and an iterator's pieces, with back-pressure. Raises BadResponse, ClientDisconnected."""
    write = outlet.transport.write
    write(framing.head)
    sent = turn = 0
    try:
        async for piece in pieces:
            if not piece:
                continue
            if framing.chunked:
                write(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                sent += len(piece)
                if framing.length is not None and sent > framing.length:
                    raise BadResponse(f"a body is longer than its Content-Length of {framing.length}")
                write(piece)
            await outlet.drain()
            turn += len(piece) + 64
            if turn > _PIECE:  # an iterator that never awaits must not block the event loop
                turn = 0
                await asyncio.sleep(0)
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
    if framing.chunked:
        write(b"0\r\n\r\n")
    elif framing.length is not None and sent != framing.length:
        raise BadResponse(f"a body ended after {sent} of {framing.length} bytes")


async def send_file(outlet: Outlet, framing: Framing, file: int, part: FileSlice) -> None:
    """Send the head and a slice of the open file. Raises BadResponse if it ends early, and ClientDisconnected."""
    outlet.transport.write(framing.head)
    offset, end = part.offset, part.offset + part.length
    if hasattr(os, "sendfile") and outlet.transport.get_extra_info("sslcontext") is None:
        await outlet.flush()
        await _sendfile(outlet, file, offset, end)
        return
    while offset < end:
        piece = os.pread(file, min(_PIECE, end - offset), offset)
        if not piece:
            raise BadResponse("a file is shorter than the slice of it to be sent")
        outlet.transport.write(piece)
        offset += len(piece)
        await outlet.drain()
        await asyncio.sleep(0)


async def _sendfile(outlet: Outlet, file: int, offset: int, end: int) -> None:
    """Send with os.sendfile, bypassing the transport, whose buffer is empty. uvloop has no sendfile of its own."""
    loop = asyncio.get_running_loop()
    # duplicate the descriptor, because a loop does not add a writer for one that belongs to a transport
    socket = os.dup(outlet.transport.get_extra_info("socket").fileno())
    try:
        while offset < end:
            if outlet.lost or outlet.transport.is_closing():
                raise ClientDisconnected
            try:
                sent = os.sendfile(socket, file, offset, min(_SENDFILE, end - offset))
            except BlockingIOError:
                outlet.pause()
                await _writable(loop, socket)
                outlet.resume()
                continue
            except ConnectionError:
                raise ClientDisconnected
            if not sent:
                raise BadResponse("a file is shorter than the slice of it to be sent")
            offset += sent
            outlet.moved += sent
            await asyncio.sleep(0)
    finally:
        os.close(socket)


async def _writable(loop: asyncio.AbstractEventLoop, socket: int) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def set_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(socket, set_ready)
    try:
        await ready
    finally:
        loop.remove_writer(socket)
