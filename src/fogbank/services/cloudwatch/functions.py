"""The functions of metric math, and the evaluation of an expression.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .expressions import OPERATORS, InvalidExpression, Node, lifted

Line = dict[int, float]
MAX_LINES = 500  # time series in an array: as many as one request can query
WORDS = frozenset({"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM", "STDDEV"})  # keywords, not ids


class Budget:
    """The number of points that the expressions of a request may still process. AWS's own limits are not documented."""

    def __init__(self, points: int) -> None:
        self.left = points

    def take(self, points: int) -> None:
        self.left -= points
        if self.left < 0:
            raise InvalidExpression("The expression works on too many data points")


class Evaluator:
    """Evaluates expressions that refer to the results of other queries.

    `lookup(id)` returns another query's value, `metrics(part)` those of the MetricStat queries whose id contains
    `part`. `grid` has the instants of the whole time range, one for each period.
    """

    def __init__(
        self,
        lookup: Callable[[str], Any],
        metrics: Callable[[str], list[Line]],
        grid: Sequence[int],
        period: int,
        budget: Budget,
    ) -> None:
        self._lookup = lookup
        self._metrics = metrics
        self._grid = grid
        self._period = period
        self._budget = budget

    def value(self, node: Node) -> Any:
        """Evaluate a node to a number, a line, a list of lines, or text. Raises InvalidExpression."""
        value = self._value(node)
        self._budget.take(1 if isinstance(value, float | str) else _points(value))
        return value

    def _value(self, node: Node) -> Any:
        match node:
            case ("number" | "text", constant):
                return constant
            case ("id", name):
                return name if name.upper() in WORDS and name[0].isupper() else self._lookup(name)
            case ("negative", inner):
                return lifted(OPERATORS["-"], 0.0, self.value(inner))
            case ("chain", first, others):
                value = self.value(first)
                for sign, other in others:
                    value = self._operate(sign, value, self.value(other))
                return value
            case ("power", nodes):
                *bases, value = [self.value(each) for each in nodes]
                for base in reversed(bases):
                    value = self._operate("^", base, value)
                return value
            case ("list", items):
                return self._lines([self.value(item) for item in items])
            case ("call", name, arguments):
                return _finite(self._call(name.upper(), arguments))
        raise InvalidExpression("not an expression")

    def _operate(self, sign: str, left: Any, right: Any) -> Any:
        value = lifted(OPERATORS[sign], left, right)
        if value is None:
            return math.nan
        self._budget.take(_points(value))
        return value

    @staticmethod
    def _lines(values: list[Any]) -> list[Line]:
        lines: list[Line] = []
        for value in values:
            lines += value if isinstance(value, list) else [value]
            if len(lines) > MAX_LINES:
                raise InvalidExpression(f"An array may contain {MAX_LINES} time series at most")
        if any(not isinstance(line, dict) for line in lines):
            raise InvalidExpression("An array may only contain time series")
        return lines

    def _call(self, name: str, arguments: list[Node]) -> Any:
        if name == "METRICS":
            part = self.value(arguments[0]) if arguments else ""
            if not isinstance(part, str):
                raise InvalidExpression("Function METRICS takes text")
            return self._metrics(part)
        values = [self.value(argument) for argument in arguments]
        if name in REDUCERS:
            return reduce(REDUCERS[name], self._one(name, values))
        if name in EACH:
            return _each(EACH[name], self._one(name, values))
        if name in LINES:
            return _by_line(lambda line: LINES[name](line, self._period), self._one(name, values))
        if name in PARTS:
            part_of = PARTS[name]
            return _by_line(lambda line: {at: float(part_of(datetime.fromtimestamp(at, UTC))) for at in line},
                            self._one(name, values))  # fmt: skip
        special: Mapping[str, Callable[[list[Any]], Any]] = {
            "IF": self._if, "FILL": self._fill, "PERIOD": lambda _: float(self._period),
            "METRIC_COUNT": lambda v: float(len(v[0])) if v and isinstance(v[0], list) else 1.0,
            "TIME_SERIES": self._time_series, "FIRST": lambda v: self._lines(v)[0],
            "LAST": lambda v: self._lines(v)[-1],
            "SORT": self._sort, "SLICE": self._slice,
        }  # fmt: skip
        if name not in special:
            raise InvalidExpression(f"Unsupported function {name}")
        if not values and name != "PERIOD":
            raise InvalidExpression(f"Function {name} needs arguments")
        return special[name](values)

    @staticmethod
    def _one(name: str, values: list[Any]) -> Any:
        if len(values) != 1:
            raise InvalidExpression(f"Function {name} takes one argument")
        return values[0]

    def _time_series(self, values: list[Any]) -> Line:
        if not isinstance(values[0], float):
            raise InvalidExpression("Function TIME_SERIES takes a number")
        self._budget.take(len(self._grid))
        return dict.fromkeys(self._grid, values[0])

    def _if(self, values: list[Any]) -> Any:
        """IF(condition, then, else). Without an else, drops the points whose condition is false."""
        if len(values) not in (2, 3):
            raise InvalidExpression("Function IF takes two or three arguments")
        condition, then = values[0], values[1]
        other = values[2] if len(values) == 3 else {}
        if isinstance(condition, list | str):
            raise InvalidExpression("The condition of IF must be a time series or a number")
        if isinstance(condition, float):
            return then if condition else other
        found: Line = {}
        for at, truth in condition.items():
            side = then if truth else other
            value = side.get(at) if isinstance(side, dict) else side
            if isinstance(value, float):
                found[at] = value
        return found

    def _fill(self, values: list[Any]) -> Any:
        """FILL(m, number | line | REPEAT | LINEAR)."""
        if len(values) != 2:
            raise InvalidExpression("Function FILL takes two arguments")
        self._budget.take(len(self._grid) * (len(values[0]) if isinstance(values[0], list) else 1))
        return _by_line(lambda line: _filled(line, self._grid, values[1]), values[0])

    def _sort(self, values: list[Any]) -> list[Line]:
        """SORT(m[], AVG | MIN | MAX | SUM, ASC | DESC, limit)."""
        if len(values) < 3 or str(values[1]).upper() not in REDUCERS:
            raise InvalidExpression("Function SORT takes an array, a function and an order")
        by = REDUCERS[str(values[1]).upper()]
        lines = sorted((line for line in self._lines(values[:1]) if line), key=lambda line: by(list(line.values())),
                       reverse=str(values[2]).upper() == "DESC")  # fmt: skip
        return lines[: _whole(values[3])] if len(values) > 3 else lines

    def _slice(self, values: list[Any]) -> list[Line]:
        if len(values) not in (2, 3):
            raise InvalidExpression("Function SLICE takes an array and one or two positions")
        begin = _whole(values[1])
        end = _whole(values[2]) if len(values) == 3 else begin + 1
        return self._lines(values[:1])[begin:end]


