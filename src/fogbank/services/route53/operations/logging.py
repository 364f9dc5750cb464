"""Query logging configurations. They are kept: no log events are written.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateQueryLoggingConfig.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import shapes
from ..errors import InvalidInput, InvalidPaginationToken, QueryLoggingConfigAlreadyExists, no_zone
from ..find import LOGGING, ZONE, by_zone_id
from ..records import THINGS, Thing
from .record_sets import page_size

_by_id = LOGGING.of("Id")


def _listed(ctx: Context, req: dict[str, Any]) -> Any:
    return by_zone_id(ctx, req) if req.get("HostedZoneId") else "*"


@operation("route53", "CreateQueryLoggingConfig", resource=by_zone_id, fidelity="recorded")
def create_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the log group of a zone's queries. A zone has one."""
    group = req["CloudWatchLogsLogGroupArn"]
    if not group.startswith(f"arn:{ctx.partition}:logs:") or ":log-group:" not in group:
        raise InvalidInput(f"The ARN for the CloudWatch Logs log group is invalid: {group}")  # not confirmed
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        there = tx.scan(THINGS, (ctx.account, LOGGING.word))
        if any(each.data["HostedZoneId"] == zone.id for each in there):
            raise QueryLoggingConfigAlreadyExists
        id = ctx.ids.uuid()
        data = {"Id": id, "HostedZoneId": zone.id, "CloudWatchLogsLogGroupArn": group}
        tx.put(THINGS, Thing(account=ctx.account, kind=LOGGING.word, id=id, data=data))
    return {"QueryLoggingConfig": data, "Location": shapes.location(f"queryloggingconfig/{id}")}


@operation("route53", "GetQueryLoggingConfig", resource=_by_id, fidelity="recorded")
def get_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A configuration."""
    with ctx.read() as tx:
        return {"QueryLoggingConfig": LOGGING.require(tx, ctx, req["Id"]).data}


@operation("route53", "ListQueryLoggingConfigs", resource=_listed, fidelity="recorded")
def list_query_logging_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The configurations of the account, or of one zone."""
    with ctx.read() as tx:
        found = list(tx.scan(THINGS, (ctx.account, LOGGING.word)))
        if req.get("HostedZoneId"):
            zone = ZONE.find(tx, ctx, req["HostedZoneId"])
            if zone is None:
                raise no_zone(req["HostedZoneId"])
            found = [each for each in found if each.data["HostedZoneId"] == zone.id]
    pages = Pages(ctx, InvalidPaginationToken)
    shown, more = pages.by_key(found, req.get("NextToken"), page_size(req, 100), lambda each: each.id)
    return {"QueryLoggingConfigs": [each.data for each in shown], **more}


@operation("route53", "DeleteQueryLoggingConfig", resource=_by_id, fidelity="recorded")
def delete_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a configuration."""
    with ctx.write() as tx:
        tx.delete(THINGS, THINGS.key(LOGGING.require(tx, ctx, req["Id"])))
    return {}
