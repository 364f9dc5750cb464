"""The only HTTP client of the cloud, for webhooks, HTTP integrations and all other outgoing requests.

    answer = await ctx.app.local(Outbound).request("POST", url, headers=[...], body=b"...", seconds=15)

It runs on the event loop without threads (asyncio resolves names). Connections are kept for a few seconds and reused.
Certificates are verified, and those of this cloud's own authority are valid. `reach` decides where requests may go;
requests to paths of the control API are refused. Proxies from the environment are not used: a proxy would resolve the
names itself, so addresses could not be checked.

httptools parses HTTP/1.1; Lambda's runtimes need it anyway.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from . import outbound_policy
from .context import Cloud
from .http import TOKEN, is_header
from .http_connection import Answer, Connection, OutboundError, TooLarge
from .settings import reachable

__all__ = ["Answer", "Outbound", "OutboundError", "Refused", "TooLarge"]

IDLE_SECONDS = 4.0  # how long an idle connection is kept: Node.js's servers close theirs after 5
MOST_IDLE = 8  # idle connections per server
CONNECT_SECONDS = 5.0  # to connect to one address, if there are others to try
BODY_LIMIT = 16 << 20
PORTS = {"http": 80, "https": 443}
_TARGET = "".join(chr(c) for c in range(0x21, 0x7F))  # characters that need no quoting in a request line
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "expect"})
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})  # must not follow a redirect to another server


class Refused(OutboundError):
    """A request that this cloud refuses to send."""


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int
    verify: bool


class Outbound:
    """The HTTP client of one cloud, with its connections: `app.local(Outbound)`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._idle: dict[_Origin, list[tuple[float, Connection]]] = {}  # with the time when each was kept
        self._sweeping: asyncio.TimerHandle | None = None
        self._contexts: dict[bool, ssl.SSLContext] = {}
        cloud.on_stop(self.close)

    def close(self) -> None:
        """Close the idle connections. Requests in flight have their own deadlines."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for kept in self._idle.values():
            for _, connection in kept:
                connection.close()
        self._idle.clear()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        seconds: float,
        limit: int = BODY_LIMIT,
        redirects: int = 0,
        verify: bool = True,
    ) -> Answer:
        """Send a request and return its answer, whatever the status.

        `seconds` of real time and `limit` bytes of body are the maximum. A `Host` header replaces the URL's host;
        framing headers (Content-Length and the like) are set here. Follows up to `redirects` redirects and checks each
        like the first URL. Raises Refused, TooLarge, other OutboundErrors, and TimeoutError.
        """
        given = list(headers)
        async with asyncio.timeout(seconds):
            while True:
                parts = _parts(url)
                answer = await self._exchange(method, parts, given, body, limit, verify)
                location = answer.header("location")
                if answer.status not in _REDIRECTS or not location or not redirects:
                    return answer
                redirects -= 1
                url = urljoin(url, location)
                if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                    method, body = ("HEAD" if method == "HEAD" else "GET"), b""
                    given = [(n, v) for n, v in given if not n.lower().startswith("content-")]
                dropped = _SECRET if _parts(url)[:2] != parts[:2] else frozenset[str]()
                given = [(n, v) for n, v in given if n.lower() not in dropped and n.lower() != "host"]

    async def _exchange(
        self, method: str, parts: SplitResult, headers: list[tuple[str, str]], body: bytes, limit: int, verify: bool
    ) -> Answer:
        message = _message(method, parts, headers, body)
        origin = _Origin(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], verify)
        connection = self._take(origin) or await self._connect(origin)
        answer = await connection.ask(method, message, limit)
        if connection.idle:
            self._keep(origin, connection)
        return answer

    # -- connections -------------------------------------------------------------------------------------------------

    def _take(self, origin: _Origin) -> Connection | None:
        kept = self._idle.get(origin)
        while kept:
            _, connection = kept.pop()
            if connection.idle:
                return connection
        return None

    def _keep(self, origin: _Origin, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        kept = self._idle.setdefault(origin, [])
        if len(kept) >= MOST_IDLE:
            connection.close()
            return
        kept.append((loop.time(), connection))
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close connections that were idle for too long."""
        loop = asyncio.get_running_loop()
        self._sweeping = None
        for origin, kept in list(self._idle.items()):
            fresh = [entry for entry in kept if entry[1].idle and loop.time() - entry[0] < IDLE_SECONDS]
            for entry in kept:
                if entry not in fresh:
                    entry[1].close()
            self._idle[origin] = fresh
            if not fresh:
                del self._idle[origin]
        if self._idle:
            self._sweeping = loop.call_later(IDLE_SECONDS / 2, self._sweep)

    async def _connect(self, origin: _Origin) -> Connection:
        loop = asyncio.get_running_loop()
        tls = await self._context(origin.verify) if origin.scheme == "https" else None
        problems = []
        addresses = await self._addresses(origin)
        for number, (address, port) in enumerate(addresses, 1):
            patience = CONNECT_SECONDS if number < len(addresses) else None  # the last one may use all remaining time
            try:
                async with asyncio.timeout(patience):
                    _, connection = await loop.create_connection(
                        Connection, address, port, ssl=tls, server_hostname=origin.host if tls else None
                    )
            except TimeoutError:
                if patience is None:
                    raise
                problems.append(f"{address} does not answer")
            except (OSError, ValueError) as error:
                problems.append(f"{address} port {port}: {error}")
            else:
                return connection
        raise OutboundError("; ".join(problems))

    async def _addresses(self, origin: _Origin) -> list[tuple[str, int]]:
        """Resolve the addresses to connect to. Raises Refused if none of the name's addresses is allowed."""
        settings = self._cloud.settings
        if outbound_policy.is_home(origin.host, settings.domains):
            own = urlsplit(self._cloud.endpoint)
            return [(reachable(settings.host), own.port or PORTS["http"])]
        if outbound_policy.is_local(origin.host):
            return [("127.0.0.1", origin.port), ("::1", origin.port)]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                origin.host, origin.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
        except (OSError, UnicodeError) as error:
            raise OutboundError(f"{origin.host} has no address: {error}") from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)  # IPv4 first, else in the resolver's order
        allowed, why = [], ""
        for _, _, _, _, where in found:
            address = str(where[0])
            if refused := outbound_policy.refusal(address, settings.outbound):
                why = refused
            else:
                allowed.append((address, origin.port))
        if not allowed:
            raise Refused(why or f"{origin.host} has no address")
        return allowed

    async def _context(self, verify: bool) -> ssl.SSLContext:
        if verify not in self._contexts:
            self._contexts[verify] = await asyncio.to_thread(self._make_context, verify)  # reads certificates
        return self._contexts[verify]

    def _make_context(self, verify: bool) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        if verify:
            context.load_verify_locations(cadata=self._cloud.authority())
        else:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def _parts(url: str) -> SplitResult:
    """Split a URL. Raises Refused if it is not an http or https URL, or is one of the control API."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a malformed IPv6 address, a port that is not a number
        good = False
    if not good:
        raise Refused(f"not an http or https URL: {url!r}")
    if parts.path.startswith(outbound_policy.CONTROL):
        raise Refused(f"{parts.path} is a path of the control API, which no request of the cloud itself may call")
    return parts


def _message(method: str, parts: SplitResult, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """Serialize the request. Raises Refused for a method or header that is not valid HTTP."""
    if not TOKEN.fullmatch(method):
        raise Refused(f"not a method: {method!r}")
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_TARGET)
    host = next((value for name, value in headers if name.lower() == "host"), parts.netloc.rpartition("@")[2])
    lines = [("Host", host), *((n, v) for n, v in headers if n.lower() not in _OURS)]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(("Content-Length", str(len(body))))
    for name, value in lines:
        if not is_header(name, value):
            raise Refused(f"not a header: {name!r}")
    head = "".join([f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in lines), "\r\n"])
    try:
        return head.encode("latin-1") + body
    except UnicodeEncodeError:
        return head.encode("utf-8", "surrogatepass") + body
