"""What follows a PutLogEvents for others: subscription filters send. (metrics.py has what follows for CloudWatch.)"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import msgspec

from fogbank.core import principal
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Reader

from . import patterns
from .groups import group_arn
from .reading import Place, event_id
from .records import CHUNKS, SUBSCRIPTIONS, Chunk, SubscriptionFilter
from .scanning import each


@job("logs.filters")
async def send(ctx: Context, payload: dict[str, Any]) -> None:
    """Run the group's subscription filters over one chunk."""

    def load(tx: Reader) -> tuple[Chunk | None, list[SubscriptionFilter]]:
        chunk = tx.get(CHUNKS, (payload["id"], *payload["place"]))
        return chunk, list(tx.scan(SUBSCRIPTIONS, (ctx.account, ctx.region, payload["group"])))

    chunk, subscriptions = await ctx.fetch(load)
    if chunk is None:
        return
    for subscription in subscriptions:
        await _send(ctx, subscription, payload["group"], chunk)


async def _send(ctx: Context, subscription: SubscriptionFilter, group: str, chunk: Chunk) -> None:
    """The documented envelope, gzipped and in base64, to a function as logs.amazonaws.com."""
    match = patterns.compile_pattern(subscription.pattern)
    found = []
    async for index, values in each(match, [event.message for event in chunk.events]):
        event = chunk.events[index]
        if values is not None:
            place = Place(event.at, chunk.stream, chunk.first_ms, chunk.sequence, index)
            fields = {key[1:]: value for key, value in values.items() if key != "$"}
            item = {"id": event_id(place), "timestamp": event.at, "message": event.message}
            found.append(item | ({"extractedFields": fields} if fields else {}))
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
    data = base64.b64encode(gzip.compress(msgspec.json.encode(envelope), mtime=0)).decode()
    source = f"{group_arn(ctx, group)}:*"
    service = ctx.acting_as(principal.service("logs.amazonaws.com", ctx.account, source))
    await service.call(
        "lambda",
        "Invoke",
        {
            "FunctionName": subscription.destination,
            "InvocationType": "Event",
            "Payload": msgspec.json.encode({"awslogs": {"data": data}}),
        },
    )
