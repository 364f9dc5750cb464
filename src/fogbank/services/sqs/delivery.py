"""Sends and receives messages: what the operations and jobs share. All of it runs inside one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from fogbank.core import principal
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import groups, rules
from .errors import InvalidParameterValue, MissingParameter
from .queues import by_arn, queue_arn
from .records import BODIES, COUNTERS, DEDUPLICATIONS, MESSAGES, QUEUES, Body, Counter, Deduplication, Message, Queue
from .tallies import Tallies

RETENTION = "sqs.retention"

DEDUP_MS = 300_000
LONG_BODY = 16_384


def topic(queue_id: str) -> str:
    """The topic that is signalled when a message of the queue becomes visible."""
    return f"sqs/{queue_id}"


def key(message: Message) -> tuple[str, int, str]:
    return message.queue, message.place, message.id


def check_message(queue: Queue, req: dict[str, Any]) -> None:
    """Raise SendMessage's error for contents that it does not accept."""
    body = rules.check_body(req.get("MessageBody"))
    attributes = req.get("MessageAttributes") or {}
    rules.check_message_attributes(attributes)
    limit = queue.number("MaximumMessageSize")
    if rules.size_of(body, attributes) > limit:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )
    delay = req.get("DelaySeconds")
    if delay is not None and not 0 <= delay <= 900:
        raise InvalidParameterValue(
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        )
    group, dedup = req.get("MessageGroupId"), req.get("MessageDeduplicationId")
    if group is not None:
        rules.check_dedup(group, "MessageGroupId")
    if queue.fifo:
        if group is None:
            raise MissingParameter("MessageGroupId")
        if delay:
            raise InvalidParameterValue(
                f"Value {delay} for parameter DelaySeconds is invalid. Reason: The request include parameter that is "
                "not valid for this queue type."
            )
        if dedup is not None:
            rules.check_dedup(dedup, "MessageDeduplicationId")
        elif queue.attributes.get("ContentBasedDeduplication") != "true":
            raise InvalidParameterValue("The queue should either have ContentBasedDeduplication enabled or "
                                        "MessageDeduplicationId provided explicitly")  # fmt: skip
    elif dedup is not None:
        raise InvalidParameterValue(
            f"Value {dedup} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter "
            "that is not valid for this queue type."
        )


def send(tx: Transaction, ctx: Context, queue: Queue, req: dict[str, Any]) -> dict[str, Any]:
    """Add a checked message. Returns its entry of the response. A FIFO duplicate gets the ids of the first message."""
    body, attributes = req["MessageBody"], req.get("MessageAttributes") or {}
    now_ms = int(ctx.now() * 1000)
    answer = {"MD5OfMessageBody": rules.md5_of_body(body)}
    attributes_md5 = rules.md5_of_attributes(attributes)
    if attributes_md5:
        answer["MD5OfMessageAttributes"] = attributes_md5
    trace = (req.get("MessageSystemAttributes") or {}).get("AWSTraceHeader", {}).get("StringValue", "")
    if trace:
        answer["MD5OfMessageSystemAttributes"] = rules.md5_of_attributes(req["MessageSystemAttributes"])
    message = Message(
        queue=queue.id,
        place=int(ctx.now() * 1_000_000),
        id=ctx.ids.uuid(),
        body=body,
        md5=answer["MD5OfMessageBody"],
        sender=ctx.principal.user_id or ctx.principal.account,
        sent_ms=now_ms,
        visible_ms=now_ms
        + 1000 * (req.get("DelaySeconds") or queue.number("DelaySeconds") * ("DelaySeconds" not in req)),
        attributes=attributes,
        attributes_md5=attributes_md5,
        trace=trace,
        group=req.get("MessageGroupId") or "",
    )
    if queue.fifo:
        message.dedup = req.get("MessageDeduplicationId") or hashlib.sha256(body.encode()).hexdigest()
        earlier = _deduplicate(tx, queue, message, now_ms)
        if earlier is not None:
            return answer | {"MessageId": earlier.message_id, "SequenceNumber": f"{earlier.sequence:020d}"}
        answer["SequenceNumber"] = f"{message.place:020d}"
    _keep(tx, ctx, queue, message)
    return answer | {"MessageId": message.id}


