"""Moves the clock: jobs that fall due on the way run in order, and the move returns when they are done."""

from __future__ import annotations

import asyncio
import logging
import time

from fogbank.core.clock import Work
from fogbank.core.context import Cloud
from fogbank.store.api import Conflict, Record, StoreError, Table

from .queue import TOPIC as JOBS_TOPIC
from .worker import Worker

log = logging.getLogger("fogbank.jobs")

LOOK = 0.002  # real seconds between two checks for running work
PATIENCE = 2.0  # seconds to wait for jobs of other nodes that make no progress, and for residents
TURNS = 8  # turns of the event loop without new work before all is quiet: a signal takes a few to arrive
TOPIC = "clock"  # signalled when a node has moved the clock


class ClockRecord(Record):
    """How far the clock was moved. Stored, so that a restart continues in the same time."""

    offset: float = 0.0
    frozen_at: float | None = None
    by: str = ""  # the node that moved it


CLOCK = Table("core/clock", ClockRecord, key=lambda _: ("clock",))


def load(cloud: Cloud) -> None:
    """Set the clock to where it was when the cloud last stopped."""
    kept = _kept(cloud)
    if kept is not None:
        if kept.frozen_at is not None:
            cloud.clock.set(kept.frozen_at, freeze=True)
        elif kept.offset:
            cloud.clock.shift(kept.offset)


def _kept(cloud: Cloud) -> ClockRecord | None:
    with cloud.store.read() as tx:
        return tx.get(CLOCK, ("clock",))


class Follower:
    """Moves this node's clock when another node moved its own: all nodes of a cloud share one time."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._task: asyncio.Task[None] | None = None
        self._again = False
        cloud.signals.on(TOPIC, self._heard)

    def _heard(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="clock")
        else:
            self._again = True  # the running task may have read the record before this move

    async def _follow(self) -> None:
        cloud, again = self._cloud, True
        while again:
            self._again = False
            try:
                kept = await cloud.run(lambda: _kept(cloud))
            except (Conflict, StoreError) as error:
                log.warning("could not read where another node moved the clock: %s", error)
                return
            if kept is not None and kept.by != cloud.node:
                now = cloud.clock.real() + kept.offset if kept.frozen_at is None else kept.frozen_at
                if kept.frozen_at is None and not kept.offset:
                    cloud.clock.resume()
                else:
                    cloud.clock.set(now, freeze=kept.frozen_at is not None)
                cloud.signals.fire(JOBS_TOPIC)  # other jobs may be due now
            again = self._again


async def save(cloud: Cloud) -> None:
    """Store the clock's position."""
    clock = cloud.clock
    record = ClockRecord(
        offset=clock.offset if clock.moved and not clock.frozen else 0.0,
        frozen_at=clock.now() if clock.frozen else None,
        by=cloud.node,
    )

    def put() -> None:
        with cloud.store.write() as tx:
            tx.put(CLOCK, record)
            tx.signal(TOPIC)

    await cloud.run(put)


async def move_to(cloud: Cloud, worker: Worker, instant: float, *, freeze: bool = False) -> None:
    """Move the clock to `instant`, running every job and waking every sleeper on the way, each at its own time."""
    clock = cloud.clock
    freeze = freeze or clock.frozen
    while clock.now() < instant:
        await cloud.audit.flush()  # jobs may follow from the calls made so far
        due = [when for when in (await worker.next_due(), clock.next_wake()) if when is not None and when <= instant]
        if not due:
            break
        clock.set(max(min(due), clock.now()), freeze=freeze)
        await settle(cloud, worker)
    clock.set(instant, freeze=freeze)
    await settle(cloud, worker)
    await cloud.audit.flush()
    await save(cloud)


async def settle(cloud: Cloud, worker: Worker) -> None:
    """Return when no job is due and none runs, here or at another node, except those that wait for the clock.

    Waits for real work as long as it takes. A resident that waits for something other than the clock or a signal looks
    the same as one that works: it gets PATIENCE seconds.
    """
    elsewhere = Patience()
    patience: dict[Work, Patience] = {}
    while True:
        await worker.start_due()
        if not await _quiet(cloud, worker, patience):
            await asyncio.sleep(LOOK)
            continue
        await worker.start_due()
        if worker.beginning:
            continue
        if not worker.elsewhere or elsewhere.ended_at(worker.elsewhere):
            return
        await asyncio.sleep(LOOK)


async def _quiet(cloud: Cloud, worker: Worker, patience: dict[Work, Patience]) -> bool:
    """Whether no work runs for some turns of the event loop."""
    for _ in range(TURNS):
        busy = [work for work in cloud.clock.works if work.busy]
        for work in busy:
            if work.standing and patience.setdefault(work, Patience()).ended:
                work.excuse()
        if busy or worker.beginning:
            return False
        await asyncio.sleep(0)
    return True


class Patience:
    """A timeout in real time that restarts when the watched value changes."""

    def __init__(self) -> None:
        self._since, self._seen = time.monotonic(), 0

    @property
    def ended(self) -> bool:
        return time.monotonic() - self._since >= PATIENCE

    def ended_at(self, seen: int) -> bool:
        if seen != self._seen:
            self._since, self._seen = time.monotonic(), seen
        return self.ended


async def resume(cloud: Cloud) -> None:
    """Return to real time."""
    cloud.clock.resume()
    await save(cloud)
