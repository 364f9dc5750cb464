"""The cloud's only clock. Every expiry, timer and schedule reads it, so a test can move it.

Time is seconds since the epoch as a float. A moved clock ticks on from where it was set; a frozen one stands still.

Code that moves the clock has to know which work is still running at the old time. So every piece of work (a job, a
resident) runs inside `with clock.working():`, and a sleep or a wait inside it marks it as asleep. A task that a piece
of work starts belongs to it; start one that outlives it with `aside`.
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

FEW = 64  # clean up the heap only if it holds more sleepers than this that ended early
LONGEST_TIMER = 60.0  # real seconds; after a suspend of the machine the clock is read again within a minute


class Work:
    """One piece of work, as the clock sees it.

    A standing one (a resident) may wait forever for something that is not the clock. So it counts as busy only between
    the end of one sleep and the start of the next.
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
        """Stop counting this work as busy: it waits for something that is neither the clock nor a signal."""
        self._roused = False


_WORK: ContextVar[Work | None] = ContextVar("work", default=None)


def aside(coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Start a task that does not belong to the current piece of work: its sleeps do not mark that work as asleep."""
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
        self._ended = 0  # how many of the sleepers were cancelled or woken by something else
        self._sequence = 0
        self._timer: asyncio.TimerHandle | None = None  # the only one, for the earliest sleeper
        self._armed = 0.0  # when the timer is due
        self._moves: list[tuple[float, float]] = []  # (real instant, offset from then on), oldest first
        self.works: set[Work] = set()

    def now(self) -> float:
        """Seconds since the epoch."""
        if self._frozen is not None:
            return self._frozen
        return time.time() + self._offset

    def now_ms(self) -> int:
        """Milliseconds since the epoch, the unit of many AWS services."""
        return int(self.now() * 1000)

    def datetime(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    @staticmethod
    def monotonic() -> float:
        """Real elapsed seconds. Only for measurements, never for a rule of AWS."""
        return time.perf_counter()

    @property
    def offset(self) -> float:
        """How far this clock is ahead of the real one, in seconds."""
        return self.now() - time.time()

    @staticmethod
    def real() -> float:
        """Real time. Only for comparisons with the clocks of clients and other programs."""
        return time.time()

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    # -- moving ------------------------------------------------------------------------------------------------------

    def set(self, instant: float, *, freeze: bool = False) -> None:
        """Set the clock to `instant` and wake the sleepers that are due by then."""
        before = self.now()
        if freeze:
            self._frozen = instant
        else:
            self._frozen = None
            self._offset = instant - time.time()
        self.moved = True
        self._moved_from(before)

    def shift(self, seconds: float) -> None:
        """Run `seconds` ahead of real time. Used at start, before there are sleepers."""
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
        """The time on this clock at the real time `real`. Only the last hundred moves are known."""
        ahead = 0.0
        for moved_at, offset in self._moves:
            if moved_at > real:
                break
            ahead = offset
        return real + ahead

    def resume(self) -> None:
        """Return to real time."""
        before = self.now()
        self._frozen = None
        self._offset = 0.0
        self.moved = False
        self._moved_from(before)

    # -- sleeping ----------------------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has advanced by `seconds`, by itself or because it was moved."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await self.wait(asyncio.get_running_loop().create_future(), seconds)

    async def wait(self, waiter: asyncio.Future[bool], seconds: float | None) -> bool:
        """Wait for `waiter`. True if somebody set its result to True, False if this clock advanced by `seconds` first.

        `seconds` None: no time limit.
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
        """The time when the earliest sleeper is due, or None."""
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
        """Remove the sleepers that ended early once they are the majority."""
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
        """Set the only timer to the time when the earliest sleeper is due."""
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
        """Make the block one piece of work. Calls `on_rest()` whenever it begins to sleep or to wait."""
        work = Work(standing, on_rest)
        token = _WORK.set(work)
        self.works.add(work)
        try:
            yield work
        finally:
            self.works.discard(work)
            _WORK.reset(token)
