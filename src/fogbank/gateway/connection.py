"""One client connection: requests in, handler called, responses out, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

from ..core.http import Disconnected, Request, Response
from .arriving import Arrival
from .exchange import Exchange, failure
from .parsing import CHUNKED, USUAL, Manner, Refusal
from .sending import deliver, send
from .serving import Serving
from .streams import HIGH, BodyMalformed, BodyTimeout, Outlet
from .writing import quick, refusal

if TYPE_CHECKING:
    from .websocket import Socket

log = logging.getLogger("fogbank.gateway")

# what the next bytes from the client are: a request's head, a body, nothing of interest, or a WebSocket's
_HEAD, _BODY, _SHUT, _SOCKET = range(4)
_CR = 13
_BURST = 16  # pipelined requests answered in one turn of the event loop


class Connection(asyncio.Protocol):
    """The protocol of one accepted connection. `scheme` is `http` or `https`."""

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
        self._buffer = b""  # of a head that has not arrived wholly, or of requests that wait for their turn
        self._exchange: Exchange | None = None  # the request that is being answered
        self._incoming: Arrival | None = None  # the body that is arriving
        self._task: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._reading = True
        self._since = server.ticked  # when the client last did what it is waited for

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
        self.outlet.lose()
        if self._incoming is not None:
            self._incoming.lose()
        if self._socket is not None:
            self._socket.lost()
        if self._task is not None:
            self._task.cancel()

    def eof_received(self) -> bool:
        """A client that ends its side has gone: half-closed HTTP clients are rare, interrupted long polls are not."""
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

    # Requests in

    def _serve_alone(self, data: bytes) -> bool:
        """Serve the most frequent case in the fewest steps: `data` is one request, whole and small. Else False."""
        head, blank, content = data.partition(b"\r\n\r\n")
        if not blank or head[:1] <= b"\r" or self.outlet.paused:  # an empty line comes first, maybe two
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
        small = server.limits.small_body_bytes
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
        """The body of `request` has not arrived with its head, or is not to be read yet; `data` is what has arrived."""
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
        if data and self._state == _BODY:  # not answered, and given up, already
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
        """The last byte of the incoming body has arrived; `rest` follows it."""
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
        """The incoming body is not HTTP."""
        if exchange.stream is None:
            self.refuse(why)
        elif exchange is not self._exchange:
            self._linger()
        else:
            self._state = _SHUT
            exchange.keep = False
            exchange.stream.fail(BodyMalformed(why.reason))

    def _check_drain(self, exchange: Exchange) -> None:
        """End the connection when more of an unwanted body comes than is worth reading."""
        stream = exchange.stream
        if self._state == _BODY and stream is not None and stream.wasted > self._server.limits.drain_bytes:
            self._linger()

    def _flow(self) -> None:
        """Read from the client or make it wait, as what is held for later asks."""
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

    # Responses out

    def _ask_handler(self, exchange: Exchange) -> None:
        """Have a request answered whose body was, or is, waited for."""
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
        """The response is written: what comes next on this connection?"""
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
        """The connection is a WebSocket's from here on."""
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
        """Let the endpoint talk, and close when it is done."""
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
        """Answer a request that the handler never sees, and end the connection."""
        log.debug("refused a request from %s: %s", self.client, why)
        self.transport.write(refusal(why.status, why.reason, self._server.date()))
        self._linger()

    def _linger(self) -> None:
        """Close, but read on for a while: a close with unread input would take the answer away from the client."""
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
        """Close, with nothing left to say or to hear: what TLS may deliver still would be asked in vain."""
        self._state = _SHUT
        self._since = self._server.ticked
        self.transport.close()

    # Time, called by the server

    def check(self, now: float) -> None:
        """End what has taken too long. Real time, a few times a second."""
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
        """The server stops: close when nothing is in flight."""
        if self._socket is not None and self._state == _SOCKET:
            self._socket.end(1001)
            return
        if self._exchange is None and self._incoming is None and not self._buffer:
            self._close()

    def abort(self) -> None:
        """End at once."""
        if self._task is not None:
            self._task.cancel()
        self.transport.abort()