def _deduplicate(tx: Transaction, queue: Queue, message: Message, now_ms: int) -> Deduplication | None:
    """Return the earlier message with this deduplication id, or None after assigning the next sequence number."""
    scope = message.group if queue.attributes.get("DeduplicationScope") == "messageGroup" else ""
    for old in list(tx.scan_index(DEDUPLICATIONS, "expires", (queue.id,), end=(queue.id, now_ms), limit=4)):
        tx.delete(DEDUPLICATIONS, (old.queue, old.scope, old.dedup))
    earlier = tx.get(DEDUPLICATIONS, (queue.id, scope, message.dedup))
    if earlier is not None and earlier.expires_ms > now_ms:
        return earlier
    counter = tx.get(COUNTERS, (queue.id,)) or Counter(queue=queue.id, last=18_000_000_000_000_000_000 // 1000)
    counter.last += 256
    tx.put(COUNTERS, counter)
    message.place = counter.last
    tx.put(
        DEDUPLICATIONS,
        Deduplication(
            queue=queue.id,
            scope=scope,
            dedup=message.dedup,
            message_id=message.id,
            sequence=counter.last,
            expires_ms=now_ms + DEDUP_MS,
        ),
    )
    return None


def _keep(tx: Transaction, ctx: Context, queue: Queue, message: Message) -> None:
    if len(message.body) > LONG_BODY:
        tx.put(BODIES, Body(queue=queue.id, id=message.id, text=message.body))
        message.body = ""
    tx.put(MESSAGES, message)
    if message.dedup:
        groups.added(tx, message)
    ctx.app.local(Tallies).changed(tx, message, 1)
    if not queue.sweep_ms:
        current = tx.get(QUEUES, (queue.account, queue.region, queue.name))
        if current is not None and not current.sweep_ms:
            expect_expiry(tx, ctx, current, queue.number("MessageRetentionPeriod"))
    tx.signal(topic(queue.id))


def expect_expiry(tx: Transaction, ctx: Context, queue: Queue, delay: float) -> None:
    """Record that the queue has messages, and that the first of them expires in `delay` seconds."""
    queue.sweep_ms = int((ctx.now() + delay) * 1000)
    tx.put(QUEUES, queue)
    owner = ctx.acting_as(principal.service("sqs.amazonaws.com", queue.account), region=queue.region)
    owner.reside(tx, RETENTION, "messages")
    tx.signal(retention_topic(owner))


def retention_topic(ctx: Context) -> str:
    """The topic that is signalled when a queue of the account and region gets messages after having none."""
    return f"sqs/retention/{ctx.account}/{ctx.region}"


def body_of(tx: Reader, message: Message) -> str:
    if message.body:
        return message.body
    kept = tx.get(BODIES, (message.queue, message.id))
    return kept.text if kept else ""


def change(tx: Transaction, message: Message) -> None:
    """Store a message whose visibility has changed."""
    tx.put(MESSAGES, message)
    if message.dedup:
        groups.changed(tx, message.queue, message.group)


def remove(tx: Transaction, ctx: Context, message: Message) -> None:
    """Delete a message and its long body."""
    if tx.delete(MESSAGES, key(message)):
        ctx.app.local(Tallies).changed(tx, message, -1)
    if message.dedup:
        groups.changed(tx, message.queue, message.group)
    if not message.body:
        tx.delete(BODIES, (message.queue, message.id))


# -- receiving -------------------------------------------------------------------------------------------------------


def candidates(tx: Transaction, queue: Queue, now_ms: int) -> Iterator[Message]:
    """Messages that can be received now. Standard queues: by the time they became visible; FIFO queues: by group."""
    if queue.fifo:
        groups.ensure(tx, queue)
        return groups.messages(tx, queue, now_ms)
    return tx.scan_index(MESSAGES, "visible", (queue.id,), end=(queue.id, now_ms + 1))


def receive(tx: Transaction, ctx: Context, queue: Queue, wanted: int, visibility: int) -> list[Message]:
    """Receive up to `wanted` messages. Deletes expired ones; those received too often become dead letters."""
    now_ms = int(ctx.now() * 1000)
    retention_ms = queue.number("MessageRetentionPeriod") * 1000
    redrive = rules.dead_letter_target(queue.attributes)
    taken: list[Message] = []
    for message in list(islice(candidates(tx, queue, now_ms), wanted * 4 + 16)):
        if len(taken) == wanted:
            break
        if message.sent_ms + retention_ms <= now_ms:
            remove(tx, ctx, message)
            continue
        if redrive is not None and message.receives >= redrive[1] and move_to_dead_letter(tx, ctx, queue, message):
            continue
        message.receives += 1
        message.first_received_ms = message.first_received_ms or now_ms
        message.receipt = ctx.ids.hex(16)
        message.visible_ms = now_ms + visibility * 1000
        change(tx, message)
        taken.append(message)
    return taken


def move_to_dead_letter(tx: Transaction, ctx: Context, queue: Queue, message: Message) -> bool:
    """Move a message that was received maxReceiveCount times. Returns False when its dead-letter queue does not exist.

    The message keeps its id and, on standard queues, the time it was sent (FIFO: see `transfer`). It records its
    source.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    target = rules.dead_letter_target(queue.attributes)
    destination = by_arn(tx, target[0]) if target else None
    if destination is None or destination.account != queue.account:
        return False
    transfer(tx, ctx, message, destination, source=queue_arn(queue))
    return True


def transfer(tx: Transaction, ctx: Context, message: Message, destination: Queue, *, source: str) -> None:
    """Move a message to another queue, with its receive count reset."""
    text = body_of(tx, message)
    remove(tx, ctx, message)
    moved = msgspec.structs.replace(
        message,
        queue=destination.id,
        body=text,
        receives=0,
        first_received_ms=0,
        receipt="",
        visible_ms=int(ctx.now() * 1000),
        source=source,
    )
    if destination.fifo:
        counter = tx.get(COUNTERS, (destination.id,)) or Counter(queue=destination.id, last=18_000_000_000_000_000)
        counter.last += 256
        tx.put(COUNTERS, counter)
        moved.place = counter.last
        moved.sent_ms = moved.visible_ms  # FIFO: the retention period starts again in the dead-letter queue
    _keep(tx, ctx, destination, moved)


def next_visible(tx: Reader, queue: Queue, now_ms: int) -> int | None:
    """When the next invisible message becomes visible, in milliseconds."""
    for message in tx.scan_index(MESSAGES, "visible", (queue.id,), start=(queue.id, now_ms + 1), limit=1):
        return message.visible_ms
    return None
