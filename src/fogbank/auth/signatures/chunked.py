"""Decoding aws-chunked bodies: chunks with or without signatures, and trailers.

    10000;chunk-signature=SIG CRLF data CRLF … 0;chunk-signature=SIG CRLF [name:value CRLF]… [signature line] CRLF

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib
import re
from hashlib import sha256
from hmac import compare_digest, digest

import msgspec

from .errors import IncompleteBody, InvalidChunkSize, MalformedTrailer, S3SignatureDoesNotMatch

MINIMUM = 8192  # bytes of every chunk but the last one with data
_EMPTY = sha256(b"").hexdigest()
_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_LINE_LIMIT = 8192
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class Signer(msgspec.Struct):
    """Verifies the chain of chunk signatures: each covers the previous one, the first the request's own."""

    key: bytes
    timestamp: str
    scope: str
    access_key: str
    previous: str

    def check(self, kind: str, hashes: str, signature: str) -> None:
        """Check one signature. `kind` is PAYLOAD or TRAILER; `hashes` follows the previous signature in the text."""
        text = f"AWS4-HMAC-SHA256-{kind}\n{self.timestamp}\n{self.scope}\n{self.previous}\n{hashes}"
        expected = digest(self.key, text.encode(), "sha256").hex()
        if not compare_digest(expected.encode(), signature.encode("latin-1", "replace")):
            raise S3SignatureDoesNotMatch(
                AWSAccessKeyId=self.access_key,
                StringToSign=text,
                SignatureProvided=signature,
                StringToSignBytes=text.encode().hex(" "),
            )
        self.previous = signature


class ChunkDecoder:
    """Decodes a body: `feed` it bytes as they arrive, and `finish` at the end. Buffers at most one line.

    It returns data before it could check the signature that follows: the caller must not commit before `finish`. Raises
    IncompleteBody, InvalidChunkSize, MalformedTrailer, S3SignatureDoesNotMatch.
    """

    def __init__(
        self, length: int, signer: Signer | None, *, trailers: bool, announced: frozenset[str] = frozenset()
    ) -> None:
        self.length = length  # x-amz-decoded-content-length
        self.trailers: dict[str, str] = {}
        self._signer = signer
        self._wants_trailers = trailers
        self.announced = announced
        self._line = bytearray()
        self._left = 0  # bytes of the current chunk still to come
        self._state = "head"
        self._decoded = 0
        self._chunk = 0
        self._last_size = 0
        self._small = False  # the last chunk was too small to be followed by another
        self._size = 0
        self._signature = ""
        self._hash = hashlib.sha256()

    def feed(self, data: bytes) -> list[bytes]:
        """Decode `data` into pieces."""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        view = memoryview(data)
        while at < end:
            if self._state == "data":
                take = min(self._left, end - at)
                piece = bytes(view[at : at + take])
                pieces.append(piece)
                at += take
                self._take(piece)
            else:
                at = self._feed_line(data, at)
        return pieces

    def finish(self) -> None:
        """Check that the body is complete. Call it when no more bytes will come."""
        if self._state != "done":
            raise IncompleteBody("The request body terminated unexpectedly")
        if self._decoded != self.length:
            raise IncompleteBody
        if self.trailers.keys() != self.announced:  # the header that announces trailers is signed, trailers need not be
            raise MalformedTrailer

    def _take(self, piece: bytes) -> None:
        self._decoded += len(piece)
        self._left -= len(piece)
        if self._decoded > self.length:
            raise IncompleteBody
        if self._signer is not None:
            self._hash.update(piece)
        if self._left == 0:
            self._check_chunk()
            self._state = "gap"

    def _feed_line(self, data: bytes, at: int) -> int:
        """Take bytes up to the end of the line. Handle the line when it is complete."""
        if self._state == "done":
            raise IncompleteBody("The request body holds data after its last chunk")
        newline = data.find(b"\n", at)
        stop = len(data) if newline < 0 else newline + 1
        if len(self._line) + stop - at > _LINE_LIMIT:
            raise IncompleteBody("The request body terminated unexpectedly")
        self._line += data[at:stop]
        if newline >= 0:
            line = bytes(self._line)
            self._line.clear()
            self._handle(line[:-2] if line.endswith(b"\r\n") else line[:-1])
        return stop

    def _handle(self, line: bytes) -> None:
        if self._state == "head":
            self._begin(line)
        elif self._state == "gap":
            if line:
                raise IncompleteBody("The request body terminated unexpectedly")
            self._state = "head"
        else:
            self._trailer(line)

    def _begin(self, line: bytes) -> None:
        match = _HEAD.fullmatch(line)
        if match is None or (match[2] is None) != (self._signer is None):
            raise IncompleteBody("The request body terminated unexpectedly")
        self._chunk += 1
        self._size = int(match[1], 16)
        self._signature = (match[2] or b"").decode()
        if self._size == 0:
            if self._signer is not None:
                self._signer.check("PAYLOAD", f"{_EMPTY}\n{_EMPTY}", self._signature)
            self._state = "trailer"
            return
        if self._small:
            raise InvalidChunkSize(Chunk=str(self._chunk - 1), BadChunkSize=str(self._last_size))
        self._small = self._size < MINIMUM
        self._last_size = self._size
        self._left = self._size
        self._state = "data"
        if self._signer is not None:
            self._hash = hashlib.sha256()

    def _check_chunk(self) -> None:
        if self._signer is not None:
            self._signer.check("PAYLOAD", f"{_EMPTY}\n{self._hash.hexdigest()}", self._signature)

    def _trailer(self, line: bytes) -> None:
        if not line:
            self._end_trailers()
            return
        name, colon, value = line.decode("latin-1").partition(":")
        name = name.strip().lower()
        if not self._wants_trailers or not colon or not name or len(self.trailers) > 64:
            raise MalformedTrailer
        self.trailers[name] = value.strip()

    def _end_trailers(self) -> None:
        self._state = "done"
        signature = self.trailers.pop(_TRAILER_SIGNATURE, "")
        if self._signer is not None and self._wants_trailers:
            if not signature:
                raise MalformedTrailer
            text = "".join(f"{name}:{value}\n" for name, value in self.trailers.items())
            self._signer.check("TRAILER", sha256(text.encode("latin-1")).hexdigest(), signature)
