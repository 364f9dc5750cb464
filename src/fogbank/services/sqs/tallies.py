"""Counts a queue's messages without reading them.

Messages become visible as time passes, without a transaction. But invisible messages are few: an index counts them, and
all other messages are visible. The total is kept in memory from the first time somebody asks for it. It is counted
once, in slices, and then updated by every commit that adds or removes a message. So it is exact, a crash loses nothing,
and a queue that nobody asks about costs nothing. Nodes that share a networked store count in the store, in a thread of
the pool.
"""

from __future__ import annotations

import asyncio

from fogbank.core.context import Cloud, Context
from fogbank.store.api import Key, Reader, Transaction

from .records import MESSAGES, Message, Queue

SLICE = 2_000  # messages counted at a time
JUST_ENDED = 500  # most messages to check whose retention has ended but which the sweep has not deleted yet

Counts = tuple[int, int, int]  # visible, in flight, delayed


class Tally:
    """The number of messages of one queue up to the key `reached`; of all of them once that is None."""

    def __init__(self) -> None:
        self.total = 0
        self.reached: Key | None = ()

    def changed(self, key: Key, by: int) -> None:
        if self.reached is None or key <= self.reached:
            self.total += by


class Tallies:
    """The tallies of all queues of a cloud."""

    def __init__(self, app: Cloud) -> None:
        self._known: dict[str, Tally] = {}
        self._embedded = app.store.embedded
        app.signals.on("reset", self._known.clear)

    def changed(self, tx: Transaction, message: Message, by: int) -> None:
        """Record that this transaction adds (1) or removes (-1) a message."""
        tally = self._known.get(message.queue)
        if tally is not None:
            key = (message.queue, message.place, message.id)
            tx.after_commit(lambda: tally.changed(key, by))

    def forget(self, queue_id: str) -> None:
        self._known.pop(queue_id, None)

    def ready(self, queue: Queue) -> bool:
        """Whether `counts` can answer without counting all messages."""
        tally = self._known.get(queue.id)
        return not self._embedded or (tally is not None and tally.reached is None)

    async def make_ready(self, ctx: Context, queue: Queue) -> None:
        """Count the existing messages, in slices, so that other requests run in between."""
        while not self.ready(queue):
            tally = self._known.get(queue.id)
            if tally is None:
                tally = self._known[queue.id] = Tally()
            with ctx.read() as tx:
                found = tx.page(MESSAGES, (queue.id,), limit=SLICE, after=tally.reached or None)
            tally.total += len(found)
            last = found[-1] if found else None
            tally.reached = (last.queue, last.place, last.id) if last is not None and len(found) == SLICE else None
            await asyncio.sleep(0)

    def counts(self, tx: Reader, queue: Queue, now_ms: int) -> Counts:
        """The current counts, without messages whose retention has ended."""
        later = (queue.id, now_ms + 1)
        hidden = tx.count(MESSAGES, (queue.id,), index="visible", start=later)
        delayed = tx.count(MESSAGES, (queue.id,), index="delayed", start=later)
        tally = self._known.get(queue.id)
        known = tally is not None and tally.reached is None
        total = tally.total if tally is not None and known else tx.count(MESSAGES, (queue.id,))
        visible, flying = total - hidden, hidden - delayed
        oldest = now_ms - queue.number("MessageRetentionPeriod") * 1000
        for message in tx.scan(MESSAGES, (queue.id,), limit=JUST_ENDED):
            if message.sent_ms > oldest:
                break
            if message.visible_ms <= now_ms:
                visible -= 1
            elif message.receives:
                flying -= 1
            else:
                delayed -= 1
        return visible, flying, delayed
