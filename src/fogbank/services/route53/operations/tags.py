"""Tags of zones and health checks: added and removed in one call.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.zones import ZONES
from fogbank.store.api import Reader

from ..errors import InvalidInput
from ..find import each_tagged, kind_of, tagged
from ..records import HEALTH_CHECKS

MOST = 10  # "You can add a maximum of 10 tags to a health check or a hosted zone"


@operation("route53", "ChangeTagsForResource", resource=tagged)
def change_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add and remove tags."""
    if not req.get("AddTags") and not req.get("RemoveTagKeys"):
        raise InvalidInput("At least one of AddTags and RemoveTagKeys must be specified.")  # not confirmed
    with ctx.write() as tx:
        found = kind_of(req["ResourceType"]).require(tx, ctx, req["ResourceId"])
        kept = tags.without(found.tags, req.get("RemoveTagKeys") or ())
        found.tags = kept | tags.from_list(req.get("AddTags"))
        if len(found.tags) > MOST:
            raise InvalidInput(f"The number of tags exceeds the limit of {MOST}.")  # not confirmed
        tx.put(ZONES if req["ResourceType"] == "hostedzone" else HEALTH_CHECKS, found)
    return {}


def _tag_set(tx: Reader, ctx: Context, kind: str, id: str) -> dict[str, Any]:
    found = kind_of(kind).require(tx, ctx, id)
    return {"ResourceType": kind, "ResourceId": found.id, "Tags": tags.to_list(found.tags)}


@operation("route53", "ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of one resource."""
    with ctx.read() as tx:
        return {"ResourceTagSet": _tag_set(tx, ctx, req["ResourceType"], req["ResourceId"])}


@operation("route53", "ListTagsForResources", resource=each_tagged)
def list_tags_for_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of up to ten resources."""
    with ctx.read() as tx:
        return {"ResourceTagSets": [_tag_set(tx, ctx, req["ResourceType"], id) for id in req["ResourceIds"]]}
