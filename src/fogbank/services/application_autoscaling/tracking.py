"""The CloudWatch alarms of target tracking policies.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html

The thresholds are those that users see of AWS: of a utilization its target, and a tenth less to scale in. DynamoDB
counts units, so its alarms have the units of a minute at the target, and at 20 percentage points less; they are put
anew when the capacity changes.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .find import policy_arn
from .records import Policy, Target

_UNITS = {
    "DynamoDBReadCapacityUtilization": "ConsumedReadCapacityUnits",
    "DynamoDBWriteCapacityUtilization": "ConsumedWriteCapacityUnits",
}
_LAMBDA = "LambdaProvisionedConcurrencyUtilization"
PREDEFINED = (*_UNITS, _LAMBDA)


def counts_units(policy: Policy) -> bool:
    """Whether the metric of a policy counts consumed units."""
    return _predefined(policy) in _UNITS


def _predefined(policy: Policy) -> str:
    return str((policy.settings.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType") or "")


def _dimensions(**given: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in given.items()]


def metric(policy: Policy) -> dict[str, Any] | None:
    """The members of PutMetricAlarm that say which metric; None for one that nothing here publishes."""
    custom = policy.settings.get("CustomizedMetricSpecification")
    if custom is not None:
        if custom.get("Metrics"):
            queries = [_with_period(each) for each in custom["Metrics"]]
            return {"Metrics": queries}
        found = {name: custom[name] for name in ("MetricName", "Namespace", "Statistic", "Unit") if custom.get(name)}
        return {**found, "Dimensions": custom.get("Dimensions") or [], "Period": 60}
    kind = _predefined(policy)
    if kind in _UNITS:
        _, table, *rest = policy.resource.split("/")
        named = _dimensions(TableName=table, **({"GlobalSecondaryIndexName": rest[1]} if rest else {}))
        return {"MetricName": _UNITS[kind], "Namespace": "AWS/DynamoDB", "Statistic": "Sum", "Dimensions": named,
                "Period": 60}  # fmt: skip
    if kind == _LAMBDA:
        _, name, qualifier = policy.resource.split(":")
        named = _dimensions(FunctionName=name, Resource=f"{name}:{qualifier}")
        return {"MetricName": "ProvisionedConcurrencyUtilization", "Namespace": "AWS/Lambda", "Statistic": "Average",
                "Dimensions": named, "Period": 60}  # fmt: skip
    return None


def _with_period(query: dict[str, Any]) -> dict[str, Any]:
    stat = query.get("MetricStat")
    return query if stat is None else {**query, "MetricStat": {"Period": 60, **stat}}


def names(policy: Policy) -> list[str]:
    """Of the alarm that scales out, and of the one that scales in."""
    if metric(policy) is None:
        return []
    return [f"TargetTracking-{policy.resource}-Alarm{word}-{policy.id}" for word in ("High", "Low")]


def thresholds(policy: Policy, capacity: int) -> tuple[float, float]:
    target = float(policy.settings["TargetValue"])
    if counts_units(policy):
        return capacity * 60 * target / 100, capacity * 60 * max(target - 20, 0) / 100
    return target, target * 0.9


async def put_alarms(ctx: Context, acting: Context, policy: Policy, capacity: int) -> None:
    """Create or renew the alarms of a policy, as the target's role."""
    measured = metric(policy)
    if measured is None:
        return
    high, low = thresholds(policy, capacity)
    quick = 2 if counts_units(policy) else 3
    shapes = ((names(policy)[0], "GreaterThanThreshold", high, quick), (names(policy)[1], "LessThanThreshold", low, 15))
    for name, operator, threshold, periods in shapes:
        request = {
            "AlarmName": name,
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn(ctx, policy)}.",
            "AlarmActions": [policy_arn(ctx, policy)],
            "ComparisonOperator": operator,
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            "ActionsEnabled": True,
            **measured,
        }
        await acting.call("cloudwatch", "PutMetricAlarm", request)


async def delete_alarms(acting: Context, alarms: list[str]) -> None:
    if alarms:
        try:
            await acting.call("cloudwatch", "DeleteAlarms", {"AlarmNames": alarms})
        except ServiceError as error:
            if error.code not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise


def is_high(target: Target, alarm: str) -> bool:
    return alarm.startswith(f"TargetTracking-{target.resource}-AlarmHigh-")
