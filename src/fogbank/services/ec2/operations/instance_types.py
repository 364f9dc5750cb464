"""Instance types: what each has, where it is offered, and which of them meet requirements.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.core.paging import Pages

from ..calls import Answer, Request, action
from ..compute import instance_types, requirements
from ..compute.instance_types import InstanceType
from ..errors import InvalidParameterValue
from ..filters import Filters, invalid_token, limit_of

NAMES = (
    "auto-recovery-supported", "bare-metal", "burstable-performance-supported", "current-generation",
    "dedicated-hosts-supported", "ebs-info.attachment-limit-type", "ebs-info.maximum-ebs-attachments",
    "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps", "ebs-info.ebs-optimized-info.baseline-iops",
    "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps",
    "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps", "ebs-info.ebs-optimized-info.maximum-iops",
    "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps", "ebs-info.ebs-optimized-support",
    "ebs-info.encryption-support", "ebs-info.nvme-support", "free-tier-eligible", "hibernation-supported", "hypervisor",
    "instance-storage-info.disk.count", "instance-storage-info.disk.size-in-gb", "instance-storage-info.disk.type",
    "instance-storage-info.encryption-support", "instance-storage-info.nvme-support",
    "instance-storage-info.total-size-in-gb", "instance-storage-supported", "instance-type", "memory-info.size-in-mib",
    "network-info.bandwidth-weightings", "network-info.efa-info.maximum-efa-interfaces", "network-info.efa-supported",
    "network-info.ena-support", "network-info.flexible-ena-queues-support",
    "network-info.encryption-in-transit-supported", "network-info.ipv4-addresses-per-interface",
    "network-info.ipv6-addresses-per-interface", "network-info.ipv6-supported", "network-info.maximum-network-cards",
    "network-info.maximum-network-interfaces", "network-info.network-performance", "nitro-enclaves-support",
    "nitro-tpm-support", "nitro-tpm-info.supported-versions", "processor-info.supported-architecture",
    "processor-info.sustained-clock-speed-in-ghz", "processor-info.supported-features", "reboot-migration-support",
    "supported-boot-mode", "supported-root-device-type", "supported-usage-class", "supported-virtualization-type",
    "vcpu-info.default-cores", "vcpu-info.default-threads-per-core", "vcpu-info.default-vcpus",
    "vcpu-info.valid-cores", "vcpu-info.valid-threads-per-core",
)  # fmt: skip
# the last words of filters whose members have another name
PLURAL = {
    "disk": "disks", "supported-architecture": "supported-architectures", "supported-boot-mode": "supported-boot-modes",
    "supported-root-device-type": "supported-root-device-types", "supported-usage-class": "supported-usage-classes",
    "supported-virtualization-type": "supported-virtualization-types",
}  # fmt: skip
MOST = 100


def _read(name: str) -> Callable[[InstanceType], Any]:
    """A filter's value: its words are those of the member, in another spelling."""
    path = [PLURAL.get(part, part).replace("-", "") for part in name.split(".")]
    return lambda found: _down([found], path)


def _down(values: Iterable[Any], path: list[str]) -> list[Any]:
    found = list(values)
    for part in path:
        below = [value for each in found for member, value in each.items() if member.lower() == part]
        found = [value for each in below for value in (each if isinstance(each, list) else [each])]
    return found


FILTERS: Filters[InstanceType] = Filters({name: _read(name) for name in NAMES}, tags=False)
OFFERING_FILTERS: Filters[dict[str, str]] = Filters(
    {"instance-type": lambda offer: offer["InstanceType"], "location": lambda offer: offer["Location"]}, tags=False
)


@action("DescribeInstanceTypes", resource="*")
def describe_instance_types(ctx: Context, req: Request) -> Answer:
    """What instance types have."""
    if req.get("InstanceTypes") and req.get("MaxResults"):
        raise InvalidParameterValue("The parameter instanceTypes cannot be used with the parameter maxResults")
    if len(req.get("InstanceTypes") or ()) > MOST:
        raise InvalidParameterValue(f"The maximum number of instance types is {MOST}.")
    test = FILTERS.test(req.get("Filters"))
    found = [each for each in instance_types.all_of(req.get("InstanceTypes") or []) if test is None or test(each)]
    shown, more = Pages(ctx, invalid_token).by_key(
        found, req.get("NextToken"), _limit(req, MOST), lambda each: str(each["InstanceType"])
    )
    return {"InstanceTypes": shown, **more}


def _limit(req: Request, most: int) -> int:
    return limit_of(req, most=most) if req.get("MaxResults") else most


@action("DescribeInstanceTypeOfferings", resource="*")
def describe_instance_type_offerings(ctx: Context, req: Request) -> Answer:
    """Where instance types are offered: all of them in each zone."""
    where = req.get("LocationType") or "region"
    zones = regions.zones(ctx.region)
    known = {
        "region": [ctx.region],
        "availability-zone": [zone.name for zone in zones],
        "availability-zone-id": [zone.id for zone in zones],
        "outpost": [],
    }
    if where not in known:
        raise InvalidParameterValue(f"Invalid value '{where}' for LocationType.")
    test = OFFERING_FILTERS.test(req.get("Filters"))
    offers = (
        {"InstanceType": name, "LocationType": where, "Location": place}
        for name in instance_types.known()
        for place in known[where]
    )
    found = [offer for offer in offers if test is None or test(offer)]
    shown, more = Pages(ctx, invalid_token).by_key(
        found, req.get("NextToken"), _limit(req, 1000), lambda offer: (offer["InstanceType"], offer["Location"])
    )
    return {"InstanceTypeOfferings": shown, **more}


@action("GetInstanceTypesFromInstanceRequirements", resource="*")
def get_instance_types_from_instance_requirements(ctx: Context, req: Request) -> Answer:
    """The instance types that meet requirements."""
    wanted = requirements.Wanted(
        architectures=set(req["ArchitectureTypes"]),
        virtualization=set(req["VirtualizationTypes"]),
        requirements=req["InstanceRequirements"],
    )
    found = [
        {"InstanceType": name} for name, each in instance_types.known().items() if requirements.meets(each, wanted)
    ]
    shown, more = Pages(ctx, invalid_token).by_key(
        found, req.get("NextToken"), _limit(req, 1000), lambda each: each["InstanceType"]
    )
    return {"InstanceTypes": shown, **more}
