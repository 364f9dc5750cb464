"""Decompresses request bodies (Content-Encoding: gzip), with a limit on the result."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from fogbank.core.errors import RequestTooLarge, SerializationError

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel

MAX_INFLATED = 16 * 1024 * 1024  # bytes; more than any service accepts in a compressed request
MAX_MEMBERS = 1000  # concatenated gzip members, which are one file (RFC 1952 2.2); SDKs send one
_FIRST = 1024  # size in bytes of the first piece of a member that zlib gets; each further piece is twice as long
_PADDING = re.compile(rb"\0*")


def gunzip(data: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Inflate gzip data. Raises SerializationError if it is invalid, RequestTooLarge past `limit` bytes.

    The time is linear in the size of input and output: zlib copies input that a member does not need, so it gets little
    more than it needs.
    """
    out = bytearray()
    view = memoryview(data)
    at = members = 0
    try:
        while at < len(data):
            members += 1
            if members > MAX_MEMBERS:
                raise SerializationError("The request body has too many gzip members.")
            at = _member(view, at, out, limit)
            padding = _PADDING.match(data, at)
            at = padding.end() if padding else at
    except zlib.error as error:
        raise SerializationError("The request body is not valid gzip data.") from error
    return bytes(out)


def _member(view: memoryview, at: int, out: bytearray, limit: int) -> int:
    """Inflate the member that begins at `at` into `out`. Returns the position after it."""
    engine = zlib.decompressobj(wbits=31)
    size = _FIRST
    while not engine.eof:
        piece = view[at : at + size]
        if not piece:
            raise SerializationError("The request body is not a complete gzip stream.")
        out += engine.decompress(piece, limit + 1 - len(out))
        if len(out) > limit:
            raise RequestTooLarge
        at += len(piece) - len(engine.unused_data)
        size *= 2
    return at


def inflate(request: Request, body: bytes, operation: OperationModel) -> bytes:
    """Undo the gzip compression of SDKs (trait requestCompression). Any operation may be compressed."""
    encoding = request.header("content-encoding")
    if not encoding or not body:
        return body
    if encoding.rsplit(",", 1)[-1].strip().lower() == "gzip":
        return gunzip(body)
    return body
