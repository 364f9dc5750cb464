"""DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory."""

from __future__ import annotations

from collections.abc import Iterator
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

LOOKED_AT = 2_000  # history items to read for one page, which may then be short


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
    """Describe alarms by name, prefix, state, action, or family. Only metric alarms, unless AlarmTypes has others.

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
    """Describe the alarms on one metric with exactly these dimensions.

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


def _history(tx: Reader, ctx: Context, req: dict[str, Any], after: tuple[Any, ...] | None) -> Iterator[History]:
    """The items in the request's time range, in the order of ScanBy, that follow the item with the key `after`."""
    where: tuple[Any, ...] = (ctx.account, ctx.region)
    begin = int(reading.epoch(req["StartDate"]) * 1000) if "StartDate" in req else 0
    end = int(reading.epoch(req["EndDate"]) * 1000) + 1 if "EndDate" in req else 1 << 60
    reverse = req.get("ScanBy") != "TimestampAscending"
    if "AlarmName" in req:
        where += (req["AlarmName"],)
        return tx.scan(HISTORY, where, start=(*where, begin), end=(*where, end), after=after, reverse=reverse)
    beyond = ((*where, after[3]), after) if after else None
    return tx.scan_index(
        HISTORY, "time", where, start=(*where, begin), end=(*where, end), after=beyond, reverse=reverse
    )


@operation("cloudwatch", "DescribeAlarmHistory", resource=history)
def describe_alarm_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describe the history of alarms, newest first. It is kept for 30 days.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """
    kinds = set(req.get("AlarmTypes") or ["MetricAlarm"])
    limit = req.get("MaxRecords", 100)
    pages = Pages(ctx, InvalidNextToken)
    after = pages.after(req.get("NextToken"))
    shown: list[History] = []
    token: dict[str, str] = {}
    with ctx.read() as tx:
        last = None
        for looked, item in enumerate(_history(tx, ctx, req, after)):
            if len(shown) == limit or looked == LOOKED_AT:
                token = pages.more(HISTORY.key(last) if last else after)
                break
            last = item
            if item.kind == req.get("HistoryItemType", item.kind) and (
                "AlarmName" in req or ("CompositeAlarm" if item.composite else "MetricAlarm") in kinds
            ):
                shown.append(item)
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
