"""Statistics of a metric, period by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameterValue
from .records import POINTS, SERIES, Dimensions, Point, dimension_text
from .statistics import Summary, combine, statistic

DAY = 86400
Line = dict[int, float]  # epoch seconds -> value


def epoch(given: datetime | float) -> float:
    return given.timestamp() if isinstance(given, datetime) else float(given)


def pairs(dimensions: Sequence[Mapping[str, str]] | None) -> Dimensions:
    return sorted((d["Name"], d["Value"]) for d in dimensions or ())


def rounded(ctx: Context, start: float, period: int) -> int:
    """A start time as AWS rounds it down: to the minute, older ones to 5 minutes and to the hour.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    """
    age = ctx.now() - start
    step = 3600 if age > 63 * DAY else 300 if age > 15 * DAY else 60
    if period < 60 and age <= 3 * 3600:
        step = period
    return int(start) // step * step


def check_period(period: int) -> None:
    if period not in (1, 5, 10, 20, 30) and period % 60:
        raise InvalidParameterValue("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def periods(
    tx: Reader, ctx: Context, namespace: str, name: str, dimensions: Dimensions, start: int, end: float, period: int
) -> dict[tuple[int, str], Summary]:
    """What there is in [start, end), by the beginning of its period and by unit."""
    series = tx.get(SERIES, (ctx.account, ctx.region, namespace, name, dimension_text(dimensions)))
    if series is None:
        return {}
    groups: dict[tuple[int, str], list[Point]] = {}
    for point in tx.scan(POINTS, (series.id,), start=(series.id, start), end=(series.id, int(-(-end // 1)))):
        groups.setdefault((start + (point.at - start) // period * period, point.unit), []).append(point)
    return {key: combine(group) for key, group in sorted(groups.items())}


def line(tx: Reader, ctx: Context, stat: Mapping[str, object], start: int, end: float) -> Line:
    """The values of a MetricStat, by the beginning of their period.

    Without a Unit, points of different units of one period are taken together (not confirmed against AWS).
    """
    metric: Mapping[str, object] = stat["Metric"]  # type: ignore[assignment]
    period, wanted = int(stat["Period"]), stat.get("Unit")  # type: ignore[call-overload]
    compute = statistic(str(stat["Stat"]))
    namespace, name = str(metric["Namespace"]), str(metric["MetricName"])
    series = tx.get(
        SERIES,
        (ctx.account, ctx.region, namespace, name, dimension_text(pairs(metric.get("Dimensions")))),  # type: ignore[arg-type]
    )
    if series is None:
        return {}
    groups: dict[int, list[Point]] = {}
    for point in tx.scan(POINTS, (series.id,), start=(series.id, start), end=(series.id, int(-(-end // 1)))):
        if wanted is None or point.unit == wanted:
            groups.setdefault(start + (point.at - start) // period * period, []).append(point)
    found = {at: compute(combine(group)) for at, group in sorted(groups.items())}
    return {at: value for at, value in found.items() if value is not None}
