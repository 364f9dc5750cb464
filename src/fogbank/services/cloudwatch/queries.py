"""Evaluates the queries of GetMetricData and of alarms: metric statistics, and math over them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError

from . import expressions, reading
from .expressions import InvalidExpression
from .functions import Budget, Evaluator, Line
from .statistics import statistic

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*\Z")
MAX_QUERIES = 500
MAX_POINTS = 5_000_000  # that the expressions of one request may process


def check(queries: list[dict[str, Any]]) -> None:
    """Validate queries without reading data. Raises ValidationError."""
    if not queries:
        raise ValidationError("The parameter MetricDataQueries is required.")
    if len(queries) > MAX_QUERIES:
        raise ValidationError(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    seen: set[str] = set()
    for number, query in enumerate(queries, 1):
        where, name = f"MetricDataQueries.member.{number}", query["Id"]
        if not _ID.match(name):
            raise ValidationError(f"The value {name} for parameter {where}.Id is invalid.")
        if name in seen:
            raise ValidationError(f"The values for parameter Id in MetricDataQueries are not unique ({name}).")
        seen.add(name)
        if ("MetricStat" in query) == ("Expression" in query):
            raise ValidationError(f"Either {where}.MetricStat or {where}.Expression must be specified, and not both.")
        if "MetricStat" in query:
            reading.check_period(query["MetricStat"]["Period"])
            statistic(query["MetricStat"]["Stat"])


class Queries:
    """The queries of one request over one time range. The caller reads the metrics, then evaluates the expressions.

    The evaluation does not use the store. It caches results, and refuses circular references.
    """

    def __init__(
        self, ctx: Context, queries: list[dict[str, Any]], start: float, end: float, *, points: int = MAX_POINTS
    ) -> None:
        self._ctx = ctx
        self._queries = {query["Id"]: query for query in queries}
        self._start, self._end = start, end
        self._known: dict[str, Any] = {}
        self._parsed: dict[str, expressions.Node] = {}
        self._aligned = False
        self._budget = Budget(points)

    @property
    def metrics(self) -> list[str]:
        """The ids of the MetricStat queries, whose data the caller has to read."""
        return [name for name, query in self._queries.items() if "MetricStat" in query]

    def values(self, name: str) -> reading.Values:
        """The reader for one of `metrics`: read all of it, then pass it to `keep`."""
        stat = self._queries[name]["MetricStat"]
        return reading.Values(self._ctx, stat, self.start(stat["Period"]), self._end)

    def keep(self, name: str, values: reading.Values) -> None:
        self._known[name] = values.line()

    def aligned(self) -> Queries:
        """Declare that the start is already aligned to a period, as alarms do, so it is not rounded."""
        self._aligned = True
        return self

    def period(self, name: str) -> int:
        """The period of a query: a MetricStat's own, or the longest of those that an expression refers to."""
        query = self._queries[name]
        if "MetricStat" in query:
            return int(query["MetricStat"]["Period"])
        if query.get("Period"):
            return int(query["Period"])
        stats = [q for q in self._queries.values() if "MetricStat" in q]
        used = expressions.names(self._node(name)) & {q["Id"] for q in stats}
        return max((int(q["MetricStat"]["Period"]) for q in stats if not used or q["Id"] in used), default=60)

    def start(self, period: int) -> int:
        return int(self._start) if self._aligned else reading.rounded(self._ctx, self._start, period)

    def lines(self, name: str) -> list[Line]:
        """The lines of a query: one, or several for an expression that returns an array."""
        value = self.value(name)
        if isinstance(value, dict):
            return [value]
        if isinstance(value, list):
            return value
        raise ValidationError(
            f"Error in expression '{name}': The expression must return a time series or an array of time series."
        )

    def value(self, name: str) -> Any:
        """Evaluate a query, after the queries that it refers to."""
        waiting, begun = [name], set()
        while waiting:
            current = waiting[-1]
            missing = [other for other in self._needs(current) if other not in self._known]
            if not missing:
                if current not in self._known:
                    self._known[current] = self._compute(current)
                waiting.pop()
                continue
            begun.add(current)
            for other in missing:
                if other in begun:
                    raise ValidationError(f"Error in expression '{other}': circular reference")
            waiting.append(missing[0])
        return self._known[name]

    def _needs(self, name: str) -> list[str]:
        if "MetricStat" in self._queries[name]:
            return []
        return [other for other in expressions.names(self._node(name)) if other in self._queries]

    def _node(self, name: str) -> expressions.Node:
        if name not in self._parsed:
            try:
                self._parsed[name] = expressions.Parser(self._queries[name]["Expression"]).parse()
            except InvalidExpression as error:
                raise ValidationError(f"Error in expression '{name}': {error.message}") from None
        return self._parsed[name]

    def _compute(self, name: str) -> Any:
        node = self._node(name)
        period = self.period(name)
        grid = range(self.start(period), math.ceil(self._end), period)
        try:
            return Evaluator(self._lookup, self._metrics, grid, period, self._budget).value(node)
        except InvalidExpression as error:
            raise ValidationError(f"Error in expression '{name}': {error.message}") from None

    def _lookup(self, name: str) -> Any:
        if name not in self._queries:
            raise InvalidExpression(f"The id {name} is not defined")
        return self._known[name]

    def _metrics(self, part: str) -> list[Line]:
        return [self._known[name] for name in self.metrics if part in name]


def of_alarm(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """An alarm's metric as the queries of GetMetricData, whichever way it was given."""
    if settings.get("Metrics"):
        return list(settings["Metrics"])
    metric = {"Namespace": settings["Namespace"], "MetricName": settings["MetricName"],
              "Dimensions": settings.get("Dimensions") or []}  # fmt: skip
    stat = {"Metric": metric, "Period": settings["Period"],
            "Stat": settings.get("Statistic") or settings["ExtendedStatistic"]}  # fmt: skip
    if settings.get("Unit"):
        stat["Unit"] = settings["Unit"]
    return [{"Id": "m1", "MetricStat": stat}]
