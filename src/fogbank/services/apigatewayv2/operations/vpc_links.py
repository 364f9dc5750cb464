"""VPC links: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/vpclinks.html

They are stored. Integrations that use one call their URI directly.
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .. import quotas
from ..find import Req, call, page
from ..records import INTEGRATIONS, VPC_LINKS, VpcLink
from ..shapes import shown_link


def _require(tx: Reader, ctx: Context, id: str) -> VpcLink:
    found = tx.get(VPC_LINKS, (ctx.account, ctx.region, id))
    if found is None:
        raise NotFound(f"VPC link {id} not found")  # not confirmed
    return found


@call("CreateVpcLink", "POST", "/vpclinks", fidelity="recorded")
def create_vpc_link(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a VPC link."""
    if not req["SubnetIds"]:
        raise BadRequest("At least one subnet is required")  # not confirmed
    with ctx.write() as tx:
        quotas.hold_link(tx, ctx)
        link = VpcLink(
            account=ctx.account,
            region=ctx.region,
            id=ctx.ids.lower(6),
            created=float(int(ctx.now())),
            name=req["Name"],
            subnets=req["SubnetIds"],
            groups=req.get("SecurityGroupIds") or [],
            tags=req.get("Tags") or {},
        )
        tx.put(VPC_LINKS, link)
    return shown_link(link)


@call("GetVpcLink", "GET", "/vpclinks/{VpcLinkId}", fidelity="recorded")
def get_vpc_link(ctx: Context, req: Req) -> dict[str, Any]:
    """One VPC link."""
    with ctx.read() as tx:
        return shown_link(_require(tx, ctx, req["VpcLinkId"]))


@call("GetVpcLinks", "GET", "/vpclinks", fidelity="recorded")
def get_vpc_links(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of the account's VPC links."""
    with ctx.read() as tx:
        found = [shown_link(link) for link in tx.scan(VPC_LINKS, (ctx.account, ctx.region))]
    return page(ctx, req, found, "VpcLinkId")


@call("UpdateVpcLink", "PATCH", "/vpclinks/{VpcLinkId}", fidelity="recorded")
def update_vpc_link(ctx: Context, req: Req) -> dict[str, Any]:
    """Rename a VPC link."""
    with ctx.write() as tx:
        link = _require(tx, ctx, req["VpcLinkId"])
        link.name = req.get("Name") or link.name
        tx.put(VPC_LINKS, link)
    return shown_link(link)


@call("DeleteVpcLink", "DELETE", "/vpclinks/{VpcLinkId}")
def delete_vpc_link(ctx: Context, req: Req) -> dict[str, Any]:
    """Delete a VPC link that no integration has."""
    with ctx.write() as tx:
        link = _require(tx, ctx, req["VpcLinkId"])
        integrations = tx.scan(INTEGRATIONS, (ctx.account, ctx.region))
        if any(part.shape.get("ConnectionId") == link.id for part in integrations):
            raise BadRequest(f"Cannot delete VPC link {link.id}: integrations use it")  # not confirmed
        tx.delete(VPC_LINKS, VPC_LINKS.key(link))
    return {}
