"""What follows a PutLogEvents: metric filters count, subscription filters send."""

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
from .reading import Place, event_id
from .records import CHUNKS, METRIC_FILTERS, SUBSCRIPTIONS, Chunk, MetricFilter, SubscriptionFilter


@job("logs.filters")
async def apply_filters(ctx: Context, payload: dict[str, Any]) -> None:
    """Run the group's filters over one chunk."""

    def load(tx: Reader) -> tuple[Chunk | None, list[MetricFilter], list[SubscriptionFilter]]:
        where = (ctx.account, ctx.region, payload["group"])
        chunk = tx.get(CHUNKS, (payload["id"], *payload["place"]))
        return chunk, list(tx.scan(METRIC_FILTERS, where)), list(tx.scan(SUBSCRIPTIONS, where))

    chunk, metrics, subscriptions = await ctx.fetch(load)
    if chunk is None:
        return
    for metric in metrics:
        _count(ctx, metric, chunk)
    for subscription in subscriptions:
        await _send(ctx, subscription, payload["group"], chunk)


def _count(ctx: Context, metric: MetricFilter, chunk: Chunk) -> None:
    match = patterns.compile_pattern(metric.pattern)
    for event in chunk.events:
        values = match(event.message)
        for transformation in metric.transformations:
            name, namespace = str(transformation["metricName"]), str(transformation["metricNamespace"])
            number: Any = transformation.get("defaultValue")
            if values is not None:
                number = str(transformation["metricValue"])
                if number.startswith("$"):
                    number = patterns.extracted(values, number)
            try:
                value = float(number)
            except (TypeError, ValueError):
                continue
            wanted: dict[str, str] = transformation.get("dimensions") or {}  # type: ignore[assignment]
            found = {key: patterns.extracted(values or {}, reference) for key, reference in wanted.items()}
            dimensions = {key: str(text) for key, text in found.items() if text is not None}
            if len(dimensions) == len(wanted):
                ctx.app.metrics.add(
                    ctx.account, ctx.region, namespace, name, dimensions, value,
                    str(transformation.get("unit", "None")), event.at / 1000,
                )  # fmt: skip


async def _send(ctx: Context, subscription: SubscriptionFilter, group: str, chunk: Chunk) -> None:
    """The documented envelope, gzipped and in base64, to a function as logs.amazonaws.com."""
    match = patterns.compile_pattern(subscription.pattern)
    found = []
    for index, event in enumerate(chunk.events):
        values = match(event.message)
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
    service = ctx.acting_as(principal.service("logs.amazonaws.com", ctx.account))
    await service.call(
        "lambda",
        "Invoke",
        {
            "FunctionName": subscription.destination,
            "InvocationType": "Event",
            "Payload": msgspec.json.encode({"awslogs": {"data": data}}),
        },
    )
