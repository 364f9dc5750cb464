"""The HTTP/1.1 request grammar: the head of a request and the chunked coding. Pure: bytes in, values or a refusal out.

Written here and not taken from a parser library because the gateway must see requests as they were sent: llhttp (the
parser behind httptools) refuses raw UTF-8 in a request target, which S3 clients send and S3 accepts. It is as strict
as llhttp where two readings of one request would be possible (RFC 9112 section 11.2, request smuggling): line ends are
CRLF, header names are tokens without white space around them, no folded lines, one Content-Length of digits only,
never together with Transfer-Encoding, which is `chunked` and nothing else.
"""

from __future__ import annotations

import re

from .limits import HttpLimits

CHUNKED = -1  # the length of a body whose end is marked in the body itself

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # in a header value
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")  # in a request target
_ABSOLUTE = re.compile(r"https?://([^/?#@]+)([^#]*)", re.I)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))  # known to be tokens
_DIGITS = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_CHUNK_LINE = 4096  # bytes of a chunk's size line, extensions included

_PLAIN, _HOST, _LENGTH, _CODING, _EXPECT, _CONNECTION, _UPGRADE = range(7)
_KINDS = {
    "host": _HOST,
    "content-length": _LENGTH,
    "transfer-encoding": _CODING,
    "expect": _EXPECT,
    "connection": _CONNECTION,
    "upgrade": _UPGRADE,
}
# lines that hardly ever come twice, and secrets: never remembered
_VOLATILE = frozenset(
    ("authorization", "cookie", "x-amz-date", "x-amz-security-token", "amz-sdk-invocation-id", "x-amz-content-sha256")
)


class Refusal(Exception):
    """A request that is answered with a plain `status` and the end of its connection."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}")


class Head:
    """The head of one request: what the handler sees, and how its body is framed."""

    __slots__ = ("expect", "headers", "http10", "keep", "length", "method", "path", "query", "upgrade")

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    length: int  # bytes of the body, or CHUNKED
    expect: bool  # the client waits for 100 Continue before it sends the body
    keep: bool  # the connection may serve another request
    http10: bool
    upgrade: str  # the protocol the client would rather speak, if any


class HeadParser:
    """Parses heads; remembers header lines it has seen, since a client sends most of them again and again."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._lines: dict[str, tuple[tuple[str, str], int]] = {}
        self._names: dict[str, tuple[int, bool]] = {}  # a valid name as sent -> its kind, whether its lines are kept

    def parse(self, raw: bytes) -> Head:
        """The head in `raw`: request line and header lines without the final empty line. Raises Refusal."""
        if len(raw) > self._limits.header_bytes:
            raise self.too_long(raw)
        lines = raw.decode("latin-1").split("\r\n")
        head = Head()
        target = self._request_line(head, lines[0])
        if len(lines) > self._limits.header_count + 1:
            raise Refusal(431, "too many headers")
        head.length = 0
        head.expect = False
        head.upgrade = ""
        del lines[0]
        headers: list[tuple[str, str]] = []
        special: list[tuple[int, str]] | None = None
        remembered = self._lines
        for line in lines:
            known = remembered.get(line)
            if known is None:
                known = self._read(line)
            headers.append(known[0])
            if known[1]:
                if special is None:
                    special = []
                special.append((known[1], known[0][1]))
        head.headers = headers
        host = _framing(head, special) if special is not None else None
        if host is None and not head.http10:
            raise Refusal(400, "no Host header")
        if target[0] == "/":
            head.path, _, head.query = target.partition("?")
        else:
            _other_form(head, target, host)
        return head

    def too_long(self, data: bytes) -> Refusal:
        """What to say to a head, or the beginning of one, that is too long."""
        end = data.find(b"\r\n")
        if (len(data) if end < 0 else end) > self._limits.url_bytes:
            return Refusal(414, "URL too long")
        return Refusal(431, "request header section too long")

    def _request_line(self, head: Head, line: str) -> str:
        """Method, version and keep-alive default into `head`; returns the request target."""
        parts = line.split(" ")
        if len(parts) != 3:
            raise Refusal(400, "bad request line")
        method, target, version = parts
        head.method = method
        if version == "HTTP/1.1":
            head.http10, head.keep = False, True
            fits = 0 < len(target) <= self._limits.url_bytes
            if fits and method in _METHODS and target.isascii() and target.isprintable():
                return target
        elif version == "HTTP/1.0":
            head.http10, head.keep = True, False
        elif re.fullmatch(r"HTTP/[0-9]\.[0-9]", version):
            raise Refusal(505, "HTTP version not supported")
        else:
            raise Refusal(400, "bad request line")
        if len(target) > self._limits.url_bytes:
            raise Refusal(414, "URL too long")
        if not target or (not (target.isascii() and target.isprintable()) and _UNSAFE.search(target)):
            raise Refusal(400, "bad request target")
        if not _TOKEN.fullmatch(method):
            raise Refusal(400, "bad method")
        return target

    def _read(self, line: str) -> tuple[tuple[str, str], int]:
        name, colon, value = line.partition(":")
        kept = self._names.get(name) or self._name(name)
        if not colon or (not (value.isascii() and value.isprintable()) and _CONTROL.search(value)):
            raise Refusal(400, "bad header")
        known = (name, value.strip(" \t")), kept[0]
        if kept[1] and len(line) <= 200:
            if len(self._lines) >= 1024:
                self._lines.clear()
            self._lines[line] = known
        return known

    def _name(self, name: str) -> tuple[int, bool]:
        if not _TOKEN.fullmatch(name):
            raise Refusal(400, "bad header")
        lower = name.lower()
        kept = _KINDS.get(lower, _PLAIN), lower not in _VOLATILE
        if len(name) <= 64:
            if len(self._names) >= 1024:
                self._names.clear()
            self._names[name] = kept
        return kept


