"""Tags of every resource with an ARN.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Tagging-Resources.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import labels
from ..errors import TagNotFound, TagQuotaExceeded
from ..names import by_arn, tagged
from ..nodes import members
from ..records import CLUSTERS, Group

Request = dict[str, Any]


@operation("elasticache", "AddTagsToResource", resource=tagged)
def add_tags_to_resource(ctx: Context, req: Request) -> dict[str, Any]:
    """Set tags. Those of a replication group are set on its clusters too."""
    given = labels.given(req)
    with ctx.write() as tx:
        kind, name = by_arn(ctx, req["ResourceName"])
        found = kind.require(tx, ctx, name)
        found.tags = found.tags | given
        if len(found.tags) > labels.MOST:
            raise TagQuotaExceeded
        tx.put(kind.table, found)
        if isinstance(found, Group):
            for member in members(tx, ctx, found.id):
                member.tags = member.tags | given
                tx.put(CLUSTERS, member)
    return {"TagList": tags.to_list(found.tags)}


@operation("elasticache", "RemoveTagsFromResource", resource=tagged)
def remove_tags_from_resource(ctx: Context, req: Request) -> dict[str, Any]:
    """Remove tags. A missing tag is an error."""
    with ctx.write() as tx:
        kind, name = by_arn(ctx, req["ResourceName"])
        found = kind.require(tx, ctx, name)
        missing = [key for key in req["TagKeys"] if key not in found.tags]
        if missing:
            raise TagNotFound(f"The tag {missing[0]} was not found on this resource.")
        found.tags = tags.without(found.tags, req["TagKeys"])
        tx.put(kind.table, found)
        if isinstance(found, Group):
            for member in members(tx, ctx, found.id):
                member.tags = tags.without(member.tags, req["TagKeys"])
                tx.put(CLUSTERS, member)
    return {"TagList": tags.to_list(found.tags)}


@operation("elasticache", "ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: Request) -> dict[str, Any]:
    """The tags of a resource."""
    with ctx.read() as tx:
        kind, name = by_arn(ctx, req["ResourceName"])
        return {"TagList": tags.to_list(kind.require(tx, ctx, name).tags)}
