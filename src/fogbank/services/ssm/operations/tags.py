"""AddTagsToResource, RemoveTagsFromResource, ListTagsForResource, of everything that can have tags.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from ..errors import InvalidResourceId, TooManyTags
from ..taggable import Taggable, kind_of, tagged

MOST = 50


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Taggable:
    found: Taggable | None = kind_of(req["ResourceType"]).find(tx, ctx, req["ResourceId"])
    if found is None:
        raise InvalidResourceId
    return found


def _change(ctx: Context, req: dict[str, Any], given: dict[str, str], gone: list[str]) -> dict[str, Any]:
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        found.tags = tags.without(found.tags, gone) | given
        if len(found.tags) > MOST:
            raise TooManyTags
        tx.put(kind_of(req["ResourceType"]).table, found)
    return {}


@operation("ssm", "AddTagsToResource", resource=tagged)
def add_tags_to_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    return _change(ctx, req, tags.from_list(req["Tags"]), [])


@operation("ssm", "RemoveTagsFromResource", resource=tagged)
def remove_tags_from_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    return _change(ctx, req, {}, req["TagKeys"])


@operation("ssm", "ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags, in the order of their keys."""
    with ctx.read() as tx:
        return {"TagList": tags.to_list(dict(sorted(_require(tx, ctx, req).tags.items())))}