def _points(value: Any) -> int:
    """The cost of a value: its points, plus one for each line."""
    if isinstance(value, list):
        return sum(map(len, value)) + len(value)
    return len(value) + 1 if isinstance(value, dict) else 1


def _finite(value: Any) -> Any:
    """Remove the points that are not finite numbers."""
    if isinstance(value, list):
        return [_finite(line) for line in value]
    if isinstance(value, dict):
        return {at: number for at, number in value.items() if math.isfinite(number)}
    return math.nan if isinstance(value, float) and not math.isfinite(value) else value


def _whole(value: Any) -> int:
    if not isinstance(value, float) or not math.isfinite(value):
        raise InvalidExpression("A position or a limit must be a number")
    return int(value)


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def _stddev(values: list[float]) -> float:
    mean = _sum(values) / len(values)
    return math.sqrt(_sum([(value - mean) * (value - mean) for value in values]) / len(values))


REDUCERS: Mapping[str, Callable[[list[float]], float]] = {
    "SUM": _sum,
    "AVG": lambda v: _sum(v) / len(v),
    "MIN": min,
    "MAX": max,
    "STDDEV": _stddev,
    "DATAPOINT_COUNT": lambda v: float(len(v)),
}


def _log(base: Callable[[float], float]) -> Callable[[float], float | None]:
    return lambda value: base(value) if value > 0 else None


