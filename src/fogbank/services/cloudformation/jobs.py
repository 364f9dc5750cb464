"""CloudFormation's jobs: driving a stack's operation, publishing events, dropping old deleted stacks."""

from __future__ import annotations

from typing import Any

from fogbank.core import targets
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from .engine.run import Run
from .records import CHANGE_SETS, DRIFTS, EVENTS, RESOURCES, REVISIONS, STACKS


@job("cloudformation.run", attempts=10, lane="cloudformation")
async def run(ctx: Context, payload: dict[str, Any]) -> None:
    """Drive a stack's operation to its end. After a crash it continues where it stopped."""
    await Run(ctx, payload["stack"]).drive()


NOTIFY = "cloudformation.notify"


@job(NOTIFY)
async def notify(ctx: Context, payload: dict[str, Any]) -> None:
    """Publish an event to the stack's topics as the principal that started the operation; one job for each topic."""
    topics = payload["topics"]
    if len(topics) == 1:
        await targets.deliver(ctx, topics[0], payload["message"], subject="AWS CloudFormation Notification")
        return

    def one_each(tx: Transaction) -> None:
        for number, topic in enumerate(topics):
            ctx.later(tx, NOTIFY, {**payload, "topics": [topic]}, name=f"{ctx.request_id}/{number}")

    await ctx.transact(one_each)


@job("cloudformation.forget")
async def forget(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete all records of a stack that was deleted 90 days ago."""
    where = (ctx.account, ctx.region, payload["stack"])

    def drop(tx: Transaction) -> None:
        for change_set in list(tx.scan_index(CHANGE_SETS, "stack", (payload["stack"],))):
            tx.delete(CHANGE_SETS, CHANGE_SETS.key(change_set))
        for event in list(tx.scan(EVENTS, where)):
            tx.delete(EVENTS, EVENTS.key(event))
        for drift in list(tx.scan(DRIFTS, where)):
            tx.delete(DRIFTS, DRIFTS.key(drift))
        for record in list(tx.scan(RESOURCES, where)):
            tx.delete(RESOURCES, RESOURCES.key(record))
        for revision in list(tx.scan(REVISIONS, where)):
            tx.delete(REVISIONS, REVISIONS.key(revision))
        tx.delete(STACKS, where)

    await ctx.transact(drop)
