"""GetMetricStatistics, GetMetricData, ListMetrics."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import queries, reading
from ..errors import InvalidNextToken, InvalidParameterCombination, InvalidParameterValue
from ..functions import Line
from ..points import flush
from ..records import SERIES, Series
from ..statistics import SIMPLE, statistic

MAX_POINTS = 1440
MAX_DATA_POINTS = 100_800
LIST_PAGE = 500
LOOKED_AT = 5_000  # series that ListMetrics reads for one page, which may then be short
ACTIVE = 14 * 86400  # a metric without points for two weeks is not listed


@operation("cloudwatch", "GetMetricStatistics", resource="*", data_event=True)
async def get_metric_statistics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the statistics of one metric, with one data point per period and unit.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    AWS returns the points in no particular order; here they are sorted by time.
    """
    period = req["Period"]
    reading.check_period(period)
    start, end = reading.epoch(req["StartTime"]), reading.epoch(req["EndTime"])
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    simple, extended = req.get("Statistics") or [], req.get("ExtendedStatistics") or []
    if not simple and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    for name in simple:
        if name not in SIMPLE:
            raise ValidationError(f"The value {name} for parameter Statistics is invalid.")
    computed = {name: statistic(name) for name in (*simple, *extended)}
    asked = math.ceil((end - start) / period)
    if asked > MAX_POINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {asked:,} datapoints, which exceeds the limit of 1,440. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range."
        )
    await flush(ctx)
    begin = reading.rounded(ctx, start, period)
    metric = (req["Namespace"], req["MetricName"], reading.pairs(req.get("Dimensions")))
    periods = reading.Periods(ctx, metric, begin, end, period, reading.by_unit)
    await _read(ctx, periods)
    points = []
    for (at, unit), summary in periods.found.items():
        if req.get("Unit", unit) != unit:
            continue
        values = {name: compute(summary) for name, compute in computed.items()}
        point: dict[str, Any] = {"Timestamp": at, "Unit": unit}
        point |= {name: values[name] for name in simple if values[name] is not None}
        percentiles = {name: values[name] for name in extended if values[name] is not None}
        if extended and not percentiles and not simple:
            continue
        points.append(point | ({"ExtendedStatistics": percentiles} if percentiles else {}))
    return {"Label": req["MetricName"], "Datapoints": points}


async def _read(ctx: Context, points: reading.Periods[Any] | reading.Values) -> None:
    """Read all slices. Yields to the event loop between them."""
    more = True
    while more:
        more = await ctx.fetch(points.more)
        await ctx.clock.sleep(0)


@operation("cloudwatch", "GetMetricData", resource="*", data_event=True)
async def get_metric_data(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return metrics and math over them, newest first unless ScanBy says otherwise."""
    wanted = req["MetricDataQueries"]
    queries.check(wanted)
    start, end = reading.epoch(req["StartTime"]), reading.epoch(req["EndTime"])
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    await flush(ctx)

    evaluated = queries.Queries(ctx, wanted, start, end)
    for name in evaluated.metrics:
        values = evaluated.values(name)
        await _read(ctx, values)
        evaluated.keep(name, values)

    def compute() -> list[tuple[dict[str, Any], str, Line]]:
        found = []
        for query in wanted:
            if query.get("ReturnData", True):
                lines = evaluated.lines(query["Id"])
                found += [(query, _label(query, number, lines), line) for number, line in enumerate(lines, 1)]
        return found

    math_too = len(evaluated.metrics) < len(wanted)
    results = await asyncio.to_thread(compute) if math_too else compute()
    return _paged(ctx, req, results)


def _label(query: dict[str, Any], number: int, lines: list[Line]) -> str:
    """The query's Label, else the metric's name or the expression's id. Dynamic labels are not expanded."""
    label: str = query.get("Label") or (
        query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"]
    )
    return label if len(lines) == 1 else f"{label} {number}"


def _paged(ctx: Context, req: dict[str, Any], results: list[tuple[dict[str, Any], str, Line]]) -> dict[str, Any]:
    """The next MaxDatapoints values after the token. A result that does not fit is cut and marked PartialData."""
    descending = req.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    room = min(req.get("MaxDatapoints") or MAX_DATA_POINTS, MAX_DATA_POINTS)
    pages = Pages(ctx, InvalidNextToken)
    first, offset = pages.after(req.get("NextToken")) or (0, 0)
    shown: list[dict[str, Any]] = []
    for index in range(first, len(results)):
        query, label, line = results[index]
        instants = sorted(line, reverse=descending)[offset if index == first else 0 :]
        taken = instants[:room]
        cut = len(taken) < len(instants)
        shown.append({
            "Id": query["Id"], "Label": label, "Timestamps": taken, "Values": [line[at] for at in taken],
            "StatusCode": "PartialData" if cut else "Complete",
        })  # fmt: skip
        room -= len(taken)
        done = len(line) - len(instants) + len(taken)
        if cut or (room <= 0 and index + 1 < len(results)):
            follow = [index, done] if cut else [index + 1, 0]
            return {"MetricDataResults": shown, "Messages": [], **pages.more(follow)}
    return {"MetricDataResults": shown, "Messages": []}


@operation("cloudwatch", "ListMetrics", resource="*", data_event=True)
async def list_metrics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List metrics that had a point in the last two weeks (PT3H: three hours), 500 per page.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
    """
    await flush(ctx)
    since = ctx.now() - (3 * 3600 if req.get("RecentlyActive") == "PT3H" else ACTIVE)
    filters = [(item["Name"], item.get("Value")) for item in req.get("Dimensions") or ()]
    pages = Pages(ctx, InvalidNextToken)
    after = pages.after(req.get("NextToken"))

    def find(tx: Reader) -> tuple[list[Series], Series | None]:
        """The series of one page, and the last series read if there may be more."""
        prefix: tuple[str, ...] = (ctx.account, ctx.region)
        if req.get("Namespace"):
            prefix += (req["Namespace"],)
            if req.get("MetricName"):
                prefix += (req["MetricName"],)
        found: list[Series] = []
        last = None
        for looked, series in enumerate(tx.scan(SERIES, prefix, after=after)):
            if looked == LOOKED_AT:
                return found, last
            if _listed(series, req, filters, since):
                if len(found) == LIST_PAGE:
                    return found, last
                found.append(series)
            last = series
        return found, None

    found, last = await ctx.fetch(find)
    metrics = [
        {
            "Namespace": series.namespace,
            "MetricName": series.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
        }
        for series in found
    ]
    return {"Metrics": metrics, **(pages.more(SERIES.key(last)) if last is not None else {})}


def _listed(series: Series, req: dict[str, Any], filters: list[tuple[str, str | None]], since: float) -> bool:
    if series.seen < since or series.name != req.get("MetricName", series.name):
        return False
    has = dict(series.dimensions)
    return all(name in has and value in (None, has[name]) for name, value in filters)
