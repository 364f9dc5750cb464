"""The one clock. Every expiry, timer and schedule reads it, so a test can move it.

Time is seconds since the epoch as a float. A moved clock keeps ticking from where it was put; a frozen one stands.

Whoever moves the clock has to know what still works at the old time. So a piece of work (a job, a resident) is done
within `with clock.working():`, and a sleep or a wait inside it marks it as asleep. A task that a piece of work starts
belongs to it; one that outlives it is started by `aside`.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

FEW = 64  # sleepers that ended early and still lie in the heap: fewer are not worth cleaning up
LONGEST_TIMER = 60.0  # real seconds: a machine that was suspended looks at its clock again within a minute


class Work:
    """One piece of work, as the clock sees it.

    A standing one (a resident) may wait for ever for something else, so it counts as busy only from the end of a sleep
    to the next one.
    """

    __slots__ = ("_on_rest", "_roused", "asleep", "standing")

    def __init__(self, standing: bool, on_rest: Callable[[], None] | None) -> None:
        self.asleep = 0  # its sleeps and waits in progress
        self.standing = standing
        self._roused = False
        self._on_rest = on_rest

    @property
    def busy(self) -> bool:
        return not self.asleep and (self._roused or not self.standing)

    def rest(self) -> None:
        self.asleep += 1
        self._roused = False
        if self._on_rest is not None:
            self._on_rest()

    def rouse(self) -> None:
        self.asleep -= 1
        self._roused = True

    def excuse(self) -> None:
        """It waits for something that is neither the clock nor a signal: count it as busy no longer."""
        self._roused = False


_WORK: ContextVar[Work | None] = ContextVar("work", default=None)


def aside(coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """A task that does not belong to the piece of work that starts it: its sleeps are not that one's."""
    context = copy_context()
    context.run(_WORK.set, None)
    return asyncio.create_task(coroutine, name=name, context=context)


class Clock:
    """Real time plus an offset, or a frozen instant."""

    def __init__(self, offset: float = 0.0, frozen_at: float | None = None) -> None:
        self._offset = offset
        self._frozen = frozen_at
        self.moved = frozen_at is not None or offset != 0.0  # whether this clock differs from the real one
        self._sleepers: list[tuple[float, int, asyncio.Future[bool]]] = []
        self._ended = 0  # of them, those that were cancelled or woken by something else
        self._sequence = 0
        self._timer: asyncio.TimerHandle | None = None  # the only one, for the earliest sleeper
        self._armed = 0.0  # when that one is due
        self._moves: list[tuple[float, float]] = []  # (real instant, how far ahead from then on), oldest first
        self.works: set[Work] = set()

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

    # -- moving ------------------------------------------------------------------------------------------------------

    def set(self, instant: float, *, freeze: bool = False) -> None:
        """Put the clock at `instant`; wakes the sleepers that this passes."""
        before = self.now()
        if freeze:
            self._frozen = instant
        else:
            self._frozen = None
            self._offset = instant - time.time()
        self.moved = True
        self._moved_from(before)

    def shift(self, seconds: float) -> None:
        """Run `seconds` ahead of real time (used at start, before anybody sleeps)."""
        self._offset = seconds
        self.moved = seconds != 0.0
        self._moves = [(0.0, seconds)]

    def _moved_from(self, before: float) -> None:
        """Where it went back, who sleeps for a minute still sleeps for no more than that."""
        self._moves.append((time.time(), self.offset))
        del self._moves[:-100]
        back = before - self.now()
        if back > 0:
            self._sleepers = [(due - back, number, waiter) for due, number, waiter in self._sleepers]  # still a heap
        self._wake()

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
        before = self.now()
        self._frozen = None
        self._offset = 0.0
        self.moved = False
        self._moved_from(before)

    # -- sleeping ----------------------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has advanced by `seconds`, however that comes about."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await self.wait(asyncio.get_running_loop().create_future(), seconds)

    async def wait(self, waiter: asyncio.Future[bool], seconds: float | None) -> bool:
        """Wait until somebody sets the result of `waiter` to True, or this clock has advanced by `seconds`: False.

        None waits without a limit of time.
        """
        work, timed_out = _WORK.get(), False
        if seconds is not None:
            self._add(self.now() + seconds, waiter)
        if work is not None:
            work.rest()
        try:
            timed_out = not await waiter
        finally:
            if work is not None:
                work.rouse()
            if seconds is not None and not timed_out:
                self._ended += 1
                self._clean()
        return not timed_out

    def next_wake(self) -> float | None:
        """When the earliest sleeper is due, or None."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
            self._ended -= 1
        return self._sleepers[0][0] if self._sleepers else None

    def _add(self, due: float, waiter: asyncio.Future[bool]) -> None:
        self._sequence += 1
        heapq.heappush(self._sleepers, (due, self._sequence, waiter))
        if not self.frozen and (self._timer is None or due < self._armed):
            self._arm()

    def _clean(self) -> None:
        """Drop the sleepers that ended early once they are the most."""
        if self._ended > FEW and self._ended * 2 > len(self._sleepers):
            self._sleepers = [entry for entry in self._sleepers if not entry[2].done()]
            heapq.heapify(self._sleepers)
            self._ended = 0

    def _wake(self) -> None:
        now = self.now()
        while self._sleepers and self._sleepers[0][0] <= now + 0.0005:
            waiter = heapq.heappop(self._sleepers)[2]
            if waiter.done():
                self._ended -= 1
            else:
                waiter.set_result(False)
        self._arm()

    def _arm(self) -> None:
        """Have the timer go off when the earliest sleeper is due, and no other timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.next_wake()
        if due is not None and not self.frozen:
            self._armed = due
            delay = min(max(due - self.now(), 0.001), LONGEST_TIMER)
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    # -- working -----------------------------------------------------------------------------------------------------

    @contextmanager
    def working(self, *, standing: bool = False, on_rest: Callable[[], None] | None = None) -> Iterator[Work]:
        """What is done inside is one piece of work; `on_rest()` is called whenever it begins to sleep or to wait."""
        work = Work(standing, on_rest)
        token = _WORK.set(work)
        self.works.add(work)
        try:
            yield work
        finally:
            self.works.discard(work)
            _WORK.reset(token)
