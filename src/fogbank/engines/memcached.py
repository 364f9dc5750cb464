"""Memcached servers. They store nothing on disk: a server that ends loses its data, as on AWS.

https://docs.memcached.org/serverguide/configuring/
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .engine import NotReady


class Memcached(msgspec.Struct):
    """`options` are further arguments of the command line."""

    folder: Path
    port: int
    options: Sequence[str] = ()
    program: str = "memcached"

    def command(self) -> list[str]:
        as_root = ["-u", "nobody"] if os.geteuid() == 0 else []  # memcached refuses to run as root
        return ["-l", "127.0.0.1", "-p", str(self.port), "-U", "0", *as_root, *self.options]

    async def ready(self) -> None:
        await self.stats()

    async def stats(self) -> dict[str, str]:
        """The general statistics. Raises NotReady and OSError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(b"stats\r\nquit\r\n")
            lines = (await reader.read(-1)).decode().splitlines()
        finally:
            writer.close()
        if "END" not in lines:
            raise NotReady("memcached answered something else than its statistics")
        return dict(line.split(" ", 2)[1:] for line in lines if line.startswith("STAT ") and line.count(" ") >= 2)
