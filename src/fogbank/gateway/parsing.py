"""Parses HTTP/1.1 requests: their heads and the chunked transfer coding. Does no I/O.

This is no parser library's work because the gateway needs requests exactly as they were sent: llhttp (the parser in
httptools) refuses raw UTF-8 in a request target, which S3 clients send and S3 accepts. This parser is as strict as
llhttp where a request could be read in two ways (request smuggling, RFC 9112 section 11.2): lines end with CRLF, header
names are tokens without white space around them, folded lines are refused, and there is at most one Content-Length, of
digits only, and never together with Transfer-Encoding, which must be `chunked`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..core.http import CONTROL, TOKEN, Request, look_up
from .limits import HttpLimits

CHUNKED = -1  # the length of a chunked body, whose end is marked in the body itself

_UNSAFE = re.compile(r"[\x00-\x20\x7f]")  # not allowed in a request target
_ABSOLUTE = re.compile(r"https?://([^/?#@]+)((?:[/?][^#]*)?)", re.I)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))  # need no check of their syntax
_USUAL_LINE = re.compile(r"(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (/[!-~]*) HTTP/1\.1")
_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=%:\[\]]*")  # RFC 3986 section 3.2.2, and a port
_DIGITS = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_CHUNK_LINE = 4096  # bytes of a chunk's size line, extensions included

# headers whose lines are not cached: secrets, and values that hardly ever repeat
_VOLATILE = frozenset(
    ("authorization", "cookie", "x-amz-date", "x-amz-security-token", "amz-sdk-invocation-id", "x-amz-content-sha256")
)
_SINGLE = frozenset(("host", "content-length", "transfer-encoding"))  # must not be repeated


class Refusal(Exception):
    """A bad request: it gets a plain response with this `status`, and its connection is closed."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}")


class Manner(NamedTuple):
    """How to handle the connection of a request."""

    keep: bool = True  # the connection may serve another request
    http10: bool = False
    expect: bool = False  # the client waits for 100 Continue before it sends the body


USUAL = Manner()
_OLD = Manner(keep=False, http10=True)
_UNUSUAL = frozenset(("transfer-encoding", "expect", "connection"))  # headers that change the Manner

Known = tuple[tuple[str, str], tuple[str, str]]  # a header as sent, and the same with its name in lower case


