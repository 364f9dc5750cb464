"""The job that runs metric filters and publishes embedded metrics after a PutLogEvents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from fogbank.core import principal
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Reader

from . import embedded, patterns
from .records import CHUNKS, METRIC_FILTERS, Chunk, MetricFilter
from .scanning import each

SLICE = 100  # events to parse, or metrics to store, before yielding to the event loop
MAX_VALUES = 150  # values per datum in PutMetricData


@job("logs.metrics")
async def count(ctx: Context, payload: dict[str, Any]) -> None:
    """Run the group's metric filters on one chunk, and publish the metrics embedded in it."""

    def load(tx: Reader) -> tuple[Chunk | None, list[MetricFilter]]:
        chunk = tx.get(CHUNKS, (payload["id"], *payload["place"]))
        return chunk, list(tx.scan(METRIC_FILTERS, (ctx.account, ctx.region, payload["group"])))

    chunk, filters = await ctx.fetch(load)
    if chunk is None:
        return
    if payload["embedded"]:
        await _publish(ctx, payload["group"], chunk)
    for metric in filters:  # last, because a retry of the job would count twice
        await _count(ctx, metric, chunk)


async def _count(ctx: Context, metric: MetricFilter, chunk: Chunk) -> None:
    match = patterns.compile_pattern(metric.pattern)
    extracted = [values async for _, values in each(match, [event.message for event in chunk.events])]
    for event, values in zip(chunk.events, extracted, strict=True):  # without an await, because a killed job runs again
        for transformation in metric.transformations:
            name, namespace = str(transformation["metricName"]), str(transformation["metricNamespace"])
            number: Any = transformation.get("defaultValue")
            if values is not None:
                number = str(transformation["metricValue"])
                if number.startswith("$"):
                    number = patterns.extracted(values, number)
            value = patterns.number(number)
            if value is None:
                continue
            wanted: dict[str, str] = transformation.get("dimensions") or {}  # type: ignore[assignment]
            found = {key: patterns.extracted(values or {}, reference) for key, reference in wanted.items()}
            dimensions = {key: str(text) for key, text in found.items() if text is not None}
            if len(dimensions) == len(wanted):
                ctx.app.metrics.add(
                    ctx.account, ctx.region, namespace, name, dimensions, value,
                    str(transformation.get("unit", "None")), event.at / 1000,
                )  # fmt: skip


async def _publish(ctx: Context, group: str, chunk: Chunk) -> None:
    """Publish the metrics embedded in a chunk. Combines the values of each point, to store less.

    This needs no permission for cloudwatch:PutMetricData, so it calls as the account itself
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html).
    """
    errors = embedded.Errors()
    found: dict[embedded.Identity, embedded.Values] = {}
    now_ms = int(ctx.now() * 1000)
    for index, event in enumerate(chunk.events):
        if index % SLICE == SLICE - 1:
            await ctx.clock.sleep(0)
        for identity, values in embedded.points(event.message, now_ms, errors):
            seen = found.setdefault(identity, {})
            for value, times in values.items():
                seen[value] = seen.get(value, 0.0) + times
    account = ctx.acting_as(principal.root(ctx.account))
    for namespace in dict.fromkeys(identity.namespace for identity in found):
        data = _data(item for item in found.items() if item[0].namespace == namespace)
        while batch := list(islice(data, SLICE)):
            await account.call("cloudwatch", "PutMetricData", {"Namespace": namespace, "MetricData": batch})
    for name, number in (("EMFParsingErrors", errors.parsing), ("EMFValidationErrors", errors.validation)):
        if number:
            ctx.metric("AWS/Logs", name, number, "None", LogGroupName=group)


def _data(found: Iterable[tuple[embedded.Identity, embedded.Values]]) -> Iterator[dict[str, Any]]:
    """Yield the points as data of PutMetricData, with at most MAX_VALUES values each."""
    for identity, values in found:
        pairs = list(values.items())
        for start in range(0, len(pairs), MAX_VALUES):
            part = pairs[start : start + MAX_VALUES]
            yield {
                "MetricName": identity.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in identity.dimensions],
                "Timestamp": datetime.fromtimestamp(identity.at_ms / 1000, UTC),
                "Values": [value for value, _ in part],
                "Counts": [times for _, times in part],
                "Unit": identity.unit,
                "StorageResolution": identity.resolution,
            }
