"""Metrics that services publish about themselves: summed per minute in memory until CloudWatch takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec


class Statistic(msgspec.Struct):
    """One minute of one metric. `values` has the number of occurrences of each distinct value, for percentiles."""

    unit: str
    values: dict[float, float]


# account, region, namespace, name, dimensions
Series = tuple[str, str, str, str, tuple[tuple[str, str], ...]]
# the same with the minute (epoch seconds)
MetricKey = tuple[str, str, str, str, tuple[tuple[str, str], ...], int]


class Metrics:
    """Collects metrics. They are not durable: a killed process loses a few seconds of them, as on AWS."""

    def __init__(self) -> None:
        self._minutes: dict[MetricKey, Statistic] = {}
        self.on_first: Callable[[], None] | None = None  # called once, at the first metric

    def add(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        now: float,
    ) -> None:
        self.count((account, region, namespace, name, tuple(dimensions.items())), value, unit, now)

    def count(self, series: Series, value: float, unit: str, now: float) -> None:
        """Like `add`, but takes a prepared series key. Use it on hot paths."""
        key = (*series, int(now) // 60 * 60)
        statistic = self._minutes.get(key)
        if statistic is None:
            if self.on_first is not None:
                first, self.on_first = self.on_first, None
                first()
            statistic = self._minutes[key] = Statistic(unit, {})
        values = statistic.values
        values[value] = values.get(value, 0.0) + 1.0

    def take(self) -> dict[MetricKey, Statistic]:
        """Remove and return everything that was added since the last `take`."""
        taken, self._minutes = self._minutes, {}
        return taken