class HeadParser:
    """Parses request heads. Caches parsed header lines, since clients repeat most of them."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._lines: dict[str, Known] = {}
        self._names: dict[str, tuple[str, bool]] = {}  # a valid name → in lower case, whether its lines are cached
        self._volatile: dict[str, str] = {}  # the names whose lines are not cached

    def parse(self, raw: bytes, scheme: str = "http", client: str = "") -> tuple[Request, int, Manner]:
        """Parse a head: request line and header lines, without the final empty line.

        Returns the request, the length of its body in bytes (or CHUNKED), and its Manner. Raises Refusal.
        """
        if len(raw) > self._limits.header_bytes:
            raise self.too_long(raw)
        lines = raw.decode("latin-1").split("\r\n")
        first = lines[0]
        usual = _USUAL_LINE.fullmatch(first)
        if usual is not None and len(first) <= self._limits.url_bytes:
            method, target = usual.groups()
            manner = USUAL
        else:
            method, target, manner = self._request_line(first)
        del lines[0]
        if len(lines) > self._limits.header_count:
            raise Refusal(431, "too many headers")
        known: list[Any] = list(map(self._lines.get, lines))
        while None in known:
            at = known.index(None)
            known[at] = self._read(lines[at])
        as_sent, by_name = zip(*known, strict=True) if known else ((), ())
        headers = list(as_sent)
        lookup = dict(by_name)
        if len(lookup) != len(headers):
            _refuse_repeated([name for name, _ in by_name])
            lookup = look_up(headers)
        host = lookup.get("host")
        if host is None and not manner.http10:
            raise Refusal(400, "no Host header")
        length = 0
        given = lookup.get("content-length")
        if given is not None:
            if not _DIGITS.fullmatch(given):
                raise Refusal(400, "bad Content-Length")
            length = int(given)
        if not _UNUSUAL.isdisjoint(lookup):
            length, manner = _unusual(lookup, length, manner)
        if target[0] == "/":
            path, _, query = target.partition("?")
        else:
            path, query = _other_form(method, target, host)
        return Request(method, path, query, headers, b"", None, scheme, client, lookup), length, manner

    def too_long(self, data: bytes) -> Refusal:
        """The refusal of a head, or the beginning of one, that is too long."""
        end = data.find(b"\r\n")
        if (len(data) if end < 0 else end) > self._limits.url_bytes:
            return Refusal(414, "URL too long")
        return Refusal(431, "request header section too long")

    def _request_line(self, line: str) -> tuple[str, str, Manner]:
        """Parse the request line to method, request target, and the Manner that the version implies."""
        parts = line.split(" ")
        if len(parts) != 3:
            raise Refusal(400, "bad request line")
        method, target, version = parts
        if version == "HTTP/1.1":
            manner = USUAL
            fits = 0 < len(target) <= self._limits.url_bytes
            if fits and method in _METHODS and target.isascii() and target.isprintable():
                return method, target, manner
        elif version == "HTTP/1.0":
            manner = _OLD
        elif re.fullmatch(r"HTTP/[0-9]\.[0-9]", version):
            raise Refusal(505, "HTTP version not supported")
        else:
            raise Refusal(400, "bad request line")
        if len(target) > self._limits.url_bytes:
            raise Refusal(414, "URL too long")
        if not target or (not (target.isascii() and target.isprintable()) and _UNSAFE.search(target)):
            raise Refusal(400, "bad request target")
        if not TOKEN.fullmatch(method):
            raise Refusal(400, "bad method")
        return method, target, manner

    def _read(self, line: str) -> Known:
        name, colon, value = line.partition(": ")
        volatile = colon and self._volatile.get(name)
        if volatile and value.isascii() and value.isprintable() and value == value.strip():
            return (name, value), (volatile, value)
        name, colon, value = line.partition(":")
        lower, kept = self._names.get(name) or self._name(name)
        value = value.strip(" \t")
        if not colon or (not (value.isascii() and value.isprintable()) and CONTROL.search(value)):
            raise Refusal(400, "bad header")
        if lower == "host" and not _HOST.fullmatch(value):
            raise Refusal(400, "bad Host header")
        known = (name, value), (lower, value)
        if kept and len(line) <= 200:
            if len(self._lines) >= 1024:
                self._lines.clear()
            self._lines[line] = known
        return known

    def _name(self, name: str) -> tuple[str, bool]:
        if not TOKEN.fullmatch(name):
            raise Refusal(400, "bad header")
        lower = name.lower()
        made = lower, lower not in _VOLATILE
        if len(name) <= 64:
            if len(self._names) >= 1024:
                self._names.clear()
                self._volatile.clear()
            self._names[name] = made
            if not made[1]:
                self._volatile[name] = lower
        return made


def _refuse_repeated(names: list[str]) -> None:
    for name in _SINGLE:
        if names.count(name) > 1:
            raise Refusal(400, f"two {name.title()} headers")


def _unusual(lookup: dict[str, str], length: int, manner: Manner) -> tuple[int, Manner]:
    """Apply the headers that few requests have (_UNUSUAL) to the length of the body and the Manner."""
    keep = manner.keep
    if "connection" in lookup:
        tokens = [token.strip() for token in lookup["connection"].lower().split(",")]
        keep = "close" not in tokens and (keep or "keep-alive" in tokens)
    if "transfer-encoding" in lookup:
        if manner.http10:
            raise Refusal(400, "bad Transfer-Encoding")
        if "content-length" in lookup:
            raise Refusal(400, "both Content-Length and Transfer-Encoding")
        if lookup["transfer-encoding"].lower() != "chunked":
            raise Refusal(501, "transfer coding not supported")
        length = CHUNKED
    expect = False
    if "expect" in lookup:
        if any(asked.strip() != "100-continue" for asked in lookup["expect"].lower().split(",")):
            raise Refusal(417, "unknown expectation")
        expect = length != 0 and not manner.http10
    found = Manner(keep, manner.http10, expect)
    return length, USUAL if found == USUAL else found


def _other_form(method: str, target: str, host: str | None) -> tuple[str, str]:
    """Path and query of a target that does not begin with `/` (RFC 9112 section 3.2): an absolute URL, or `*`."""
    if target == "*" and method == "OPTIONS":
        return "*", ""
    if method == "CONNECT":
        raise Refusal(405, "CONNECT is not supported")
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise Refusal(400, "bad request target")
    if host is not None and _authority(host) != _authority(match[1]):
        raise Refusal(400, "the request target and the Host header name different hosts")
    path, _, query = match[2].partition("?")
    return path or "/", query


def _authority(host: str) -> str:
    host = host.lower()
    for default in (":80", ":443"):
        host = host.removesuffix(default)
    return host


class ChunkedDecoder:
    """Decodes the chunked transfer coding (RFC 9112 section 7.1) incrementally. Checks trailers and drops them."""

    __slots__ = ("_left", "_pending", "_state", "_trailer", "_trailer_bytes")

    _SIZE, _DATA, _END, _TRAILER, _DONE = range(5)

    def __init__(self, trailer_bytes: int) -> None:
        self._state = self._SIZE
        self._pending = b""  # the beginning of a line whose end has not arrived
        self._left = 0  # bytes of the current chunk still to come
        self._trailer = 0
        self._trailer_bytes = trailer_bytes

    @property
    def done(self) -> bool:
        return self._state == self._DONE

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Decode `data`. Returns the pieces of the body in it and, once `done`, the bytes after the body.

        Raises Refusal.
        """
        pieces: list[bytes] = []
        if self._pending:
            data = self._pending + data
            self._pending = b""
        at, size = 0, len(data)
        while at < size and self._state != self._DONE:
            if self._state == self._DATA:
                end = min(at + self._left, size)
                pieces.append(data[at:end])
                self._left -= end - at
                at = end
                if not self._left:
                    self._state = self._END
                continue
            end = data.find(b"\r\n", at)
            limit = self._trailer_bytes if self._state == self._TRAILER else _CHUNK_LINE
            if end < 0 or end - at > limit:
                if size - at > limit or (self._state == self._END and not b"\r\n".startswith(data[at:])):
                    raise Refusal(400, "bad chunk")
                self._pending = data[at:]
                return pieces, b""
            self._line(data[at:end])
            at = end + 2
        return pieces, data[at:]

    def _line(self, line: bytes) -> None:
        if self._state == self._SIZE:
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise Refusal(400, "bad chunk size")
            self._left = int(match[1], 16)
            self._state = self._DATA if self._left else self._TRAILER
        elif self._state == self._END:
            if line:
                raise Refusal(400, "a chunk is longer than its size")
            self._state = self._SIZE
        elif not line:
            self._state = self._DONE
        else:
            self._trailer += len(line)
            if self._trailer > self._trailer_bytes:
                raise Refusal(431, "trailers too long")
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not TOKEN.fullmatch(name) or CONTROL.search(value):
                raise Refusal(400, "bad trailer")
