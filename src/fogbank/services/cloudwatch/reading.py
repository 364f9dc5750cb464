"""Reads a metric's points and combines them period by period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameterValue
from .records import POINTS, SERIES, Dimensions, Point, dimension_text
from .statistics import Summary, combine, statistic

DAY = 86400
SLICE = 500  # points to read at a time; between slices the event loop can run other work
MetricName = tuple[str, str, Dimensions]  # namespace, name, dimensions
Line = dict[int, float]  # epoch seconds -> value


def epoch(given: datetime | float) -> float:
    return given.timestamp() if isinstance(given, datetime) else float(given)


def pairs(dimensions: Sequence[Mapping[str, str]] | None) -> Dimensions:
    return sorted((d["Name"], d["Value"]) for d in dimensions or ())


def rounded(ctx: Context, start: float, period: int) -> int:
    """Round a start time down as AWS does: to the minute, older times to 5 minutes or to the hour.

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


Group = TypeVar("Group", int, tuple[int, str])


class Periods(Generic[Group]):
    """Combines the points of a metric in [start, end) period by period, reading one slice at a time.

    `group(beginning of the period, point)` returns the key of the point's summary in `found`, or None to skip the
    point.
    """

    def __init__(
        self, ctx: Context, name: MetricName, start: int, end: float, period: int,
        group: Callable[[int, Point], Group | None],
    ) -> None:  # fmt: skip
        namespace, metric, dimensions = name
        self._series = (ctx.account, ctx.region, namespace, metric, dimension_text(dimensions))
        self._start, self._end, self._period = start, int(-(-end // 1)), period
        self._group: Callable[[int, Point], Group | None] = group
        self._after: tuple[Any, ...] | None = None
        self._open: dict[Group, list[Point]] = {}  # points of the period that is being read
        self._began = start
        self.found: dict[Group, Summary] = {}

    def more(self, tx: Reader) -> bool:
        """Read a slice. Returns whether there may be more."""
        series = tx.get(SERIES, self._series)
        if series is None:
            return False
        where: tuple[Any, ...] = (series.id,)
        points = tx.page(
            POINTS, where, start=(*where, self._start), end=(*where, self._end), after=self._after, limit=SLICE
        )
        for point in points:
            began = self._start + (point.at - self._start) // self._period * self._period
            if began != self._began:
                self._close()
                self._began = began
            key = self._group(began, point)
            if key is not None:
                self._open.setdefault(key, []).append(point)
        if len(points) < SLICE:
            self._close()
            return False
        self._after = POINTS.key(points[-1])
        return True

    def _close(self) -> None:
        for key in sorted(self._open):
            self.found[key] = combine(self._open[key])
        self._open = {}


def by_unit(began: int, point: Point) -> tuple[int, str]:
    return began, point.unit


class Values:
    """Reads the values of a MetricStat. Call `more` until it returns False, then `line`.

    Without a Unit, points of different units in one period are combined (not confirmed against AWS).
    """

    def __init__(self, ctx: Context, stat: Mapping[str, Any], start: int, end: float) -> None:
        metric, unit = stat["Metric"], stat.get("Unit")
        name = (metric["Namespace"], metric["MetricName"], pairs(metric.get("Dimensions")))
        self._compute = statistic(stat["Stat"])
        self._periods = Periods(
            ctx, name, start, end, int(stat["Period"]), lambda at, point: at if unit in (None, point.unit) else None
        )
        self.more = self._periods.more

    def line(self) -> Line:
        values = {at: self._compute(summary) for at, summary in self._periods.found.items()}
        return {at: value for at, value in values.items() if value is not None}
