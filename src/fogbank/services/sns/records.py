"""The stored form of topics and subscriptions, and of messages until they are delivered.

A message for one subscription is stored in the job that delivers it. A message for several is stored once, for all
their jobs.
"""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Topic(Record):
    account: str
    region: str
    name: str
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    sequence: int = 0  # of the last message of a FIFO topic
    data_protection: str = ""

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")


class Subscription(Record):
    """A subscription. `topic` is the topic's ARN; `id` is the end of its own ARN. Pending ones wait for `token`."""

    topic: str
    id: str
    account: str  # of the subscriber
    protocol: str
    endpoint: str
    confirmed: bool
    token: str = ""
    authenticated: bool = True
    attributes: dict[str, str] = {}

    @property
    def arn(self) -> str:
        return f"{self.topic}:{self.id}"


class Deduplication(Record):
    """A deduplication id that a FIFO topic received within the last five minutes."""

    topic: str
    dedup: str
    message_id: str
    sequence: int
    expires_ms: int


class Outgoing(Record):
    """A message on its way to several subscriptions."""

    topic: str
    id: str
    message: dict[str, Any]


class Waiting(Record):
    """A subscription that an outgoing message has not reached yet."""

    topic: str
    message: str  # its id
    subscription: str


TOPICS = Table("sns/topic", Topic, key=lambda t: (t.account, t.region, t.name))
SUBSCRIPTIONS = Table(
    "sns/subscription",
    Subscription,
    key=lambda s: (s.topic, s.id),
    indexes={"account": lambda s: (s.account, s.topic.split(":")[3], s.topic, s.id)},
)
DEDUPLICATIONS = Table("sns/deduplication", Deduplication, key=lambda d: (d.topic, d.dedup))
OUTGOING = Table("sns/outgoing", Outgoing, key=lambda o: (o.topic, o.id))
WAITING = Table("sns/waiting", Waiting, key=lambda w: (w.topic, w.message, w.subscription))
