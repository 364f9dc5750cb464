"""aws-chunked bodies, against AWS's published example and in every way a client cuts them up.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import asyncio
import calendar
import hashlib
import hmac
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.signatures import SigningKeys, read, verify
from fogbank.auth.signatures.chunked import ChunkDecoder, Signer
from fogbank.auth.signatures.errors import IncompleteBody, InvalidChunkSize, MalformedTrailer
from fogbank.auth.signatures.keys import derive
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Request

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "20130524/us-east-1/s3/aws4_request"
STAMP = "20130524T000000Z"
NOW = calendar.timegm((2013, 5, 24, 0, 0, 0))
KEY = derive(SECRET, "20130524", "us-east-1", "s3")
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"


def sign(kind: str, previous: str, hashes: str) -> str:
    text = f"AWS4-HMAC-SHA256-{kind}\n{STAMP}\n{SCOPE}\n{previous}\n{hashes}"
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def encode(body: bytes, size: int, seed: str | None, trailers: dict[str, str] | None = None) -> bytes:
    """What a client sends: signed when there is a seed, trailers when there is a dict."""
    out = b""
    previous = seed or ""
    for at in [*range(0, len(body), size), len(body)]:
        chunk = body[at : at + size]
        out += f"{len(chunk):x}".encode()
        if seed is not None:
            previous = sign("PAYLOAD", previous, f"{sha(b'')}\n{sha(chunk)}")
            out += f";chunk-signature={previous}".encode()
        out += b"\r\n"
        if chunk:
            out += chunk + b"\r\n"
    if trailers is not None:
        for name, value in trailers.items():
            out += f"{name}:{value}\r\n".encode()
        if seed is not None:
            text = "".join(f"{n}:{v}\n" for n, v in trailers.items())
            out += f"x-amz-trailer-signature:{sign('TRAILER', previous, sha(text.encode()))}\r\n".encode()
    return out + b"\r\n"


def decoder(
    length: int, *, signed: bool, trailers: bool, announced: frozenset[str] = frozenset(), seed: str = SEED
) -> ChunkDecoder:
    signer = Signer(KEY, STAMP, SCOPE, "AKID", seed) if signed else None
    return ChunkDecoder(length, signer, trailers=trailers, announced=announced)


def test_the_published_example() -> None:
    """64 KB and 1 KB of `a`; the signatures are those printed on the page."""
    body = b"a" * 66560
    encoded = encode(body, 65536, SEED)
    assert b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648" in encoded
    assert b"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497" in encoded
    assert b"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9" in encoded
    assert len(encoded) == 66824

    headers = [
        ("Host", "s3.amazonaws.com"),
        ("x-amz-date", STAMP),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        (
            "Authorization",
            f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{SCOPE},SignedHeaders=content-encoding;content-length;"
            "host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,"
            f"Signature={SEED}",
        ),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("Content-Length", "66824"),
    ]
    request = Request("PUT", "/examplebucket/chunkObject.txt", "", headers, encoded)
    claim = read(request)
    assert claim is not None
    verify(claim, request, SECRET, NOW, service="s3", keys=SigningKeys())
    assert request.content == body
    assert request.header("content-encoding") == ""


@given(
    st.binary(max_size=100) | st.integers(0, 40000).map(lambda n: b"ab" * n),
    st.booleans(),
    st.sampled_from([None, {"x-amz-checksum-crc32": "AAAA=="}]),
    st.lists(st.integers(1, 9000), min_size=1, max_size=8),
)
@settings(max_examples=80, deadline=None)
def test_any_cut_decodes(body: bytes, signed: bool, trailers: dict[str, str] | None, cuts: list[int]) -> None:
    encoded = encode(body, 8192, SEED if signed else None, trailers)
    made = decoder(len(body), signed=signed, trailers=trailers is not None, announced=frozenset(trailers or ()))
    out, at, turn = b"", 0, 0
    while at < len(encoded):
        step = cuts[turn % len(cuts)]
        out += b"".join(made.feed(encoded[at : at + step]))
        at, turn = at + step, turn + 1
    made.finish()
    assert out == body
    assert made.trailers == (trailers or {})


@given(st.integers(0, 10**9), st.integers(0, 7), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_of_a_signed_body_fails(where: int, bit: int, with_trailers: bool) -> None:
    body = b"0123456789" * 1000
    encoded = bytearray(encode(body, 8192, SEED, {"x-amz-checksum-crc32": "AAAA=="} if with_trailers else None))
    at = where % len(encoded)
    encoded[at] ^= 1 << bit
    announced = frozenset({"x-amz-checksum-crc32"} if with_trailers else ())
    made = decoder(len(body), signed=True, trailers=with_trailers, announced=announced)
    try:
        out = b"".join(made.feed(bytes(encoded)))
        made.finish()
    except ServiceError:
        return
    # what is left are the bytes of framing that carry nothing: the case of a hex digit, CR before LF
    assert out == body


@pytest.mark.parametrize(
    ("encoded", "length", "error"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", 6, IncompleteBody),
        (b"5\r\nhello\r\n0\r\n\r\n", 4, IncompleteBody),
        (b"5\r\nhello\r\n0\r\n", 5, IncompleteBody),
        (b"5\r\nhello\r\n", 5, IncompleteBody),
        (b"zz\r\nhello\r\n0\r\n\r\n", 5, IncompleteBody),
        (b"5\r\nhelloX\r\n0\r\n\r\n", 5, IncompleteBody),
        (b"5\r\nhello\r\n0\r\n\r\nmore", 5, IncompleteBody),
        (b"f" * 9000, 5, IncompleteBody),
        (b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 6, InvalidChunkSize),
        (b"0\r\nno-colon\r\n\r\n", 0, MalformedTrailer),
        (b"0\r\nx-amz-checksum-sha1:a\r\n\r\n", 0, MalformedTrailer),  # another one was announced
    ],
)
def test_malformed(encoded: bytes, length: int, error: type[ServiceError]) -> None:
    made = decoder(length, signed=False, trailers=True, announced=frozenset({"x-amz-checksum-crc32"}))
    with pytest.raises(error):
        made.feed(encoded)
        made.finish()


def test_unsigned_chunks_do_not_pass_for_signed_ones() -> None:
    made = decoder(5, signed=True, trailers=False)
    with pytest.raises(IncompleteBody):
        made.feed(b"5\r\nhello\r\n0\r\n\r\n")
    made = decoder(0, signed=True, trailers=True)
    unsigned_trailer = encode(b"", 8192, SEED)[:-2] + b"x-amz-checksum-crc32:AAAA\r\n\r\n"
    with pytest.raises(MalformedTrailer):
        made.feed(unsigned_trailer)


class Arriving:
    """A body that comes in small pieces."""

    def __init__(self, data: bytes, step: int = 1000) -> None:
        self.length: int | None = len(data)
        self._data, self._step = data, step

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), self._step):
            yield self._data[at : at + self._step]

    async def read(self, limit: int) -> bytes:
        return self._data


def signed_request(payload: str, content: bytes | None, stream: Arriving | None, *extra: tuple[str, str]) -> Request:
    """Signed by hand: PUT /b/k with the given payload line."""
    headers = [("Host", "localhost"), ("x-amz-date", STAMP), ("x-amz-content-sha256", payload), *extra]
    names = sorted(name.lower() for name, _ in headers)
    lines = "".join(f"{n}:{v}\n" for n, v in sorted((n.lower(), v) for n, v in headers))
    text = f"PUT\n/b/k\n\n{lines}\n{';'.join(names)}\n{payload}"
    to_sign = f"AWS4-HMAC-SHA256\n{STAMP}\n{SCOPE}\n{sha(text.encode())}"
    signature = hmac.new(KEY, to_sign.encode(), hashlib.sha256).hexdigest()
    headers.append(
        (
            "Authorization",
            f"AWS4-HMAC-SHA256 Credential=AKID/{SCOPE}, SignedHeaders={';'.join(names)}, Signature={signature}",
        )
    )
    return Request("PUT", "/b/k", "", headers, content, stream)


def check(request: Request) -> None:
    claim = read(request)
    assert claim is not None
    verify(claim, request, SECRET, NOW, service="s3")


def test_a_trailer_of_a_body_that_has_arrived_becomes_a_header() -> None:
    encoded = encode(b"hello", 8192, None, {"x-amz-checksum-crc32": "NhCmhg=="})
    request = signed_request(
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        encoded,
        None,
        ("content-encoding", "gzip,aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    )
    check(request)
    assert request.content == b"hello"
    assert request.header("x-amz-checksum-crc32") == "NhCmhg=="
    assert request.header("content-encoding") == "gzip"


def test_a_streamed_trailer_is_known_at_the_end() -> None:
    body = b"x" * 20000
    request = signed_request(
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        None,
        Arriving(encode(body, 8192, None, {"x-amz-checksum-crc32": "AAAA"})),
        ("x-amz-decoded-content-length", "20000"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    )
    check(request)
    assert request.stream is not None
    assert request.stream.length == 20000
    assert asyncio.run(request.stream.read(20000)) == body
    assert request.stream.trailers == {"x-amz-checksum-crc32": "AAAA"}  # type: ignore[attr-defined]


def test_streamed_bodies_are_checked_to_the_end() -> None:
    request = signed_request(sha(b"hello"), None, Arriving(b"hello"))
    check(request)
    assert request.stream is not None
    assert asyncio.run(request.stream.read(5)) == b"hello"

    request = signed_request(sha(b"hello"), None, Arriving(b"HELLO"))
    check(request)
    assert request.stream is not None
    with pytest.raises(ServiceError) as caught:
        asyncio.run(request.stream.read(5))
    assert caught.value.code == "XAmzContentSHA256Mismatch"
    assert caught.value.members["ClientComputedContentSHA256"] == sha(b"hello")
    assert caught.value.members["S3ComputedContentSHA256"] == sha(b"HELLO")

    request = signed_request(sha(b"hello"), None, Arriving(b"hello"))
    check(request)
    assert request.stream is not None
    with pytest.raises(BodyTooLarge):
        asyncio.run(request.stream.read(4))


def test_the_decoded_length_is_required() -> None:
    request = signed_request("STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"0\r\n\r\n", None)
    with pytest.raises(ServiceError, match="x-amz-decoded-content-length"):
        check(request)
