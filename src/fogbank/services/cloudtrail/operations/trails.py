"""Creates, changes, describes and deletes trails.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import destinations, event_subscriptions
from ..arns import TRAIL, changed_trail, check_name, new_trail, trail_arn
from ..errors import (
    InvalidHomeRegionException,
    InvalidNextTokenException,
    InvalidParameterCombinationException,
    MaximumNumberOfTrailsExceededException,
    TrailAlreadyExistsException,
)
from ..records import PROGRESS, TRAILS, Trail
from ..shapes import full_shape, trail_shape
from .tags import check_count

MOST = 5  # trails visible in a region
PAGE = 100

# member of a request -> field of a Trail
_FIELDS = {
    "S3BucketName": "bucket",
    "S3KeyPrefix": "prefix",
    "IncludeGlobalServiceEvents": "global_events",
    "IsMultiRegionTrail": "multi_region",
    "EnableLogFileValidation": "validation",
    "CloudWatchLogsLogGroupArn": "group_arn",
    "CloudWatchLogsRoleArn": "role_arn",
    "KmsKeyId": "kms_key",
    "IsOrganizationTrail": "organization",
}


def _given(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The fields of a trail that a request sets."""
    given = {field: req[member] for member, field in _FIELDS.items() if req.get(member) is not None}
    if req.get("SnsTopicName") is not None:
        given["topic_arn"] = destinations.topic_arn(ctx, req["SnsTopicName"]) if req["SnsTopicName"] else ""
    return given


def _check(trail: Trail) -> None:
    if trail.multi_region and not trail.global_events:
        raise InvalidParameterCombinationException("Multi-Region trail must include global service events.")


@operation("cloudtrail", "CreateTrail", resource=new_trail)
async def create_trail(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a trail. It logs nothing until StartLogging. An organization trail gets events of its own account only."""
    trail = Trail(
        account=ctx.account, region=ctx.region, name=check_name(req["Name"]), tags=tags.from_list(req.get("TagsList")),
        created=ctx.now(), **{"bucket": "", **_given(ctx, req)},
    )  # fmt: skip
    check_count(trail.tags)
    _check(trail)
    await ctx.fetch(_room, ctx, trail)
    await destinations.check(ctx, trail)

    def put(tx: Transaction) -> None:
        _room(tx, ctx, trail)
        tx.put(TRAILS, trail)

    await ctx.transact(put)
    return trail_shape(ctx, trail)


def _room(tx: Reader, ctx: Context, trail: Trail) -> None:
    if tx.get(TRAILS, TRAILS.key(trail)) is not None:
        raise TrailAlreadyExistsException(f"Trail {trail.name} already exists for customer: {ctx.account}")
    if len(_seen(tx, ctx, trail.region)) >= MOST:
        raise MaximumNumberOfTrailsExceededException(
            f"User: {ctx.account} already has {MOST} trails in {trail.region}."
        )


def _seen(tx: Reader, ctx: Context, region: str) -> list[Trail]:
    """The trails of a region: its own, and shadows of multi-region trails."""
    return [trail for trail in tx.scan(TRAILS, (ctx.account,)) if trail.region == region or trail.multi_region]


def home(tx: Reader, ctx: Context, text: str) -> Trail:
    """The trail, which can be changed only in its home region."""
    trail = TRAIL.require(tx, ctx, text)
    if trail.region != ctx.region:
        arn = trail_arn(ctx, TRAILS.key(trail))
        raise InvalidHomeRegionException(
            f"Trail {arn} was created in {trail.region} region. It can only be modified from {trail.region} region."
        )
    return trail


@operation("cloudtrail", "UpdateTrail", resource=changed_trail)
async def update_trail(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the given settings of a trail, and keep the others."""
    given = _given(ctx, req)
    changed = msgspec.structs.replace(await ctx.fetch(home, ctx, req["Name"]), **given)
    _check(changed)
    await destinations.check(ctx, changed)

    def put(tx: Transaction) -> Trail:
        trail = msgspec.structs.replace(home(tx, ctx, req["Name"]), **given)
        tx.put(TRAILS, trail)
        event_subscriptions.ask(tx, trail)
        return trail

    return trail_shape(ctx, await ctx.transact(put))


@operation("cloudtrail", "DeleteTrail", resource=TRAIL.of("Name"))
def delete_trail(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a trail. Its files stay in the bucket."""
    with ctx.write() as tx:
        trail = home(tx, ctx, req["Name"])
        event_subscriptions.forget(tx, trail)
        for progress in list(tx.scan(PROGRESS, TRAILS.key(trail))):
            tx.delete(PROGRESS, PROGRESS.key(progress))
        tx.delete(TRAILS, TRAILS.key(trail))
    return {}


@operation("cloudtrail", "GetTrail", resource=TRAIL.of("Name"))
def get_trail(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        return {"Trail": full_shape(ctx, TRAIL.require(tx, ctx, req["Name"]))}


@operation("cloudtrail", "DescribeTrails", resource="*")
def describe_trails(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describe trails of this region and shadows of others. Leaves out names that do not exist."""
    shadows = req.get("includeShadowTrails", True)
    wanted = req.get("trailNameList") or []
    for text in wanted:
        TRAIL.key(ctx, text)  # raises for an invalid name
    with ctx.read() as tx:
        found = [trail for trail in _seen(tx, ctx, ctx.region) if shadows or trail.region == ctx.region]
    if wanted:
        found = [trail for trail in found if trail.name in wanted or trail_arn(ctx, TRAILS.key(trail)) in wanted]
    return {"trailList": [full_shape(ctx, trail) for trail in found]}


@operation("cloudtrail", "ListTrails", resource="*")
def list_trails(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the trails of all regions."""
    pages = Pages(ctx, InvalidNextTokenException)
    where = (ctx.account,)
    after = pages.after(req.get("NextToken"))
    with ctx.read() as tx:
        found = list(tx.scan(TRAILS, where, after=after, limit=PAGE + 1))
    shown, more = pages.cut(found, PAGE, TRAILS.key)
    trails = [
        {"TrailARN": trail_arn(ctx, TRAILS.key(trail)), "Name": trail.name, "HomeRegion": trail.region}
        for trail in shown
    ]
    return {"Trails": trails, **more}
