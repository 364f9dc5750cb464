"""CreateQueue, GetQueueUrl, ListQueues, DeleteQueue, attributes, PurgeQueue."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import delivery, rules
from ..errors import (
    InvalidAttributeName,
    InvalidParameterValue,
    PurgeQueueInProgress,
    QueueNameExists,
    invalid_next_token,
)
from ..queues import QUEUE, by_arn, new, own_url, owned, queue_arn, queue_url, require, url
from ..records import DEFAULTS, QUEUES, Queue
from ..tallies import Counts, Tallies

READABLE = {
    *rules.SETTABLE,
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
}


@operation("sqs", "CreateQueue", resource=new)
def create_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a queue. Repeating the call with the same attributes returns the same queue.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    name = req["QueueName"]
    attributes = dict(req.get("Attributes") or {})
    fifo = attributes.get("FifoQueue") == "true"
    rules.check_queue_name(name, fifo)
    if attributes.get("FifoQueue") == "false":
        raise InvalidAttributeName("FifoQueue")
    if attributes.get("KmsMasterKeyId"):
        ctx.recorded("KmsMasterKeyId")
    kept = {k: v for k, v in rules.check_attributes(attributes, fifo=fifo, create=True).items() if v != ""}
    with ctx.write() as tx:
        existing = tx.get(QUEUES, (ctx.account, ctx.region, name))
        if existing is not None:
            _check_same(existing, kept)
            return {"QueueUrl": queue_url(ctx, existing)}
        now = ctx.now()
        queue = Queue(
            account=ctx.account,
            region=ctx.region,
            name=name,
            id=ctx.ids.hex(24),
            created=now,
            modified=now,
            attributes=kept,
            tags=req.get("tags") or {},
            grouped=fifo,
        )
        _check_dead_letter(tx, queue)
        tx.put(QUEUES, queue)
    return {"QueueUrl": queue_url(ctx, queue)}


def _check_same(existing: Queue, asked: dict[str, str]) -> None:
    have = DEFAULTS | _implied(existing) | existing.attributes
    for name, value in asked.items():
        mine = have.get(name, "")
        same = json.loads(mine or "{}") == json.loads(value) if name in rules.JSON_TEXT else mine == value
        if not same:
            raise QueueNameExists(name)


def _implied(queue: Queue) -> dict[str, str]:
    """The values of attributes that nobody set."""
    managed = {} if queue.attributes.get("KmsMasterKeyId") else {"SqsManagedSseEnabled": "true"}
    if not queue.fifo:
        return managed
    fifo = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }
    return managed | fifo


def _check_dead_letter(tx: Transaction, queue: Queue) -> None:
    target = rules.dead_letter_target(queue.attributes)
    if target is None:
        return
    policy = queue.attributes["RedrivePolicy"]
    dead = by_arn(tx, target[0])
    if dead is None or (dead.account, dead.region) != (queue.account, queue.region) or queue_arn(dead) != target[0]:
        raise InvalidParameterValue(
            f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
        )
    if dead.fifo != queue.fifo:
        raise InvalidParameterValue(
            f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of "
            "queue as the source."
        )
    if not rules.redrive_allowed(dead.attributes, queue_arn(queue)):
        raise InvalidParameterValue(
            f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not allow this "
            "queue."
        )


@operation("sqs", "GetQueueUrl", resource=lambda ctx, req: QUEUE.name(ctx, owned(ctx, req)))
def get_queue_url(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The URL of a queue, of this account or of another that allows it."""
    with ctx.read() as tx:
        queue = QUEUE.require(tx, ctx, owned(ctx, req))
    return {"QueueUrl": queue_url(ctx, queue)}


