"""The Runtime API (2018-06-01) of one execution environment, on a loopback port of its own.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It serves only its own function. AWS's runtimes send no password, so on Linux a connection is accepted if the socket
at its other end belongs to the function's process, its session or its descendants (`engines.peers`). This is checked
once per connection, at its first request. Other systems do not tell who owns a connection; there, any program on this
machine that finds the port is accepted.

On every system, requests are refused if their Host is not the address that the function was given (DNS rebinding), or
if they have headers that only web pages send: Origin and Sec-Fetch-Site. Node's `fetch` is no web page; it sends
Sec-Fetch-Mode.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol, cast
from urllib.parse import unquote

import httptools
import msgspec

from fogbank.engines import peers

log = logging.getLogger("fogbank.lambda")

PREFIX = "/2018-06-01/runtime/"
MAX_HEAD = 64 * 1024  # bytes of a request's line and headers
MAX_BODY = 32 * 1024 * 1024  # bytes buffered per request; the environment checks the payload limits
REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large"}


class Call(msgspec.Struct):
    """A request of the runtime. Header names are lower-case and include trailers."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Runtime(Protocol):
    """The object that handles a runtime's requests: the environment."""

    def on_next(self, reply: Reply) -> None:
        """The runtime is ready for an event; send it with `reply`, now or later."""
        ...

    def on_response(self, request_id: str, call: Call) -> tuple[int, str]:
        """Takes a result. Returns a status and, unless it is 202, an error type."""
        ...

    def on_error(self, request_id: str, call: Call) -> tuple[int, str]: ...

    def on_init_error(self, call: Call) -> None: ...


class Reply:
    """A pending response to `/invocation/next`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, headers: Mapping[str, str], body: bytes) -> None:
        self._connection.respond(200, body, headers)


class Connection(asyncio.Protocol):
    """A connection of the runtime, with one request at a time."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api, self._runtime = api, api.runtime
        self._transport: asyncio.Transport | None = None
        self._ours = False  # the peer is a process of the function
        self._refused = False
        self._early: Call | None = None  # a request that arrived before the function's process was known
        self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self._path = ""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._head = 0  # bytes received before the head was complete
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from it
        self._api.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._api.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._head += 0 if self._in_body else len(data)
        if self._head > MAX_HEAD + len(data) or self._refused:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # -- httptools -----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reset()

    def on_url(self, url: bytes) -> None:
        self._path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_body = True
        if not self._admitted():
            return
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= MAX_BODY and not self._refused:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        call = Call(self._parser.get_method().decode("latin-1"), self._path, self._headers, b"".join(self._body))
        if self._ours:
            self._dispatch(call)
        else:
            self._early = call

    # -- whose it is ---------------------------------------------------------------------------------------------------

    def _admitted(self) -> bool:
        """Returns whether this request may proceed.

        While the function is starting, the owner of the connection cannot be checked yet; the request then waits for
        `settle`.
        """
        headers = self._headers
        if headers.get("host") != self._api.address or "origin" in headers or "sec-fetch-site" in headers:
            self._refuse("it comes from a web page, or its Host is not this address")
        elif not self._ours and self._api.leader:
            self._look()
        return not self._refused

    def _look(self) -> None:
        if self._transport is None:
            return
        if self._api.knows(self._transport):
            self._ours = True
        else:
            self._refuse("it does not come from a process of the function")

    def _refuse(self, why: str) -> None:
        self._refused = True
        log.warning("a connection to the Runtime API at %s was refused: %s", self._api.address, why)
        self._answer(403, "Forbidden")
        self.close()

    def settle(self) -> None:
        """Checks and dispatches a request that arrived before the function's process was known."""
        call, self._early = self._early, None
        if call is not None:
            self._look()
            if self._ours:
                self._dispatch(call)

    # -- the API -------------------------------------------------------------------------------------------------------

    def _dispatch(self, call: Call) -> None:
        rest = call.path.removeprefix(PREFIX) if call.path.startswith(PREFIX) else ""
        match (call.method, *rest.split("/")):
            case ("GET", "invocation", "next"):
                self._runtime.on_next(Reply(self))
            case ("POST", "invocation", request_id, "response"):
                self._answer(*self._runtime.on_response(unquote(request_id), call))
            case ("POST", "invocation", request_id, "error"):
                self._answer(*self._runtime.on_error(unquote(request_id), call))
            case ("POST", "init", "error"):
                self._runtime.on_init_error(call)
                self._answer(202, "")
            case _:
                self._answer(404, "UnknownPath")

    def _answer(self, status: int, error: str) -> None:
        body: dict[str, str] = {"status": "OK"}
        if status != 202:
            body = {"errorMessage": REASONS.get(status, ""), "errorType": error}
        self.respond(status, msgspec.json.encode(body), {})

    def respond(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1", "replace") + body)


class RuntimeApi:
    """The listening socket of a Runtime API. `address` is the value of AWS_LAMBDA_RUNTIME_API.

    Requests wait until `admit` has named the function's process.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.address = ""
        self.leader = 0
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def open(cls, runtime: Runtime) -> RuntimeApi:
        api = cls(runtime)
        server = await asyncio.get_running_loop().create_server(lambda: Connection(api), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        api._server, api.address = server, f"{host}:{port}"
        return api

    def admit(self, leader: int) -> None:
        """Names the function's process, which leads a session."""
        self.leader = leader
        for connection in list(self.connections):
            connection.settle()

    def knows(self, transport: asyncio.Transport) -> bool:
        """Returns whether a connection belongs to the function; always true on systems that do not tell."""
        if not peers.TELLS:
            return True
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        return bool(peer) and peers.belongs(peer[:2], here[:2], self.leader)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close()
