"""One request with its response, and the answers that the gateway finds itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..core.http import BodyTooLarge, Request, Response
from .parsing import Manner
from .streams import BodyInterrupted, IncomingBody
from .writing import plain

if TYPE_CHECKING:
    from .websocket import Socket

log = logging.getLogger("fogbank.gateway")


class Exchange:
    """One request and its response."""

    __slots__ = ("asked", "complete", "http10", "keep", "request", "socket", "stream")

    def __init__(self, request: Request, manner: Manner) -> None:
        self.request = request
        self.keep = manner.keep
        self.http10 = manner.http10
        self.asked = not manner.expect  # 100 Continue was sent, or need not be
        self.stream: IncomingBody | None = None
        self.socket: Socket | None = None  # the WebSocket that it became
        self.complete = True  # the request has arrived to its last byte


def failure(error: Exception) -> Response:
    """The answer to what a handler let pass; what is not the client's doing is logged."""
    if isinstance(error, BodyTooLarge):
        return plain(413, "request body too large")
    if isinstance(error, BodyInterrupted):
        return plain(error.status, str(error) or "the request body ended early")
    log.error("a request failed", exc_info=error)
    return plain(500, "Internal Server Error")