@operation("sqs", "ListQueues", resource="*")
def list_queues(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List queue URLs by name prefix. Returns a token only if MaxResults was given, as AWS does."""
    prefix, limit = req.get("QueueNamePrefix") or "", _page_size(req)
    where = (ctx.account, ctx.region)
    pages = Pages(ctx, invalid_next_token, f"{ctx.account}/{ctx.region}/sqs/{prefix}")
    after = pages.key(where, req.get("NextToken"))
    with ctx.read() as tx:
        bounds: dict[str, Any] = {"start": (*where, prefix), "end": (*where, prefix + "\U0010ffff"), "after": after}
        found = list(tx.scan(QUEUES, where, limit=(limit or 1000) + 1, **bounds))
    shown, more = pages.cut(found, limit or 1000, lambda queue: queue.name)
    answer = {"QueueUrls": [queue_url(ctx, queue) for queue in shown]} if shown else {}
    return answer | (more if limit else {})


def _page_size(req: dict[str, Any]) -> int | None:
    limit: int | None = req.get("MaxResults")
    if limit is not None and not 1 <= limit <= 1000:
        raise InvalidParameterValue(
            f"Value {limit} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided."
        )
    return limit


@operation("sqs", "DeleteQueue", resource=own_url)
def delete_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete the queue at once, and its messages later, in slices."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        tx.delete(QUEUES, (queue.account, queue.region, queue.name))
        ctx.later(tx, "sqs.drop", {"id": queue.id})
        tx.signal(delivery.topic(queue.id))
    ctx.app.local(Tallies).forget(queue.id)
    return {}


@operation("sqs", "GetQueueAttributes", resource=url)
def get_queue_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any] | Awaitable[dict[str, Any]]:
    """Return the requested attributes, or all. The first request for a queue's counts waits until they are counted."""
    asked = req.get("AttributeNames") or []
    for name in asked:
        if name != "All" and name not in READABLE:
            raise InvalidAttributeName(name)
    with ctx.read() as tx:
        queue = require(tx, ctx, req)
        if not asked:
            return {}
        tallies = ctx.app.local(Tallies)
        counted = "All" in asked or any(name.startswith("Approximate") for name in asked)
        if not counted or tallies.ready(queue):
            numbers = tallies.counts(tx, queue, int(ctx.now() * 1000)) if counted else (0, 0, 0)
            return _shown(queue, asked, numbers)
    return _count_first(ctx, req, queue)


async def _count_first(ctx: Context, req: dict[str, Any], queue: Queue) -> dict[str, Any]:
    await ctx.app.local(Tallies).make_ready(ctx, queue)

    def look(tx: Reader) -> dict[str, Any]:
        queue = require(tx, ctx, req)
        numbers = ctx.app.local(Tallies).counts(tx, queue, int(ctx.now() * 1000))
        return _shown(queue, req["AttributeNames"], numbers)

    return await ctx.fetch(look)


def _shown(queue: Queue, asked: list[str], numbers: Counts) -> dict[str, Any]:
    shown = DEFAULTS | _implied(queue) | queue.attributes
    if queue.attributes.get("KmsMasterKeyId"):
        shown.setdefault("KmsDataKeyReusePeriodSeconds", "300")
    shown |= {
        "QueueArn": queue_arn(queue),
        "CreatedTimestamp": str(int(queue.created)),
        "LastModifiedTimestamp": str(int(queue.modified)),
        "ApproximateNumberOfMessages": str(numbers[0]),
        "ApproximateNumberOfMessagesNotVisible": str(numbers[1]),
        "ApproximateNumberOfMessagesDelayed": str(numbers[2]),
    }
    return {"Attributes": {name: value for name, value in shown.items() if "All" in asked or name in asked}}


@operation("sqs", "SetQueueAttributes", resource=own_url)
def set_queue_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change attributes. An empty value unsets one."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        given = rules.check_attributes(dict(req.get("Attributes") or {}), fifo=queue.fifo, create=False)
        if given.get("KmsMasterKeyId"):
            ctx.recorded("KmsMasterKeyId")
        merged = queue.attributes | given
        queue.attributes = {k: v for k, v in merged.items() if v not in ("", "{}") or k in DEFAULTS}
        queue.modified = ctx.now()
        _check_dead_letter(tx, queue)
        if queue.sweep_ms and "MessageRetentionPeriod" in given:
            delivery.expect_expiry(tx, ctx, queue, 0)
        tx.put(QUEUES, queue)
    return {}


@operation("sqs", "PurgeQueue", resource=url)
def purge_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete every message sent so far. Allowed once per minute."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        if ctx.now() - queue.purged < 60:
            raise PurgeQueueInProgress(queue.name)
        queue.purged = ctx.now()
        tx.put(QUEUES, queue)
        ctx.later(tx, "sqs.drop", {"id": queue.id, "before_ms": int(ctx.now() * 1000)})
    return {}


@operation("sqs", "ListDeadLetterSourceQueues", resource=url)
def list_dead_letter_source_queues(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The queues whose redrive policy names this one; a token only where MaxResults was given, as AWS does."""
    limit = _page_size(req)
    with ctx.read() as tx:
        queue = require(tx, ctx, req)
        found = sorted(tx.scan_index(QUEUES, "dead_letter", (queue_arn(queue),)), key=_by_place)
    pages = Pages(ctx, invalid_next_token, f"{ctx.account}/{ctx.region}/sqs/{ctx.operation}/{queue.id}")
    shown, more = pages.by_key(found, req.get("NextToken"), limit or 1000, _by_place)
    return {"queueUrls": [queue_url(ctx, source) for source in shown], **(more if limit else {})}


def _by_place(queue: Queue) -> tuple[str, str]:
    return queue.account, queue.name
