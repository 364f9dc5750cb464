"""The structures of answers: VPCs and subnets, and what several families share."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import cidrs
from fogbank.network.records import Block, Subnet, Vpc

from .tags import listed

Shape = dict[str, Any]
OPEN: Shape = {"InternetGatewayBlockMode": "off"}


def associated(state: str = "associated") -> Shape:
    return {"State": state}


def cidr_block(block: Block, state: str = "associated") -> Shape:
    return {"AssociationId": block.id, "CidrBlock": block.cidr, "CidrBlockState": associated(state)}


def ipv6_block(block: Block, state: str = "associated") -> Shape:
    """An IPv6 block of a VPC."""
    return {
        "AssociationId": block.id,
        "Ipv6CidrBlock": block.cidr,
        "Ipv6CidrBlockState": associated(state),
        "NetworkBorderGroup": block.group,
        "Ipv6Pool": block.pool,
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }


def subnet_ipv6(block: Block, state: str = "associated") -> Shape:
    return {
        "AssociationId": block.id,
        "Ipv6CidrBlock": block.cidr,
        "Ipv6CidrBlockState": associated(state),
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }


def vpc(found: Vpc, state: str = "available") -> Shape:
    return {
        "OwnerId": found.account,
        "InstanceTenancy": found.tenancy,
        "Ipv6CidrBlockAssociationSet": [ipv6_block(block) for block in found.ipv6],
        "CidrBlockAssociationSet": [cidr_block(block) for block in found.cidrs],
        "IsDefault": found.default,
        "Tags": listed(found.tags),
        "BlockPublicAccessStates": OPEN,
        "VpcId": found.id,
        "State": state,
        "CidrBlock": found.cidrs[0].cidr,
        "DhcpOptionsId": found.dhcp,
    }


def available(found: Subnet) -> int:
    """How many IPv4 addresses of a subnet are free."""
    return cidrs.size(int(found.cidr.rpartition("/")[2])) - found.used if found.cidr else 0


def subnet(ctx: Context, found: Subnet) -> Shape:
    return {
        "AvailabilityZoneId": found.zone_id,
        "MapCustomerOwnedIpOnLaunch": False,
        "OwnerId": found.account,
        "AssignIpv6AddressOnCreation": found.ipv6_on_creation,
        "Ipv6CidrBlockAssociationSet": [subnet_ipv6(block) for block in found.ipv6],
        "Tags": listed(found.tags),
        "SubnetArn": ctx.arn("ec2", f"subnet/{found.id}", account=found.account),
        "EnableDns64": found.dns64,
        "Ipv6Native": not found.cidr,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": found.hostname_type,
            "EnableResourceNameDnsARecord": found.a_record,
            "EnableResourceNameDnsAAAARecord": found.aaaa_record,
        },
        "BlockPublicAccessStates": OPEN,
        "SubnetId": found.id,
        "State": "available",
        "VpcId": found.vpc,
        **({"CidrBlock": found.cidr} if found.cidr else {}),
        "AvailableIpAddressCount": available(found),
        "AvailabilityZone": found.zone,
        "DefaultForAz": found.default,
        "MapPublicIpOnLaunch": found.public_ip,
    }
