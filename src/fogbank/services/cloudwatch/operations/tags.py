"""Tags of alarms and dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..arns import require_tagged, tagged
from ..records import ALARMS, DASHBOARDS, Alarm


def _retag(ctx: Context, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> dict[str, Any]:
    with ctx.write() as tx:
        found = require_tagged(tx, ctx, arn)
        found.tags = change(found.tags)
        if isinstance(found, Alarm):
            tx.put(ALARMS, found)
        else:
            tx.put(DASHBOARDS, found)
    return {}


@operation("cloudwatch", "TagResource", resource=tagged)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    return _retag(ctx, req["ResourceARN"], lambda held: held | tags.from_list(req["Tags"]))


@operation("cloudwatch", "UntagResource", resource=tagged)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    return _retag(ctx, req["ResourceARN"], lambda held: tags.without(held, req["TagKeys"]))


@operation("cloudwatch", "ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List all tags of an alarm or dashboard."""
    with ctx.read() as tx:
        found = require_tagged(tx, ctx, req["ResourceARN"])
    return {"Tags": tags.to_list(found.tags)}
