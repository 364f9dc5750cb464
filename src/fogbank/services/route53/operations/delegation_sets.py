"""Reusable delegation sets: four name servers that several zones have.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateReusableDelegationSet.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.network.zones import ZONES

from .. import ids, shapes
from ..errors import (
    DelegationSetAlreadyCreated,
    DelegationSetAlreadyReusable,
    DelegationSetInUse,
    HostedZoneNotFound,
    LimitsExceeded,
)
from ..find import DELEGATION_SET, ZONE
from ..records import DELEGATION_SETS, DelegationSet
from .record_sets import page_size

QUOTA = "L-A72C7724"
_by_id = DELEGATION_SET.of("Id")


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """No resource; and the zone, where its set is made reusable, for that changes the zone."""
    zone = [Access("", ZONE.name(ctx, req["HostedZoneId"]))] if req.get("HostedZoneId") else []
    return [Access("", "*"), *zone]


@operation("route53", "CreateReusableDelegationSet", resource=_created)
def create_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a set, or make that of a zone reusable."""
    with ctx.write() as tx:
        if any(each.reference == req["CallerReference"] for each in tx.scan(DELEGATION_SETS, (ctx.account,))):
            raise DelegationSetAlreadyCreated
        if quotas.reached(tx, ctx, "route53", QUOTA, DELEGATION_SETS, (ctx.account,)) is not None:
            raise LimitsExceeded("Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER")  # not confirmed
        made = DelegationSet(
            account=ctx.account, id=ids.draw(ctx, "N"), reference=req["CallerReference"], name_servers=[]
        )
        if req.get("HostedZoneId"):
            zone = ZONE.find(tx, ctx, req["HostedZoneId"])
            if zone is None:
                raise HostedZoneNotFound
            if zone.delegation_set:
                raise DelegationSetAlreadyReusable
            made.name_servers = list(zone.name_servers)
            zone.delegation_set = made.id
            tx.put(ZONES, zone)
        else:
            made.name_servers = ids.name_servers(ctx)
        tx.put(DELEGATION_SETS, made)
    return {"DelegationSet": shapes.delegation_set(made), "Location": shapes.location(f"delegationset/{made.id}")}


@operation("route53", "GetReusableDelegationSet", resource=_by_id)
def get_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A set."""
    with ctx.read() as tx:
        return {"DelegationSet": shapes.delegation_set(DELEGATION_SET.require(tx, ctx, req["Id"]))}


@operation("route53", "ListReusableDelegationSets", resource="*")
def list_reusable_delegation_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The sets of the account, in the order of their ids."""
    size, marker = page_size(req, 100), req.get("Marker") or ""
    with ctx.read() as tx:
        found = [each for each in tx.scan(DELEGATION_SETS, (ctx.account,)) if each.id >= marker]
    result = {
        "DelegationSets": [shapes.delegation_set(each) for each in found[:size]],
        "Marker": marker,
        "IsTruncated": len(found) > size,
        "MaxItems": str(size),
    }
    return result | ({"NextMarker": found[size].id} if len(found) > size else {})


@operation("route53", "DeleteReusableDelegationSet", resource=_by_id)
def delete_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a set that no zone has."""
    with ctx.write() as tx:
        found = DELEGATION_SET.require(tx, ctx, req["Id"])
        if any(zone.delegation_set == found.id for zone in tx.scan(ZONES, (ctx.account,))):
            raise DelegationSetInUse
        tx.delete(DELEGATION_SETS, DELEGATION_SETS.key(found))
    return {}
