"""A minimal client of the Redis protocol (RESP2) for managing a Valkey server: one connection, one command at a time.

https://valkey.io/topics/protocol/ - applications bring their own client library; the server needs only a dozen
commands, and no dependency for them.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Refused(Exception):
    """The server answered with an error."""


class Client:
    """`async with Client(port, user, password) as server: await server.call("PING")`. Raises OSError and Refused."""

    def __init__(self, port: int, user: str = "", password: str = "", host: str = "127.0.0.1") -> None:
        self._at, self._login = (host, port), (user, password)

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(*self._at)
        if self._login[0]:
            await self.call("AUTH", *self._login)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        self._writer.close()

    async def call(self, *words: str | int | bytes) -> Any:
        """Send a command and return its answer: bytes, int, None or lists of them."""
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)]
        self._writer.write(b"".join(parts))
        try:
            return await self._answer()
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the server closed the connection") from error

    async def _answer(self) -> Any:
        line = (await self._reader.readuntil(b"\r\n"))[:-2]
        kind, rest = line[:1], line[1:]
        match kind:
            case b"+":
                return rest
            case b"-":
                raise Refused(rest.decode(errors="replace"))
            case b":":
                return int(rest)
            case b"$":
                size = int(rest)
                return None if size < 0 else (await self._reader.readexactly(size + 2))[:-2]
            case b"*":
                return None if int(rest) < 0 else [await self._answer() for _ in range(int(rest))]
        raise ConnectionError(f"not an answer: {line[:40]!r}")
