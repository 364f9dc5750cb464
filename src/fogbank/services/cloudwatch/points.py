"""Writes points to series, from requests and from the metrics that services count about themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from fogbank.core import principal
from fogbank.core.context import Cloud, Context
from fogbank.core.residents import resident
from fogbank.store.api import Transaction

from .records import ALARMS, POINTS, SERIES, Dimensions, Point, Series, dimension_text

RETENTION = "cloudwatch.retention"
FLUSH_SECONDS = 5.0
BATCH = 500  # points per transaction, which takes a few milliseconds


def store(tx: Transaction, ctx: Context, namespace: str, name: str, dimensions: Dimensions, point: Point) -> None:
    """Add a point to its series, and wake the sleeping alarms that watch the metric."""
    key = (ctx.account, ctx.region, namespace, name, dimension_text(dimensions))
    series = tx.get(SERIES, key)
    if series is None:
        if not any(True for _ in tx.scan(SERIES, key[:2], limit=1)):
            ctx.reside(tx, RETENTION, "metrics")
        series = Series(account=ctx.account, region=ctx.region, namespace=namespace, name=name, dimensions=dimensions,
                        id=ctx.ids.hex(16), seen=0)  # fmt: skip
    if point.at > series.seen:
        series.seen = point.at
        tx.put(SERIES, series)
    point.series = series.id
    kept = tx.get(POINTS, (series.id, point.at, point.unit))
    if kept is not None:
        point = merged(kept, point)
    tx.put(POINTS, point)
    for alarm in list(tx.scan_index(ALARMS, "metric", (ctx.account, ctx.region, namespace, name))):
        if alarm.asleep:
            alarm.asleep = False
            tx.put(ALARMS, alarm)
            tx.signal(awake(ctx, alarm.name))


def awake(ctx: Context, alarm: str) -> str:
    """The topic that wakes a sleeping alarm."""
    return f"cloudwatch/alarm/{ctx.account}/{ctx.region}/{alarm}"


def merged(one: Point, other: Point) -> Point:
    """Merge two points of the same instant and unit."""
    values = dict(one.values)
    for value, times in other.values.items():
        values[value] = values.get(value, 0.0) + times
    return Point(
        series=one.series,
        at=one.at,
        unit=one.unit,
        count=one.count + other.count,
        sum=one.sum + other.sum,
        min=min(one.min, other.min),
        max=max(one.max, other.max),
        values=values,
        opaque=one.opaque or other.opaque,
    )


def point_of(values: Iterable[tuple[float, float]], at: int, unit: str) -> Point:
    """Make a point from (value, count) pairs."""
    counted: dict[float, float] = {}
    for value, times in values:
        counted[value] = counted.get(value, 0.0) + times
    return Point(
        series="",
        at=at,
        unit=unit,
        count=sum(counted.values()),
        sum=sum(value * times for value, times in counted.items()),
        min=min(counted),
        max=max(counted),
        values=counted,
    )


@resident("cloudwatch.flush")
async def keep_flushing(ctx: Context, id: str) -> None:
    """Store this node's counted metrics every FLUSH_SECONDS of real time, which does not slow a move of the clock."""
    while True:
        await flush(ctx)
        await asyncio.sleep(FLUSH_SECONDS)


class Flusher:
    """Moves counted metrics (`app.metrics`) to the store: before every read, every few seconds, and at the end.

    When the store fails, a few seconds of metrics are lost.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        cloud.on_stop(self.flush)

    async def flush(self) -> None:
        """Store everything counted so far."""
        taken = list(self._cloud.metrics.take().items())
        for start in range(0, len(taken), BATCH):
            part = taken[start : start + BATCH]
            await self._cloud.run(lambda part=part: self._keep(part))  # type: ignore[misc]

    def _keep(self, part: list[tuple[Any, Any]]) -> None:
        with self._cloud.store.write() as tx:
            for (account, region, namespace, name, dimensions, minute), statistic in part:
                ctx = self._context(account, region)
                point = point_of(statistic.values.items(), minute, statistic.unit)
                store(tx, ctx, namespace, name, sorted(dimensions), point)

    def _context(self, account: str, region: str) -> Context:
        who = principal.service("cloudwatch.amazonaws.com", account)
        return Context(
            app=self._cloud, account=account, region=region, principal=who, request_id=self._cloud.ids.uuid()
        )


async def flush(ctx: Context) -> None:
    """Store the counted metrics, so that the following read sees them."""
    await ctx.app.local(Flusher).flush()
