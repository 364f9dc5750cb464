"""PutMetricData.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from ..arns import namespace
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter
from ..points import point_of, store
from ..records import Dimensions, Point

LIMIT = 1000  # metrics per request
VALUES = 150
PAST = 14 * 86400
FUTURE = 2 * 3600
HUGE = 2.0**360


@operation("cloudwatch", "PutMetricData", resource=namespace, data_event=True)
async def put_metric_data(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Store points. Refuses the whole request when one of its points is invalid."""
    if req["Namespace"].startswith("AWS/"):
        raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
    data = list(req.get("MetricData") or ())
    for entity in req.get("EntityMetricData") or ():
        data += entity.get("MetricData") or ()
    if not data:
        raise MissingParameter("The parameter MetricData is required.")
    if len(data) > LIMIT:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {LIMIT}.")
    made = [_datum(ctx, f"MetricData.member.{n}", datum) for n, datum in enumerate(data, 1)]

    def keep(tx: Transaction) -> None:
        for name, dimensions, point in made:
            store(tx, ctx, req["Namespace"], name, dimensions, point)

    await ctx.transact(keep)
    return {}


def _datum(ctx: Context, where: str, datum: dict[str, Any]) -> tuple[str, Dimensions, Point]:
    dimensions = sorted((d["Name"], d["Value"]) for d in datum.get("Dimensions") or ())
    resolution = datum.get("StorageResolution") or 60
    if resolution not in (1, 60):
        raise InvalidParameterValue(f"The value {resolution} for parameter {where}.StorageResolution is invalid.")
    at = _time(ctx, where, datum.get("Timestamp"))
    at -= at % resolution
    return datum["MetricName"], dimensions, _point(where, datum, at)


def _time(ctx: Context, where: str, given: datetime | float | None) -> int:
    now = ctx.now()
    if given is None:
        return int(now)
    at = given.timestamp() if isinstance(given, datetime) else float(given)
    if at < now - PAST:
        raise InvalidParameterValue(f"The parameter {where}.Timestamp must specify a time within the past two weeks.")
    if at > now + FUTURE:
        raise InvalidParameterValue(
            f"The parameter {where}.Timestamp must specify a time no more than two hours in the future."
        )
    return int(at)


def _point(where: str, datum: dict[str, Any], at: int) -> Point:
    """Make a point from exactly one of Value, Values with Counts, or StatisticValues."""
    unit = datum.get("Unit") or "None"
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) not in (None, [])]
    if not given:
        raise MissingParameter(
            f"At least one of the parameters must be specified: {where}.Value, {where}.Values, {where}.StatisticValues."
        )
    if len(given) > 1:
        raise InvalidParameterCombination(
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have specified "
            "both."
        )
    if given == ["StatisticValues"]:
        return _set(where, datum["StatisticValues"], at, unit)
    values = [datum["Value"]] if given == ["Value"] else datum["Values"]
    counts = datum.get("Counts") or [1.0] * len(values)
    if len(values) > VALUES:
        raise InvalidParameterValue(f"The collection {where}.Values must not have a size greater than {VALUES}.")
    if len(counts) != len(values):
        raise InvalidParameterValue(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    for value in values:
        _check(f"{where}.{given[0]}", value)
    for count in counts:
        _check(f"{where}.Counts", count)
    return point_of(zip(values, counts, strict=True), at, unit)


def _set(where: str, given: dict[str, float], at: int, unit: str) -> Point:
    for name, value in given.items():
        _check(f"{where}.StatisticValues.{name}", value)
    if given["Minimum"] > given["Maximum"]:
        raise InvalidParameterValue(
            f"The parameter {where}.StatisticValues.Maximum must be greater than {where}.StatisticValues.Minimum."
        )
    return Point(
        series="", at=at, unit=unit, count=given["SampleCount"], sum=given["Sum"], min=given["Minimum"],
        max=given["Maximum"], opaque=True,
    )  # fmt: skip


def _check(where: str, value: float) -> None:
    if math.isnan(value):
        raise InvalidParameterValue(f"The value NaN for parameter {where} is invalid.")
    if math.isinf(value) or abs(value) > HUGE:
        raise InvalidParameterValue(f"The value {value} for parameter {where} is invalid.")
