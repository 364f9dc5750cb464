"""The one clock. Every expiry, timer and schedule reads it, so a test can move it.

Time is seconds since the epoch as a float. A moved clock keeps ticking from where it was put; a frozen one stands.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime


class Clock:
    """Real time plus an offset, or a frozen instant."""

    def __init__(self, offset: float = 0.0, frozen_at: float | None = None) -> None:
        self._offset = offset
        self._frozen = frozen_at
        self.moved = frozen_at is not None or offset != 0.0  # whether this clock differs from the real one
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._sequence = 0
        self._moves: list[tuple[float, float]] = []  # (real instant, how far ahead from then on), oldest first

    def now(self) -> float:
        """Seconds since the epoch."""
        if self._frozen is not None:
            return self._frozen
        return time.time() + self._offset

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as many AWS services count."""
        return int(self.now() * 1000)

    def datetime(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    @staticmethod
    def monotonic() -> float:
        """Real elapsed seconds, for measuring only: never for a rule of AWS."""
        return time.perf_counter()

    @property
    def offset(self) -> float:
        """How far this clock is ahead of the real one, in seconds."""
        return self.now() - time.time()

    @staticmethod
    def real() -> float:
        """What other people's clocks show: only for what is compared with them."""
        return time.time()

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def set(self, instant: float, *, freeze: bool = False) -> None:
        """Put the clock at `instant`; wakes the sleepers that this passes."""
        if freeze:
            self._frozen = instant
        else:
            self._frozen = None
            self._offset = instant - time.time()
        self.moved = True
        self._note()
        self._wake()

    def shift(self, seconds: float) -> None:
        """Run `seconds` ahead of real time (used at start, before anybody sleeps)."""
        self._offset = seconds
        self.moved = seconds != 0.0
        self._moves = [(0.0, seconds)]

    def _note(self) -> None:
        self._moves.append((time.time(), self.offset))
        del self._moves[:-100]

    def when(self, real: float) -> float:
        """What this clock showed when real clocks showed `real`, as far as the last hundred moves tell."""
        ahead = 0.0
        for moved_at, offset in self._moves:
            if moved_at > real:
                break
            ahead = offset
        return real + ahead

    def resume(self) -> None:
        """Back to real time."""
        self._frozen = None
        self._offset = 0.0
        self.moved = False
        self._note()
        self._wake()

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has advanced by `seconds`, however that comes about."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._sequence += 1
        entry = (self.now() + seconds, self._sequence, waiter)
        heapq.heappush(self._sleepers, entry)
        handle = None if self.frozen else loop.call_later(seconds, self._wake)
        try:
            while not waiter.done():
                await asyncio.shield(waiter) if self.frozen else await waiter
        finally:
            if handle is not None:
                handle.cancel()
            if not waiter.done():
                waiter.cancel()
            self._prune()

    def next_wake(self) -> float | None:
        """When the earliest sleeper is due, or None."""
        self._prune()
        return self._sleepers[0][0] if self._sleepers else None

    def _prune(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)

    def _wake(self) -> None:
        now = self.now()
        while self._sleepers and self._sleepers[0][0] <= now + 0.0005:
            waiter = heapq.heappop(self._sleepers)[2]
            if not waiter.done():
                waiter.set_result(None)
        if self._sleepers and not self.frozen:
            # timers armed before the clock moved may fire late: arm one for the earliest sleeper
            asyncio.get_running_loop().call_later(max(self._sleepers[0][0] - now, 0.001), self._wake)
