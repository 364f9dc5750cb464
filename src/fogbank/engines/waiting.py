"""Polls an engine that has no notifications, in real time: engines do not know the cloud's clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK = 0.05


async def until(look: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait until `look()` is true. Returns False if it is not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not await look():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK)
    return True
