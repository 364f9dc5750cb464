"""AWS::EC2::VPC, Subnet and what gives them addresses: CIDR blocks, DHCP options, elastic addresses and interfaces.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed
from fogbank.core.cfn_calls import unless
from fogbank.core.cfn_tables import table
from fogbank.core.context import Context
from fogbank.network import interfaces, vpcs
from fogbank.network.link_records import NatGateway
from fogbank.network.records import ELASTIC_IPS, NETWORK_ACLS, ElasticIp, Interface, Subnet, Vpc
from fogbank.store.api import Reader

from . import find
from .cfn_things import ById, Create, Delete, Linked, Properties, changed, same


async def _modify(ctx: Context, operation: str, request: Properties) -> None:
    await ctx.call("ec2", operation, request)


# -- VPC ---------------------------------------------------------------------------------------------------------------


async def _furnish_vpc(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
        if bool(new.get(name, default)) != bool(old.get(name, default)):
            await _modify(ctx, "ModifyVpcAttribute", {"VpcId": id, name: {"Value": bool(new.get(name, default))}})
    if old and changed(old, new, "InstanceTenancy"):
        await _modify(ctx, "ModifyVpcTenancy", {"VpcId": id, "InstanceTenancy": new.get("InstanceTenancy", "default")})


def _vpc(tx: Reader, vpc: Vpc) -> Properties:
    return {
        "VpcId": vpc.id,
        "CidrBlock": vpc.cidrs[0].cidr,
        "CidrBlockAssociations": [block.id for block in vpc.cidrs],
        "DefaultNetworkAcl": vpcs.default_acl(tx, vpc).id,
        "DefaultSecurityGroup": vpcs.default_group(tx, vpc).id,
        "Ipv6CidrBlocks": [block.cidr for block in vpc.ipv6],
    }


VPC = table(
    "AWS::EC2::VPC",
    ById(
        find.VPC,
        Create("CreateVpc", ("Vpc", "VpcId"), ("CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId")),
        Delete("DeleteVpc", "VpcId"),
        attributes=_vpc,
        furnish=_furnish_vpc,
    ),
    unbuilt=("Ipv4NetmaskLength", "VpcEncryptionControl"),
)


async def _add_block(ctx: Context, name: Name, properties: Properties) -> Resource:
    vpc = properties["VpcId"]

    def there(tx: Reader) -> str | None:
        found = find.VPC.known(tx, ctx, vpc)
        wanted = properties.get("CidrBlock")
        blocks = [block.id for block in found.cidrs if block.cidr == wanted] if wanted else [b.id for b in found.ipv6]
        return next((id for id in blocks if name.claim(id)), None)

    id = await ctx.fetch(there) if name.began else None
    if id is None:
        request = {key: value for key, value in properties.items() if key != "VpcId"}
        answer = await ctx.call("ec2", "AssociateVpcCidrBlock", {"VpcId": vpc, **request})
        id = (answer.get("CidrBlockAssociation") or answer["Ipv6CidrBlockAssociation"])["AssociationId"]
    return await _block(ctx, id, {}, properties)


async def _block(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    six = {} if new.get("CidrBlock") else {"IpSource": "amazon", "Ipv6AddressAttribute": "public"}
    return Resource(physical_id, {"Id": physical_id, **six})


async def _drop_block(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "DisassociateVpcCidrBlock", {"AssociationId": physical_id})
    await unless(call, "InvalidCidrBlockAssociationID.NotFound")


VPC_CIDR_BLOCK = table(
    "AWS::EC2::VPCCidrBlock",
    Linked(_add_block, _drop_block, _block),
    unbuilt=("Ipv4NetmaskLength", "Ipv6NetmaskLength"),
)


async def _use_dhcp(ctx: Context, name: Name, properties: Properties) -> Resource:
    await _modify(ctx, "AssociateDhcpOptions", dict(properties))
    return Resource(f"{properties['DhcpOptionsId']}|{properties['VpcId']}")


async def _end_dhcp(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "AssociateDhcpOptions", {"DhcpOptionsId": "default", "VpcId": properties["VpcId"]})
    await unless(call, "InvalidVpcID.NotFound")


DHCP_ASSOCIATION = table("AWS::EC2::VPCDHCPOptionsAssociation", Linked(_use_dhcp, _end_dhcp, same()))

_OPTIONS = {
    "DomainName": "domain-name", "DomainNameServers": "domain-name-servers", "NtpServers": "ntp-servers",
    "NetbiosNameServers": "netbios-name-servers", "NetbiosNodeType": "netbios-node-type",
    "Ipv6AddressPreferredLeaseTime": "ipv6-address-preferred-lease-time",
}  # fmt: skip


def _dhcp(name: Name, properties: Properties) -> Properties:
    found = []
    for word, key in _OPTIONS.items():
        value = properties.get(word)
        if value is not None:
            found.append(
                {"Key": key, "Values": [str(each) for each in (value if isinstance(value, list) else [value])]}
            )
    return {"DhcpConfigurations": found}


DHCP = table(
    "AWS::EC2::DHCPOptions",
    ById(
        find.DHCP,
        Create("CreateDhcpOptions", ("DhcpOptions", "DhcpOptionsId"), request=_dhcp),
        Delete("DeleteDhcpOptions", "DhcpOptionsId"),
        attributes=lambda tx, each: {"DhcpOptionsId": each.id},
    ),
)

# -- Subnet ------------------------------------------------------------------------------------------------------------

_FLAGS = {
    "MapPublicIpOnLaunch": "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
    "EnableDns64": "EnableDns64",
}  # fmt: skip
_NAMES = {
    "EnableResourceNameDnsARecord": "EnableResourceNameDnsARecordOnLaunch",
    "EnableResourceNameDnsAAAARecord": "EnableResourceNameDnsAAAARecordOnLaunch",
}


async def _furnish_subnet(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    async def set_(member: str, value: Any) -> None:
        await _modify(ctx, "ModifySubnetAttribute", {"SubnetId": id, member: value})

    for name, member in _FLAGS.items():
        if bool(new.get(name)) != bool(old.get(name)):
            await set_(member, {"Value": bool(new.get(name))})
    was, now = (each.get("PrivateDnsNameOptionsOnLaunch") or {} for each in (old, new))
    for name, member in _NAMES.items():
        if bool(now.get(name)) != bool(was.get(name)):
            await set_(member, {"Value": bool(now.get(name))})
    if now.get("HostnameType") and changed(was, now, "HostnameType"):
        await set_("PrivateDnsHostnameTypeOnLaunch", now["HostnameType"])


def _acl_association(tx: Reader, subnet: Subnet) -> str:
    acls = tx.scan_index(NETWORK_ACLS, "vpc", (subnet.account, subnet.region, subnet.vpc))
    return next(each.id for acl in acls for each in acl.associations if each.subnet == subnet.id)


def _subnet(tx: Reader, subnet: Subnet) -> Properties:
    return {
        "SubnetId": subnet.id,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": subnet.zone_id,
        "CidrBlock": subnet.cidr,
        "VpcId": subnet.vpc,
        "Ipv6CidrBlocks": [block.cidr for block in subnet.ipv6],
        "NetworkAclAssociationId": _acl_association(tx, subnet),
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
    }


SUBNET = table(
    "AWS::EC2::Subnet",
    ById(
        find.SUBNET,
        Create(
            "CreateSubnet", ("Subnet", "SubnetId"),
            ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "Ipv6CidrBlock", "Ipv6Native"),
        ),
        Delete("DeleteSubnet", "SubnetId"),
        attributes=_subnet,
        furnish=_furnish_subnet,
        same=lambda subnet, properties: subnet.vpc == properties["VpcId"],
    ),
    unbuilt=("OutpostArn", "EnableLniAtDeviceIndex", "Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv4NetmaskLength",
             "Ipv6NetmaskLength"),
)  # fmt: skip


async def _add_subnet_block(ctx: Context, name: Name, properties: Properties) -> Resource:
    def there(tx: Reader) -> str | None:
        subnet = find.SUBNET.known(tx, ctx, properties["SubnetId"])
        return next((each.id for each in subnet.ipv6 if each.cidr == properties.get("Ipv6CidrBlock")), None)

    id = await ctx.fetch(there) if name.began else None
    if id is None:
        answer = await ctx.call("ec2", "AssociateSubnetCidrBlock", dict(properties))
        id = answer["Ipv6CidrBlockAssociation"]["AssociationId"]
    return await _block(ctx, id, {}, properties)


async def _drop_subnet_block(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "DisassociateSubnetCidrBlock", {"AssociationId": physical_id})
    await unless(call, "InvalidSubnetCidrBlockAssociationID.NotFound")


SUBNET_CIDR_BLOCK = table(
    "AWS::EC2::SubnetCidrBlock",
    Linked(_add_subnet_block, _drop_subnet_block, _block),
    unbuilt=("Ipv6IpamPoolId", "Ipv6NetmaskLength"),
)

# -- elastic addresses -------------------------------------------------------------------------------------------------


def _address(tx: Reader, ctx: Context, text: str) -> ElasticIp:
    found = tx.first(ELASTIC_IPS, "name", (ctx.account, ctx.region, text))
    if found is None:
        raise find.ELASTIC_IP.absent(text)
    return found


async def _furnish_address(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    if new.get("InstanceId") and changed(old, new, "InstanceId"):
        await _modify(ctx, "AssociateAddress", {"AllocationId": id, "InstanceId": new["InstanceId"]})


EIP = table(
    "AWS::EC2::EIP",  # Ref: the address
    ById(
        find.ELASTIC_IP,
        Create("AllocateAddress", ("AllocationId",), ("Domain", "NetworkBorderGroup", "PublicIpv4Pool")),
        Delete("ReleaseAddress", "PublicIp"),
        attributes=lambda tx, each: {"AllocationId": each.id, "PublicIp": each.address},
        furnish=_furnish_address,
        ref=lambda each: str(each.address),
        of_ref=_address,
        gone=("InvalidAddress.NotFound",),
    ),
    unbuilt=("Address", "IpamPoolId", "TransferAddress"),
)


async def _associate(ctx: Context, name: Name, properties: Properties) -> Resource:
    request = {"PublicIp" if key == "EIP" else key: value for key, value in properties.items()}
    answer = await ctx.call("ec2", "AssociateAddress", request)
    return Resource(answer["AssociationId"], {"Id": answer["AssociationId"]})


async def _disassociate(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "DisassociateAddress", {"AssociationId": physical_id})
    await unless(call, "InvalidAssociationID.NotFound")


EIP_ASSOCIATION = table("AWS::EC2::EIPAssociation", Linked(_associate, _disassociate, same("Id")))

# -- interfaces and NAT gateways ---------------------------------------------------------------------------------------


def _new_interface(name: Name, properties: Properties) -> Properties:
    return {"Groups": properties["GroupSet"]} if properties.get("GroupSet") else {}


async def _furnish_interface(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    async def set_(member: str, value: Any) -> None:
        await _modify(ctx, "ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": id, member: value})

    if bool(new.get("SourceDestCheck", True)) != bool(old.get("SourceDestCheck", True)):
        await set_("SourceDestCheck", {"Value": bool(new.get("SourceDestCheck", True))})
    if old and changed(old, new, "Description"):
        await set_("Description", {"Value": new.get("Description") or ""})
    if old and new.get("GroupSet") and changed(old, new, "GroupSet"):
        await set_("Groups", new["GroupSet"])


def _interface(tx: Reader, found: Interface) -> Properties:
    first = interfaces.primary(found)
    return {
        "Id": found.id,
        "PrimaryPrivateIpAddress": first.address if first else "",
        "SecondaryPrivateIpAddresses": [each.address for each in found.addresses if not each.primary],
        "VpcId": found.vpc,
        "PrimaryIpv6Address": found.ipv6[0] if found.ipv6 else "",
    }


NETWORK_INTERFACE = table(
    "AWS::EC2::NetworkInterface",
    ById(
        find.INTERFACE,
        Create(
            "CreateNetworkInterface", ("NetworkInterface", "NetworkInterfaceId"),
            ("SubnetId", "Description", "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount",
             "Ipv6AddressCount", "Ipv6Addresses", "InterfaceType"),
            request=_new_interface,
        ),
        Delete("DeleteNetworkInterface", "NetworkInterfaceId"),
        attributes=_interface,
        furnish=_furnish_interface,
        same=lambda found, properties: found.subnet == properties["SubnetId"] and not found.managed,
    ),
    fixed={"PrivateIpAddresses": None, "SecondaryPrivateIpAddressCount": None, "Ipv6AddressCount": None,
           "Ipv6Addresses": None},
    unbuilt=("ConnectionTrackingSpecification", "EnablePrimaryIpv6", "Ipv4PrefixCount", "Ipv4Prefixes",
             "Ipv6PrefixCount", "Ipv6Prefixes", "PublicIpDnsHostnameTypeSpecification"),
)  # fmt: skip


def _attached(tx: Reader, ctx: Context, properties: Properties) -> str | None:
    """The attachment that a resource means, if it is there."""
    found = find.INTERFACE.known(tx, ctx, properties["NetworkInterfaceId"])
    made = found.attachment
    return made.id if made is not None and made.instance == properties["InstanceId"] else None


async def _attach(ctx: Context, name: Name, properties: Properties) -> Resource:
    id = await ctx.fetch(_attached, ctx, properties) if name.began else None
    if id is None:
        request = {**properties, "DeviceIndex": int(properties["DeviceIndex"])}
        request.pop("DeleteOnTermination", None)
        id = (await ctx.call("ec2", "AttachNetworkInterface", request))["AttachmentId"]
    await _keep(ctx, id, properties, bool(properties.get("DeleteOnTermination", True)))
    return Resource(id, {"AttachmentId": id})


async def _keep(ctx: Context, id: str, properties: Properties, delete: bool) -> None:
    change = {"AttachmentId": id, "DeleteOnTermination": delete}
    request = {"NetworkInterfaceId": properties["NetworkInterfaceId"], "Attachment": change}
    await _modify(ctx, "ModifyNetworkInterfaceAttribute", request)


async def _reattach(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    if changed(old, new, "DeleteOnTermination"):
        await _keep(ctx, physical_id, new, bool(new.get("DeleteOnTermination", True)))
    return Resource(physical_id, {"AttachmentId": physical_id})


async def _detach(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "DetachNetworkInterface", {"AttachmentId": physical_id})
    await unless(call, "InvalidAttachmentID.NotFound")


INTERFACE_ATTACHMENT = table(
    "AWS::EC2::NetworkInterfaceAttachment",
    Linked(_attach, _detach, _reattach),
    unbuilt=("EnaQueueCount", "EnaSrdSpecification"),
)


async def _check_nat(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    found = await ctx.fetch(find.NAT_GATEWAY.known, ctx, id)
    if found.state == "failed":
        raise ResourceFailed(f"NatGateway {id} is in state failed. {found.failure[1]}")


def _nat(tx: Reader, found: NatGateway) -> Properties:
    return {"NatGatewayId": found.id, "EniId": found.addresses[0].interface if found.addresses else ""}


NAT_GATEWAY = table(
    "AWS::EC2::NatGateway",
    ById(
        find.NAT_GATEWAY,
        Create(
            "CreateNatGateway", ("NatGateway", "NatGatewayId"),
            ("SubnetId", "AllocationId", "ConnectivityType", "PrivateIpAddress", "SecondaryAllocationIds",
             "SecondaryPrivateIpAddresses", "SecondaryPrivateIpAddressCount"),
        ),
        Delete("DeleteNatGateway", "NatGatewayId"),
        attributes=_nat,
        furnish=_check_nat,
        same=lambda found, properties: found.subnet == properties["SubnetId"] and found.state != "deleted",
    ),
    fixed={"SecondaryAllocationIds": None, "SecondaryPrivateIpAddresses": None,
           "SecondaryPrivateIpAddressCount": None},
    unbuilt=("AvailabilityMode", "AvailabilityZoneAddresses", "MaxDrainDurationSeconds", "VpcId"),
)  # fmt: skip
