"""Compressed request bodies (Content-Encoding: gzip), with a limit on what they may become."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from fogbank.core.errors import RequestTooLarge, SerializationError

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel

MAX_INFLATED = 16 * 1024 * 1024  # bytes; more than any service takes in a compressed request


def gunzip(data: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Inflate gzip data; SerializationError when it is not any, RequestTooLarge past `limit` bytes."""
    out = bytearray()
    try:
        while data:
            engine = zlib.decompressobj(wbits=31)
            out += engine.decompress(data, limit + 1 - len(out))
            if len(out) > limit:
                raise RequestTooLarge
            if not engine.eof:
                raise SerializationError("The request body is not a complete gzip stream.")
            data = engine.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise SerializationError("The request body is not valid gzip data.") from error
    return bytes(out)


def inflate(request: Request, body: bytes, operation: OperationModel) -> bytes:
    """The body without the gzip that SDKs put around it (trait requestCompression); any operation may use it."""
    encoding = request.header("content-encoding")
    if not encoding or not body:
        return body
    if encoding.rsplit(",", 1)[-1].strip().lower() == "gzip":
        return gunzip(body)
    return body
