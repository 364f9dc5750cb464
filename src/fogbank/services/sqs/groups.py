"""Message groups of FIFO queues: finds the groups with a message to receive, without reading the others.

While a message of a group is in flight (or delayed), the messages after it wait. So a group is ready when its first
message is, and a receive reads ready groups only. "SQS first attempts to return as many messages with the same message
group ID as possible":
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.store.api import Reader, Transaction

from .records import GROUPS, MESSAGES, QUEUES, Group, Message, Queue


def added(tx: Transaction, message: Message) -> None:
    """Record a new message. The first one of a group creates the group."""
    if tx.get(GROUPS, (message.queue, message.group)) is None:
        changed(tx, message.queue, message.group)


def changed(tx: Transaction, queue_id: str, name: str) -> None:
    """Update a group after its first message was replaced or became visible at another time."""
    first = next(iter(tx.scan_index(MESSAGES, "group", (queue_id, name), limit=1)), None)
    if first is None:
        tx.delete(GROUPS, (queue_id, name))
    else:
        tx.put(GROUPS, Group(queue=queue_id, name=name, place=first.place, ready_ms=first.visible_ms))


def messages(tx: Reader, queue: Queue, now_ms: int) -> Iterator[Message]:
    """Messages that can be received now, group by group, starting with the group that has been ready longest."""
    for group in tx.scan_index(GROUPS, "ready", (queue.id,), end=(queue.id, now_ms + 1)):
        for message in tx.scan_index(MESSAGES, "group", (queue.id, group.name)):
            if message.visible_ms > now_ms:
                break
            yield message


def ensure(tx: Transaction, queue: Queue) -> None:
    """Create the groups of a queue whose messages were sent before Fogbank recorded groups."""
    if queue.grouped:
        return
    names = {message.group for message in tx.scan(MESSAGES, (queue.id,)) if message.dedup}
    for name in names:
        changed(tx, queue.id, name)
    queue.grouped = True
    tx.put(QUEUES, queue)
