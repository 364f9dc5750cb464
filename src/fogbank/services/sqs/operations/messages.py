"""SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, and their batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core import batches, paging
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import delivery, rules
from ..errors import (
    BatchRequestTooLong,
    InvalidParameterValue,
    MessageNotInflight,
    MissingParameter,
    ReceiptHandleIsInvalid,
)
from ..queues import require, url
from ..records import ATTEMPTS, MESSAGES, Attempt, Message, Queue

BATCH_BYTES = 1_048_576
MAX_VISIBILITY = 43_200


@operation("sqs", "SendMessage", resource=url, data_event=True)
def send_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add one message to a queue, with its delay.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        answer = _send(tx, ctx, queue, req)
    _sent(ctx, queue, 1, len(req["MessageBody"].encode()))
    return answer


def _send(tx: Transaction, ctx: Context, queue: Queue, req: dict[str, Any]) -> dict[str, Any]:
    delivery.check_message(queue, req)
    return delivery.send(tx, ctx, queue, req)


def _sent(ctx: Context, queue: Queue, count: int, size: int) -> None:
    ctx.metric("AWS/SQS", "NumberOfMessagesSent", count, "Count", QueueName=queue.name)
    ctx.metric("AWS/SQS", "SentMessageSize", size, "Bytes", QueueName=queue.name)


@operation("sqs", "SendMessageBatch", action="sqs:SendMessage", resource=url, data_event=True)
def send_message_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Send up to ten messages, at most 1 MiB together. Each succeeds or fails by itself."""
    entries = rules.check_batch(req, "SendMessageBatchRequestEntry")
    total = sum(
        rules.size_of(entry.get("MessageBody") or "", {})
        + sum(rules.size_of("", {name: value}) for name, value in (entry.get("MessageAttributes") or {}).items()
              if value.get("DataType"))
        for entry in entries
    )  # fmt: skip
    if total > BATCH_BYTES:
        raise BatchRequestTooLong(BATCH_BYTES, total)
    queue, answer = _batch(ctx, req, entries, _send)
    for entry in answer.get("Successful", ()):
        body = next(item["MessageBody"] for item in entries if item["Id"] == entry["Id"])
        _sent(ctx, queue, 1, len(body.encode()))
    return answer


def _batch(
    ctx: Context,
    req: dict[str, Any],
    entries: list[batches.Entry],
    one: Callable[[Transaction, Context, Queue, batches.Entry], dict[str, Any] | None],
) -> tuple[Queue, dict[str, Any]]:
    """Apply `one` to each entry in one transaction. Returns the queue and the response."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        good, bad = batches.each(entries, lambda entry: one(tx, ctx, queue, entry) or {})
    return queue, {"Successful": good} | ({"Failed": bad} if bad else {})


# -- receive ---------------------------------------------------------------------------------------------------------


@operation("sqs", "ReceiveMessage", resource=url, data_event=True)
async def receive_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Receive up to ten messages, waiting up to WaitTimeSeconds for the first. They stay invisible to others meanwhile.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
    """
    wanted = _ranged(req, "MaxNumberOfMessages", 1, 10, 1)
    queue = await ctx.fetch(require, ctx, req)
    wait = _ranged(req, "WaitTimeSeconds", 0, 20, queue.number("ReceiveMessageWaitTimeSeconds"))
    visibility = _ranged(req, "VisibilityTimeout", 0, MAX_VISIBILITY, queue.number("VisibilityTimeout"))
    deadline = ctx.now() + wait
    with ctx.watch(delivery.topic(queue.id)) as watch:
        while True:
            messages, next_ms = await ctx.transact(_take, ctx, req, wanted, visibility)
            left = deadline - ctx.now()
            if messages or left <= 0:
                break
            if next_ms is not None:
                left = min(left, max(next_ms / 1000 - ctx.now(), 0.001))
            await watch.wait(left)
    name = queue.name
    if messages:
        ctx.metric("AWS/SQS", "NumberOfMessagesReceived", len(messages), "Count", QueueName=name)
        return {"Messages": messages}
    ctx.metric("AWS/SQS", "NumberOfEmptyReceives", 1, "Count", QueueName=name)
    return {}


