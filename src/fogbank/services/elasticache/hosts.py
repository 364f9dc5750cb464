"""The host names that clients get.

They have AWS's form (my-cache.x1y2z3.0001.use1.cache.…) below `localhost`, where this machine resolves such names to
itself. RFC 6761 requires that; systemd-resolved and macOS do it, plain glibc does not. There the address is 127.0.0.1,
and only the ports differ.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket

from fogbank.core.context import Context

ADDRESS = "127.0.0.1"
DOMAIN = "cache.localhost"
_SHORT = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c", "northeast": "ne", "southeast": "se",
          "northwest": "nw", "southwest": "sw"}  # fmt: skip


async def domain() -> str:
    """The suffix of host names on this machine, or the address where such names do not resolve."""
    found = await asyncio.get_running_loop().run_in_executor(None, _resolve)
    return DOMAIN if found == ADDRESS else ADDRESS


def _resolve() -> str:
    try:
        return socket.gethostbyname(f"fogbank.{DOMAIN}")
    except OSError:
        return ""


def address(ctx: Context, host: str, name: str, *middle: str) -> str:
    """A host name. `host` is what `domain` returned at the resource's start; `middle` is "0001", for example."""
    if host == ADDRESS:
        return ADDRESS
    mark = hashlib.sha256(f"{ctx.account}/{ctx.region}".encode()).hexdigest()[:6]
    return ".".join((name, mark, *middle, short(ctx.region), host))


def short(region: str) -> str:
    """us-east-1 → use1"""
    area, *direction, number = region.split("-")
    return area + "".join(_SHORT.get(part, part[:1]) for part in direction) + number