EACH: Mapping[str, Callable[[float], float | None]] = {
    "ABS": abs,
    "CEIL": lambda v: float(math.ceil(v)),
    "FLOOR": lambda v: float(math.floor(v)),
    "LOG": _log(math.log),
    "LOG10": _log(math.log10),
}
PARTS: Mapping[str, Callable[[datetime], float]] = {
    "EPOCH": lambda at: at.timestamp(),
    "MINUTE": lambda at: at.minute,
    "HOUR": lambda at: at.hour,
    "DAY": lambda at: at.isoweekday(),
    "DATE": lambda at: at.day,
    "MONTH": lambda at: at.month,
    "YEAR": lambda at: at.year,
}


def reduce(by: Callable[[list[float]], float], value: Any) -> Any:
    """Reduce a line to a number, or a list of lines to one line (all values of the same instant to one)."""
    if isinstance(value, list):
        together: dict[int, list[float]] = {}
        for line in value:
            for at, number in line.items():
                together.setdefault(at, []).append(number)
        return {at: by(together[at]) for at in sorted(together)}
    if isinstance(value, dict):
        return by(list(value.values())) if value else math.nan
    raise InvalidExpression("A time series is needed")


def _by_line(change: Callable[[Line], Line], value: Any) -> Any:
    if isinstance(value, list):
        return [change(line) for line in value]
    if not isinstance(value, dict):
        raise InvalidExpression("A time series is needed")
    return change(value)


def _each(change: Callable[[float], float | None], value: Any) -> Any:
    if isinstance(value, float):
        return math.nan if math.isnan(value) or (found := change(value)) is None else found

    def line(given: Line) -> Line:
        found = {at: change(number) for at, number in given.items()}
        return {at: number for at, number in found.items() if number is not None}

    return _by_line(line, value)


def _steps(line: Line, step: Callable[[int, int], float]) -> Line:
    instants = sorted(line)
    return {after: step(before, after) for before, after in itertools.pairwise(instants)}


def _running(line: Line, period: int) -> Line:
    total, found = 0.0, {}
    for at in sorted(line):
        total += line[at]
        found[at] = total
    return found


LINES: Mapping[str, Callable[[Line, int], Line]] = {
    "RATE": lambda line, _: _steps(line, lambda a, b: (line[b] - line[a]) / (b - a)),
    "DIFF": lambda line, _: _steps(line, lambda a, b: line[b] - line[a]),
    "DIFF_TIME": lambda line, _: _steps(line, lambda a, b: float(b - a)),
    "RUNNING_SUM": _running,
    "REMOVE_EMPTY": lambda line, _: line,
}


def _filled(line: Line, grid: Sequence[int], filling: Any) -> Line:
    found = dict(line)
    if isinstance(filling, str):
        if filling.upper() == "REPEAT":
            return _repeated(line, grid)
        return _linear(line, grid)
    for at in grid:
        if at not in found:
            value = filling.get(at) if isinstance(filling, dict) else filling
            if isinstance(value, float):
                found[at] = value
    return dict(sorted(found.items()))


def _repeated(line: Line, grid: Sequence[int]) -> Line:
    found: Line = {}
    last: float | None = None
    for at in sorted({*grid, *line}):
        last = line.get(at, last)
        if last is not None:
            found[at] = last
    return found


def _linear(line: Line, grid: Sequence[int]) -> Line:
    found: Line = {}
    instants = sorted(line)
    behind = 0  # number of the line's instants up to `at`
    for at in sorted({*grid, *line}):
        if at in line:
            found[at] = line[at]
            behind += 1
        elif 0 < behind < len(instants):
            before, after = instants[behind - 1], instants[behind]
            found[at] = line[before] + (line[after] - line[before]) * (at - before) / (after - before)
    return found
