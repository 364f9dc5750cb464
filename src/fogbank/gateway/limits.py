"""The limits of the HTTP server, in bytes, counts and real seconds."""

from __future__ import annotations

import msgspec


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the transport. The services check the limits that AWS documents (metadata, body sizes)."""

    max_connections: int = 4096  # open at once; one more is answered 503
    url_bytes: int = 16 * 1024  # of a request target; more is answered 414
    header_bytes: int = 64 * 1024  # of a request's header section; more is answered 431
    header_count: int = 256  # more is answered 431
    small_body_bytes: int = 64 * 1024  # the handler gets bodies up to this size as bytes, longer ones as streams
    drain_bytes: int = 256 * 1024  # of an unread body that are discarded so that the connection can be kept
    header_seconds: float = 20.0  # from the first byte of a header section to its last; then 408
    idle_seconds: float = 120.0  # between two requests on a connection
    body_seconds: float = 60.0  # while the handler waits for a body and no byte arrives; then 408
    write_seconds: float = 60.0  # while the client accepts no byte of a response
    linger_seconds: float = 30.0  # to read on after an early response, so that the client can receive it
    handshake_seconds: float = 15.0  # for TLS
