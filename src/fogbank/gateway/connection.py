"""One client connection: requests in, handler called, responses out, in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from ..core.http import FileSlice, Request, Response
from .exchange import Exchange, failure, open_slice, read_slice, value
from .parsing import CHUNKED, USUAL, ChunkedDecoder, Manner, Refusal
from .streams import (
    HIGH,
    BodyMalformed,
    BodyTimeout,
    ClientDisconnected,
    IncomingBody,
    Outlet,
)
from .writing import SMALL_FILE, BadResponse, Framing, frame, plain, quick, send_file, send_pieces

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger("fogbank.gateway")

Handler = Callable[[Request], Response | Awaitable[Response]]

_HEAD, _BODY, _SHUT = range(3)  # what the next bytes from the client are: a request's head, a body, nothing of interest
_CR = 13
_BURST = 16  # pipelined requests answered in one turn of the event loop
_QUICK_SECONDS = 0.01  # a chunked body that ends within this is handed over whole


class Connection(asyncio.Protocol):
    """The protocol of one accepted connection. `scheme` is `http` or `https`."""

    __slots__ = (
        "_asked", "_buffer", "_collected", "_decoder", "_exchange", "_incoming", "_left", "_loop", "_reading",
        "_scheme", "_server", "_since", "_size", "_state", "_task", "_timer", "_unsent", "client", "outlet", "requests",
        "transport",
    )  # fmt: skip

    transport: asyncio.Transport
    outlet: Outlet

    def __init__(self, server: Server, scheme: str) -> None:
        self._server = server
        self._scheme = scheme
        self._loop = asyncio.get_running_loop()
        self.client = ""
        self.requests = 0
        self._state = _HEAD
        self._buffer = b""  # of a head that has not arrived wholly, or of requests that wait for their turn
        self._exchange: Exchange | None = None  # the request that is being answered
        self._incoming: Exchange | None = None  # the request whose body is arriving
        self._decoder: ChunkedDecoder | None = None
        self._left = 0  # bytes of the incoming body still to come, where its length is known
        self._collected: list[bytes] = []  # of a small body
        self._size = 0  # bytes collected
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading = True
        self._asked = False  # 100 Continue was sent for the incoming body
        self._since = server.ticked  # when the client last did what it is waited for
        self._unsent: int | None = None  # bytes the client had left untaken at the last check, if it is slow

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports are no subclasses of it
        self.outlet = Outlet(self.transport)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._server.welcome(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        self._state = _SHUT
        self._buffer = b""
        self._cancel_timer()
        self.outlet.lose()
        if self._incoming is not None and self._incoming.stream is not None:
            self._incoming.stream.fail(ClientDisconnected())
        if self._task is not None:
            self._task.cancel()

    def eof_received(self) -> bool:
        """A client that ends its side has gone: half-closed HTTP clients are rare, interrupted long polls are not."""
        return False

    def pause_writing(self) -> None:
        self._since = self._server.ticked
        self.outlet.pause()

    def resume_writing(self) -> None:
        self._since = self._server.ticked
        self.outlet.resume()
        if self._buffer and self._exchange is None:
            self._continue()

    def data_received(self, data: bytes) -> None:
        if self._state == _HEAD:
            if self._exchange is None and not self._buffer and self._serve_alone(data):
                return
            if self._exchange is not None:
                self._hold(self._buffer + data if self._buffer else data)
                return
            if self._buffer:
                data = self._buffer + data
                self._buffer = b""
                self._read_heads(data, begun=True)
            else:
                self._read_heads(data)
        elif self._state == _BODY:
            self._since = self._server.ticked
            self._read_body(data)

    # Requests in

    def _serve_alone(self, data: bytes) -> bool:
        """Serve the most frequent case in the fewest steps: `data` is one request, whole and small. Else False."""
        head, blank, content = data.partition(b"\r\n\r\n")
        if not blank or head[:1] == b"\r" or self.outlet.paused:
            return False
        try:
            request, length, manner = self._server.parser.parse(head, self._scheme, self.client)
        except Refusal as refusal:
            self.refuse(refusal)
            return True
        if length != len(content) or length > self._server.small_body or manner.expect:
            return False
        request.content = content
        self._serve(request, manner)
        return True

    def _serve(self, request: Request, manner: Manner) -> None:
        """Have a request that has arrived answered."""
        server = self._server
        try:
            answer = server.handler(request)
        except Exception as error:  # the outermost edge: logged, answered
            answer = failure(error)
        # the most frequent case first: an answer at hand, on a connection that goes on
        if answer.__class__ is Response and manner is USUAL and not server.stopping:
            message = quick(answer, request.method, server.date())
            if message is not None:
                self.requests += 1
                self._since = server.ticked
                self.transport.write(message)
                return
        self._begin(Exchange(request, manner), answer)

    def _read_heads(self, data: bytes, *, begun: bool = False) -> None:
        """Serve the requests in `data`, which starts with one, as far as they have arrived and are small.

        `begun`: some of the first one's head had arrived earlier.
        """
        at = served = 0
        size = len(data)
        server = self._server
        while at < size:
            if self._exchange is not None or self.outlet.paused or served == _BURST or self.transport.is_closing():
                self._hold(data[at:])
                if served == _BURST:
                    self._loop.call_soon(self._continue)
                return
            end = data.find(b"\r\n\r\n", at)
            if (end < 0 or data[at] == _CR) and data.startswith(b"\r\n", at):
                at += 2  # an empty line before a request is let pass (RFC 9112 section 2.2)
                continue
            if end < 0:
                self._partial(data[at:], begun=begun and not served)
                return
            try:
                request, length, manner = server.parser.parse(data[at:end], self._scheme, self.client)
            except Refusal as refusal:
                self.refuse(refusal)
                return
            at = end + 4
            if length:
                if length == CHUNKED or length > size - at or length > server.small_body or manner.expect:
                    self._open_body(request, length, manner, data[at:])
                    return
                request.content = data[at : at + length]
                at += length
            served += 1
            self._serve(request, manner)
            if self._state != _HEAD:
                return

    def _partial(self, data: bytes, *, begun: bool) -> None:
        """`data` is the beginning of a head."""
        limits = self._server.limits
        if len(data) > limits.header_bytes or (len(data) > limits.url_bytes + 64 and b"\r\n" not in data):
            self.refuse(self._server.parser.too_long(data))
            return
        if not begun:
            self._since = self._server.ticked
        self._buffer = data

    def _hold(self, data: bytes) -> None:
        """Keep bytes for when the requests before them are answered."""
        self._buffer = data
        self._flow()

    def _continue(self) -> None:
        """Go on with held bytes."""
        if self._exchange is None and self._state == _HEAD and self._buffer and not self.outlet.paused:
            data, self._buffer = self._buffer, b""
            self._read_heads(data)
            self._flow()

    def _open_body(self, request: Request, length: int, manner: Manner, data: bytes) -> None:
        """The body of `request` has not arrived with its head; `data` is what has."""
        request.content = None
        exchange = Exchange(request, manner)
        exchange.complete = False
        self._incoming = exchange
        self._state = _BODY
        self._since = self._server.ticked
        self._asked = not manner.expect
        if length == CHUNKED:
            self._decoder = ChunkedDecoder(self._server.limits.header_bytes)
        else:
            self._decoder = None
            self._left = length
        if manner.expect or length > self._server.small_body:
            self._make_stream(exchange)
            self._begin(exchange, self._ask_handler(exchange.request))
        if data and self._state == _BODY:  # not answered, and given up, already
            self._read_body(data)
        if self._incoming is exchange and exchange.stream is None and length == CHUNKED:
            self._timer = self._loop.call_later(_QUICK_SECONDS, self._hand_over)

    def _make_stream(self, exchange: Exchange) -> IncomingBody:
        length = None if self._decoder is not None else self._left
        exchange.stream = exchange.request.stream = IncomingBody(length, self._flow, self._ask)
        return exchange.stream

    def _hand_over(self) -> None:
        """A chunked body turns out long or slow: the handler gets it as a stream after all."""
        exchange = self._incoming
        self._cancel_timer()
        if exchange is None or exchange.stream is not None:
            return
        stream = self._make_stream(exchange)
        for piece in self._collected:
            stream.feed(piece)
        self._collected, self._size = [], 0
        self._begin(exchange, self._ask_handler(exchange.request))

    def _ask(self) -> None:
        """The body is wanted: let a client that waits for it send it (RFC 9110 section 10.1.1)."""
        exchange = self._incoming
        if not self._asked and exchange is not None and exchange.stream is not None and not exchange.stream.received:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._asked = True

    def _read_body(self, data: bytes) -> None:
        if self._decoder is not None:
            try:
                pieces, rest = self._decoder.feed(data)
            except Refusal as refusal:
                self._break_off(refusal)
                return
            done = self._decoder.done
        elif len(data) >= self._left:
            pieces, rest, done = [data[: self._left]], data[self._left :], True
            self._left = 0
        else:
            pieces, rest, done = [data], b"", False
            self._left -= len(data)
        exchange = self._incoming
        assert exchange is not None
        for piece in pieces:
            stream = exchange.stream
            if stream is not None:
                stream.feed(piece)
            else:
                self._collected.append(piece)
                self._size += len(piece)
                if self._size > self._server.small_body:
                    self._hand_over()
        if done:
            self._complete(exchange, rest)
        else:
            self._check_drain(exchange)
            self._flow()

    def _complete(self, exchange: Exchange, rest: bytes) -> None:
        """The last byte of the incoming body has arrived; `rest` follows it."""
        self._cancel_timer()
        self._incoming = self._decoder = None
        exchange.complete = True
        if self._state != _BODY:  # refused meanwhile
            return
        self._state = _HEAD
        if exchange.stream is not None:
            exchange.stream.end()
        else:
            exchange.request.content = b"".join(self._collected)
            self._collected, self._size = [], 0
            self._begin(exchange, self._ask_handler(exchange.request))
        self._flow()
        if self._exchange is None and not self.transport.is_closing() and self._server.stopping and not rest:
            self.transport.close()
        elif rest and self._state == _HEAD:
            self.data_received(rest)

    def _break_off(self, refusal: Refusal) -> None:
        """The incoming body is not HTTP."""
        exchange = self._incoming
        if exchange is None or exchange is not self._exchange or exchange.stream is None:
            if exchange is not None and exchange.stream is None:
                self.refuse(refusal)
            else:
                self._linger()
            return
        self._state = _SHUT
        exchange.keep = False
        exchange.stream.fail(BodyMalformed(refusal.reason))

    def _check_drain(self, exchange: Exchange) -> None:
        """End the connection when more of an unwanted body comes than is worth reading."""
        stream = exchange.stream
        if stream is not None and stream.discarding:
            limit = self._server.limits.drain_bytes
            if stream.length is None and stream.received > limit and self._state == _BODY:
                self._linger()

    def _flow(self) -> None:
        """Read from the client or make it wait, as what is held for later asks."""
        stream = self._incoming.stream if self._incoming is not None else None
        full = (stream is not None and stream.held > HIGH) or (
            self._state == _HEAD and len(self._buffer) > self._server.limits.header_bytes
        )
        if full is self._reading and not self.outlet.lost and not self.transport.is_closing():
            self._reading = not full
            if full:
                self.transport.pause_reading()
            else:
                self._since = self._server.ticked
                self.transport.resume_reading()

    # Responses out

    def _ask_handler(self, request: Request) -> Response | Awaitable[Response]:
        try:
            return self._server.handler(request)
        except Exception as error:  # the outermost edge: logged, answered
            return failure(error)

    def _begin(self, exchange: Exchange, answer: Response | Awaitable[Response]) -> None:
        """Send the handler's answer, now or when it is ready."""
        self._exchange = exchange
        self.requests += 1
        if isinstance(answer, Response):
            if not self._send(exchange, answer):
                self._task = self._loop.create_task(self._run(exchange, value(answer)))
        else:
            self._task = self._loop.create_task(self._run(exchange, answer))

    async def _run(self, exchange: Exchange, answer: Awaitable[Response]) -> None:
        """Await the handler, send its response. Cancelled when the client goes."""
        try:
            try:
                response = await answer
            except Exception as error:  # the outermost edge: logged, answered
                response = failure(error)
            if not self.outlet.lost and not self._send(exchange, response):
                await self._send_long(exchange, response)
        except ClientDisconnected:
            self.transport.abort()
        except asyncio.CancelledError:
            self.transport.abort()  # whoever cancelled: no client is left waiting
            raise
        except Exception:  # the outermost edge: the head is out, so only a broken body tells the client
            log.exception("while sending the response to %s %s", exchange.request.method, exchange.request.path)
            self.transport.abort()

    def _frame(self, exchange: Exchange, response: Response) -> Framing:
        stream = exchange.stream
        keep = exchange.keep and not self._server.stopping
        if not exchange.complete and stream is not None:
            unasked = not self._asked and not stream.received  # the client may send the body still, or not
            limit = self._server.limits.drain_bytes
            keep = keep and not unasked and (stream.length is None or stream.length - stream.received <= limit)
        head_only = exchange.request.method == "HEAD"
        return frame(response, self._server.date(), head_only=head_only, http10=exchange.http10, keep=keep)

    def _send(self, exchange: Exchange, response: Response) -> bool:
        """Send a response that is at hand in one write; False when its body takes a while."""
        body = response.body
        try:
            if isinstance(body, FileSlice) and body.length <= SMALL_FILE and exchange.request.method != "HEAD":
                body = read_slice(body)
                response = Response(response.status, response.headers, body)
            elif not isinstance(body, bytes) and exchange.request.method != "HEAD":
                return False
            framing = self._frame(exchange, response)
        except Exception as error:  # the outermost edge: logged, answered
            framing = self._frame(exchange, failure(error))
            body = b"Internal Server Error\n"
        exchange.keep = framing.keep
        write = self.transport.write
        if not framing.sends_body or not isinstance(body, bytes):
            write(framing.head)
        elif len(body) <= SMALL_FILE:
            write(framing.head + body)
        else:
            write(framing.head)
            write(body)
        self._done(exchange)
        return True

    async def _send_long(self, exchange: Exchange, response: Response) -> None:
        body = response.body
        assert not isinstance(body, bytes)
        with contextlib.ExitStack() as opened:
            try:
                if isinstance(body, FileSlice):
                    file = open_slice(body)
                    opened.callback(os.close, file)
                framing = self._frame(exchange, response)
            except (OSError, BadResponse, ValueError) as error:
                self._send(exchange, failure(error))
                return
            exchange.keep = framing.keep
            if not framing.sends_body:
                self.transport.write(framing.head)
            elif isinstance(body, FileSlice):
                await send_file(self.outlet, framing, file, body)
            else:
                await send_pieces(self.outlet, framing, body)
        self._done(exchange)

    def _done(self, exchange: Exchange) -> None:
        """The response is written: what comes next on this connection?"""
        self._exchange = self._task = None
        stream = exchange.stream
        if self.transport.is_closing():
            return
        if not exchange.complete and stream is not None:
            stream.discard()
            if exchange.keep:
                self._flow()
                self._check_drain(exchange)
            else:
                self._linger()
        elif not exchange.keep:
            if self._buffer or self._state == _SHUT:
                self._linger()
            else:
                self._state = _SHUT
                self.transport.close()
        elif self._buffer:
            self._loop.call_soon(self._continue)
        else:
            self._since = self._server.ticked
            if self._server.stopping:
                self.transport.close()

    def refuse(self, refusal: Refusal) -> None:
        """Answer a request that the handler never sees, and end the connection."""
        log.debug("refused a request from %s: %s", self.client, refusal)
        framing = frame(
            answer := plain(refusal.status, refusal.reason),
            self._server.date(),
            head_only=False,
            http10=False,
            keep=False,
        )
        assert isinstance(answer.body, bytes)
        self.transport.write(framing.head + answer.body)
        self._linger()

    def _linger(self) -> None:
        """Close, but read on for a while: a close with unread input would take the answer away from the client."""
        self._state = _SHUT
        self._buffer = b""
        self._collected = []
        self._cancel_timer()
        self._since = self._server.ticked
        self._incoming = None
        if self.transport.is_closing():
            return
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Time, called by the server

    def check(self, now: float) -> None:
        """End what has taken too long. Real time, a few times a second."""
        limits = self._server.limits
        waited = now - self._since
        if self.outlet.paused:
            unsent = self.transport.get_write_buffer_size() - self.outlet.moved
            if unsent != self._unsent:
                self._unsent, self._since = unsent, now
            elif waited > limits.write_seconds:
                self.transport.abort()
            return
        self._unsent = None
        if self._state == _SHUT:
            if self._exchange is None and waited > limits.linger_seconds:
                self.transport.abort()
        elif self._state == _BODY:
            self._check_body(waited)
        elif self._exchange is None:
            if self._buffer or not self.requests:
                if waited > limits.header_seconds:
                    self.refuse(Refusal(408, "the request took too long to arrive"))
            elif waited > limits.idle_seconds:
                self.transport.close()

    def _check_body(self, waited: float) -> None:
        exchange = self._incoming
        if exchange is None or waited <= self._server.limits.body_seconds:
            return
        stream = exchange.stream
        if stream is None:
            self.refuse(Refusal(408, "the request took too long to arrive"))
        elif stream.discarding:
            self._linger()
        elif stream.wanted:
            exchange.keep = False
            stream.fail(BodyTimeout())

    def retire(self) -> None:
        """The server stops: close when nothing is in flight."""
        if self._exchange is None and self._incoming is None and not self._buffer:
            self.transport.close()

    def abort(self) -> None:
        """End at once."""
        if self._task is not None:
            self._task.cancel()
        self.transport.abort()
