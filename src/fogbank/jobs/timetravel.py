"""Moving the clock: what falls due on the way runs in order, and the move returns when it has run."""

from __future__ import annotations

from fogbank.core.context import Cloud
from fogbank.store.api import Record, Table

from .worker import Worker


class ClockRecord(Record):
    """How far the clock was moved, kept so that a restart continues in the same time."""

    offset: float = 0.0
    frozen_at: float | None = None


CLOCK = Table("core/clock", ClockRecord, key=lambda _: ("clock",))


def load(cloud: Cloud) -> None:
    """Put the clock where it was left."""
    with cloud.store.read() as tx:
        kept = tx.get(CLOCK, ("clock",))
    if kept is not None:
        if kept.frozen_at is not None:
            cloud.clock.set(kept.frozen_at, freeze=True)
        elif kept.offset:
            cloud.clock.shift(kept.offset)


async def save(cloud: Cloud) -> None:
    """Keep where the clock stands."""
    clock = cloud.clock
    record = ClockRecord(offset=0.0 if clock.frozen else clock.offset, frozen_at=clock.now() if clock.frozen else None)

    def put() -> None:
        with cloud.store.write() as tx:
            tx.put(CLOCK, record)

    await cloud.run(put)


async def move_to(cloud: Cloud, worker: Worker, instant: float, *, freeze: bool = False) -> None:
    """Move the clock to `instant`, running every job and waking every sleeper on the way, each at its own time."""
    clock = cloud.clock
    freeze = freeze or clock.frozen
    while clock.now() < instant:
        due = [when for when in (await worker.next_due(), clock.next_wake()) if when is not None and when <= instant]
        if not due:
            break
        clock.set(max(min(due), clock.now()), freeze=freeze)
        await worker.settle()
    clock.set(instant, freeze=freeze)
    await worker.settle()
    await save(cloud)


async def resume(cloud: Cloud) -> None:
    """Back to real time."""
    cloud.clock.resume()
    await save(cloud)
