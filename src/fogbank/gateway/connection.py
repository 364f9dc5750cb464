"""One client connection: reads requests, calls the handler, and writes responses in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

from ..core.http import Disconnected, Request, Response
from .exchange import Exchange, failure
from .framing import quick, refusal
from .parsing import CHUNKED, USUAL, Manner, Refusal
from .request_body import Arrival
from .responses import deliver, send
from .serving import Serving
from .streams import HIGH, BodyMalformed, BodyTimeout, Outlet

if TYPE_CHECKING:
    from .websocket import Socket

log = logging.getLogger("fogbank.gateway")

# how the next bytes from the client are read: as a request's head, a body, not at all (closing), or for a WebSocket
_HEAD, _BODY, _SHUT, _SOCKET = range(4)
_CR = 13
_BURST = 16  # pipelined requests answered in one iteration of the event loop


class Connection(asyncio.Protocol):
    """The asyncio protocol of one accepted connection. `scheme` is `http` or `https`."""

    __slots__ = (
        "_buffer", "_exchange", "_incoming", "_loop", "_reading", "_scheme", "_server", "_since", "_socket", "_state",
        "_task", "client", "outlet", "requests", "transport",
    )  # fmt: skip

    transport: asyncio.Transport
    outlet: Outlet

    def __init__(self, server: Serving, scheme: str) -> None:
        self._server = server
        self._scheme = scheme
        self._loop = asyncio.get_running_loop()
        self.client = ""
        self.requests = 0
        self._state = _HEAD
        self._buffer = b""  # an incomplete head, or requests that wait for the response to an earlier one
        self._exchange: Exchange | None = None  # the request that is being answered
        self._incoming: Arrival | None = None  # the body that is arriving
        self._task: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._reading = True
        self._since = server.ticked  # when the client last made progress; for the timeouts

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports are no subclass
        self.outlet = Outlet(self.transport)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._server.welcome(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        self._state = _SHUT
        self._buffer = b""
        self.outlet.lose()
        if self._incoming is not None:
            self._incoming.lose()
        if self._socket is not None:
            self._socket.lost()
        if self._task is not None:
            self._task.cancel()

    def eof_received(self) -> bool:
        """Treat a half-close as a disconnect: HTTP clients rarely half-close, but they often abort long polls."""
        return False

    def pause_writing(self) -> None:
        self.outlet.pause()

    def resume_writing(self) -> None:
        self._since = self._server.ticked
        self.outlet.resume()
        if self._socket is not None:
            self._socket.flow()
        if self._buffer and self._exchange is None:
            self._continue()

    def data_received(self, data: bytes) -> None:
        if self._state == _HEAD:
            if self._exchange is None and not self._buffer and self._serve_alone(data):
                return
            if self._exchange is not None:
                self._hold(self._buffer + data if self._buffer else data)
                return
            begun = self._buffer != b""
            data, self._buffer = self._buffer + data, b""
            self._read_heads(data, begun=begun)
        elif self._state == _BODY:
            self._since = self._server.ticked
            self._read_body(data)
        elif self._state == _SOCKET and self._socket is not None:
            self._socket.received(data)

    # Reading requests

    def _serve_alone(self, data: bytes) -> bool:
        """Fast path: serve `data` if it begins with a request's whole head and holds nothing after that request.

        Otherwise returns False.
        """
        head, blank, content = data.partition(b"\r\n\r\n")
        if not blank or head[:1] <= b"\r" or self.outlet.paused:  # empty lines before the request: not here
            return False
        try:
            request, length, manner = self._server.parser.parse(head, self._scheme, self.client)
        except Refusal as why:
            self.refuse(why)
            return True
        if length != len(content) or length > self._server.limits.small_body_bytes or manner.expect:
            if 0 <= length < len(content):
                return False
            self._open_body(request, length, manner, content)
            return True
        request.content = content
        self._serve(request, manner)
        return True

    def _serve(self, request: Request, manner: Manner) -> None:
        """Call the handler for a request that has arrived completely, and send the response."""
        server = self._server
        try:
            answer = server.handler(request)
        except Exception as error:  # the outermost edge: logged, answered
            answer = failure(error)
        # fast path for the most frequent case: a response without waiting, on a connection that is kept
        if answer.__class__ is Response and manner is USUAL and not server.stopping:
            message = quick(answer, request.method, server.date())
            if message is not None:
                self.requests += 1
                self._since = server.ticked
                self.transport.write(message)
                return
        self._begin(Exchange(request, manner), answer)

    def _read_heads(self, data: bytes, *, begun: bool = False) -> None:
        """Serve the requests in `data`, which starts with a head. Stops at the first one that is incomplete or large.

        `begun`: some of the first head had arrived earlier.
        """
        at = served = 0
        size = len(data)
        server = self._server
        small = server.limits.small_body_bytes
        while at < size:
            if self._exchange is not None or self.outlet.paused or served == _BURST or self.transport.is_closing():
                self._hold(data[at:])
                if served == _BURST:
                    self._loop.call_soon(self._continue)
                return
            end = data.find(b"\r\n\r\n", at)
            if (end < 0 or data[at] == _CR) and data.startswith(b"\r\n", at):
                at += 2  # skip an empty line before a request (RFC 9112 section 2.2)
                continue
            if end < 0:
                self._partial(data[at:], begun=begun and not served)
                return
            try:
                request, length, manner = server.parser.parse(data[at:end], self._scheme, self.client)
            except Refusal as why:
                self.refuse(why)
                return
            at = end + 4
            if length:
                if length == CHUNKED or length > size - at or length > small or manner.expect:
                    self._open_body(request, length, manner, data[at:])
                    return
                request.content = data[at : at + length]
                at += length
            served += 1
            self._serve(request, manner)
            if self._state != _HEAD:
                return

    def _partial(self, data: bytes, *, begun: bool) -> None:
        """Keep `data`, the beginning of a head, until the rest arrives; refuse it if it is too long."""
        limits = self._server.limits
        if len(data) > limits.header_bytes or (len(data) > limits.url_bytes + 64 and b"\r\n" not in data):
            self.refuse(self._server.parser.too_long(data))
            return
        if not begun:
            self._since = self._server.ticked
        self._buffer = data

    def _hold(self, data: bytes) -> None:
        """Keep bytes until the requests before them are answered."""
        self._buffer = data
        self._flow()

    def _continue(self) -> None:
        """Serve the requests in the held bytes."""
        if self._exchange is None and self._state == _HEAD and self._buffer and not self.outlet.paused:
            data, self._buffer = self._buffer, b""
            self._read_heads(data)
            self._flow()

    def _open_body(self, request: Request, length: int, manner: Manner, data: bytes) -> None:
        """Start to read a body that is incomplete, large, or must be asked for. `data` is the part that has arrived."""
        server = self._server
        self._state = _BODY
        self._since = server.ticked
        self._incoming = arrival = Arrival(
            Exchange(request, manner),
            length,
            server.limits,
            ready=self._ask_handler,
            flow=self._flow,
            write=self.transport.write,
        )
        arrival.start()
        if data and self._state == _BODY:  # unless the handler has answered already and the body was given up
            self._read_body(data)
        if self._incoming is arrival:
            arrival.hurry(self._loop)

    def _read_body(self, data: bytes) -> None:
        arrival = self._incoming
        assert arrival is not None
        try:
            rest = arrival.feed(data)
        except Refusal as why:
            self._break_off(arrival.exchange, why)
            return
        if rest is None:
            self._check_drain(arrival.exchange)
            self._flow()
        else:
            self._complete(arrival, rest)

    def _complete(self, arrival: Arrival, rest: bytes) -> None:
        """Finish the incoming body: its last byte has arrived. `rest` are the bytes after it."""
        arrival.stop()
        self._incoming = None
        exchange = arrival.exchange
        exchange.complete = True
        if self._state != _BODY:  # refused meanwhile
            return
        self._state = _HEAD
        self._buffer = rest
        answered = self._exchange is not exchange and exchange.stream is not None
        arrival.end()
        self._flow()
        if answered and not self.transport.is_closing():
            if rest:
                self._loop.call_soon(self._continue)
            elif self._server.stopping:
                self._close()

    def _break_off(self, exchange: Exchange, why: Refusal) -> None:
        """Stop: the incoming body is malformed."""
        if exchange.stream is None:
            self.refuse(why)
        elif exchange is not self._exchange:
            self._linger()
        else:
            self._state = _SHUT
            exchange.keep = False
            exchange.stream.fail(BodyMalformed(why.reason))

    def _check_drain(self, exchange: Exchange) -> None:
        """Close the connection if more of an unwanted body arrives than is worth reading."""
        stream = exchange.stream
        if self._state == _BODY and stream is not None and stream.wasted > self._server.limits.drain_bytes:
            self._linger()

    def _flow(self) -> None:
        """Pause or resume reading from the client, depending on how many bytes are held."""
        stream = self._incoming.exchange.stream if self._incoming is not None else None
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

    # Sending responses

    def _ask_handler(self, exchange: Exchange) -> None:
        """Call the handler for a request whose body did not arrive with its head."""
        try:
            answer = self._server.handler(exchange.request)
        except Exception as error:  # the outermost edge: logged, answered
            answer = failure(error)
        self._begin(exchange, answer)

    def _begin(self, exchange: Exchange, answer: Response | Awaitable[Response]) -> None:
        """Send the handler's answer, now or when it is ready."""
        self._exchange = exchange
        self.requests += 1
        if isinstance(answer, Response) and send(self._server, self.outlet, exchange, answer):
            self._done(exchange)
        else:
            answering = deliver(self._server, self.outlet, exchange, answer, self._done)
            self._task = self._loop.create_task(answering)

    def _done(self, exchange: Exchange) -> None:
        """After the response was written: go on with the next request, or close the connection."""
        self._exchange = self._task = None
        if exchange.socket is not None:
            self._hand_over(exchange.socket)
            return
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
                self._close()
        elif self._buffer:
            self._loop.call_soon(self._continue)
        else:
            self._since = self._server.ticked
            if self._server.stopping:
                self._close()

    def _hand_over(self, socket: Socket) -> None:
        """Turn the connection into a WebSocket."""
        self._state = _SOCKET
        self._socket = socket
        self._task = self._loop.create_task(self._talk(socket))
        data, self._buffer = self._buffer, b""
        self._flow()
        if data:
            socket.received(data)
        if self._server.stopping:
            self.retire()

    async def _talk(self, socket: Socket) -> None:
        """Run the endpoint's coroutine, and close the WebSocket when it returns."""
        try:
            await socket.talk(socket)
            socket.end(1000)
        except Disconnected:
            pass
        except Exception:  # the outermost edge: logged, and told to the client
            log.exception("a WebSocket's endpoint failed")
            socket.end(1011)
        self._task = None
        self._linger()

    def refuse(self, why: Refusal) -> None:
        """Answer a bad request without calling the handler, and close the connection."""
        log.debug("refused a request from %s: %s", self.client, why)
        self.transport.write(refusal(why.status, why.reason, self._server.date()))
        self._linger()

    def _linger(self) -> None:
        """Close, but read on for a while: a close with unread input resets the connection, and the response is lost."""
        self._state = _SHUT
        self._buffer = b""
        self._since = self._server.ticked
        if self._incoming is not None:
            self._incoming.stop()
            self._incoming = None
        if self.transport.is_closing():
            return
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _close(self) -> None:
        """Close at once. Nothing is left to send, and requests that still arrive will not be answered."""
        self._state = _SHUT
        self._since = self._server.ticked
        self.transport.close()

    # Timeouts, called by the server

    def check(self, now: float) -> None:
        """Apply the timeouts. Called a few times per real second."""
        limits = self._server.limits
        if self.outlet.paused:
            if self.outlet.stuck(now) > limits.write_seconds:
                self.transport.abort()
            return
        if self._state == _SOCKET:
            return
        waited = now - self._since
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
                self._close()

    def _check_body(self, waited: float) -> None:
        if self._incoming is None or waited <= self._server.limits.body_seconds:
            return
        exchange = self._incoming.exchange
        stream = exchange.stream
        if stream is None:
            self.refuse(Refusal(408, "the request took too long to arrive"))
        elif stream.discarding:
            self._linger()
        elif stream.wanted:
            exchange.keep = False
            stream.fail(BodyTimeout())

    def retire(self) -> None:
        """Close if no request is in flight: the server stops."""
        if self._socket is not None and self._state == _SOCKET:
            self._socket.end(1001)
            return
        if self._exchange is None and self._incoming is None and not self._buffer:
            self._close()

    def abort(self) -> None:
        """Close at once, whatever is in flight."""
        if self._task is not None:
            self._task.cancel()
        self.transport.abort()
