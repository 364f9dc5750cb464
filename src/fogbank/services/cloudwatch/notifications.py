"""What an alarm's actions send: the message to a topic, the event to a function or a scaling policy.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core import principal, regions, targets
from fogbank.core.context import Context

from . import queries
from .arns import alarm_arn
from .records import Alarm
from .states import stamp

_STATISTICS = {"SampleCount": "SAMPLE_COUNT", "Average": "AVERAGE", "Sum": "SUM", "Minimum": "MINIMUM",
               "Maximum": "MAXIMUM"}  # fmt: skip


async def deliver(ctx: Context, alarm: Alarm, change: dict[str, Any]) -> bool:
    """Take one action; False for one of a kind that is not built (EC2, its Auto Scaling, Systems Manager).

    Raises Undeliverable. The policy a topic has by default lets its owner's alarms in (AWS:SourceOwner).
    """
    target = str(change["action"])
    service = target.split(":")[2] if target.count(":") >= 5 else ""
    if service == "sns":
        by, text = "cloudwatch.amazonaws.com", json.dumps(_message(ctx, alarm, change))
    elif service == "lambda":
        by, text = "lambda.alarms.cloudwatch.amazonaws.com", json.dumps(_event(ctx, alarm, change))
    elif service == "autoscaling" and ":resource/" in target:  # a policy of Application Auto Scaling
        by, text = "cloudwatch.amazonaws.com", json.dumps(_event(ctx, alarm, change))
    else:
        return False
    itself = ctx.acting_as(principal.service(by, ctx.account, alarm_arn(ctx, alarm.name)))
    subject = f'{change["state"]}: "{alarm.name}" in {_region(ctx)}'[:100]
    await targets.deliver(itself, target, text, subject=subject)
    return True


def _region(ctx: Context) -> str:
    """Its name; Europe is EU in notifications."""
    return regions.description(ctx.region).replace("Europe (", "EU (")


def _message(ctx: Context, alarm: Alarm, change: dict[str, Any]) -> dict[str, Any]:
    settings = alarm.settings
    message: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": settings.get("AlarmDescription"),
        "AWSAccountId": ctx.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured),
        "NewStateValue": change["state"],
        "NewStateReason": change["reason"],
        "StateChangeTime": stamp(change["at"]),
        "Region": _region(ctx),
        "AlarmArn": alarm_arn(ctx, alarm.name),
        "OldStateValue": change["old"],
        "OKActions": settings.get("OKActions") or [],
        "AlarmActions": settings.get("AlarmActions") or [],
        "InsufficientDataActions": settings.get("InsufficientDataActions") or [],
    }
    if alarm.composite:
        return message | {"AlarmRule": settings["AlarmRule"]}
    return message | {"Trigger": _trigger(settings)}


def _trigger(settings: dict[str, Any]) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": settings["EvaluationPeriods"],
        **({"DatapointsToAlarm": settings["DatapointsToAlarm"]} if settings.get("DatapointsToAlarm") else {}),
        "ComparisonOperator": settings["ComparisonOperator"],
        "Threshold": settings["Threshold"],
        "TreatMissingData": settings.get("TreatMissingData", ""),
        "EvaluateLowSampleCountPercentile": settings.get("EvaluateLowSampleCountPercentile", ""),
    }
    if settings.get("Metrics"):
        return {"Period": _period(settings), **common, "Metrics": settings["Metrics"]}
    dimensions = [{"value": d["Value"], "name": d["Name"]} for d in settings.get("Dimensions") or ()]
    extended = settings.get("ExtendedStatistic")
    kind = ({"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended} if extended else
            {"StatisticType": "Statistic", "Statistic": _STATISTICS[settings["Statistic"]]})  # fmt: skip
    return {
        "MetricName": settings["MetricName"],
        "Namespace": settings["Namespace"],
        **kind,
        "Unit": settings.get("Unit"),
        "Dimensions": dimensions,
        "Period": settings["Period"],
        **common,
    }


def _period(settings: dict[str, Any]) -> int:
    return max((q["MetricStat"]["Period"] for q in settings["Metrics"] if "MetricStat" in q), default=60)


def _event(ctx: Context, alarm: Alarm, change: dict[str, Any]) -> dict[str, Any]:
    """The event a function is invoked with."""
    state = {"value": change["state"], "reason": change["reason"], "timestamp": stamp(change["at"])}
    if change["data"]:
        state["reasonData"] = change["data"]
    settings = alarm.settings
    configuration: dict[str, Any] = {"description": settings.get("AlarmDescription", "")}
    if alarm.composite:
        configuration["alarmRule"] = settings["AlarmRule"]
    else:
        configuration["metrics"] = [_camel(query) for query in queries.of_alarm(settings)]
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm_arn(ctx, alarm.name),
        "accountId": ctx.account,
        "time": stamp(change["at"]),
        "region": ctx.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": state,
            "previousState": {"value": change["old"], "reason": change["old_reason"]},
            "configuration": configuration,
        },
    }


def _camel(query: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        return found | {"expression": query["Expression"]}
    stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
    dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions") or ()}
    named = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
    return found | {"metricStat": {"metric": named, "period": stat["Period"], "stat": stat["Stat"]}}
