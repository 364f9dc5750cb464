"""Retention of points: as they age, merges seconds into minutes, minutes into five minutes, and those into hours.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.residents import resident
from fogbank.store.api import Reader, Transaction

from .points import RETENTION, merged
from .records import HISTORY, POINTS, SERIES, Point, Series

DAY = 86400
# (age, step), in seconds: points older than `age` are merged into multiples of `step`
BANDS = ((3 * 3600, 60), (15 * DAY, 300), (63 * DAY, 3600))
LONGEST = 455 * DAY  # seconds; older points are deleted
HISTORY_SECONDS = 30 * DAY
SLICE = 500  # points per transaction
FIRST_SECONDS = 3600  # from a start to the first run


@resident(RETENTION)
async def keep(ctx: Context, id: str) -> None:
    """Merge or delete the points that have become old enough: an hour after a start, then once a day."""
    since, pause = 0, FIRST_SECONDS
    while True:
        await ctx.clock.sleep(pause)
        now = int(ctx.now())
        await _expire(ctx, now, since)
        since, pause = now, DAY


async def _expire(ctx: Context, now: int, since: int) -> None:
    after: tuple[Any, ...] | None = None
    while True:
        batch = await ctx.fetch(_series, ctx, after)
        if not batch:
            break
        for series in batch:
            for age, step in BANDS:
                await _coarsen(ctx, series, max(since - age - step, 0), now - age, step)
            await _drop(ctx, series, now - LONGEST)
        after = SERIES.key(batch[-1])
    while await ctx.transact(_forget, ctx, (now - HISTORY_SECONDS) * 1000):
        await ctx.clock.sleep(0)


def _series(tx: Reader, ctx: Context, after: tuple[Any, ...] | None) -> list[Series]:
    return list(tx.scan(SERIES, (ctx.account, ctx.region), after=after, limit=50))


async def _coarsen(ctx: Context, series: Series, begin: int, end: int, step: int) -> None:
    """Merge each point of [begin, end) into the multiple of `step` at or before it."""
    end = end // step * step

    def one_slice(tx: Transaction, begin: int) -> int:
        points = list(tx.scan(POINTS, (series.id,), start=(series.id, begin), end=(series.id, end), limit=SLICE))
        for point in points:
            if point.at % step:
                tx.delete(POINTS, POINTS.key(point))
                point.at -= point.at % step
                kept = tx.get(POINTS, POINTS.key(point))
                tx.put(POINTS, merged(kept, point) if kept else point)
        return _next(points)

    while begin < end:
        begin = await ctx.transact(one_slice, begin) or end
        await ctx.clock.sleep(0)


def _next(points: list[Point]) -> int:
    """The start of the next slice: the last instant read, or the one after it if all points share it; 0 at the end."""
    if len(points) < SLICE:
        return 0
    return points[-1].at + (points[0].at == points[-1].at)


async def _drop(ctx: Context, series: Series, before: int) -> None:
    def one_slice(tx: Transaction) -> bool:
        points = list(tx.scan(POINTS, (series.id,), end=(series.id, before), limit=SLICE))
        for point in points:
            tx.delete(POINTS, POINTS.key(point))
        if not points and series.seen < before:
            tx.delete(SERIES, SERIES.key(series))
        return bool(points)

    while await ctx.transact(one_slice):
        await ctx.clock.sleep(0)


def _forget(tx: Transaction, ctx: Context, before_ms: int) -> bool:
    """Delete a slice of alarm history older than `before_ms`. Returns whether there may be more."""
    where = (ctx.account, ctx.region)
    old = list(tx.scan_index(HISTORY, "time", where, end=(*where, int(before_ms)), limit=SLICE))
    for item in old:
        tx.delete(HISTORY, HISTORY.key(item))
    return bool(old)
