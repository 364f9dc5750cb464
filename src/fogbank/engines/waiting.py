"""Waiting for an engine, which has no way to tell: by real time, since the engine knows no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK = 0.05


async def until(look: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Whether `look()` was true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not await look():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK)
    return True
