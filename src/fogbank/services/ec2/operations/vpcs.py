"""VPCs.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.network import cidrs, defaults, dependencies, ids, public, vpcs
from fogbank.network.records import VPCS, Block, Vpc
from fogbank.store.api import Reader, Transaction

from .. import quotas, shapes, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import VPC
from ..kinds import creates, holding, on

BY_ID = on((VPC, "VpcId"))
ATTRIBUTES = {
    "enableDnsSupport": ("EnableDnsSupport", "dns_support"),
    "enableDnsHostnames": ("EnableDnsHostnames", "dns_hostnames"),
    "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", "address_metrics"),
}


@action("CreateVpc", resource=creates(VPC))
def create_vpc(ctx: Context, req: Request) -> Answer:
    """Create a VPC."""
    if any(req.get(member) for member in ("Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv6Pool")):
        raise NetworkError("InvalidIpamPoolId.NotFound", "The ipam-pool ID does not exist")
    if not req.get("CidrBlock"):
        raise MissingParameter("Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    block = cidrs.of_vpc(req["CidrBlock"])
    tenancy = req.get("InstanceTenancy") or "default"
    if tenancy not in ("default", "dedicated"):
        raise InvalidParameterValue(f"Value ({tenancy}) for parameter instanceTenancy is invalid.")
    given = tags.created(req, "vpc")
    with ctx.write() as tx:
        quotas.room(tx, ctx, quotas.VPCS, VPCS, ("VpcLimitExceeded", "The maximum number of VPCs has been reached."))
        vpc, _ = vpcs.create(tx, ctx, str(block), tags=given, tenancy=tenancy)
        if req.get("AmazonProvidedIpv6CidrBlock"):
            _add_ipv6(tx, ctx, vpc, req)
    pending = shapes.vpc(vpc, "pending")
    pending["Ipv6CidrBlockAssociationSet"] = [shapes.ipv6_block(each, "associating") for each in vpc.ipv6]
    return {"Vpc": pending}


def _add_ipv6(tx: Transaction, ctx: Context, vpc: Vpc, req: Request) -> Block:
    group = req.get("Ipv6CidrBlockNetworkBorderGroup") or ctx.region
    block = Block(id=ids.new(ctx, "vpc-cidr-assoc"), cidr=public.block(tx, ctx), pool="Amazon", group=group)
    vpc.ipv6 = [*vpc.ipv6, block]
    tx.put(VPCS, vpc)
    dependencies.allow_ipv6(tx, vpc)
    return block


@action("DeleteVpc", resource=BY_ID)
def delete_vpc(ctx: Context, req: Request) -> Answer:
    """Delete a VPC that has nothing but what it began with."""
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        dependencies.delete_vpc(tx, vpc)
    return {}


@action("CreateDefaultVpc", resource=creates(VPC))
def create_default_vpc(ctx: Context, req: Request) -> Answer:
    """Create a default VPC again, after its deletion."""
    with ctx.write() as tx:
        there = defaults.vpc(tx, ctx)
        if there is not None:
            raise NetworkError(
                "DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region."
            )
        vpc = defaults.create(tx, ctx)
    return {"Vpc": shapes.vpc(vpc, "pending")}


FILTERS: Filters[Vpc] = Filters(
    {
        "cidr": lambda vpc: vpc.cidrs[0].cidr,
        "cidrBlock": lambda vpc: vpc.cidrs[0].cidr,
        "cidr-block-association.association-id": lambda vpc: [block.id for block in vpc.cidrs],
        "cidr-block-association.cidr-block": lambda vpc: [block.cidr for block in vpc.cidrs],
        "cidr-block-association.state": lambda vpc: "associated",
        "dhcp-options-id": "dhcp",
        "ipv6-cidr-block-association.association-id": lambda vpc: [block.id for block in vpc.ipv6],
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda vpc: [block.cidr for block in vpc.ipv6],
        "ipv6-cidr-block-association.ipv6-pool": lambda vpc: [block.pool for block in vpc.ipv6],
        "ipv6-cidr-block-association.state": lambda vpc: ["associated" for _ in vpc.ipv6],
        "is-default": "default",
        "isDefault": "default",
        "owner-id": "account",
        "state": lambda vpc: "available",
        "vpc-id": "id",
    }
)


@action("DescribeVpcs", resource="*")
def describe_vpcs(ctx: Context, req: Request) -> Answer:
    """Describe VPCs."""
    return describe(
        ctx, req, VPC, FILTERS, ids="VpcIds", into="Vpcs", shape=lambda tx, vpc: shapes.vpc(vpc), index=None
    )


# -- attributes --------------------------------------------------------------------------------------------------------


@action("DescribeVpcAttribute", resource=BY_ID)
def describe_vpc_attribute(ctx: Context, req: Request) -> Answer:
    """One attribute of a VPC."""
    if req["Attribute"] not in ATTRIBUTES:
        raise InvalidParameterValue(
            f"Value ({req['Attribute']}) for parameter attribute is invalid. Unknown attribute."
        )
    member, name = ATTRIBUTES[req["Attribute"]]
    with ctx.read() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
    return {"VpcId": vpc.id, member: {"Value": getattr(vpc, name)}}


@action("ModifyVpcAttribute", resource=BY_ID)
def modify_vpc_attribute(ctx: Context, req: Request) -> Answer:
    """Change one attribute: "You cannot modify the DNS resolution and DNS hostnames attributes in the same request"."""
    given = {name: req[member].get("Value") for member, name in ATTRIBUTES.values() if req.get(member)}
    if not given:
        raise MissingParameter("The request must contain exactly one attribute")
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        for name, value in given.items():
            setattr(vpc, name, bool(value))
        tx.put(VPCS, vpc)
    return {}


@action("ModifyVpcTenancy", resource=BY_ID)
def modify_vpc_tenancy(ctx: Context, req: Request) -> Answer:
    """Let instances in the VPC run on shared hardware: the only change that there is."""
    if req["InstanceTenancy"] != "default":
        raise InvalidParameterValue(
            f"Value ({req['InstanceTenancy']}) for parameter instanceTenancy is invalid. Tenancy can only be default."
        )
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        vpc.tenancy = "default"
        tx.put(VPCS, vpc)
    return {"ReturnValue": True}


# -- further blocks ----------------------------------------------------------------------------------------------------


@action("AssociateVpcCidrBlock", resource=BY_ID)
def associate_vpc_cidr_block(ctx: Context, req: Request) -> Answer:
    """Give a VPC a further block."""
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        if req.get("AmazonProvidedIpv6CidrBlock") or req.get("Ipv6CidrBlock"):
            if len(vpc.ipv6) + 1 > ctx.quota("vpc", quotas.IPV6_CIDRS, tx):
                raise _too_many_cidrs(vpc)
            block = _add_ipv6(tx, ctx, vpc, req)
            return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": shapes.ipv6_block(block, "associating")}
        if not req.get("CidrBlock"):
            raise MissingParameter.of("cidrBlock")
        block = _add_ipv4(tx, ctx, vpc, req["CidrBlock"])
    return {"VpcId": vpc.id, "CidrBlockAssociation": shapes.cidr_block(block, "associating")}


def _too_many_cidrs(vpc: Vpc) -> NetworkError:
    return NetworkError("CidrLimitExceeded", f"This network '{vpc.id}' has met its maximum number of allowed CIDRs")


def _add_ipv4(tx: Transaction, ctx: Context, vpc: Vpc, text: str) -> Block:
    wanted = cidrs.of_vpc(text)
    if (other := cidrs.conflict(wanted, [block.cidr for block in vpc.cidrs])) is not None:
        raise NetworkError("InvalidVpc.Conflict", f"The CIDR '{wanted}' conflicts with another CIDR: {other}")
    if not cidrs.extends(wanted, cidrs.v4(vpc.cidrs[0].cidr)):
        raise NetworkError(
            "InvalidVpc.Range",
            f"The CIDR '{wanted}' is restricted. Use a CIDR from the same private address range as the current VPC "
            "CIDR, or use a publicly-routable CIDR. For additional restrictions, see "
            "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html",
        )
    if len(vpc.cidrs) + 1 > ctx.quota("vpc", quotas.CIDRS, tx):
        raise _too_many_cidrs(vpc)
    block = Block(id=ids.new(ctx, "vpc-cidr-assoc"), cidr=str(wanted))
    vpc.cidrs = [*vpc.cidrs, block]
    tx.put(VPCS, vpc)
    return block


def _holder(tx: Reader, ctx: Context, id: str) -> Vpc | None:
    found = tx.scan(VPCS, (ctx.account, ctx.region))
    return next((vpc for vpc in found if any(block.id == id for block in (*vpc.cidrs, *vpc.ipv6))), None)


def _held(tx: Reader, ctx: Context, id: str) -> Vpc:
    found = _holder(tx, ctx, id)
    if found is None:
        raise NetworkError(
            "InvalidCidrBlockAssociationID.NotFound", f"The vpc CIDR block association ID '{id}' does not exist"
        )
    return VPC.require(tx, ctx, found.id)


@action("DisassociateVpcCidrBlock", resource=holding(VPC, "AssociationId", _holder))
def disassociate_vpc_cidr_block(ctx: Context, req: Request) -> Answer:
    """Take a block from a VPC: not its first one, and none that a subnet has addresses of."""
    id = req["AssociationId"]
    with ctx.write() as tx:
        vpc = _held(tx, ctx, id)
        if vpc.cidrs[0].id == id:
            raise NetworkError(
                "OperationNotPermitted",
                f"The vpc CIDR block with association ID {id} may not be disassociated. It is the primary IPv4 CIDR "
                "block of the VPC",
            )
        block = next(each for each in (*vpc.cidrs, *vpc.ipv6) if each.id == id)
        if dependencies.uses(tx, vpc, block.cidr):
            raise NetworkError(
                "DependencyViolation",
                f"The vpc CIDR block with association ID {id} has dependencies and cannot be disassociated",
            )
        if block in vpc.ipv6:
            public.give_back(tx, block.cidr)
            answer = {"Ipv6CidrBlockAssociation": shapes.ipv6_block(block, "disassociating")}
        else:
            answer = {"CidrBlockAssociation": shapes.cidr_block(block, "disassociating")}
        vpc.cidrs = [each for each in vpc.cidrs if each.id != id]
        vpc.ipv6 = [each for each in vpc.ipv6 if each.id != id]
        tx.put(VPCS, vpc)
    return {"VpcId": vpc.id, **answer}
