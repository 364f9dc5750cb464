"""The job that runs subscription filters after a PutLogEvents. (metrics.py has the job that publishes metrics.)"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import msgspec

from fogbank.core import principal, targets
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Reader, Transaction

from . import patterns
from .groups import group_arn
from .reading import Place, event_id
from .records import CHUNKS, SUBSCRIPTIONS, Chunk, SubscriptionFilter
from .scanning import each

SERVICE = "logs.amazonaws.com"
SESSION = "CloudWatchLogs"  # AWS's own session name is not confirmed
FILTERS = "logs.filters"


@job(FILTERS)
async def send(ctx: Context, payload: dict[str, Any]) -> None:
    """Run the group's subscription filters on one chunk. If there are several, each gets its own job."""

    def load(tx: Reader) -> tuple[Chunk | None, list[SubscriptionFilter]]:
        chunk = tx.get(CHUNKS, (payload["id"], *payload["place"]))
        return chunk, list(tx.scan(SUBSCRIPTIONS, (ctx.account, ctx.region, payload["group"])))

    chunk, subscriptions = await ctx.fetch(load)
    if "filter" in payload:
        subscriptions = [found for found in subscriptions if found.name == payload["filter"]]
    if chunk is None or not subscriptions:
        return
    if len(subscriptions) == 1:
        await _send(ctx, subscriptions[0], payload["group"], chunk)
        return

    def one_each(tx: Transaction) -> None:
        for name in (subscription.name for subscription in subscriptions):
            ctx.later(tx, FILTERS, {**payload, "filter": name}, name=f"{ctx.request_id}/{name}")

    await ctx.transact(one_each)


async def _send(ctx: Context, subscription: SubscriptionFilter, group: str, chunk: Chunk) -> None:
    """Send the matching events to the destination: to a function as Logs itself, to a stream as the filter's role.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    """
    found = await _matching(subscription, chunk)
    if not found:
        return
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": ctx.account,
        "logGroup": group,
        "logStream": chunk.stream,
        "subscriptionFilters": [subscription.name],
        "logEvents": found,
    }
    data = gzip.compress(msgspec.json.encode(envelope), mtime=0)
    event = msgspec.json.encode({"awslogs": {"data": base64.b64encode(data).decode()}})  # for functions
    source = f"{group_arn(ctx, group)}:*"
    if subscription.role:
        by = await ctx.assume(subscription.role, by=SERVICE, session=SESSION, source_arn=source)
    else:
        by = ctx.acting_as(principal.service(SERVICE, ctx.account, source))
    await targets.deliver(by, subscription.destination, event.decode(), data=data)


async def _matching(subscription: SubscriptionFilter, chunk: Chunk) -> list[dict[str, Any]]:
    """The events of a chunk that match a filter, in the form of the envelope."""
    match = patterns.compile_pattern(subscription.pattern)
    found = []
    async for index, values in each(match, [event.message for event in chunk.events]):
        if values is not None:
            event = chunk.events[index]
            place = Place(event.at, chunk.stream, chunk.first_ms, chunk.sequence, index)
            fields = {key[1:]: value for key, value in values.items() if key != "$"}
            item = {"id": event_id(place), "timestamp": event.at, "message": event.message}
            found.append(item | ({"extractedFields": fields} if fields else {}))
    return found
