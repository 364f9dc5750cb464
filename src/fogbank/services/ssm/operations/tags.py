"""AddTagsToResource, RemoveTagsFromResource, ListTagsForResource (of parameters)."""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from ..arns import NAMED, tagged
from ..errors import InvalidResourceId
from ..records import PARAMETERS, Parameter


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Parameter:
    found = NAMED.find(tx, ctx, req["ResourceId"])
    if found is None:
        raise InvalidResourceId
    return found


@operation("ssm", "AddTagsToResource", resource=tagged)
def add_tags_to_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set tags on a parameter."""
    with ctx.write() as tx:
        parameter = _require(tx, ctx, req)
        parameter.tags = parameter.tags | tags.from_list(req["Tags"])
        tx.put(PARAMETERS, parameter)
    return {}


@operation("ssm", "RemoveTagsFromResource", resource=tagged)
def remove_tags_from_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a parameter."""
    with ctx.write() as tx:
        parameter = _require(tx, ctx, req)
        parameter.tags = tags.without(parameter.tags, req["TagKeys"])
        tx.put(PARAMETERS, parameter)
    return {}


@operation("ssm", "ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a parameter."""
    with ctx.read() as tx:
        found = _require(tx, ctx, req).tags
    return {"TagList": tags.to_list(dict(sorted(found.items())))}
