"""Internet gateways, and those that are for egress of IPv6 only.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.network.link_records import EGRESS_GATEWAYS, EgressGateway
from fogbank.network.records import INTERFACES, INTERNET_GATEWAYS, InternetGateway
from fogbank.store.api import Reader

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import DependencyViolation, InvalidParameterValue, NetworkError
from ..filters import Filters, describe
from ..find import EGRESS_GATEWAY, INTERNET_GATEWAY, VPC
from ..kinds import creates, on

BOTH = on((INTERNET_GATEWAY, "InternetGatewayId"), (VPC, "VpcId"))


def _shape(found: InternetGateway) -> dict[str, Any]:
    return {
        "Attachments": [{"State": "available", "VpcId": found.vpc}] if found.vpc else [],
        "InternetGatewayId": found.id,
        "OwnerId": found.account,
        "Tags": tags.listed(found.tags),
    }


@action("CreateInternetGateway", resource=creates(INTERNET_GATEWAY))
def create_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Create a gateway that is attached to no VPC yet."""
    given = tags.created(req, "internet-gateway")
    with ctx.write() as tx:
        quotas.room(
            tx, ctx, quotas.INTERNET_GATEWAYS, INTERNET_GATEWAYS,
            ("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."),
        )  # fmt: skip
        made = InternetGateway(**vpcs.common(ctx, "igw", given))
        tx.put(INTERNET_GATEWAYS, made)
    return {"InternetGateway": _shape(made)}


@action("AttachInternetGateway", resource=BOTH)
def attach_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Attach a gateway to a VPC. Each has one."""
    with ctx.write() as tx:
        found = INTERNET_GATEWAY.require(tx, ctx, req["InternetGatewayId"])
        vpc = VPC.require(tx, ctx, req["VpcId"])
        if found.vpc:
            raise NetworkError(
                "Resource.AlreadyAssociated", f"resource {found.id} is already attached to network {found.vpc}"
            )
        if tx.first(INTERNET_GATEWAYS, "vpc", (ctx.account, ctx.region, vpc.id)) is not None:
            raise InvalidParameterValue(f"Network {vpc.id} already has an internet gateway attached")
        found.vpc = vpc.id
        tx.put(INTERNET_GATEWAYS, found)
    return {}


@action("DetachInternetGateway", resource=BOTH)
def detach_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Detach a gateway from a VPC in which nothing has a public address."""
    with ctx.write() as tx:
        found = INTERNET_GATEWAY.require(tx, ctx, req["InternetGatewayId"])
        vpc = VPC.require(tx, ctx, req["VpcId"])
        if found.vpc != vpc.id:
            raise NetworkError("Gateway.NotAttached", f"resource {found.id} is not attached to network {vpc.id}")
        if _mapped(tx, found):
            raise DependencyViolation(
                f"Network {vpc.id} has some mapped public address(es). Please unmap those public address(es) before "
                "detaching the gateway."
            )
        found.vpc = ""
        tx.put(INTERNET_GATEWAYS, found)
    return {}


def _mapped(tx: Reader, found: InternetGateway) -> bool:
    inside = tx.scan_index(INTERFACES, "vpc", (found.account, found.region, found.vpc))
    return any(address.public for interface in inside for address in interface.addresses)


@action("DeleteInternetGateway", resource=on((INTERNET_GATEWAY, "InternetGatewayId")))
def delete_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway that is attached to no VPC."""
    with ctx.write() as tx:
        found = INTERNET_GATEWAY.require(tx, ctx, req["InternetGatewayId"])
        if found.vpc:
            raise DependencyViolation(f"The internetGateway '{found.id}' has dependencies and cannot be deleted.")
        tx.delete(INTERNET_GATEWAYS, INTERNET_GATEWAYS.key(found))
    return {}


FILTERS: Filters[InternetGateway] = Filters(
    {
        "attachment.state": lambda found: "available" if found.vpc else None,
        "attachment.vpc-id": lambda found: found.vpc or None,
        "internet-gateway-id": "id",
        "owner-id": "account",
    }
)


@action("DescribeInternetGateways", resource="*")
def describe_internet_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, INTERNET_GATEWAY, FILTERS, ids="InternetGatewayIds", into="InternetGateways",
        shape=lambda tx, found: _shape(found), index=("attachment.vpc-id", "vpc"),
    )  # fmt: skip


# -- egress only -------------------------------------------------------------------------------------------------------


def _egress(found: EgressGateway) -> dict[str, Any]:
    return {
        "Attachments": [{"State": "attached", "VpcId": found.vpc}],
        "EgressOnlyInternetGatewayId": found.id,
        "Tags": tags.listed(found.tags),
    }


@action("CreateEgressOnlyInternetGateway", resource=creates(EGRESS_GATEWAY, (VPC, "VpcId")))
def create_egress_only_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Create a gateway for a VPC."""
    given = tags.created(req, "egress-only-internet-gateway")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        quotas.room(
            tx, ctx, quotas.EGRESS_GATEWAYS, EGRESS_GATEWAYS,
            ("GatewayLimitExceeded", "The maximum number of egress only internet gateways has been reached."),
        )  # fmt: skip
        made = EgressGateway(**vpcs.common(ctx, "eigw", given), vpc=vpc.id)
        tx.put(EGRESS_GATEWAYS, made)
    token = {"ClientToken": req["ClientToken"]} if req.get("ClientToken") else {}
    return {"EgressOnlyInternetGateway": _egress(made), **token}


@action("DeleteEgressOnlyInternetGateway", resource=on((EGRESS_GATEWAY, "EgressOnlyInternetGatewayId")))
def delete_egress_only_internet_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway. Routes to it become black holes."""
    with ctx.write() as tx:
        found = EGRESS_GATEWAY.require(tx, ctx, req["EgressOnlyInternetGatewayId"])
        tx.delete(EGRESS_GATEWAYS, EGRESS_GATEWAYS.key(found))
    return {"ReturnCode": True}


EGRESS_FILTERS: Filters[EgressGateway] = Filters({})


@action("DescribeEgressOnlyInternetGateways", resource="*")
def describe_egress_only_internet_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, EGRESS_GATEWAY, EGRESS_FILTERS, ids="EgressOnlyInternetGatewayIds",
        into="EgressOnlyInternetGateways", shape=lambda tx, found: _egress(found), index=None,
    )  # fmt: skip
