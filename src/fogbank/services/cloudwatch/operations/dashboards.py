"""Dashboards: stored and returned, but never drawn.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core import documents, tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from ..arns import DASHBOARD, dashboard, dashboard_arn, dashboards, new_dashboard
from ..errors import DashboardInvalidInput, InvalidNextToken
from ..records import DASHBOARDS, GLOBAL, Dashboard

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")


@operation("cloudwatch", "PutDashboard", resource=new_dashboard, fidelity="recorded")
def put_dashboard(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a dashboard. The body must be a JSON object; its widgets are not checked."""
    if not _NAME.match(req["DashboardName"]):
        raise DashboardInvalidInput(
            f"The value {req['DashboardName']} for field DashboardName contains invalid characters. It can only "
            "contain alphanumerics, dash (-) and underscore (_)."
        )
    try:
        documents.read_object(req["DashboardBody"])
    except documents.BadDocument:
        message = {"DataPath": "/", "Message": "The field DashboardBody must be a valid JSON object"}
        raise DashboardInvalidInput("The field DashboardBody must be a valid JSON object",
                                    dashboardValidationMessages=[message]) from None  # fmt: skip
    with ctx.write() as tx:
        existing = DASHBOARD.find(tx, ctx, req["DashboardName"])
        wanted = tags.from_list(req.get("Tags"))
        tx.put(
            DASHBOARDS,
            Dashboard(account=ctx.account, region=GLOBAL, name=req["DashboardName"], body=req["DashboardBody"],
                      modified=ctx.now(), tags=existing.tags if existing else wanted),
        )  # fmt: skip
    return {"DashboardValidationMessages": []}


@operation("cloudwatch", "GetDashboard", resource=dashboard)
def get_dashboard(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return a dashboard's body as it was stored."""
    with ctx.read() as tx:
        found = DASHBOARD.require(tx, ctx, req["DashboardName"])
    return {
        "DashboardArn": dashboard_arn(ctx, found.name), "DashboardBody": found.body, "DashboardName": found.name,
    }  # fmt: skip


@operation("cloudwatch", "ListDashboards", resource="*")
def list_dashboards(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List dashboards by prefix, a thousand per page."""
    with ctx.read() as tx:
        found = [item for item in tx.scan(DASHBOARDS, (ctx.account, GLOBAL))
                 if item.name.startswith(req.get("DashboardNamePrefix", ""))]  # fmt: skip
    shown, token = Pages(ctx, InvalidNextToken).by_position(found, req.get("NextToken"), 1000)
    entries = [
        {"DashboardName": item.name, "DashboardArn": dashboard_arn(ctx, item.name), "LastModified": item.modified,
         "Size": len(item.body.encode())}
        for item in shown
    ]  # fmt: skip
    return {"DashboardEntries": entries, **token}


@operation("cloudwatch", "DeleteDashboards", resource=dashboards)
def delete_dashboards(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete all named dashboards, or none if one of them does not exist."""
    with ctx.write() as tx:
        for name in req["DashboardNames"]:
            tx.delete(DASHBOARDS, DASHBOARDS.key(DASHBOARD.require(tx, ctx, name)))
    return {}
