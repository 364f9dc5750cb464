"""Tag, Untag and GetTags.

https://docs.aws.amazon.com/ARG/latest/APIReference/API_Tag.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..errors import BadRequestException
from ..find import GROUP, by_arn
from ..records import GROUPS

SERVICE = "resource-groups"
MOST = 50


def check(held: dict[str, str]) -> dict[str, str]:
    """The texts are not confirmed."""
    if any(key.lower().startswith("aws:") for key in held):
        raise BadRequestException("Tag keys that begin with aws: are reserved.")
    if len(held) > MOST:
        raise BadRequestException(f"A group can have at most {MOST} tags.")
    return held


@operation(SERVICE, "Tag", resource=by_arn)
def tag(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["Arn"])
        group.tags = check({**group.tags, **req["Tags"]})
        tx.put(GROUPS, group)
    return {"Arn": req["Arn"], "Tags": req["Tags"]}


@operation(SERVICE, "Untag", resource=by_arn)
def untag(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["Arn"])
        group.tags = tags.without(group.tags, req["Keys"])
        tx.put(GROUPS, group)
    return {"Arn": req["Arn"], "Keys": req["Keys"]}


@operation(SERVICE, "GetTags", resource=by_arn)
def get_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a group."""
    with ctx.read() as tx:
        return {"Arn": req["Arn"], "Tags": GROUP.require(tx, ctx, req["Arn"]).tags}
