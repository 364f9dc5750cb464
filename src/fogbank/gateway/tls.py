"""TLS for the gateway's own port: a local certificate authority, and certificates for whatever name is asked for."""

from __future__ import annotations

import ssl
from pathlib import Path


class TlsContext:
    """Placeholder until certificates are issued."""

    def __init__(self, data: Path) -> None:
        self._data = data

    async def context(self) -> ssl.SSLContext:
        raise NotImplementedError
