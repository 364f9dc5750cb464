"""What the HTTP server takes from a client before it refuses, in bytes, counts and real seconds."""

from __future__ import annotations

import msgspec


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the transport. What AWS limits itself (metadata, body sizes) is checked by the services."""

    max_connections: int = 4096  # open at once; one more is answered 503
    url_bytes: int = 16 * 1024  # of the request target; more is answered 414
    header_bytes: int = 64 * 1024  # of one request's header section; more is answered 431
    header_count: int = 256  # more is answered 431
    small_body_bytes: int = 64 * 1024  # a body up to this is handed to the handler whole
    drain_bytes: int = 256 * 1024  # of an unread body that is thrown away to keep the connection
    header_seconds: float = 20.0  # from the first byte of a header section to its last; then 408
    idle_seconds: float = 120.0  # between two requests of a kept connection
    body_seconds: float = 60.0  # without one byte of a body that is being waited for; then 408
    write_seconds: float = 60.0  # without one byte of a response being taken by the client
    linger_seconds: float = 30.0  # of reading on after an early answer, so that the client can read it
    handshake_seconds: float = 15.0  # for TLS
