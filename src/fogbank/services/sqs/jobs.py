"""SQS's work in the background: expires messages, deletes the messages of deleted queues, and runs redrives."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.core.residents import resident
from fogbank.store.api import Transaction

from . import delivery
from .queues import by_arn
from .records import ATTEMPTS, BODIES, COUNTERS, DEDUPLICATIONS, MESSAGES, MOVES, QUEUES, MoveTask

SLICE = 200


@resident(delivery.RETENTION)
async def sweep(ctx: Context, id: str) -> None:
    """Delete expired messages of all queues of an account and region, each queue when its first message expires."""
    with ctx.watch(delivery.retention_topic(ctx)) as watch:
        while True:
            pause = await ctx.transact(_sweep_some, ctx)
            if pause == 0:
                await ctx.clock.sleep(0)
            else:
                await watch.wait(pause)


def _sweep_some(tx: Transaction, ctx: Context) -> float | None:
    """Sweep a slice of the queue due first. Returns the seconds until the next one; None when no queue has messages."""
    now_ms = int(ctx.now() * 1000)
    queue = next(tx.scan_index(QUEUES, "sweep", (ctx.account, ctx.region), limit=1), None)
    if queue is None:
        return None
    if queue.sweep_ms > now_ms:
        return (queue.sweep_ms - now_ms) / 1000
    retention_ms = queue.number("MessageRetentionPeriod") * 1000
    queue.sweep_ms = 0
    for n, message in enumerate(list(tx.scan(MESSAGES, (queue.id,), limit=SLICE))):
        ends_ms = message.sent_ms + retention_ms + 1
        if ends_ms > now_ms or n == SLICE - 1:
            queue.sweep_ms = ends_ms
            break
        delivery.remove(tx, ctx, message)
    tx.put(QUEUES, queue)
    return 0


@job("sqs.drop")
async def drop_messages(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete the messages that a deleted or purged queue had at that time, a slice at a time."""
    before_ms = payload.get("before_ms")

    def drop(tx: Transaction) -> bool:
        found = list(tx.scan(MESSAGES, (payload["id"],), limit=SLICE))
        gone = [message for message in found if before_ms is None or message.sent_ms <= before_ms]
        for message in gone:
            delivery.remove(tx, ctx, message)
        if before_ms is None and not found:
            _forget(tx, payload["id"])
        return bool(gone)

    while await ctx.transact(drop):
        await ctx.clock.sleep(0)


def _forget(tx: Transaction, queue_id: str) -> None:
    """Delete all other records of a deleted queue."""
    for body in list(tx.scan(BODIES, (queue_id,))):
        tx.delete(BODIES, (queue_id, body.id))
    for used in list(tx.scan(DEDUPLICATIONS, (queue_id,))):
        tx.delete(DEDUPLICATIONS, (queue_id, used.scope, used.dedup))
    for attempt in list(tx.scan(ATTEMPTS, (queue_id,))):
        tx.delete(ATTEMPTS, (queue_id, attempt.attempt))
    tx.delete(COUNTERS, (queue_id,))


@job("sqs.move")
async def move(ctx: Context, payload: dict[str, Any]) -> None:
    """Run a redrive: move messages back to their source queues, or to one destination, at the requested rate."""

    def step(tx: Transaction) -> float | None:
        task = tx.get(MOVES, tuple(payload["task"]))
        source = by_arn(tx, task.source) if task else None
        if task is None or source is None or task.status != "RUNNING":
            _stop(tx, task)
            return None
        batch = min(task.rate or SLICE, SLICE)
        moved = 0
        now_ms = int(ctx.now() * 1000)
        for message in list(tx.scan_index(MESSAGES, "visible", (source.id,), end=(source.id, now_ms + 1), limit=batch)):
            if message.sent_ms > task.started_ms:
                continue
            where = task.destination or message.source
            target = by_arn(tx, where) if where in task.targets else None
            if target is None:
                # a message that was sent to this queue directly has no source to return to
                task.status = "FAILED"
                task.failure = "AWS.SimpleQueueService.NonExistentQueue" if where else "CouldNotDetermineMessageSource"
                break
            delivery.transfer(tx, ctx, message, target, source="")
            moved += 1
        task.moved += moved
        if task.status == "RUNNING" and moved < batch:
            task.status = "COMPLETED"
        tx.put(MOVES, task)
        return (1.0 if task.rate else 0.0) if task.status == "RUNNING" else None

    while (pause := await ctx.transact(step)) is not None:
        await ctx.clock.sleep(pause)


def _stop(tx: Transaction, task: MoveTask | None) -> None:
    if task is not None and task.status == "CANCELLING":
        task.status = "CANCELLED"
        tx.put(MOVES, task)
