"""Tags of log groups, in the newer and the older operations."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..groups import require_group
from ..records import GROUPS


def _tag(ctx: Context, req: dict[str, Any], add: dict[str, str], remove: list[str]) -> dict[str, Any]:
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.tags = {key: value for key, value in (group.tags | add).items() if key not in remove}
        tx.put(GROUPS, group)
    return {}


@operation("logs", "TagResource", resource=arns.tagged)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set tags."""
    return _tag(ctx, req, req["tags"], [])


@operation("logs", "UntagResource", resource=arns.tagged)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _tag(ctx, req, {}, req["tagKeys"])


@operation("logs", "ListTagsForResource", resource=arns.tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the tags of a group."""
    with ctx.read() as tx:
        return {"tags": require_group(tx, ctx, req).tags}


@operation("logs", "TagLogGroup", resource=arns.group)
def tag_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set tags: an older form of TagResource."""
    return _tag(ctx, req, req["tags"], [])


@operation("logs", "UntagLogGroup", resource=arns.group)
def untag_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags: an older form of UntagResource."""
    return _tag(ctx, req, {}, req["tags"])


@operation("logs", "ListTagsLogGroup", resource=arns.group)
def list_tags_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the tags of a group: an older form of ListTagsForResource."""
    with ctx.read() as tx:
        return {"tags": require_group(tx, ctx, req).tags}
