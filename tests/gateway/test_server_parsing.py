"""The request grammar by itself, without a socket."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.http import look_up
from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.parsing import CHUNKED, USUAL, ChunkedDecoder, HeadParser, Refusal

NAME = st.text("abcXYZ-_09!#$%&'*+.^`|~", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in ("host", "expect", "te")
)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=255, blacklist_categories=["Cc"]), max_size=20)


def decode(data: bytes, cuts: list[int]) -> tuple[bytes, bytes, bool]:
    """Body, what follows it, whether it has ended."""
    decoder = ChunkedDecoder(1000)
    body = rest = b""
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        if decoder.done:
            rest += data[start:end]
            continue
        pieces, left = decoder.feed(data[start:end])
        assert all(pieces)
        body += b"".join(pieces)
        rest += left
    return body, rest, decoder.done


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.sampled_from([b"", b";a=b", b' ; a="q"']),
    st.sampled_from([b"", b"Trailer: x\r\n"]),
    st.binary(max_size=20),
    st.lists(st.integers(0, 400), max_size=8),
)
def test_chunks_come_apart_as_they_were_put_together(chunks, extension, trailer, after, cuts) -> None:
    data = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    data += b"0\r\n" + trailer + b"\r\n" + after
    assert decode(data, cuts) == (b"".join(chunks), after, True)


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_what_chunks_mean_does_not_depend_on_how_they_are_cut(data, cuts) -> None:
    def outcome(cuts: list[int]) -> object:
        try:
            return decode(data, cuts)
        except Refusal:
            return "refused"

    whole, cut = outcome([]), outcome(cuts)
    # a refusal may come later when the offending line has not ended yet, never never: the end of input decides here
    assert whole == cut


@given(st.lists(st.tuples(NAME, VALUE), max_size=8), st.sampled_from(["", " ", "\t "]))
def test_headers_come_back_as_sent_first_seen_or_remembered(headers, space) -> None:
    parser = HeadParser(HttpLimits())
    lines = "".join(f"\r\n{name}:{space}{value}{space}" for name, value in headers)
    raw = f"GET /a?b HTTP/1.1\r\nHost: h{lines}".encode("latin-1")
    (first, length, manner), (second, *_) = parser.parse(raw), parser.parse(raw)
    expected = [("Host", "h"), *((name, value.strip(" \t")) for name, value in headers)]
    assert first.headers == second.headers == expected
    assert first.lookup == second.lookup == look_up(expected)
    assert (first.method, first.path, first.query, length, manner) == ("GET", "/a", "b", 0, USUAL)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw) -> None:
    for data in (raw, b"GET / HTTP/1.1\r\nHost: h\r\n" + raw, b"GET /" + raw + b" HTTP/1.1\r\nHost: h"):
        try:
            _, length, _ = HeadParser(HttpLimits()).parse(data)
        except Refusal as refusal:
            assert 400 <= refusal.status <= 505
        else:
            assert length >= CHUNKED


def test_remembered_lines_are_bounded_and_hold_no_secrets() -> None:
    parser = HeadParser(HttpLimits())
    for number in range(5000):
        parser.parse(f"GET / HTTP/1.1\r\nHost: h\r\nX-{number}: {number}\r\nAuthorization: secret{number}".encode())
    assert len(parser._lines) <= 1024
    assert len(parser._names) <= 1024
    assert not any("secret" in line for line in parser._lines)


@pytest.mark.parametrize("line", ["Content-Length: 5", "content-length:5", "CONTENT-LENGTH:  5 "])
def test_framing_headers_count_when_remembered(line: str) -> None:
    parser = HeadParser(HttpLimits())
    for _ in range(3):
        assert parser.parse(f"POST / HTTP/1.1\r\nHost: h\r\n{line}".encode())[1] == 5
