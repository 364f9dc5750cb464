"""The structures of answers about network interfaces."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import interfaces, names
from fogbank.network.records import SECURITY_GROUPS, VPCS, Attachment, Interface, PrivateAddress
from fogbank.store.api import Reader

from .tags import listed

Shape = dict[str, Any]
AMAZON = "amazon"


def association(found: Interface, address: PrivateAddress, dns: bool = True) -> Shape:
    """The public address of a private one."""
    if not address.public:
        return {}
    made: Shape = {"IpOwnerId": found.account if address.allocation else AMAZON, "PublicIp": address.public}
    if dns:
        made["PublicDnsName"] = names.public(found.region, address.public)
    if address.allocation:
        made["AllocationId"] = address.allocation
        made["AssociationId"] = address.association
    return {"Association": made}


def attachment(found: Attachment) -> Shape:
    return {
        "AttachTime": found.at,
        "AttachmentId": found.id,
        "DeleteOnTermination": found.delete_with,
        "DeviceIndex": found.index,
        "NetworkCardIndex": found.card,
        **({"InstanceId": found.instance} if found.instance else {}),
        "InstanceOwnerId": found.owner,
        "Status": "attached",
    }


def groups(tx: Reader, found: Interface) -> list[Shape]:
    known = (tx.get(SECURITY_GROUPS, (found.account, found.region, id)) for id in found.groups)
    return [{"GroupId": group.id, "GroupName": group.name} for group in known if group is not None]


def interface(tx: Reader, ctx: Context, found: Interface, status: str = "") -> Shape:
    vpc = tx.get(VPCS, (found.account, found.region, found.vpc))
    dns = bool(vpc and vpc.dns_hostnames)
    first = interfaces.primary(found)
    private: Shape = {}
    if first is not None:
        private = {"PrivateIpAddress": first.address, **association(found, first, dns)}
        if dns:
            private["PrivateDnsName"] = names.private(found.region, first.address)
    return {
        **private,
        **({"Attachment": attachment(found.attachment)} if found.attachment else {}),
        "AvailabilityZone": found.zone,
        "Description": found.description,
        "Groups": groups(tx, found),
        "InterfaceType": found.type,
        "Ipv6Addresses": [{"Ipv6Address": text, "IsPrimaryIpv6": False} for text in found.ipv6],
        "MacAddress": found.mac,
        "NetworkInterfaceId": found.id,
        "OwnerId": found.account,
        "PrivateIpAddresses": [_private(found, each, dns) for each in found.addresses],
        **({"Ipv4Prefixes": [{"Ipv4Prefix": text} for text in found.prefixes]} if found.prefixes else {}),
        **({"RequesterId": found.requester} if found.requester else {}),
        "RequesterManaged": found.managed,
        "SourceDestCheck": found.source_check,
        "Status": status or ("in-use" if found.attachment else "available"),
        "SubnetId": found.subnet,
        "TagSet": listed(found.tags),
        "VpcId": found.vpc,
        "DenyAllIgwTraffic": False,
        "Ipv6Native": not found.addresses,
        **({"Ipv6Address": found.ipv6[0]} if found.ipv6 else {}),
        "Operator": {"Managed": False},
    }


def _private(found: Interface, address: PrivateAddress, dns: bool) -> Shape:
    named = {"PrivateDnsName": names.private(found.region, address.address)} if dns else {}
    return {
        **association(found, address, dns),
        "Primary": address.primary,
        **named,
        "PrivateIpAddress": address.address,
    }
