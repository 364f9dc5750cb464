"""A table's time to live, tags and backup settings; the account's limits and endpoints."""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import definitions
from ..arns import table_resource, tagged_resource
from ..errors import ResourceNotFound, TableNotFound
from ..jobs import ttl_changed
from ..records import TABLES, TableRecord
from ..state import State, target
from ..values import INVALID
from .tables import require

TTL_PAUSE = 3600.0  # seconds between two changes of a table's TTL
TAGS_LISTED = 10  # tags per page


# -- time to live ----------------------------------------------------------------------------------------


@operation("dynamodb", "UpdateTimeToLive", resource=table_resource)
def update_time_to_live(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Sets the attribute (epoch seconds) by which items expire, or stops expiry.

    Expired items are deleted within about a minute.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    spec = req["TimeToLiveSpecification"]
    enabled, attribute = spec["Enabled"], spec["AttributeName"]
    with ctx.write() as tx:
        table = require(tx, ctx, req["TableName"])
        if enabled == bool(table.ttl):
            if not enabled or attribute == table.ttl:
                raise ValidationError(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
            raise ValidationError(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl}"
            )
        if not enabled and attribute != table.ttl:
            raise ValidationError(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl}"
            )
        if ctx.app.settings.limits != "off" and table.ttl_since and ctx.now() - table.ttl_since < TTL_PAUSE:
            raise ValidationError("Time to live has been modified multiple times within a fixed interval")
        table.ttl, table.ttl_since = attribute if enabled else "", ctx.now()
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
        ttl_changed(tx, ctx, table)
        if enabled:
            payload = {"account": table.account, "region": table.region, "table": table.name, "box": table.box}
            ctx.later(tx, "dynamodb.index-ttl", payload)
    return {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}


@operation("dynamodb", "DescribeTimeToLive", resource=table_resource)
def describe_time_to_live(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        table = require(tx, ctx, req["TableName"])
    shown = {"TimeToLiveStatus": "ENABLED" if table.ttl else "DISABLED"}
    if table.ttl:
        shown["AttributeName"] = table.ttl
    return {"TimeToLiveDescription": shown}


# -- tags ----------------------------------------------------------------------------------------


def _tagged(tx: Reader, ctx: Context, arn: str) -> TableRecord:
    found = tx.get(TABLES, target(ctx, arn))
    if found is None:
        raise ResourceNotFound(f"Requested resource not found: ResourcArn: {arn} not found")
    return found


@operation("dynamodb", "TagResource", resource=tagged_resource)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Adds tags to a table, or changes their values.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
    """
    with ctx.write() as tx:
        table = _tagged(tx, ctx, req["ResourceArn"])
        tags = {**table.tags, **definitions.tags_of(req["Tags"])}
        if len(tags) > definitions.MAX_TAGS:
            raise ValidationError(f"{INVALID}Too many tags: the limit is {definitions.MAX_TAGS} tags per resource")
        table.tags = tags
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
    return {}


@operation("dynamodb", "UntagResource", resource=tagged_resource)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Removes tags from a table; succeeds also for tags that it does not have."""
    with ctx.write() as tx:
        table = _tagged(tx, ctx, req["ResourceArn"])
        table.tags = {key: value for key, value in table.tags.items() if key not in req["TagKeys"]}
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
    return {}


@operation("dynamodb", "ListTagsOfResource", resource=tagged_resource)
def list_tags_of_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists a table's tags, ten per page."""
    with ctx.read() as tx:
        tags = sorted(_tagged(tx, ctx, req["ResourceArn"]).tags.items())

    def shape(tag: tuple[str, str]) -> dict[str, str]:
        return {"Key": tag[0], "Value": tag[1]}

    def refused() -> ValidationError:
        return ValidationError("Invalid NextToken")  # the text is not confirmed

    return lists.page(ctx, req, tags, key=lambda tag: tag[0], shape=shape, size=TAGS_LISTED, refused=refused,
                      scope=req["ResourceArn"])  # fmt: skip


# -- backups ----------------------------------------------------------------------------------------


def _backups(ctx: Context, table: TableRecord) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "ENABLED" if table.recovery else "DISABLED"}
    if table.recovery:  # without dates, since Fogbank cannot restore anything
        recovery["RecoveryPeriodInDays"] = table.recovery_days
        ctx.recorded("PointInTimeRecoverySpecification")
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }


def _backed_up(tx: Reader, ctx: Context, name: str) -> TableRecord:
    wanted = target(ctx, name)
    found = tx.get(TABLES, wanted)
    if found is None:
        raise TableNotFound(f"Table not found: {wanted[2]}")
    return found


@operation("dynamodb", "DescribeContinuousBackups", resource=table_resource)
def describe_continuous_backups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        return _backups(ctx, _backed_up(tx, ctx, req["TableName"]))


@operation("dynamodb", "UpdateContinuousBackups", resource=table_resource)
def update_continuous_backups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stores whether a table has point-in-time recovery; nothing is backed up yet."""
    spec = req["PointInTimeRecoverySpecification"]
    with ctx.write() as tx:
        table = _backed_up(tx, ctx, req["TableName"])
        enabled = spec["PointInTimeRecoveryEnabled"]
        if enabled and not table.recovery:
            table.recovery_since = ctx.now()
        table.recovery = enabled
        table.recovery_days = spec.get("RecoveryPeriodInDays") or table.recovery_days
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
        return _backups(ctx, table)


# -- the account ----------------------------------------------------------------------------------------


@operation("dynamodb", "DescribeLimits", resource="*")
def describe_limits(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the default quotas of an account.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    """
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


@operation("dynamodb", "DescribeEndpoints", resource="*")
def describe_endpoints(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns this endpoint, so that clients with endpoint discovery keep using it."""
    return {"Endpoints": [{"Address": ctx.endpoint.partition("://")[2], "CachePeriodInMinutes": 1440}]}