def _framing(head: Head, special: list[tuple[int, str]]) -> str | None:
    """Read the headers that frame the message into `head`; returns the Host header."""
    host: str | None = None
    length: str | None = None
    coding: str | None = None
    for kind, value in special:
        if kind == _HOST:
            if host is not None:
                raise Refusal(400, "two Host headers")
            host = value
        elif kind == _LENGTH:
            if length is not None or not _DIGITS.fullmatch(value):
                raise Refusal(400, "bad Content-Length")
            length = value
            head.length = int(value)
        elif kind == _CODING:
            if coding is not None or head.http10:
                raise Refusal(400, "bad Transfer-Encoding")
            coding = value.lower()
        elif kind == _EXPECT:
            if value.lower() != "100-continue":
                raise Refusal(417, "unknown expectation")
            head.expect = not head.http10
        elif kind == _CONNECTION:
            tokens = [token.strip() for token in value.lower().split(",")]
            if "close" in tokens:
                head.keep = False
            elif head.http10 and "keep-alive" in tokens:
                head.keep = True
        elif kind == _UPGRADE:
            head.upgrade = value
    if coding is not None:
        if length is not None:
            raise Refusal(400, "both Content-Length and Transfer-Encoding")
        if coding != "chunked":
            raise Refusal(501, "transfer coding not supported")
        head.length = CHUNKED
    if head.length == 0:
        head.expect = False
    return host


def _other_form(head: Head, target: str, host: str | None) -> None:
    """A request target that is no path (RFC 9112 section 3.2): a proxy's absolute form, or `*`."""
    if target == "*" and head.method == "OPTIONS":
        head.path, head.query = "*", ""
        return
    if head.method == "CONNECT":
        raise Refusal(405, "CONNECT is not supported")
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise Refusal(400, "bad request target")
    if host is not None and _authority(host) != _authority(match[1]):
        raise Refusal(400, "the request target and the Host header name different hosts")
    head.path, _, head.query = match[2].partition("?")
    head.path = head.path or "/"


def _authority(host: str) -> str:
    host = host.lower()
    for default in (":80", ":443"):
        host = host.removesuffix(default)
    return host


class ChunkedDecoder:
    """The chunked transfer coding (RFC 9112 section 7.1), fed as bytes arrive; trailers are checked and dropped."""

    __slots__ = ("_left", "_pending", "_state", "_trailer", "_trailer_bytes")

    _SIZE, _DATA, _END, _TRAILER, _DONE = range(5)

    def __init__(self, trailer_bytes: int) -> None:
        self._state = self._SIZE
        self._pending = b""  # of a line that has not ended yet
        self._left = 0  # bytes of the current chunk still to come
        self._trailer = 0
        self._trailer_bytes = trailer_bytes

    @property
    def done(self) -> bool:
        return self._state == self._DONE

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Decode `data`: the pieces of body in it, and, once `done`, what follows the body. Raises Refusal."""
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
            if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
                raise Refusal(400, "bad trailer")
