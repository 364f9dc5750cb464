"""One request with its response, and the gateway's own error responses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..core.http import BodyTooLarge, Request, Response
from .framing import plain
from .parsing import Manner
from .streams import BodyInterrupted, IncomingBody

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
        self.socket: Socket | None = None  # set once the connection has become a WebSocket
        self.complete = True  # the last byte of the request has arrived


def failure(error: Exception) -> Response:
    """The response to an exception that a handler did not catch. Logs it unless the client caused it."""
    if isinstance(error, BodyTooLarge):
        return plain(413, "request body too large")
    if isinstance(error, BodyInterrupted):
        return plain(error.status, str(error) or "the request body ended early")
    log.error("a request failed", exc_info=error)
    return plain(500, "Internal Server Error")
