"""The request grammar against a reference: RFC 9112 read aloud, one header at a time, nothing remembered, nothing fast.

The parser skips steps for what most requests look like, and remembers lines. Whatever it has read before, it must say
what the reference says.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.parsing import CHUNKED, HeadParser, Refusal

LIMITS = HttpLimits(url_bytes=60, header_bytes=600, header_count=8)
TCHAR = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)  # RFC 9110 section 5.6.2
HOST = set("-._~!$&'()*+,;=%:[]" + string.digits + string.ascii_letters)  # RFC 3986 section 3.2.2


class Bad(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


def require(condition: bool, status: int = 400) -> None:
    if not condition:
        raise Bad(status)


def reference(raw: bytes) -> tuple:
    """(method, path, query, headers, length, keep, http10, expect), or Bad."""
    text = raw.decode("latin-1")
    if len(raw) > LIMITS.header_bytes:
        raise Bad(414 if len(text.partition("\r\n")[0]) > LIMITS.url_bytes else 431)
    first, *lines = text.split("\r\n")
    method, target, http10 = request_line(first)
    require(len(lines) <= LIMITS.header_count, 431)
    headers = [header(line) for line in lines]

    def all_of(name: str) -> list[str]:
        return [value for key, value in headers if key.lower() == name]

    for name in ("host", "content-length", "transfer-encoding"):
        require(len(all_of(name)) <= 1)
    require(http10 or bool(all_of("host")))
    length = 0
    for value in all_of("content-length"):
        require(0 < len(value) <= 18 and set(value) <= set("0123456789"))
        length = int(value)
    keep = not http10
    options = {word.strip().lower() for value in all_of("connection") for word in value.split(",")}
    if "close" in options:
        keep = False
    elif "keep-alive" in options:
        keep = True
    for value in all_of("transfer-encoding"):
        require(not http10)
        require(not all_of("content-length"))
        require(value.lower() == "chunked", 501)
        length = CHUNKED
    expect = False
    for value in all_of("expect"):
        for word in value.split(","):
            require(word.strip().lower() == "100-continue", 417)
        expect = length != 0 and not http10
    path, query = split_target(method, target, all_of("host"))
    return method, path, query, headers, length, keep, http10, expect


def request_line(line: str) -> tuple[str, str, bool]:
    words = line.split(" ")
    require(len(words) == 3)
    method, target, version = words
    require(len(version) == 8 and version[:5] == "HTTP/" and version[6] == ".")
    require(version[5] in string.digits and version[7] in string.digits)
    require(version in ("HTTP/1.1", "HTTP/1.0"), 505)
    require(len(target) <= LIMITS.url_bytes, 414)
    require(target != "" and all(ord(char) > 32 and ord(char) != 127 for char in target))
    require(method != "" and set(method) <= TCHAR)
    return method, target, version == "HTTP/1.0"


def header(line: str) -> tuple[str, str]:
    require(":" in line)
    at = line.index(":")
    name, value = line[:at], line[at + 1 :]
    require(name != "" and set(name) <= TCHAR)
    while value[:1] in (" ", "\t") and value:
        value = value[1:]
    while value[-1:] in (" ", "\t") and value:
        value = value[:-1]
    require(all(char == "\t" or (ord(char) >= 32 and ord(char) != 127) for char in value))
    require(name.lower() != "host" or set(value) <= HOST)
    return name, value


def split_target(method: str, target: str, hosts: list[str]) -> tuple[str, str]:
    if target[0] != "/":
        if target == "*" and method == "OPTIONS":
            return "*", ""
        require(method != "CONNECT", 405)
        scheme, mark, rest = target.partition("://")
        require(mark == "://" and scheme.lower() in ("http", "https"))
        authority = rest
        for end in "/?":
            authority = authority.partition(end)[0]
        require(authority != "" and "#" not in rest and "@" not in authority)
        require(not hosts or without_port(hosts[0]) == without_port(authority))
        target = rest[len(authority) :]
    at = target.find("?")
    path, query = (target, "") if at < 0 else (target[:at], target[at + 1 :])
    return path or "/", query


def without_port(host: str) -> str:
    host = host.lower()
    for port in (":80", ":443"):
        host = host[: -len(port)] if host.endswith(port) else host
    return host


def outcome(parser: HeadParser, raw: bytes) -> object:
    try:
        request, length, manner = parser.parse(raw, "https", "c")
    except Refusal as refusal:
        return refusal.status
    assert (request.scheme, request.client, request.content, request.stream) == ("https", "c", b"", None)
    joined: dict[str, str] = {}
    for name, value in request.headers:
        joined[name.lower()] = f"{joined[name.lower()]},{value}" if name.lower() in joined else value
    assert request.lookup == joined
    return (request.method, request.path, request.query, request.headers, length, *manner)


def expected(raw: bytes) -> object:
    try:
        return reference(raw)
    except Bad as bad:
        return bad.status


# pieces that meet each other's edges: right and nearly right
METHODS = st.sampled_from(["GET", "POST", "OPTIONS", "CONNECT", "get", "M-X", "", "G(T", "\rGET", "\nGET", "GET\t"])
TARGETS = st.sampled_from(
    ["/", "/a?b=c", "/a b", "/\xe4?\xff", "/a\x7f", "/\t", "*", "", "?", "http://h/a?b", "HTTP://H:80", "https://h:443?x",
     "http://other/", "http://u@h/", "ftp://h/", "h:443", "//x//", "/#", "http://h/#a", "/" + "a" * 59, "/" + "a" * 60]
)  # fmt: skip
VERSIONS = st.sampled_from(["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/11", "http/1.1", "HTTP/1.1 "])
NAMES = st.sampled_from(
    ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Authorization", "authorization", "Cookie",
     "X-Amz-Date", "x-amz-content-sha256", "X-A", "x-a", "", " X-A", "X-A ", "X\xc4", "X(", "\tX", "Content-Length\x0b"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["h", "H:80", "h:443", "5", "05", "+5", "5, 5", "0", "\xb2", "9" * 18, "9" * 19, "", " ", "chunked", "Chunked",
     "gzip, chunked", "chunked,", "close", "keep-alive, Close", "keep-alive", "100-continue",
     "100-Continue, 100-continue", "other", "a\tb", "a\x00", "a\rb", "a\nX: b",
     "\xe4", "a  b", " a", "a ", "\ta\t", "\xa0a\xa0", "\x0ba",
     "a b, c", "h/"]
)  # fmt: skip
COLONS = st.sampled_from([": ", ": ", ": ", ":", " : ", ":\t ", "", " "])
LINES = st.one_of(
    st.just("Host: h"),
    st.builds("{}{}{}".format, NAMES, COLONS, VALUES),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
HEADS = st.builds(
    lambda method, target, version, lines: "\r\n".join([f"{method} {target} {version}", *lines]).encode("latin-1"),
    st.one_of(st.just("GET"), METHODS),
    st.one_of(st.just("/"), TARGETS),
    VERSIONS,
    st.lists(LINES, max_size=9),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.one_of(HEADS, st.binary(max_size=60)), min_size=1, max_size=4))
@example([b"GET / HTTP/1.1\r\nHost: h\r\nCookie: a", b"GET / HTTP/1.1\r\nHost: h\r\nCookie"])
@example([b"GET http://h@other/ HTTP/1.1\r\nHost: h"])
@example([b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 600, b"GET /" + b"a" * 700])
def test_whatever_was_read_before_a_head_means_what_the_grammar_says(heads: list[bytes]) -> None:
    parser = HeadParser(LIMITS)
    for head in [*heads, *heads]:
        assert outcome(parser, head) == expected(head), head


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Amz-Date", "x-amz-content-sha256"])
def test_a_line_without_a_colon_is_no_header_even_when_its_name_is_known(name: str) -> None:
    parser = HeadParser(HttpLimits())
    parser.parse(f"GET / HTTP/1.1\r\nHost: h\r\n{name}: x".encode())
    with pytest.raises(Refusal, match="400"):
        parser.parse(f"GET / HTTP/1.1\r\nHost: h\r\n{name}".encode())
