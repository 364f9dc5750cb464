"""One request with its response, and the answers that the gateway finds itself."""

from __future__ import annotations

import logging
import os

from ..core.http import BodyTooLarge, FileSlice, Request, Response
from .parsing import Manner
from .streams import BodyInterrupted, IncomingBody
from .writing import BadResponse, plain

log = logging.getLogger("fogbank.gateway")


class Exchange:
    """One request and its response."""

    __slots__ = ("complete", "http10", "keep", "request", "stream")

    def __init__(self, request: Request, manner: Manner) -> None:
        self.request = request
        self.keep = manner.keep
        self.http10 = manner.http10
        self.stream: IncomingBody | None = None
        self.complete = True  # the request has arrived to its last byte


async def value(answer: Response) -> Response:
    return answer


def open_slice(part: FileSlice) -> int:
    """A descriptor of the slice's file; raises OSError."""
    return os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)


def read_slice(part: FileSlice) -> bytes:
    """A small slice as bytes; raises OSError, BadResponse when the file is too short."""
    file = open_slice(part)
    try:
        data = os.pread(file, part.length, part.offset)
    finally:
        os.close(file)
    if len(data) != part.length:
        raise BadResponse("a file is shorter than the slice of it to be sent")
    return data


def failure(error: Exception) -> Response:
    """The answer to what a handler let pass; what is not the client's doing is logged."""
    if isinstance(error, BodyTooLarge):
        return plain(413, "request body too large")
    if isinstance(error, BodyInterrupted):
        return plain(error.status, str(error) or "the request body ended early")
    log.error("a request failed", exc_info=error)
    return plain(500, "Internal Server Error")
