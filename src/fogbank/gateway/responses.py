"""Sends responses: in one write if the body is available, else in pieces or from a file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable

from ..core.http import FileSlice, Response, Upgrade
from .exchange import Exchange, failure
from .framing import SMALL_FILE, BadResponse, Framing, frame, plain, send_file, send_pieces
from .serving import Serving
from .streams import ClientDisconnected, Outlet

log = logging.getLogger("fogbank.gateway")


def send(server: Serving, outlet: Outlet, exchange: Exchange, response: Response) -> bool:
    """Send a response whose body is bytes or a small file. False if it is longer or a stream: use `deliver`."""
    body = response.body
    try:
        if isinstance(body, FileSlice) and body.length <= SMALL_FILE and exchange.request.method != "HEAD":
            body = _read_slice(body)
            response = Response(response.status, response.headers, body)
        elif not isinstance(body, bytes) and exchange.request.method != "HEAD":
            return False
        framing = _framed(server, exchange, response)
    except Exception as error:  # the outermost edge: logged, answered
        response = failure(error)
        body = response.body
        framing = _framed(server, exchange, response)
    _start(exchange, framing)
    write = outlet.transport.write
    if not framing.sends_body or not isinstance(body, bytes):
        write(framing.head)
    elif len(body) <= SMALL_FILE:
        write(framing.head + body)
    else:
        write(framing.head)
        write(body)
    return True


async def deliver(
    server: Serving,
    outlet: Outlet,
    exchange: Exchange,
    answer: Response | Awaitable[Response],
    done: Callable[[Exchange], None],
) -> None:
    """Await the handler, send its response, and call `done(exchange)`. Cancelled if the client disconnects."""
    try:
        try:
            response = answer if isinstance(answer, Response) else await answer
        except Exception as error:  # the outermost edge: logged, answered
            response = failure(error)
        if isinstance(response, Upgrade):
            response = _upgraded(outlet, exchange, response)
        if not outlet.lost:
            if exchange.socket is None and not send(server, outlet, exchange, response):
                await _send_long(server, outlet, exchange, response)
            done(exchange)
    except ClientDisconnected:
        outlet.transport.abort()
    except asyncio.CancelledError:
        outlet.transport.abort()  # do not leave the client waiting
        raise
    except Exception:  # the outermost edge: the head is sent, so only an aborted body can signal the error
        log.exception("while sending the response to %s %s", exchange.request.method, exchange.request.path)
        outlet.transport.abort()


def _upgraded(outlet: Outlet, exchange: Exchange, response: Upgrade) -> Response:
    """Answer a WebSocket handshake. If the request is none, returns the response to send instead."""
    from .websocket import Socket  # imported on first use

    socket = Socket(outlet, response)
    if socket.accept(exchange.request, response):
        exchange.socket = socket
        return response
    exchange.keep = False
    return plain(400, "this is no WebSocket handshake")


async def _send_long(server: Serving, outlet: Outlet, exchange: Exchange, response: Response) -> None:
    """Send a response whose body is a large file or a stream. Raises BadResponse, ClientDisconnected."""
    body = response.body
    assert not isinstance(body, bytes)
    with contextlib.ExitStack() as opened:
        try:
            if isinstance(body, FileSlice):
                file = _open_slice(body)
                opened.callback(os.close, file)
            framing = _framed(server, exchange, response)
        except (OSError, BadResponse, ValueError) as error:
            send(server, outlet, exchange, failure(error))
            return
        _start(exchange, framing)
        if not framing.sends_body:
            outlet.transport.write(framing.head)
        elif isinstance(body, FileSlice):
            await send_file(outlet, framing, file, body)
        else:
            await send_pieces(outlet, framing, body)


def _framed(server: Serving, exchange: Exchange, response: Response) -> Framing:
    stream = exchange.stream
    keep = exchange.keep and not server.stopping
    if not exchange.complete and stream is not None:
        unasked = not exchange.asked and not stream.received  # the client may or may not send the body now
        limit = server.limits.drain_bytes
        keep = keep and not unasked and (stream.length is None or stream.length - stream.received <= limit)
    head_only = exchange.request.method == "HEAD"
    return frame(response, server.date(), head_only=head_only, http10=exchange.http10, keep=keep)


def _start(exchange: Exchange, framing: Framing) -> None:
    exchange.keep = framing.keep
    exchange.asked = True  # too late for 100 Continue: it would be inside the response


def _open_slice(part: FileSlice) -> int:
    """Open the slice's file and return its descriptor. Raises OSError."""
    return os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)


def _read_slice(part: FileSlice) -> bytes:
    """Read a small slice. Raises OSError, and BadResponse if the file is too short."""
    file = _open_slice(part)
    try:
        data = os.pread(file, part.length, part.offset)
    finally:
        os.close(file)
    if len(data) != part.length:
        raise BadResponse("a file is shorter than the slice of it to be sent")
    return data
