"""Checks the body against the payload line of a verified signature: a hash, signed chunks, or nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from hmac import compare_digest
from typing import NamedTuple

from fogbank.core.errors import ServiceError
from fogbank.core.http import CONTROL, BodyStream, BodyTooLarge, Request

from .chunked import ChunkDecoder, Signer
from .claims import Claim, parameters
from .errors import ContentSHA256Mismatch, InvalidArgument, UnsupportedSignature

UNSIGNED = "UNSIGNED-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_V4A = ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER")
CHUNKED = frozenset({UNSIGNED_TRAILER, SIGNED_CHUNKS, SIGNED_TRAILER})
_SIGNING = frozenset(
    "x-amz-" + name
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
) | {"x-amz-content-sha256"}
_NAME = re.compile(r"x-amz-[!#$%&'*+\-.^_`|~0-9a-z]+")  # RFC 9110 section 5.6.2
LITERALS = frozenset({UNSIGNED, *CHUNKED, *_V4A})


class Chunks(NamedTuple):
    """The key and values with which the chain of chunk signatures begins."""

    key: bytes
    timestamp: str
    claim: Claim

    def signer(self) -> Signer:
        claim = self.claim
        return Signer(self.key, self.timestamp, claim.scope, claim.access_key, claim.signature)


class HashedBody:
    """A body that raises at its end when its SHA-256 is not the signed one."""

    def __init__(self, inner: BodyStream, expected: str, error: ServiceError | None = None) -> None:
        self.length = inner.length
        self._inner = inner
        self._expected = expected
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        running = hashlib.sha256()
        async for piece in self._inner:
            running.update(piece)
            yield piece
        computed = running.hexdigest()
        if not compare_digest(computed, self._expected):
            raise self._error or ContentSHA256Mismatch(
                ClientComputedContentSHA256=self._expected, S3ComputedContentSHA256=computed
            )

    async def read(self, limit: int) -> bytes:
        return await _gather(self, self.length, limit)


class ChunkedBody:
    """The decoded bytes of an aws-chunked body.

    `announced` are the names in x-amz-trailer; `trailers` are complete once the body has been read to its end.
    """

    def __init__(self, inner: BodyStream, decoder: ChunkDecoder) -> None:
        self.length: int | None = decoder.length
        self.announced = decoder.announced
        self.trailers: dict[str, str] = {}
        self._inner = inner
        self._decoder = decoder

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for encoded in self._inner:
            for piece in self._decoder.feed(encoded):
                yield piece
        self._decoder.finish()
        self.trailers = self._decoder.trailers

    async def read(self, limit: int) -> bytes:
        return await _gather(self, self.length, limit)


async def _gather(body: HashedBody | ChunkedBody, length: int | None, limit: int) -> bytes:
    if length is not None and length > limit:
        raise BodyTooLarge
    pieces: list[bytes] = []
    total = 0
    async for piece in body:
        total += len(piece)
        if total > limit:
            raise BodyTooLarge
        pieces.append(piece)
    return b"".join(pieces)


def check(request: Request, payload: str, header: str, chunks: Chunks | None) -> None:
    """Make the body of a verified S3 request what its signature declares: wrap or decode it in place.

    `payload` is the canonical request's last line. `header` is the x-amz-content-sha256 header, which applies where a
    URL left the body unsigned. If the body has arrived, its trailers become headers of the request, as if they had
    preceded it.
    """
    declared = header if payload == UNSIGNED and header in LITERALS else payload
    if declared in CHUNKED:
        decode(request, declared, chunks)
    elif declared in _V4A:
        raise UnsupportedSignature
    elif declared != UNSIGNED and request.stream is not None:
        request.stream = HashedBody(request.stream, declared)


def decode(request: Request, kind: str, chunks: Chunks | None) -> None:
    """Replace an aws-chunked body by the bytes in it. `chunks` is None for unsigned (anonymous) requests."""
    text = request.header("x-amz-decoded-content-length")
    if not text.isdecimal() or len(text) > 15:
        raise InvalidArgument(
            "You must provide the x-amz-decoded-content-length HTTP header.",
            ArgumentName="x-amz-decoded-content-length",
            ArgumentValue=text,
        )
    signer = None if kind == UNSIGNED_TRAILER or chunks is None else chunks.signer()
    announced = frozenset(name.strip().lower() for name in request.header("x-amz-trailer").split(",") if name.strip())
    decoder = ChunkDecoder(int(text), signer, trailers=kind != SIGNED_CHUNKS, announced=announced)
    extra: list[tuple[str, str]] = []
    if request.content is not None:
        request.content = b"".join(decoder.feed(request.content))
        decoder.finish()
        extra = list(decoder.trailers.items())
    elif request.stream is not None:
        request.stream = ChunkedBody(request.stream, decoder)
    request.set_headers([pair for old in request.headers for pair in _plain(old)] + extra)


def hoist(request: Request) -> None:
    """Turn the x-amz-* parameters of a verified URL into headers that the request lacks: S3 reads both alike.

    Skips the checksum parameters that SDKs put into URLs for bodies they do not know yet, and values no header could
    have.
    """
    extra: dict[str, tuple[str, str]] = {}
    for name, value in parameters(request.query).items():
        low = name.lower()
        if low in _SIGNING or low.startswith(("x-amz-checksum-", "x-amz-sdk-")):
            continue
        if _NAME.fullmatch(low) and not CONTROL.search(value):
            extra.setdefault(low, (name, value))  # of repeated ones the first, which version 2 signs
    if extra:
        request.set_headers(request.headers + [extra[low] for low in extra if not request.header(low)])


def decode_unsigned(request: Request) -> None:
    """Decode an unsigned aws-chunked body of an anonymous request."""
    kind = request.header("x-amz-content-sha256")
    if kind == UNSIGNED_TRAILER:
        decode(request, kind, None)


def _plain(header: tuple[str, str]) -> list[tuple[str, str]]:
    """Remove `aws-chunked` from Content-Encoding: it belongs to the transfer and is no encoding of the object."""
    name, value = header
    if name.lower() != "content-encoding":
        return [header]
    kept = ",".join(part for part in (p.strip() for p in value.split(",")) if part and part != "aws-chunked")
    return [(name, kept)] if kept else []
