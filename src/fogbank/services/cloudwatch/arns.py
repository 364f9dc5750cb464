"""The resources actions name; metrics have no ARNs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access


def alarm_arn(ctx: Context, name: str) -> str:
    return ctx.arn("cloudwatch", f"alarm:{name}")


def dashboard_arn(ctx: Context, name: str) -> str:
    """Dashboards are global."""
    return ctx.arn("cloudwatch", f"dashboard/{name}", region="")


def alarm(ctx: Context, req: dict[str, Any]) -> str:
    return alarm_arn(ctx, req.get("AlarmName") or "*")


def alarms(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access("", alarm_arn(ctx, name)) for name in req.get("AlarmNames") or ["*"]]


def dashboard(ctx: Context, req: dict[str, Any]) -> str:
    return dashboard_arn(ctx, str(req["DashboardName"]))


def dashboards(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access("", dashboard_arn(ctx, name)) for name in req["DashboardNames"]]


def tagged(ctx: Context, req: dict[str, Any]) -> str:
    return str(req["ResourceARN"])


def namespace(ctx: Context, req: dict[str, Any]) -> Access:
    """PutMetricData is allowed on `*`, narrowed by cloudwatch:namespace."""
    return Access("", "*", {"cloudwatch:namespace": str(req["Namespace"])})
