"""Tags of applied quotas. https://docs.aws.amazon.com/servicequotas/latest/userguide/sq-tagging.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth.quotas import place
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import arns
from ..errors import TooManyTagsException
from ..records import TAGS, Tags

MOST = 50


def _find(tx: Reader, ctx: Context, arn: str) -> Tags:
    service, quota = arns.read(ctx, arn)
    account, region, service, code = place(ctx.account, ctx.region, service, quota)
    found = tx.get(TAGS, (account, region, service, code))
    return found or Tags(account=account, region=region, service=service, quota=code, tags={})


def _put(tx: Transaction, held: Tags) -> None:
    if len(held.tags) > MOST:
        raise TooManyTagsException
    tx.put(TAGS, held)


@operation("service-quotas", "TagResource", resource=arns.tagged)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_TagResource.html"""
    with ctx.write() as tx:
        held = _find(tx, ctx, req["ResourceARN"])
        held.tags = held.tags | tags.from_list(req["Tags"])
        _put(tx, held)
    return {}


@operation("service-quotas", "UntagResource", resource=arns.tagged)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_UntagResource.html"""
    with ctx.write() as tx:
        held = _find(tx, ctx, req["ResourceARN"])
        held.tags = tags.without(held.tags, req["TagKeys"])
        _put(tx, held)
    return {}


@operation("service-quotas", "ListTagsForResource", resource=arns.tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListTagsForResource.html"""
    with ctx.read() as tx:
        return {"Tags": tags.to_list(_find(tx, ctx, req["ResourceARN"]).tags)}
