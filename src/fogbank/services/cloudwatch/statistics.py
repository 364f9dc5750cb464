"""Statistics over the points of a period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .errors import InvalidParameterValue
from .records import Point

SIMPLE = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
_PERCENT = re.compile(r"(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{0,10})?|100(?:\.0{0,10})?)\Z", re.IGNORECASE)
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\(([\d.]*)(%?):([\d.]*)(%?)\)\Z", re.IGNORECASE)


class Summary(NamedTuple):
    """The combined points of one period. `values` is None when some came as statistic sets."""

    samples: float
    sum: float
    min: float
    max: float
    values: list[tuple[float, float]] | None  # sorted (value, count)


def combine(points: Iterable[Point]) -> Summary:
    """The summary of at least one point."""
    count = total = 0.0
    low, high = math.inf, -math.inf
    values: dict[float, float] = {}
    opaque = False
    for point in points:
        count += point.count
        total += point.sum
        low, high = min(low, point.min), max(high, point.max)
        opaque = opaque or point.opaque
        for value, times in point.values.items():
            values[value] = values.get(value, 0.0) + times
    if opaque and low == high:  # AWS: a set has percentiles when Min and Max are equal, or SampleCount is 1
        return Summary(count, total, low, high, [(low, count)])
    return Summary(count, total, low, high, None if opaque else sorted(values.items()))


def statistic(name: str) -> Callable[[Summary], float | None]:
    """The function that computes a statistic (None if a period lacks the data). Raises InvalidParameterValue."""
    simple: dict[str, Callable[[Summary], float | None]] = {
        "SampleCount": lambda s: s.samples,
        "Sum": lambda s: s.sum,
        "Minimum": lambda s: s.min,
        "Maximum": lambda s: s.max,
        "Average": lambda s: s.sum / s.samples if s.samples else None,
    }
    if name in simple:
        return simple[name]
    if name.upper() == "IQM":
        return lambda s: _over(s, "tm", 25.0, 75.0)
    match = _PERCENT.match(name)
    if match:
        kind, percent = match[1].lower(), float(match[2])
        if kind == "p":
            return lambda s: None if s.values is None else percentile(s.values, percent)
        return lambda s: _over(s, kind, 0.0, percent)
    match = _RANGE.match(name)
    if match and (match[2] or match[4]):
        try:
            return _ranged(match)
        except ValueError:  # a bound like 1.2.3
            pass
    raise InvalidParameterValue(f"The value {name} for parameter Stat is invalid.")


def _ranged(match: re.Match[str]) -> Callable[[Summary], float | None]:
    kind = match[1].lower()
    if "%" in (match[3], match[5]) and kind != "pr":
        low, high = float(match[2] or 0), float(match[4] or 100)
        return lambda s: _over(s, kind, low, high)
    below, above = float(match[2] or -math.inf), float(match[4] or math.inf)

    def by_value(summary: Summary) -> float | None:
        if summary.values is None:
            return None
        if kind == "wm":
            clipped = [(min(max(v, below), above), n) for v, n in summary.values]
            return _mean(clipped)
        kept = [(v, n) for v, n in summary.values if below < v <= above]
        if kind == "pr":
            return 100.0 * sum(n for _, n in kept) / summary.samples
        return _reduce(kind, kept)

    return by_value


def percentile(values: list[tuple[float, float]], percent: float) -> float:
    """The smallest value that at least `percent` of the samples do not exceed, interpolated between neighbours."""
    total = sum(times for _, times in values)
    rank = percent / 100 * (total - 1)
    low = _at(values, math.floor(rank))
    high = _at(values, math.ceil(rank))
    return low + (high - low) * (rank - math.floor(rank))


def _at(values: list[tuple[float, float]], index: float) -> float:
    passed = 0.0
    for value, times in values:
        passed += times
        if index < passed:
            return value
    return values[-1][0]


def _over(summary: Summary, kind: str, low: float, high: float) -> float | None:
    """A trimmed statistic between two percentiles."""
    if summary.values is None:
        return None
    total = sum(times for _, times in summary.values)
    begin, end = total * low / 100, total * high / 100
    kept: list[tuple[float, float]] = []
    passed = 0.0
    for value, times in summary.values:
        share = max(0.0, min(passed + times, end) - max(passed, begin))
        passed += times
        if share:
            kept.append((value, share))
    if kind == "wm" and kept:
        kept = [*kept, (kept[0][0], begin), (kept[-1][0], total - end)]
    return _reduce(kind, kept)


def _mean(values: list[tuple[float, float]]) -> float | None:
    times = sum(n for _, n in values)
    return sum(v * n for v, n in values) / times if times else None


def _reduce(kind: str, values: list[tuple[float, float]]) -> float | None:
    if kind == "tc":
        return sum(n for _, n in values)
    if kind == "ts":
        return sum(v * n for v, n in values)
    return _mean(values)
