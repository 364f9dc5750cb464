"""AWS::CloudWatch::Alarm, CompositeAlarm, Dashboard.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import ResourceType
from fogbank.core.cfn_calls import text
from fogbank.core.cfn_tables import Call, Named, Tags, table
from fogbank.core.context import Context

from .arns import alarm_arn, dashboard_arn
from .errors import DashboardNotFound


def _alarm(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The request for an alarm: its properties, because request members have the same names."""
    return {**properties, "AlarmName": name}


def _arn(ctx: Context, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Arn": alarm_arn(ctx, name)}


def _tags(arn: Callable[[Context, str], str]) -> Tags:
    return Tags(
        untag=("UntagResource", lambda ctx, name, keys: {"ResourceARN": arn(ctx, name), "TagKeys": keys}),
        tag=("TagResource", lambda ctx, name, new: {"ResourceARN": arn(ctx, name), "Tags": tags.to_list(new)}),
    )


def _alarms(type_name: str, operation: str, *unbuilt: str) -> ResourceType:
    handler = Named(
        "cloudwatch",
        name="AlarmName",
        create=Call(operation, _alarm),
        delete=Call("DeleteAlarms", lambda name, properties: {"AlarmNames": [name]}),
        attributes=_arn,
        tagging=_tags(alarm_arn),
    )
    return table(type_name, handler, unbuilt=unbuilt)


ALARM = _alarms(  # Ref: the name
    "AWS::CloudWatch::Alarm",
    "PutMetricAlarm",
    "ActionConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationWindow",
    "ThresholdMetricId",
    "WarmUpConfiguration",
)
COMPOSITE_ALARM = _alarms(  # Ref: the name
    "AWS::CloudWatch::CompositeAlarm",
    "PutCompositeAlarm",
    "ActionConfiguration",
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
)


def _dashboard(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "DashboardName": name, "DashboardBody": text(properties["DashboardBody"])}


DASHBOARD = table(
    "AWS::CloudWatch::Dashboard",  # Ref: the name
    Named(
        "cloudwatch",
        name="DashboardName",
        create=Call("PutDashboard", _dashboard),
        delete=Call("DeleteDashboards", lambda name, properties: {"DashboardNames": [name]}),
        gone=(DashboardNotFound.code,),
        tagging=_tags(dashboard_arn),
    ),
)