def _ranged(req: dict[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = req.get(name)
    if value is None:
        return default
    if not low <= value <= high:
        raise InvalidParameterValue(
            f"Value {value} for parameter {name} is invalid. Reason: Must be >= {low} and <= {high}, if provided."
        )
    return int(value)


def _take(
    tx: Transaction, ctx: Context, req: dict[str, Any], wanted: int, visibility: int
) -> tuple[list[dict[str, Any]], int | None]:
    """The messages in response form, and when to try again if there are none."""
    queue = require(tx, ctx, req)
    attempt = req.get("ReceiveRequestAttemptId") if queue.fifo else None
    now_ms = int(ctx.now() * 1000)
    taken = _again(tx, queue, attempt, now_ms) if attempt else None
    if taken is None:
        taken = delivery.receive(tx, ctx, queue, wanted, visibility)
        if attempt and taken:
            kept = [(message.place, message.id, message.receipt) for message in taken]
            tx.put(
                ATTEMPTS, Attempt(queue=queue.id, attempt=attempt, messages=kept, expires_ms=now_ms + delivery.DEDUP_MS)
            )
    if not taken:
        return [], delivery.next_visible(tx, queue, now_ms)
    return [_shape(ctx, queue, message, delivery.body_of(tx, message), req) for message in taken], None


def _again(tx: Transaction, queue: Queue, attempt: str, now_ms: int) -> list[Message] | None:
    """The messages of an earlier receive with this attempt id. None if any of them was changed since."""
    kept = tx.get(ATTEMPTS, (queue.id, attempt))
    if kept is None or kept.expires_ms <= now_ms:
        return None
    found = [(tx.get(MESSAGES, (queue.id, place, id_)), receipt) for place, id_, receipt in kept.messages]
    whole = [m for m, receipt in found if m is not None and m.receipt == receipt and m.visible_ms > now_ms]
    return whole if len(whole) == len(found) else None


def _shape(ctx: Context, queue: Queue, message: Message, body: str, req: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": paging.encode(ctx.app.secret, f"sqs/{queue.id}", [message.place, message.id, message.receipt]),
        "MD5OfBody": message.md5,
        "Body": body,
    }
    asked = {*(req.get("AttributeNames") or ()), *(req.get("MessageSystemAttributeNames") or ())}
    if asked:
        system = {name: value for name, value in _system(queue, message).items() if "All" in asked or name in asked}
        if system:
            shown["Attributes"] = system
    chosen = _chosen(message.attributes, req.get("MessageAttributeNames") or [])
    if chosen:
        shown["MessageAttributes"] = chosen
        shown["MD5OfMessageAttributes"] = (
            message.attributes_md5 if len(chosen) == len(message.attributes) else rules.md5_of_attributes(chosen)
        )
    return shown


def _system(queue: Queue, message: Message) -> dict[str, str]:
    found = {
        "SenderId": message.sender,
        "SentTimestamp": str(message.sent_ms),
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
    }
    if message.group:
        found["MessageGroupId"] = message.group
    if queue.fifo:
        found["MessageDeduplicationId"] = message.dedup
        found["SequenceNumber"] = f"{message.place:020d}"
    if message.trace:
        found["AWSTraceHeader"] = message.trace
    if message.source:
        found["DeadLetterQueueSourceArn"] = message.source
    return found


def _chosen(attributes: dict[str, dict[str, Any]], names: list[str]) -> dict[str, dict[str, Any]]:
    """Select attributes by name, `All`, `.*` or `prefix.*`."""
    if "All" in names or ".*" in names:
        return attributes
    prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
    return {n: v for n, v in attributes.items() if n in names or (prefixes and n.startswith(prefixes))}


# -- receipt handles -------------------------------------------------------------------------------------------------


def _held(tx: Transaction, ctx: Context, queue: Queue, handle: str | None) -> tuple[Message | None, str]:
    """The message that a handle belongs to (None if deleted), and the receipt in the handle."""
    if not handle:
        raise MissingParameter("ReceiptHandle")
    try:
        place, message_id, receipt = paging.decode(ctx.app.secret, f"sqs/{queue.id}", handle)
    except (ValueError, TypeError):
        raise ReceiptHandleIsInvalid(handle) from None
    return tx.get(MESSAGES, (queue.id, place, message_id)), receipt


def _delete(tx: Transaction, ctx: Context, queue: Queue, req: dict[str, Any]) -> None:
    """Delete a message by its latest handle. An older handle does nothing (standard) or has expired (FIFO)."""
    handle = req.get("ReceiptHandle")
    message, receipt = _held(tx, ctx, queue, handle)
    if message is None:
        return
    expired = queue.fifo and message.visible_ms <= int(ctx.now() * 1000)
    if expired or (queue.fifo and message.receipt != receipt):
        raise InvalidParameterValue(
            f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )
    if message.receipt == receipt:
        delivery.remove(tx, ctx, message)
        tx.signal(delivery.topic(queue.id))  # the next message of its group can be received


@operation("sqs", "DeleteMessage", resource=url, data_event=True)
def delete_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a received message by its receipt handle."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        _delete(tx, ctx, queue, req)
    ctx.metric("AWS/SQS", "NumberOfMessagesDeleted", 1, "Count", QueueName=queue.name)
    return {}


@operation("sqs", "DeleteMessageBatch", action="sqs:DeleteMessage", resource=url, data_event=True)
def delete_message_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete up to ten messages."""
    entries = rules.check_batch(req, "DeleteMessageBatchRequestEntry")
    queue, answer = _batch(ctx, req, entries, _delete)
    count = len(answer["Successful"])
    ctx.metric("AWS/SQS", "NumberOfMessagesDeleted", count, "Count", QueueName=queue.name)
    return answer


def _change(tx: Transaction, ctx: Context, queue: Queue, req: dict[str, Any]) -> None:
    seconds = req.get("VisibilityTimeout")
    if seconds is None:
        raise MissingParameter("VisibilityTimeout")
    if not 0 <= seconds <= MAX_VISIBILITY:
        raise InvalidParameterValue(
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= {MAX_VISIBILITY},"
            " if provided."
        )
    now_ms = int(ctx.now() * 1000)
    message, receipt = _held(tx, ctx, queue, req.get("ReceiptHandle"))
    if message is None or message.receipt != receipt or message.visible_ms <= now_ms:
        raise MessageNotInflight(
            f"Value {req['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not exist or "
            "is not available for visibility timeout change."
        )
    if now_ms + seconds * 1000 - message.first_received_ms > MAX_VISIBILITY * 1000:
        raise InvalidParameterValue(
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
            f"message is beyond the limit [{MAX_VISIBILITY} seconds]."
        )
    message.visible_ms = now_ms + seconds * 1000
    delivery.change(tx, message)
    tx.signal(delivery.topic(queue.id))


@operation("sqs", "ChangeMessageVisibility", resource=url, data_event=True)
def change_message_visibility(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a message in flight visible again, this many seconds from now."""
    with ctx.write() as tx:
        _change(tx, ctx, require(tx, ctx, req), req)
    return {}


@operation("sqs", "ChangeMessageVisibilityBatch", action="sqs:ChangeMessageVisibility", resource=url, data_event=True)
def change_message_visibility_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the visibility of up to ten messages."""
    entries = rules.check_batch(req, "ChangeMessageVisibilityBatchRequestEntry")
    return _batch(ctx, req, entries, _change)[1]
