"""DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import reading, rules
from ..arns import alarm_arn, described, history
from ..errors import InvalidNextToken
from ..records import ALARMS, HISTORY, Alarm, History


def shape(ctx: Context, found: Alarm) -> dict[str, Any]:
    """A MetricAlarm or CompositeAlarm."""
    shown = {
        "AlarmName": found.name,
        "AlarmArn": alarm_arn(ctx, found.name),
        "AlarmConfigurationUpdatedTimestamp": found.configured,
        "StateValue": found.state,
        "StateReason": found.reason,
        "StateUpdatedTimestamp": found.updated,
        "StateTransitionedTimestamp": found.transitioned,
        **found.settings,
    }
    return shown | ({"StateReasonData": found.reason_data} if found.reason_data else {})


@operation("cloudwatch", "DescribeAlarms", resource=described)
def describe_alarms(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Alarms by name, prefix, state, action, or family; metric alarms alone unless AlarmTypes asks for others.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    names, prefix = req.get("AlarmNames"), req.get("AlarmNamePrefix", "")
    if names and prefix:
        raise ValidationError("AlarmNamePrefix and AlarmNames cannot be specified together.")
    kinds = set(req.get("AlarmTypes") or ["MetricAlarm"])
    relatives = "ChildrenOfAlarmName" in req or "ParentsOfAlarmName" in req
    with ctx.read() as tx:
        found = list(tx.scan(ALARMS, (ctx.account, ctx.region)))
        if relatives:
            family = _relatives(ctx, found, req)
            found = [item for item in found if item.name in family]
    found = [
        item for item in found
        if (relatives or ("CompositeAlarm" if item.composite else "MetricAlarm") in kinds)
        and (not names or item.name in names)
        and item.name.startswith(prefix)
        and item.state == req.get("StateValue", item.state)
        and ("ActionPrefix" not in req or _acts(item, req["ActionPrefix"]))
    ]  # fmt: skip
    shown, token = Pages(ctx, InvalidNextToken).by_position(found, req.get("NextToken"), req.get("MaxRecords", 50))
    return {
        "MetricAlarms": [shape(ctx, item) for item in shown if not item.composite],
        "CompositeAlarms": [shape(ctx, item) for item in shown if item.composite],
        **token,
    }


def _relatives(ctx: Context, found: list[Alarm], req: dict[str, Any]) -> set[str]:
    family: set[str] = set()
    for item in found:
        if item.composite:
            children = rules.children(rules.parse(item.settings["AlarmRule"], alarm_arn(ctx, "")))
            if item.name == req.get("ChildrenOfAlarmName"):
                family |= children
            if req.get("ParentsOfAlarmName") in children:
                family.add(item.name)
    return family


def _acts(item: Alarm, prefix: str) -> bool:
    lists = (item.settings.get(name) or [] for name in ("OKActions", "AlarmActions", "InsufficientDataActions"))
    return any(action.startswith(prefix) for actions in lists for action in actions)


@operation("cloudwatch", "DescribeAlarmsForMetric", resource="*")
def describe_alarms_for_metric(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The alarms on one metric, with these dimensions exactly.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html
    """
    wanted = reading.pairs(req.get("Dimensions"))
    narrowing = [name for name in ("Statistic", "ExtendedStatistic", "Period", "Unit") if name in req]
    with ctx.read() as tx:
        key = (ctx.account, ctx.region, req["Namespace"], req["MetricName"])
        found = [
            item for item in tx.scan_index(ALARMS, "metric", key)
            if item.settings.get("MetricName") and reading.pairs(item.settings.get("Dimensions")) == wanted
            and all(item.settings.get(name) == req[name] for name in narrowing)
        ]  # fmt: skip
    return {"MetricAlarms": [shape(ctx, item) for item in found]}


@operation("cloudwatch", "DescribeAlarmHistory", resource=history)
def describe_alarm_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What happened to alarms, newest first. Kept for 30 days.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """
    kinds = set(req.get("AlarmTypes") or ["MetricAlarm"])
    begin = reading.epoch(req["StartDate"]) * 1000 if "StartDate" in req else 0.0
    end = reading.epoch(req["EndDate"]) * 1000 if "EndDate" in req else float("inf")

    def find(tx: Reader) -> list[History]:
        where: tuple[str, ...] = (ctx.account, ctx.region)
        if "AlarmName" in req:
            where += (req["AlarmName"],)
        return [
            item for item in tx.scan(HISTORY, where)
            if begin <= item.at_ms <= end and item.kind == req.get("HistoryItemType", item.kind)
            and ("AlarmName" in req or ("CompositeAlarm" if item.composite else "MetricAlarm") in kinds)
        ]  # fmt: skip

    with ctx.read() as tx:
        found = find(tx)
    found.sort(key=lambda item: item.at_ms, reverse=req.get("ScanBy") != "TimestampAscending")
    shown, token = Pages(ctx, InvalidNextToken).by_position(found, req.get("NextToken"), req.get("MaxRecords", 100))
    items = [
        {
            "AlarmName": item.alarm,
            "AlarmType": "CompositeAlarm" if item.composite else "MetricAlarm",
            "Timestamp": item.at_ms / 1000,
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data[:4095],
        }
        for item in shown
    ]
    return {"AlarmHistoryItems": items, **token}
