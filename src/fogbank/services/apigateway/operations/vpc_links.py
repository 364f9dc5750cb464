"""VPC links: kept and returned. https://docs.aws.amazon.com/apigateway/latest/api/API_CreateVpcLink.html"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .. import account_quotas, patching
from ..arns import call
from ..lookups import page, require_item
from ..patching import REPLACE
from ..records import VPC_LINKS, Item

KEPT = "Fogbank keeps this link; integrations that use it are called at their URI"
UNKNOWN = "Invalid Vpc Link identifier specified"


def _shown(link: Item) -> dict[str, Any]:
    return {**link.shape, "id": link.id, "status": "AVAILABLE", "statusMessage": KEPT}


@call("CreateVpcLink", "POST", "/vpclinks", fidelity="recorded")
def create_vpc_link(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Store the link. Integrations that use it are called directly at their URI."""
    shape = {name: req[name] for name in ("name", "description", "targetArns", "tags") if req.get(name)}
    now = float(int(ctx.now()))
    link = Item(account=ctx.account, region=ctx.region, id=ctx.ids.lower(6), created=now, updated=now, shape=shape)
    with ctx.write() as tx:
        account_quotas.hold(tx, ctx, "VPC links")
        tx.put(VPC_LINKS, link)
    return {**_shown(link), "status": "PENDING"}


@call("GetVpcLink", "GET", "/vpclinks/{vpcLinkId}", fidelity="recorded")
def get_vpc_link(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One link."""
    with ctx.read() as tx:
        return _shown(require_item(tx, ctx, VPC_LINKS, req["vpcLinkId"], UNKNOWN))


@call("GetVpcLinks", "GET", "/vpclinks", fidelity="recorded")
def get_vpc_links(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's links."""
    with ctx.read() as tx:
        found = [_shown(link) for link in tx.scan(VPC_LINKS, (ctx.account, ctx.region))]
    return page(ctx, req, "vpclinks", found)


@call("UpdateVpcLink", "PATCH", "/vpclinks/{vpcLinkId}", fidelity="recorded")
def update_vpc_link(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Rename a link."""
    with ctx.write() as tx:
        link = require_item(tx, ctx, VPC_LINKS, req["vpcLinkId"], UNKNOWN)
        rules = {"/name": REPLACE, "/description": REPLACE}
        link.shape = patching.apply(link.shape, req.get("patchOperations"), rules)
        tx.put(VPC_LINKS, link)
    return _shown(link)


@call("DeleteVpcLink", "DELETE", "/vpclinks/{vpcLinkId}")
def delete_vpc_link(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a link."""
    with ctx.write() as tx:
        link = require_item(tx, ctx, VPC_LINKS, req["vpcLinkId"], UNKNOWN)
        tx.delete(VPC_LINKS, VPC_LINKS.key(link))
    return {}
