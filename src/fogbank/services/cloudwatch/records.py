"""The stored records: series and their points, alarms, history and dashboards."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table

Dimensions = list[tuple[str, str]]  # sorted pairs
GLOBAL = ""  # the region of dashboards, which all regions share


class Series(Record):
    """One metric: a namespace, a name and a set of dimensions. `id` keys its points."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions
    id: str
    seen: int  # epoch seconds of its newest point


class Point(Record):
    """The data of one minute (or second) of a series in one unit.

    `values` counts each distinct value. A statistic set only has count, sum and extremes: it sets `opaque`, and then
    there are no percentiles.
    """

    series: str
    at: int  # epoch seconds
    unit: str
    count: float
    sum: float
    min: float
    max: float
    values: dict[float, float] = {}
    opaque: bool = False


class Alarm(Record):
    """An alarm. `settings`: the members of its request, as AWS returns them; a composite alarm has an AlarmRule."""

    account: str
    region: str
    name: str
    settings: dict[str, Any]
    configured: float
    state: str = "INSUFFICIENT_DATA"
    reason: str = ""
    reason_data: str = ""
    updated: float = 0.0
    transitioned: float = 0.0
    watched: list[tuple[str, str]] = []  # namespace and name of each metric
    asleep: bool = False  # not evaluated before another point arrives
    generation: int = 0  # a new value restarts the evaluation
    tags: dict[str, str] = {}

    @property
    def composite(self) -> bool:
        return "AlarmRule" in self.settings


class History(Record):
    account: str
    region: str
    alarm: str
    at_ms: int
    id: str
    kind: str  # ConfigurationUpdate, StateUpdate, Action
    summary: str
    data: str
    composite: bool = False


class Dashboard(Record):
    account: str
    region: str
    name: str
    body: str
    modified: float
    tags: dict[str, str] = {}


def dimension_text(dimensions: Dimensions) -> str:
    """A set of dimensions as text, for a key."""
    return "\x1f".join(f"{name}\x1e{value}" for name, value in dimensions)


SERIES = Table(
    "cloudwatch/series",
    Series,
    key=lambda s: (s.account, s.region, s.namespace, s.name, dimension_text(s.dimensions)),
)
POINTS = Table("cloudwatch/point", Point, key=lambda p: (p.series, p.at, p.unit))
ALARMS = Table(
    "cloudwatch/alarm",
    Alarm,
    key=lambda a: (a.account, a.region, a.name),
    indexes={"metric": lambda a: [(a.account, a.region, *metric) for metric in a.watched]},
)
HISTORY = Table(
    "cloudwatch/history",
    History,
    key=lambda h: (h.account, h.region, h.alarm, h.at_ms, h.id),
    indexes={"time": lambda h: (h.account, h.region, h.at_ms)},
)
DASHBOARDS = Table("cloudwatch/dashboard", Dashboard, key=lambda d: (d.account, d.region, d.name))
