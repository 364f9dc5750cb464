"""Subnets.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.network import cidrs, defaults, dependencies, ids, vpcs
from fogbank.network.records import INTERFACES, SUBNETS, Block, Subnet, Vpc
from fogbank.store.api import Reader, Transaction

from .. import quotas, shapes, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import SUBNET, VPC
from ..kinds import creates, holding, on

BY_ID = on((SUBNET, "SubnetId"))
HOSTNAME_TYPES = ("ip-name", "resource-name")


def zone_of(ctx: Context, req: Request) -> regions.Zone:
    """The zone that a request names; the first one if it names none."""
    zones = regions.zones(ctx.region)
    name, id = req.get("AvailabilityZone"), req.get("AvailabilityZoneId")
    if not name and not id:
        return zones[0]
    found = next((zone for zone in zones if (zone.name == name or not name) and (zone.id == id or not id)), None)
    if found is None:
        known = ", ".join(zone.name for zone in zones)
        member = (
            f"Value ({name}) for parameter availabilityZone"
            if name
            else f"Value ({id}) for parameter availabilityZoneId"
        )
        raise InvalidParameterValue(
            f"{member} is invalid. Subnets can currently only be created in the following availability zones: {known}."
        )
    return found


@action("CreateSubnet", resource=creates(SUBNET, (VPC, "VpcId")))
def create_subnet(ctx: Context, req: Request) -> Answer:
    """Create a subnet in a block of its VPC that no other subnet has."""
    given = tags.created(req, "subnet")
    zone = zone_of(ctx, req)
    native = bool(req.get("Ipv6Native"))
    if not native and not req.get("CidrBlock"):
        raise MissingParameter("Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    if native and req.get("CidrBlock"):
        raise InvalidParameterCombination("The parameter cidrBlock cannot be used with ipv6Native.")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        others = list(tx.scan_index(SUBNETS, "vpc", (vpc.account, vpc.region, vpc.id)))
        if len(others) + 1 > ctx.quota("vpc", quotas.SUBNETS, tx):
            raise NetworkError("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
        cidr = "" if native else str(_free_ipv4(req["CidrBlock"], vpc, others))
        ipv6 = [_ipv6_block(ctx, req["Ipv6CidrBlock"], vpc, others)] if req.get("Ipv6CidrBlock") else []
        if native and not ipv6:
            raise MissingParameter.of("ipv6CidrBlock")
        subnet = vpcs.create_subnet(tx, ctx, vpc, zone, cidr, tags=given, ipv6=ipv6, ipv6_on_creation=native)
    answer = shapes.subnet(ctx, subnet)
    answer["Ipv6CidrBlockAssociationSet"] = [shapes.subnet_ipv6(block, "associating") for block in ipv6]
    return {"Subnet": answer}


def _free_ipv4(text: str, vpc: Vpc, others: list[Subnet]) -> cidrs.V4:
    block = cidrs.of_subnet(text, [each.cidr for each in vpc.cidrs])
    if cidrs.conflict(block, [other.cidr for other in others if other.cidr]) is not None:
        raise NetworkError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
    return block


def _ipv6_block(ctx: Context, text: str, vpc: Vpc, others: list[Subnet]) -> Block:
    """A /44 to /64 of an IPv6 block of the VPC, in steps of /4."""
    block = cidrs.v6(text)
    inside = any(block.subnet_of(ipaddress.IPv6Network(each.cidr)) for each in vpc.ipv6)
    if not inside or not 44 <= block.prefixlen <= 64 or block.prefixlen % 4:
        raise NetworkError("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    if cidrs.conflict(block, [each.cidr for other in others for each in other.ipv6]) is not None:
        raise NetworkError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
    return Block(id=ids.new(ctx, "subnet-cidr-assoc"), cidr=str(block))


@action("DeleteSubnet", resource=BY_ID)
def delete_subnet(ctx: Context, req: Request) -> Answer:
    """Delete a subnet in which nothing has an interface."""
    with ctx.write() as tx:
        dependencies.delete_subnet(tx, SUBNET.require(tx, ctx, req["SubnetId"]))
    return {}


@action("CreateDefaultSubnet", resource=lambda ctx, req: SUBNET.new(ctx))
def create_default_subnet(ctx: Context, req: Request) -> Answer:
    """Create the default subnet of a zone again, after its deletion."""
    zone = zone_of(ctx, req)
    with ctx.write() as tx:
        vpc = defaults.vpc(tx, ctx)
        if vpc is None:
            raise NetworkError("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
        others = list(tx.scan_index(SUBNETS, "vpc", (vpc.account, vpc.region, vpc.id)))
        if (there := next((each for each in others if each.default and each.zone == zone.name), None)) is not None:
            raise NetworkError(
                "DefaultSubnetAlreadyExistsInAvailabilityZone",
                f"'{there.id}' is already the default subnet in {zone.name}.",
            )
        taken = [other.cidr for other in others if other.cidr]
        blocks = (block for each in vpc.cidrs for block in cidrs.v4(each.cidr).subnets(new_prefix=20))
        free = next((block for block in blocks if cidrs.conflict(block, taken) is None), None)
        if free is None:
            raise NetworkError("InsufficientFreeAddressesInVpc", "The default VPC has no free /20 block.")
        subnet = defaults.create_subnet(tx, ctx, vpc, zone, str(free))
    return {"Subnet": shapes.subnet(ctx, subnet)}


FILTERS: Filters[Subnet] = Filters(
    {
        "availability-zone": "zone",
        "availabilityZone": "zone",
        "availability-zone-id": "zone_id",
        "availabilityZoneId": "zone_id",
        "available-ip-address-count": shapes.available,
        "cidr-block": "cidr",
        "cidr": "cidr",
        "cidrBlock": "cidr",
        "customer-owned-ipv4-pool": lambda subnet: None,
        "default-for-az": "default",
        "defaultForAz": "default",
        "enable-dns64": "dns64",
        "enable-lni-at-device-index": lambda subnet: None,
        "ipv6-cidr-block-association.association-id": lambda subnet: [block.id for block in subnet.ipv6],
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda subnet: [block.cidr for block in subnet.ipv6],
        "ipv6-cidr-block-association.state": lambda subnet: ["associated" for _ in subnet.ipv6],
        "ipv6-native": lambda subnet: not subnet.cidr,
        "map-customer-owned-ip-on-launch": lambda subnet: False,
        "map-public-ip-on-launch": "public_ip",
        "outpost-arn": lambda subnet: None,
        "owner-id": "account",
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": "a_record",
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": "aaaa_record",
        "private-dns-name-options-on-launch.hostname-type": "hostname_type",
        "state": lambda subnet: "available",
        "subnet-arn": lambda subnet: f"arn:aws:ec2:{subnet.region}:{subnet.account}:subnet/{subnet.id}",
        "subnet-id": "id",
        "vpc-id": "vpc",
    }
)


@action("DescribeSubnets", resource="*")
def describe_subnets(ctx: Context, req: Request) -> Answer:
    """Describe subnets."""
    return describe(
        ctx, req, SUBNET, FILTERS, ids="SubnetIds", into="Subnets", shape=lambda tx, each: shapes.subnet(ctx, each)
    )


# -- attributes --------------------------------------------------------------------------------------------------------

FLAGS = {
    "AssignIpv6AddressOnCreation": "ipv6_on_creation",
    "MapPublicIpOnLaunch": "public_ip",
    "EnableDns64": "dns64",
    "EnableResourceNameDnsARecordOnLaunch": "a_record",
    "EnableResourceNameDnsAAAARecordOnLaunch": "aaaa_record",
}
OUTPOSTS = ("MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex")


@action("ModifySubnetAttribute", resource=BY_ID)
def modify_subnet_attribute(ctx: Context, req: Request) -> Answer:
    """Change one attribute of a subnet: "You can only modify one attribute at a time"."""
    given = [member for member in (*FLAGS, *OUTPOSTS, "PrivateDnsHostnameTypeOnLaunch") if req.get(member) is not None]
    if not given:
        raise MissingParameter("The request must contain exactly one attribute")
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    (member,) = given
    if member in OUTPOSTS:
        raise NetworkError("UnsupportedOperation", "The subnet is not on an Outpost.")
    with ctx.write() as tx:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        _change(subnet, member, req[member])
        tx.put(SUBNETS, subnet)
    return {}


def _change(subnet: Subnet, member: str, value: Any) -> None:
    if member in FLAGS:
        flag = bool(value.get("Value"))
        if member == "AssignIpv6AddressOnCreation" and flag and not subnet.ipv6:
            raise InvalidParameterValue(
                f"Invalid value 'true' for assignIpv6AddressOnCreation. The subnet {subnet.id} does not have an IPv6 "
                "CIDR block associated with it."
            )
        setattr(subnet, FLAGS[member], flag)
        return
    if value not in HOSTNAME_TYPES:
        raise InvalidParameterValue(f"Value ({value}) for parameter privateDnsHostnameTypeOnLaunch is invalid.")
    subnet.hostname_type = value


# -- IPv6 --------------------------------------------------------------------------------------------------------------


@action("AssociateSubnetCidrBlock", resource=BY_ID)
def associate_subnet_cidr_block(ctx: Context, req: Request) -> Answer:
    """Give a subnet an IPv6 block."""
    if not req.get("Ipv6CidrBlock"):
        raise MissingParameter.of("ipv6CidrBlock")
    with ctx.write() as tx:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        if subnet.ipv6:
            raise NetworkError(
                "InvalidSubnet.Conflict", f"The subnet '{subnet.id}' already has an IPv6 CIDR block associated with it"
            )
        place = (subnet.account, subnet.region)
        vpc = VPC.known(tx, ctx, subnet.vpc)
        others = list(tx.scan_index(SUBNETS, "vpc", (*place, subnet.vpc)))
        block = _ipv6_block(ctx, req["Ipv6CidrBlock"], vpc, others)
        subnet.ipv6 = [block]
        tx.put(SUBNETS, subnet)
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": shapes.subnet_ipv6(block, "associating")}


def _holder(tx: Reader, ctx: Context, id: str) -> Subnet | None:
    found = tx.scan(SUBNETS, (ctx.account, ctx.region))
    return next((subnet for subnet in found if any(block.id == id for block in subnet.ipv6)), None)


def _held(tx: Reader, ctx: Context, id: str) -> Subnet:
    found = _holder(tx, ctx, id)
    if found is None:
        raise NetworkError(
            "InvalidSubnetCidrBlockAssociationID.NotFound",
            f"The subnet CIDR block association ID '{id}' does not exist",
        )
    return SUBNET.require(tx, ctx, found.id)


@action("DisassociateSubnetCidrBlock", resource=holding(SUBNET, "AssociationId", _holder))
def disassociate_subnet_cidr_block(ctx: Context, req: Request) -> Answer:
    """Take the IPv6 block from a subnet."""
    id = req["AssociationId"]
    with ctx.write() as tx:
        subnet = _held(tx, ctx, id)
        block = next(each for each in subnet.ipv6 if each.id == id)
        _check_unused(tx, subnet, id)
        subnet.ipv6, subnet.ipv6_on_creation = [], False
        tx.put(SUBNETS, subnet)
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": shapes.subnet_ipv6(block, "disassociating")}


def _check_unused(tx: Transaction, subnet: Subnet, id: str) -> None:
    found = tx.scan_index(INTERFACES, "subnet", (subnet.account, subnet.region, subnet.id))
    if any(interface.ipv6 for interface in found):
        raise NetworkError(
            "DependencyViolation",
            f"The subnet CIDR block with association ID {id} has dependencies and cannot be disassociated",
        )
