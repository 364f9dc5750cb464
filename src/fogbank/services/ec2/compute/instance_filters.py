"""The filters of instances.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fogbank.network import interfaces, names
from fogbank.network.records import Interface, PrivateAddress

from ..filters import Filters
from .instance_shapes import Seen
from .lifecycle import CODES
from .records import InstanceDevice
from .shapes import stamp

Read = Callable[[Seen], Any]


def _of(name: str) -> Read:
    return lambda seen: getattr(seen.record, name) or None


def _flag(name: str) -> Read:
    return lambda seen: bool(getattr(seen.record, name))


def _option(name: str, member: str) -> Read:
    return lambda seen: (getattr(seen.record, name) or {}).get(member)


def _device(read: Callable[[InstanceDevice], Any]) -> Read:
    return lambda seen: [read(each) for each in seen.record.devices]


def _interface(read: Callable[[Interface], Any]) -> Read:
    """A value, or a list of values, of each interface."""

    def values(seen: Seen) -> list[Any]:
        found = (read(each) for each in seen.interfaces)
        return [value for each in found for value in (each if isinstance(each, list) else [each]) if value is not None]

    return values


def _address(read: Callable[[Interface, PrivateAddress], Any], *, primary: bool = False) -> Read:
    def values(interface: Interface) -> list[Any]:
        chosen: Iterable[PrivateAddress | None] = (
            [interfaces.primary(interface)] if primary else list(interface.addresses)
        )
        return [read(interface, each) or None for each in chosen if each is not None]

    return _interface(values)


def _attached(read: Callable[[Any], Any]) -> Read:
    return _interface(lambda each: read(each.attachment) if each.attachment else None)


def _group_names(seen: Seen, ids: list[str]) -> list[str]:
    return [str(group["GroupName"]) for group in seen.around.groups(ids)]


def _nothing(seen: Seen) -> None:
    """Of what there is not here: Outposts, carrier addresses, product codes."""


def _public_name(interface: Interface, address: PrivateAddress) -> str:
    return names.public(interface.region, address.public) if address.public else ""


def _owner(interface: Interface, address: PrivateAddress) -> str:
    """Whose public address it is."""
    return (interface.account if address.allocation else "amazon") if address.public else ""


INSTANCE: dict[str, Read] = {
    "affinity": _of("affinity"),
    "architecture": _of("architecture"),
    "availability-zone": _of("zone"),
    "availability-zone-id": _of("zone_id"),
    "block-device-mapping.attach-time": _device(lambda each: stamp(each.at)),
    "block-device-mapping.delete-on-termination": _device(lambda each: each.delete_with),
    "block-device-mapping.device-name": _device(lambda each: each.name),
    "block-device-mapping.status": _device(lambda each: each.state),
    "block-device-mapping.volume-id": _device(lambda each: each.volume),
    "boot-mode": _of("boot_mode"),
    "capacity-reservation-id": _of("capacity_reservation"),
    "capacity-reservation-specification.capacity-reservation-preference": _option(
        "capacity", "CapacityReservationPreference"
    ),
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": _nothing,
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn": _nothing,
    "client-token": _of("client_token"),
    "current-instance-boot-mode": _of("current_boot_mode"),
    "dns-name": lambda seen: seen.public_name or None,
    "ebs-optimized": _flag("ebs_optimized"),
    "ena-support": _flag("ena"),
    "enclave-options.enabled": _flag("enclave"),
    "hibernation-options.configured": _flag("hibernation"),
    "host-id": _of("host"),
    "hypervisor": lambda seen: "xen",
    "iam-instance-profile.arn": lambda seen: seen.record.profile.arn if seen.record.profile else None,
    "iam-instance-profile.id": lambda seen: seen.record.profile.profile_id if seen.record.profile else None,
    "iam-instance-profile.name": lambda seen: (
        seen.record.profile.arn.rpartition("/")[2] if seen.record.profile else None
    ),
    "image-id": _of("image"),
    "instance-id": _of("id"),
    "instance-lifecycle": _of("lifecycle"),
    "instance-state-code": lambda seen: CODES[seen.record.state],
    "instance-state-name": _of("state"),
    "instance-type": _of("type"),
    "instance.group-id": lambda seen: seen.primary.groups if seen.primary else [],
    "instance.group-name": lambda seen: _group_names(seen, seen.primary.groups) if seen.primary else [],
    "group-id": lambda seen: seen.primary.groups if seen.primary else [],
    "group-name": lambda seen: _group_names(seen, seen.primary.groups) if seen.primary else [],
    "ip-address": lambda seen: (seen.address.public or None) if seen.address else None,
    "ipv6-address": lambda seen: seen.primary.ipv6 if seen.primary else [],
    "kernel-id": _of("kernel"),
    "key-name": _of("key_name"),
    "launch-index": lambda seen: seen.record.index,
    "launch-time": lambda seen: stamp(seen.record.launched),
    "maintenance-options.auto-recovery": _option("maintenance", "AutoRecovery"),
    "metadata-options.http-endpoint": _option("metadata", "HttpEndpoint"),
    "metadata-options.http-protocol-ipv4": lambda seen: "enabled",
    "metadata-options.http-protocol-ipv6": _option("metadata", "HttpProtocolIpv6"),
    "metadata-options.http-put-response-hop-limit": _option("metadata", "HttpPutResponseHopLimit"),
    "metadata-options.http-tokens": _option("metadata", "HttpTokens"),
    "metadata-options.instance-metadata-tags": _option("metadata", "InstanceMetadataTags"),
    "metadata-options.state": lambda seen: "pending" if seen.record.state == "pending" else "applied",
    "monitoring-state": lambda seen: "enabled" if seen.record.monitoring else "disabled",
    "network-performance-options.bandwidth-weighting": _of("bandwidth"),
    "operator.managed": lambda seen: False,
    "operator.principal": _nothing,
    "outpost-arn": _nothing,
    "owner-id": _of("account"),
    "placement-group-name": _of("group"),
    "placement-partition-number": _of("partition"),
    "platform": _of("platform"),
    "platform-details": _of("platform_details"),
    "private-dns-name": lambda seen: seen.private_name or None,
    "private-dns-name-options.enable-resource-name-dns-a-record": _option("dns", "EnableResourceNameDnsARecord"),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": _option("dns", "EnableResourceNameDnsAAAARecord"),
    "private-dns-name-options.hostname-type": lambda seen: seen.record.dns.get("HostnameType") or "ip-name",
    "private-ip-address": lambda seen: seen.address.address if seen.address else None,
    "product-code": _nothing,
    "product-code.type": _nothing,
    "ramdisk-id": _of("ramdisk"),
    "reason": _of("reason"),
    "requester-id": _nothing,
    "reservation-id": _of("reservation"),
    "root-device-name": _of("root_device"),
    "root-device-type": _of("root_type"),
    "source-dest-check": lambda seen: seen.primary.source_check if seen.primary else None,
    "spot-instance-request-id": _of("spot_request"),
    "state-reason-code": _of("reason_code"),
    "state-reason-message": _of("reason_text"),
    "subnet-id": _of("subnet"),
    "tenancy": _of("tenancy"),
    "tpm-support": _of("tpm"),
    "usage-operation": _of("usage_operation"),
    "usage-operation-update-time": lambda seen: stamp(seen.record.created),
    "virtualization-type": _of("virtualization"),
    "vpc-id": _of("vpc"),
}

INTERFACE: dict[str, Read] = {
    "addresses.association.allocation-id": _address(lambda interface, each: each.allocation),
    "addresses.association.association-id": _address(lambda interface, each: each.association),
    "addresses.association.carrier-ip": _nothing,
    "addresses.association.customer-owned-ip": _nothing,
    "addresses.association.ip-owner-id": _address(_owner),
    "addresses.association.public-dns-name": _address(_public_name),
    "addresses.association.public-ip": _address(lambda interface, each: each.public),
    "addresses.primary": _interface(lambda each: [address.primary for address in each.addresses]),
    "addresses.private-dns-name": _address(lambda interface, each: names.private(interface.region, each.address)),
    "addresses.private-ip-address": _address(lambda interface, each: each.address),
    "association.allocation-id": _address(lambda interface, each: each.allocation, primary=True),
    "association.association-id": _address(lambda interface, each: each.association, primary=True),
    "association.carrier-ip": _nothing,
    "association.customer-owned-ip": _nothing,
    "association.ip-owner-id": _address(
        lambda interface, each: (interface.account if each.allocation else "amazon") if each.public else "",
        primary=True,
    ),
    "association.public-dns-name": _address(_public_name, primary=True),
    "association.public-ip": _address(lambda interface, each: each.public, primary=True),
    "attachment.attach-time": _attached(lambda each: stamp(each.at)),
    "attachment.attachment-id": _attached(lambda each: each.id),
    "attachment.delete-on-termination": _attached(lambda each: each.delete_with),
    "attachment.device-index": _attached(lambda each: each.index),
    "attachment.instance-id": _attached(lambda each: each.instance),
    "attachment.instance-owner-id": _attached(lambda each: each.owner),
    "attachment.network-card-index": _attached(lambda each: each.card),
    "attachment.status": _attached(lambda each: "attached"),
    "availability-zone": _interface(lambda each: each.zone),
    "deny-all-igw-traffic": _interface(lambda each: False),
    "description": _interface(lambda each: each.description),
    "group-id": _interface(lambda each: each.groups),
    "group-name": lambda seen: [name for each in seen.interfaces for name in _group_names(seen, each.groups)],
    "ipv4-prefixes.ipv4-prefix": _interface(lambda each: each.prefixes),
    "ipv6-address": _interface(lambda each: each.ipv6),
    "ipv6-addresses.ipv6-address": _interface(lambda each: each.ipv6),
    "ipv6-addresses.is-primary-ipv6": _interface(lambda each: [False for _ in each.ipv6]),
    "ipv6-native": _interface(lambda each: not each.addresses),
    "ipv6-prefixes.ipv6-prefix": _interface(lambda each: each.ipv6_prefixes),
    "mac-address": _interface(lambda each: each.mac),
    "network-interface-id": _interface(lambda each: each.id),
    "operator.managed": _interface(lambda each: False),
    "operator.principal": _nothing,
    "outpost-arn": _nothing,
    "owner-id": _interface(lambda each: each.account),
    "private-dns-name": _address(lambda interface, each: names.private(interface.region, each.address), primary=True),
    "private-ip-address": _address(lambda interface, each: each.address, primary=True),
    "public-dns-name": _address(_public_name, primary=True),
    "requester-id": _interface(lambda each: each.requester or None),
    "requester-managed": _interface(lambda each: each.managed),
    "source-dest-check": _interface(lambda each: each.source_check),
    "status": _interface(lambda each: "in-use"),
    "subnet-id": _interface(lambda each: each.subnet),
    "tag-key": _interface(lambda each: list(each.tags)),
    "tag-value": _interface(lambda each: list(each.tags.values())),
    "vpc-id": _interface(lambda each: each.vpc),
}

FILTERS: Filters[Seen] = Filters(
    {**INSTANCE, **{f"network-interface.{name}": read for name, read in INTERFACE.items()}}
)
