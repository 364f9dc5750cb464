"""The VPCs of private zones: associated, authorised for other accounts, and listed.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-associate-vpcs.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.network.records import VPCS
from fogbank.network.zones import ZONES, Zone
from fogbank.store.api import Reader

from .. import changes, shapes, vpcs
from ..errors import (
    InvalidInput,
    InvalidPaginationToken,
    LastVPCAssociation,
    NotAuthorizedException,
    PublicZoneVPCAssociation,
    VPCAssociationAuthorizationNotFound,
    VPCAssociationNotFound,
    no_zone,
)
from ..find import ZONE, by_zone_id
from .record_sets import page_size
from .zones import refuse_twin


def _zone(tx: Reader, ctx: Context, req: dict[str, Any], vpc: vpcs.Vpc) -> Zone:
    """The zone of a request: one of the account, or one for which its owner has authorised the VPC."""
    id = req["HostedZoneId"].removeprefix("/hostedzone/")
    own = tx.get(ZONES, (ctx.account, id))
    if own is not None:
        return own
    others = [zone for zone in tx.scan(ZONES) if zone.id == id]
    if not others:
        raise no_zone(id)
    if vpc not in others[0].authorized and vpc not in others[0].vpcs:
        raise NotAuthorizedException
    return others[0]


@operation("route53", "AssociateVPCWithHostedZone", resource=by_zone_id)
def associate_vpc_with_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Let a VPC of the account see a private zone."""
    vpc = vpcs.read(req["VPC"])
    with ctx.write() as tx:
        zone = _zone(tx, ctx, req, vpc)
        if not zone.private:
            raise PublicZoneVPCAssociation
        vpcs.check(tx, ctx, vpc)
        refuse_twin(tx, zone.name, vpc)
        zone.vpcs = [*zone.vpcs, vpc]
        tx.put(ZONES, zone)
        return {"ChangeInfo": changes.submit(tx, ctx, req.get("Comment") or "")}


@operation("route53", "DisassociateVPCFromHostedZone", resource=by_zone_id)
def disassociate_vpc_from_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """End an association. A private zone keeps its last VPC."""
    vpc = vpcs.read(req["VPC"])
    with ctx.write() as tx:
        zone = _zone(tx, ctx, req, vpc)
        if vpc not in zone.vpcs:
            raise VPCAssociationNotFound(
                f"The VPC: {vpc[1]} in region {vpc[0]} that you provided is not associated with the hosted zone."
            )
        if len(zone.vpcs) == 1:
            raise LastVPCAssociation
        zone.vpcs = [pair for pair in zone.vpcs if pair != vpc]
        tx.put(ZONES, zone)
        return {"ChangeInfo": changes.submit(tx, ctx, req.get("Comment") or "")}


@operation("route53", "CreateVPCAssociationAuthorization", resource=by_zone_id)
def create_vpc_association_authorization(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Allow another account to associate a VPC of its own."""
    vpc = vpcs.read(req["VPC"])
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        zone.authorized = [*(pair for pair in zone.authorized if pair != vpc), vpc]
        tx.put(ZONES, zone)
    return {"HostedZoneId": zone.id, "VPC": shapes.vpc(vpc)}


@operation("route53", "DeleteVPCAssociationAuthorization", resource=by_zone_id)
def delete_vpc_association_authorization(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take an authorization back. Associations stay."""
    vpc = vpcs.read(req["VPC"])
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        if vpc not in zone.authorized:
            raise VPCAssociationAuthorizationNotFound
        zone.authorized = [pair for pair in zone.authorized if pair != vpc]
        tx.put(ZONES, zone)
    return {}


@operation("route53", "ListVPCAssociationAuthorizations", resource=by_zone_id)
def list_vpc_association_authorizations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The VPCs that other accounts may associate with a zone."""
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
    pages = Pages(ctx, InvalidPaginationToken, f"{zone.id}/authorizations")
    found, more = pages.by_key(sorted(zone.authorized), req.get("NextToken"), page_size(req, 50), lambda pair: pair)
    return {"HostedZoneId": zone.id, "VPCs": [shapes.vpc(pair) for pair in found], **more}


@operation("route53", "ListHostedZonesByVPC", resource="*")
def list_hosted_zones_by_vpc(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The private zones that a VPC sees, of whichever account."""
    vpc = (req["VPCRegion"], req["VPCId"])
    with ctx.read() as tx:
        if tx.get(VPCS, (ctx.account, *vpc)) is None:
            raise InvalidInput(f"The VPC {vpc[1]} does not exist in region {vpc[0]}.")  # not confirmed
        zones = sorted((zone for zone in tx.scan(ZONES) if vpc in zone.vpcs), key=lambda zone: zone.id)
    size = page_size(req, 100)
    found, more = Pages(ctx, InvalidPaginationToken).by_key(zones, req.get("NextToken"), size, lambda zone: zone.id)
    shown = [{"HostedZoneId": zone.id, "Name": zone.name, "Owner": {"OwningAccount": zone.account}} for zone in found]
    return {"HostedZoneSummaries": shown, "MaxItems": str(size), **more}
