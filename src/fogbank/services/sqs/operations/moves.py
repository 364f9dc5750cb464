"""StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask: redriving a dead-letter queue."""

from __future__ import annotations

from typing import Any

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import delivery
from ..errors import InvalidParameterValue, ResourceNotFoundException, UnsupportedOperation
from ..queues import by_arn, source_arn
from ..records import MOVES, QUEUES, MoveTask


def _handle_arn(ctx: Context, req: dict[str, Any]) -> str:
    try:
        return str(paging.decode(ctx.app.secret, "sqs/move", req.get("TaskHandle") or "")[2])
    except (ValueError, TypeError):
        return ctx.arn("sqs", "*")


@operation("sqs", "StartMessageMoveTask", resource=source_arn)
def start_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Move the messages of a dead-letter queue back where they came from, or to one queue."""
    arn, destination = req["SourceArn"], req.get("DestinationArn") or ""
    rate = req.get("MaxNumberOfMessagesPerSecond") or 0
    with ctx.write() as tx:
        source = by_arn(tx, arn)
        if source is None:
            raise ResourceNotFoundException(
                "The resource that you specified for the SourceArn parameter doesn't exist."
            )
        if tx.first(QUEUES, "dead_letter", (arn,)) is None:
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        if destination and by_arn(tx, destination) is None:
            raise ResourceNotFoundException(
                "The resource that you specified for the DestinationArn parameter doesn't exist."
            )
        if any(task.status == "RUNNING" for task in tx.scan(MOVES, (ctx.account, ctx.region, arn))):
            raise UnsupportedOperation("There is already a task running. Only one active task is allowed for a source "
                                       "queue arn at a given time.")  # fmt: skip
        now_ms = int(ctx.now() * 1000)
        key = (ctx.account, ctx.region, arn, now_ms)
        handle = paging.encode(ctx.app.secret, "sqs/move", list(key))
        task = MoveTask(
            account=ctx.account,
            region=ctx.region,
            source=arn,
            started_ms=now_ms,
            handle=handle,
            destination=destination,
            rate=rate,
            to_move=delivery.counts(tx, source, now_ms)[0],
        )
        tx.put(MOVES, task)
        ctx.later(tx, "sqs.move", {"task": list(key)})
    return {"TaskHandle": handle}


@operation("sqs", "ListMessageMoveTasks", resource=source_arn)
def list_message_move_tasks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The latest redrives of a queue, newest first; only a running one has a handle."""
    with ctx.read() as tx:
        if by_arn(tx, req["SourceArn"]) is None:
            raise ResourceNotFoundException(
                "The resource that you specified for the SourceArn parameter doesn't exist."
            )
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


@operation("sqs", "CancelMessageMoveTask", resource=_handle_arn)
def cancel_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop a running redrive; what was moved stays moved."""
    try:
        key = tuple(paging.decode(ctx.app.secret, "sqs/move", req["TaskHandle"]))
    except ValueError:
        raise InvalidParameterValue(
            f"Value {req['TaskHandle']} for parameter TaskHandle is invalid. Reason: Invalid."
        ) from None
    with ctx.write() as tx:
        task = tx.get(MOVES, key)
        if task is None:
            raise ResourceNotFoundException("Task does not exist.")
        if task.status != "RUNNING":
            raise UnsupportedOperation("Only active tasks can be cancelled.")
        task.status = "CANCELLING"
        tx.put(MOVES, task)
    return {"ApproximateNumberOfMessagesMoved": task.moved}
