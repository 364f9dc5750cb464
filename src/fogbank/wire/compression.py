"""Compressed request bodies (Content-Encoding: gzip), with a limit on what they may become."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from fogbank.core.errors import RequestTooLarge, SerializationError

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel

MAX_INFLATED = 16 * 1024 * 1024  # bytes; more than any service takes in a compressed request
MAX_MEMBERS = 1000  # gzip files one after the other, which are one (RFC 1952 2.2); SDKs send one
_FIRST = 1024  # bytes of a member that are given to the engine at first; each further piece is twice as long
_PADDING = re.compile(rb"\0*")


def gunzip(data: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Inflate gzip data; SerializationError when it is not any, RequestTooLarge past `limit` bytes.

    The time is linear in what goes in and comes out: a member's engine copies what it was given and did not need, so it
    is given little more than it needs.
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
    """Inflate the member that begins at `at` into `out`; where it ends."""
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
    """The body without the gzip that SDKs put around it (trait requestCompression); any operation may use it."""
    encoding = request.header("content-encoding")
    if not encoding or not body:
        return body
    if encoding.rsplit(",", 1)[-1].strip().lower() == "gzip":
        return gunzip(body)
    return body
