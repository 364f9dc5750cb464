"""AWS::CloudWatch::Alarm, CompositeAlarm, Dashboard.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudWatch.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from .arns import alarm_arn
from .errors import DashboardNotFound

_NUMBERS = {"EvaluationPeriods": int, "DatapointsToAlarm": int, "Period": int, "Threshold": float}


def _request(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Properties have the names of the request's members; templates write numbers and booleans as text at times."""
    request = {key: value for key, value in properties.items() if key != "AlarmName"} | {"AlarmName": name}
    for key, number in _NUMBERS.items():
        if key in request:
            request[key] = number(request[key])
    if isinstance(request.get("ActionsEnabled"), str):
        request["ActionsEnabled"] = request["ActionsEnabled"].lower() == "true"
    for query in request.get("Metrics") or ():
        if "MetricStat" in query:
            query["MetricStat"]["Period"] = int(query["MetricStat"]["Period"])
        if isinstance(query.get("ReturnData"), str):
            query["ReturnData"] = query["ReturnData"].lower() == "true"
    if request.get("Tags"):
        request["Tags"] = tags.to_list(tags.from_list(request["Tags"]))
    return request


async def _retag(ctx: Context, arn: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = tags.from_list(old.get("Tags")), tags.from_list(new.get("Tags"))
    gone = sorted(set(before) - set(after))
    if gone:
        await ctx.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": gone})
    if after and after != before:
        await ctx.call("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": tags.to_list(after)})


@resource("AWS::CloudWatch::Alarm", immutable=("AlarmName",))
class MetricAlarm:
    """Ref: the name. GetAtt: Arn."""

    operation = "PutMetricAlarm"

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("AlarmName") or name.physical(limit=255)
        await ctx.call("cloudwatch", self.operation, _request(chosen, properties))
        return Resource(chosen, {"Arn": alarm_arn(ctx, chosen)})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await ctx.call("cloudwatch", self.operation, _request(physical_id, new))
        arn = alarm_arn(ctx, physical_id)
        await _retag(ctx, arn, old, new)
        return Resource(physical_id, {"Arn": arn})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await ctx.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [physical_id]})


@resource("AWS::CloudWatch::CompositeAlarm", immutable=("AlarmName",))
class CompositeAlarm(MetricAlarm):
    """Ref: the name. GetAtt: Arn."""

    operation = "PutCompositeAlarm"


@resource("AWS::CloudWatch::Dashboard", immutable=("DashboardName",))
class DashboardResource:
    """Ref: the name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties.get("DashboardName") or name.physical(limit=255), properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"DashboardNames": [physical_id]}
        await unless(ctx.call("cloudwatch", "DeleteDashboards", request), DashboardNotFound.code)

    @staticmethod
    async def _put(ctx: Context, name: str, properties: dict[str, Any]) -> Resource:
        body = properties["DashboardBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        await ctx.call("cloudwatch", "PutDashboard", {"DashboardName": name, "DashboardBody": text})
        return Resource(name)
