"""The structures of answers about instances.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fogbank.core.context import Context
from fogbank.network import interfaces, names
from fogbank.network.records import SECURITY_GROUPS, VPCS, Interface, PrivateAddress
from fogbank.store.api import Reader

from ..tags import listed
from .lifecycle import CODES
from .records import Instance, InstanceDevice, Profile

Shape = dict[str, Any]
AMAZON = "amazon"


class Around:
    """What instances of one answer have in common, looked up once: names of groups, and what VPCs do about DNS."""

    __slots__ = ("_dns", "_groups", "ctx", "tx")

    def __init__(self, tx: Reader, ctx: Context) -> None:
        self.tx, self.ctx = tx, ctx
        self._groups: dict[str, Shape | None] = {}
        self._dns: dict[str, bool] = {}

    def groups(self, ids: list[str]) -> list[Shape]:
        return [shape for shape in map(self._group, ids) if shape is not None]

    def _group(self, id: str) -> Shape | None:
        if id not in self._groups:
            group = self.tx.get(SECURITY_GROUPS, (self.ctx.account, self.ctx.region, id))
            self._groups[id] = None if group is None else {"GroupId": group.id, "GroupName": group.name}
        return self._groups[id]

    def dns(self, vpc: str) -> bool:
        """Whether a VPC gives public names to public addresses."""
        if vpc not in self._dns:
            found = self.tx.get(VPCS, (self.ctx.account, self.ctx.region, vpc))
            self._dns[vpc] = bool(found and found.dns_hostnames)
        return self._dns[vpc]


class Seen:
    """An instance as descriptions show and filter it, with its interfaces, which are looked up when they are needed."""

    __slots__ = ("__dict__", "around", "id", "record", "tags")

    def __init__(self, around: Around, record: Instance) -> None:
        self.around, self.record = around, record
        self.id, self.tags = record.id, record.tags

    @cached_property
    def interfaces(self) -> list[Interface]:
        gone = self.record.state == "terminated"
        return [] if gone else interfaces.of_instance(self.around.tx, self.around.ctx, self.id)

    @cached_property
    def primary(self) -> Interface | None:
        return self.interfaces[0] if self.interfaces else None

    @cached_property
    def address(self) -> PrivateAddress | None:
        """The primary private address."""
        return interfaces.primary(self.primary) if self.primary else None

    @property
    def dns(self) -> bool:
        return self.around.dns(self.record.vpc)

    @property
    def private_name(self) -> str:
        record, address = self.record, self.address
        if record.dns.get("HostnameType") == "resource-name":
            return f"{record.id}.{names.private(record.region, '').partition('.')[2]}"
        return names.private(record.region, address.address) if address else ""

    @property
    def public_name(self) -> str:
        address = self.address
        return names.public(self.record.region, address.public) if address and address.public and self.dns else ""


def state(name: str) -> Shape:
    return {"Code": CODES[name], "Name": name}


def _device(found: InstanceDevice) -> Shape:
    return {
        "DeviceName": found.name,
        "Ebs": {
            "AttachTime": found.at,
            "DeleteOnTermination": found.delete_with,
            "Status": found.state,
            "VolumeId": found.volume,
        },
    }


def profile(found: Profile) -> Shape:
    return {"Arn": found.arn, "Id": found.profile_id}


def _association(seen: Seen, address: PrivateAddress) -> Shape:
    if not address.public:
        return {}
    public = names.public(seen.record.region, address.public) if seen.dns else ""
    owner = seen.record.account if address.allocation else AMAZON
    return {"Association": {"IpOwnerId": owner, "PublicDnsName": public, "PublicIp": address.public}}


def _interface(seen: Seen, found: Interface) -> Shape:
    primary, attached = interfaces.primary(found), found.attachment
    shape: Shape = {
        **(_association(seen, primary) if primary else {}),
        "Description": found.description,
        "Groups": seen.around.groups(found.groups),
        "Ipv6Addresses": [{"Ipv6Address": text, "IsPrimaryIpv6": False} for text in found.ipv6],
        "MacAddress": found.mac,
        "NetworkInterfaceId": found.id,
        "OwnerId": found.account,
        "PrivateIpAddresses": [
            {
                **_association(seen, each),
                "Primary": each.primary,
                "PrivateDnsName": names.private(found.region, each.address),
                "PrivateIpAddress": each.address,
            }
            for each in found.addresses
        ],
        "SourceDestCheck": found.source_check,
        "Status": "in-use",
        "SubnetId": found.subnet,
        "VpcId": found.vpc,
        "InterfaceType": found.type,
        "Operator": {"Managed": False},
    }
    if primary:
        shape["PrivateIpAddress"] = primary.address
        shape["PrivateDnsName"] = names.private(found.region, primary.address)
    if attached:
        shape["Attachment"] = {
            "AttachTime": attached.at,
            "AttachmentId": attached.id,
            "DeleteOnTermination": attached.delete_with,
            "DeviceIndex": attached.index,
            "Status": "attached",
            "NetworkCardIndex": attached.card,
        }
    return shape


def instance(seen: Seen, monitoring: str = "") -> Shape:
    """An instance. What has no value is left out, as AWS does it."""
    found = seen.record
    shape: Shape = {
        "Architecture": found.architecture,
        "BlockDeviceMappings": [_device(each) for each in found.devices],
        "ClientToken": found.client_token,
        "EbsOptimized": found.ebs_optimized,
        "EnaSupport": found.ena,
        "Hypervisor": "xen",
        "RootDeviceName": found.root_device,
        "RootDeviceType": found.root_type,
        "VirtualizationType": found.virtualization,
        "CpuOptions": {"CoreCount": found.cores, "ThreadsPerCore": found.threads},
        "CapacityReservationSpecification": found.capacity or {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": found.hibernation},
        "MetadataOptions": {"State": "applied" if found.state != "pending" else "pending", **found.metadata},
        "EnclaveOptions": {"Enabled": found.enclave},
        "PlatformDetails": found.platform_details,
        "UsageOperation": found.usage_operation,
        "UsageOperationUpdateTime": found.created,
        "MaintenanceOptions": found.maintenance,
        "CurrentInstanceBootMode": found.current_boot_mode,
        "NetworkPerformanceOptions": {"BandwidthWeighting": found.bandwidth},
        "Operator": {"Managed": False},
        "InstanceId": found.id,
        "ImageId": found.image,
        "State": state(found.state),
        "StateTransitionReason": found.reason,
        "AmiLaunchIndex": found.index,
        "ProductCodes": [],
        "InstanceType": found.type,
        "LaunchTime": found.launched,
        "Placement": _placement(found),
        "Monitoring": {"State": monitoring or ("enabled" if found.monitoring else "disabled")},
        "NetworkInterfaces": [_interface(seen, each) for each in seen.interfaces],
        **_options(found),
        **_network(seen),
    }
    return shape


def _options(found: Instance) -> Shape:
    values = {
        "IamInstanceProfile": profile(found.profile) if found.profile else None,
        "InstanceLifecycle": found.lifecycle,
        "SpotInstanceRequestId": found.spot_request,
        "StateReason": _reason(found),
        "Tags": listed(found.tags),
        "CapacityReservationId": found.capacity_reservation,
        "Licenses": [{"LicenseConfigurationArn": arn} for arn in found.licenses],
        "BootMode": found.boot_mode,
        "TpmSupport": found.tpm,
        "KeyName": found.key_name,
        "KernelId": found.kernel,
        "RamdiskId": found.ramdisk,
        "Platform": found.platform,
        "SriovNetSupport": found.sriov if not found.ena else "",
    }
    return {member: value for member, value in values.items() if value}


def _reason(found: Instance) -> Shape | None:
    if found.reason_code:
        return {"Code": found.reason_code, "Message": found.reason_text}
    return {"Code": "pending", "Message": "pending"} if found.state == "pending" else None


def _placement(found: Instance) -> Shape:
    return {
        "AvailabilityZone": found.zone,
        "AvailabilityZoneId": found.zone_id,
        "GroupName": found.group,
        "Tenancy": found.tenancy,
        **({"PartitionNumber": found.partition} if found.partition else {}),
        **({"Affinity": found.affinity} if found.affinity else {}),
        **({"HostId": found.host} if found.host else {}),
    }


def _network(seen: Seen) -> Shape:
    found, primary, address = seen.record, seen.primary, seen.address
    if primary is None:  # terminated
        return {"SecurityGroups": [], "PrivateDnsName": "", "PublicDnsName": ""}
    shape: Shape = {
        "SecurityGroups": seen.around.groups(primary.groups),
        "SourceDestCheck": primary.source_check,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name", "EnableResourceNameDnsARecord": False, "EnableResourceNameDnsAAAARecord": False,
            **found.dns,
        },
        "PrivateDnsName": seen.private_name,
        "PublicDnsName": seen.public_name,
        "SubnetId": found.subnet,
        "VpcId": found.vpc,
    }  # fmt: skip
    if address:
        shape["PrivateIpAddress"] = address.address
        shape |= {"PublicIpAddress": address.public} if address.public else {}
    if primary.ipv6:
        shape["Ipv6Address"] = primary.ipv6[0]
    return shape


def reservation(found: list[Seen], monitoring: str = "") -> Shape:
    """What one launch made, as far as it is shown."""
    first = found[0].record
    return {
        "ReservationId": first.reservation,
        "OwnerId": first.account,
        "Groups": [],
        "Instances": [instance(seen, monitoring) for seen in found],
    }
