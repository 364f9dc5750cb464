"""StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask: redriving a dead-letter queue.

Each needs more than its own permission: a redrive receives and deletes on one queue and sends to others.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Reader, Transaction

from ..errors import InvalidParameterValue, MissingParameter, ResourceNotFoundException, UnsupportedOperation
from ..queues import BY_ARN, own, queue_arn
from ..records import MOVES, QUEUES, MoveTask, Queue
from ..tallies import Tallies


def _on_source(ctx: Context, arn: str) -> list[Access]:
    source = own(ctx, BY_ARN.name(ctx, arn))
    return [Access(action, source) for action in
            ("", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")]  # fmt: skip


def _source(ctx: Context, req: dict[str, Any]) -> list[Access]:
    if not req.get("SourceArn"):
        raise MissingParameter("SourceArn")
    return _on_source(ctx, req["SourceArn"])


def _move(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The permissions on the source, and sqs:SendMessage on the destination, or on every source queue without one."""
    accesses = _source(ctx, req)
    if req.get("DestinationArn"):
        targets = [req["DestinationArn"]]
    else:
        with ctx.read() as tx:
            targets = [queue_arn(queue) for queue in _sources(tx, req["SourceArn"])]
    return accesses + [Access("sqs:SendMessage", BY_ARN.name(ctx, target)) for target in targets]


def _sources(tx: Reader, arn: str) -> list[Queue]:
    """The queues whose redrive policy names this dead-letter queue."""
    return list(tx.scan_index(QUEUES, "dead_letter", (arn,)))


def _key(ctx: Context, req: dict[str, Any]) -> tuple[Any, ...]:
    """The key of the task that a TaskHandle names: account, region, source ARN, start time."""
    try:
        account, region, source, started = paging.decode(ctx.app.secret, "sqs/move", req.get("TaskHandle") or "")
    except (ValueError, TypeError):
        raise InvalidParameterValue(
            f"Value {req.get('TaskHandle')} for parameter TaskHandle is invalid. Reason: Invalid."
        ) from None
    return account, region, source, started


@operation("sqs", "StartMessageMoveTask", resource=_move)
async def start_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Move the messages of a dead-letter queue back to their source queues, or to one queue."""
    source = await ctx.fetch(BY_ARN.require, ctx, req["SourceArn"])
    await ctx.app.local(Tallies).make_ready(ctx, source)
    return {"TaskHandle": await ctx.transact(_start, ctx, req)}


def _start(tx: Transaction, ctx: Context, req: dict[str, Any]) -> str:
    """Create the task, and return its handle."""
    arn, destination = req["SourceArn"], req.get("DestinationArn") or ""
    source = BY_ARN.require(tx, ctx, arn)
    sources = _sources(tx, arn)
    if not sources:
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    if destination and BY_ARN.find(tx, ctx, destination) is None:
        raise ResourceNotFoundException(
            "The resource that you specified for the DestinationArn parameter doesn't exist."
        )
    if any(task.status == "RUNNING" for task in tx.scan(MOVES, (ctx.account, ctx.region, arn))):
        raise UnsupportedOperation("There is already a task running. Only one active task is allowed for a source "
                                   "queue arn at a given time.")  # fmt: skip
    now_ms = int(ctx.now() * 1000)
    key = (ctx.account, ctx.region, arn, now_ms)
    task = MoveTask(
        account=ctx.account,
        region=ctx.region,
        source=arn,
        started_ms=now_ms,
        handle=paging.encode(ctx.app.secret, "sqs/move", list(key)),
        destination=destination,
        targets=[destination] if destination else [queue_arn(queue) for queue in sources],
        rate=req.get("MaxNumberOfMessagesPerSecond") or 0,
        to_move=ctx.app.local(Tallies).counts(tx, source, now_ms)[0],
    )
    tx.put(MOVES, task)
    ctx.later(tx, "sqs.move", {"task": list(key)})
    return task.handle


@operation("sqs", "ListMessageMoveTasks", resource=_source)
def list_message_move_tasks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The latest redrives of a queue, newest first; only a running one has a handle."""
    with ctx.read() as tx:
        BY_ARN.require(tx, ctx, req["SourceArn"])
        where = (ctx.account, ctx.region, req["SourceArn"])
        found = list(tx.scan(MOVES, where, reverse=True, limit=min(req.get("MaxResults") or 1, 10)))
    results = []
    for task in found:
        item: dict[str, Any] = {
            "Status": task.status,
            "SourceArn": task.source,
            "ApproximateNumberOfMessagesMoved": task.moved,
            "ApproximateNumberOfMessagesToMove": task.to_move,
            "StartedTimestamp": task.started_ms,
        }
        if task.status == "RUNNING":
            item["TaskHandle"] = task.handle
        if task.destination:
            item["DestinationArn"] = task.destination
        if task.rate:
            item["MaxNumberOfMessagesPerSecond"] = task.rate
        if task.failure:
            item["FailureReason"] = task.failure
        results.append(item)
    return {"Results": results}


@operation("sqs", "CancelMessageMoveTask", resource=lambda ctx, req: _on_source(ctx, _key(ctx, req)[2]))
def cancel_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop a running redrive. Messages already moved stay where they are."""
    with ctx.write() as tx:
        task = tx.get(MOVES, _key(ctx, req))
        if task is None:
            raise ResourceNotFoundException("Task does not exist.")
        if task.status != "RUNNING":
            raise UnsupportedOperation("Only active tasks can be cancelled.")
        task.status = "CANCELLING"
        tx.put(MOVES, task)
    return {"ApproximateNumberOfMessagesMoved": task.moved}
