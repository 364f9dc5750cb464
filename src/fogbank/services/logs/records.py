"""The stored records. Each PutLogEvents call stores one chunk of events, so that a batch costs one write."""

from __future__ import annotations

import msgspec

from fogbank.store.api import Record, Table

DAY_MS = 86_400_000


class Group(Record):
    """A log group. Every creation draws a new `id`, so events of a deleted group of the same name never appear."""

    account: str
    region: str
    name: str
    id: str
    created_ms: int
    retention_days: int = 0  # 0: forever
    kms_key: str = ""
    log_class: str = "STANDARD"
    stored_bytes: int = 0
    tags: dict[str, str] = {}


class Stream(Record):
    """A log stream. Times are in milliseconds, and 0 while it has no events."""

    account: str
    region: str
    group_id: str
    name: str
    created_ms: int
    first_ms: int = 0
    last_ms: int = 0
    ingested_ms: int = 0
    sequence: int = 0  # of the next chunk
    span_ms: int = (
        DAY_MS  # the longest time between first and last event of a chunk; the default is for streams of older versions
    )


class Event(msgspec.Struct, array_like=True):
    """One log event: its time (ms) and its text."""

    at: int
    message: str


class Chunk(Record):
    """The events of one PutLogEvents call, sorted by time; at most 24 hours between first and last."""

    group_id: str
    stream: str
    first_ms: int
    sequence: int
    ingested_ms: int
    events: list[Event]


class MetricFilter(Record):
    account: str
    region: str
    group: str
    name: str
    pattern: str
    transformations: list[dict[str, object]]
    created_ms: int


class SubscriptionFilter(Record):
    account: str
    region: str
    group: str
    name: str
    pattern: str
    destination: str
    created_ms: int
    role: str = ""
    distribution: str = "ByLogStream"


class Policy(Record):
    """A resource policy of the account, or of one log group, whose ARN is then `name`."""

    account: str
    region: str
    name: str
    document: str
    updated_ms: int
    revision: str = ""


class QueryDefinition(Record):
    """A saved query of Logs Insights."""

    account: str
    region: str
    id: str
    name: str
    query: str
    language: str
    groups: list[str]
    parameters: list[dict[str, str]]
    modified_ms: int


GROUPS = Table("logs/group", Group, key=lambda g: (g.account, g.region, g.name))
STREAMS = Table(
    "logs/stream",
    Stream,
    key=lambda s: (s.group_id, s.name),
    indexes={"last": lambda s: (s.group_id, s.last_ms)},
)
CHUNKS = Table("logs/chunk", Chunk, key=lambda c: (c.group_id, c.stream, c.first_ms, c.sequence))
METRIC_FILTERS = Table("logs/metric-filter", MetricFilter, key=lambda f: (f.account, f.region, f.group, f.name))
SUBSCRIPTIONS = Table("logs/subscription", SubscriptionFilter, key=lambda f: (f.account, f.region, f.group, f.name))
POLICIES = Table("logs/policy", Policy, key=lambda p: (p.account, p.region, p.name))
QUERY_DEFINITIONS = Table("logs/query-definition", QueryDefinition, key=lambda q: (q.account, q.region, q.id))
