"""The stored form of queues and messages."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Key, Record, Table


class Queue(Record):
    """A queue. Each creation gives a new `id`. `attributes` holds those that were set, as text, under AWS's names."""

    account: str
    region: str
    name: str
    id: str
    created: float
    modified: float
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    sweep_ms: int = 0  # when its oldest messages may expire; 0 when it has none
    purged: float = 0.0
    grouped: bool = False  # whether GROUPS has its groups; false for FIFO queues of earlier versions

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")

    def number(self, attribute: str) -> int:
        """An attribute's number, or its default."""
        return int(self.attributes.get(attribute, DEFAULTS[attribute]))


DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}


class Message(Record):
    """A message. `place` orders messages: microseconds on standard queues, a counter on FIFO queues.

    `visible_ms` is when it can be received: in the future while it is delayed or in flight. `receipt` changes at every
    receive. A long body is stored in BODIES, so that receiving does not rewrite it.
    """

    queue: str
    place: int
    id: str
    body: str
    md5: str
    sender: str
    sent_ms: int
    visible_ms: int
    receives: int = 0
    first_received_ms: int = 0
    receipt: str = ""
    attributes: dict[str, dict[str, Any]] = {}
    attributes_md5: str = ""
    trace: str = ""
    group: str = ""
    dedup: str = ""
    source: str = ""  # ARN of the queue a dead letter came from


class Body(Record):
    queue: str
    id: str
    text: str


class Group(Record):
    """A FIFO message group that has messages: the place of its first message, and when that can be received."""

    queue: str
    name: str
    place: int
    ready_ms: int


class Counter(Record):
    """The last sequence number of a FIFO queue."""

    queue: str
    last: int


class Deduplication(Record):
    """A used deduplication id, valid until `expires_ms`."""

    queue: str
    scope: str  # the group, where deduplication is per group
    dedup: str
    message_id: str
    sequence: int
    expires_ms: int


class Attempt(Record):
    """The result of a FIFO receive with a ReceiveRequestAttemptId, to be returned again within five minutes."""

    queue: str
    attempt: str
    messages: list[tuple[int, str, str]]  # place, id, receipt
    expires_ms: int


class MoveTask(Record):
    """A dead-letter queue redrive."""

    account: str
    region: str
    source: str
    started_ms: int
    handle: str
    destination: str = ""
    targets: list[str] = []  # queues to which the caller may move messages
    rate: int = 0
    status: str = "RUNNING"
    to_move: int = 0
    moved: int = 0
    failure: str = ""


def _dead_letter(queue: Queue) -> Key | None:
    from .rules import dead_letter_target

    target = dead_letter_target(queue.attributes)
    return (target[0],) if target else None


def _delayed(message: Message) -> Key | None:
    """Index of delayed messages that were never received."""
    late = message.visible_ms > message.sent_ms and not message.receives
    return (message.queue, message.visible_ms) if late else None


def _sweep(queue: Queue) -> Key | None:
    return (queue.account, queue.region, queue.sweep_ms) if queue.sweep_ms else None


QUEUES = Table(
    "sqs/queue",
    Queue,
    key=lambda q: (q.account, q.region, q.name),
    indexes={"dead_letter": _dead_letter, "sweep": _sweep},
)
MESSAGES = Table(
    "sqs/message",
    Message,
    key=lambda m: (m.queue, m.place, m.id),
    indexes={
        "visible": lambda m: (m.queue, m.visible_ms),
        "delayed": _delayed,
        "group": lambda m: (m.queue, m.group) if m.dedup else None,  # of FIFO queues
    },
)
GROUPS = Table(
    "sqs/group",
    Group,
    key=lambda g: (g.queue, g.name),
    indexes={"ready": lambda g: (g.queue, g.ready_ms, g.place)},
)
BODIES = Table("sqs/body", Body, key=lambda b: (b.queue, b.id))
COUNTERS = Table("sqs/counter", Counter, key=lambda c: (c.queue,))
DEDUPLICATIONS = Table(
    "sqs/deduplication",
    Deduplication,
    key=lambda d: (d.queue, d.scope, d.dedup),
    indexes={"expires": lambda d: (d.queue, d.expires_ms)},
)
ATTEMPTS = Table("sqs/attempt", Attempt, key=lambda a: (a.queue, a.attempt))
MOVES = Table("sqs/move", MoveTask, key=lambda t: (t.account, t.region, t.source, t.started_ms))
