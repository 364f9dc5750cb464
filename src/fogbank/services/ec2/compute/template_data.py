"""The data of launch templates: what is checked of it, and the data that describes an instance.

"When you create a launch template, … we do not validate the values": only some things are checked before a launch.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fogbank.core.context import Context
from fogbank.network import interfaces
from fogbank.network.records import Interface
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, MissingParameter, NetworkError
from ..tags import listed
from .kept import plain
from .records import VOLUMES, Instance

Data = dict[str, Any]
MOST_USER_DATA = 16384


def check(data: Data) -> Data:
    """What a version keeps of a request. Times are kept as seconds."""
    if not any(value not in (None, [], {}) for value in data.values()):
        raise MissingParameter("You must specify at least one parameter for the launch template data.")
    if data.get("InstanceType") and data.get("InstanceRequirements"):
        raise InvalidParameterCombination("InstanceType and InstanceRequirements cannot be specified together.")
    try:
        raw = base64.b64decode(data.get("UserData") or "", validate=True)
    except binascii.Error:
        raise NetworkError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    if len(raw) > MOST_USER_DATA:
        raise NetworkError("InvalidUserData.Malformed", "User data is limited to 16384 bytes")
    if data.get("NetworkInterfaces") and (data.get("SecurityGroupIds") or data.get("SecurityGroups")):
        raise InvalidParameterCombination(
            "Network interfaces and an instance-level security groups may not be specified on the same request"
        )
    return plain(data)  # type: ignore[no-any-return]


def of_instance(tx: Reader, ctx: Context, instance: Instance) -> Data:
    """The data of a launch template that would launch an instance like this one."""
    values: Data = {
        "EbsOptimized": instance.ebs_optimized,
        "IamInstanceProfile": {"Arn": instance.profile.arn} if instance.profile else None,
        "BlockDeviceMappings": _devices(tx, instance),
        "NetworkInterfaces": [_interface(each) for each in interfaces.of_instance(tx, ctx, instance.id)],
        "ImageId": instance.image,
        "InstanceType": instance.type,
        "KeyName": instance.key_name,
        "Monitoring": {"Enabled": instance.monitoring},
        "Placement": {"AvailabilityZone": instance.zone, "GroupName": instance.group, "Tenancy": instance.tenancy},
        "DisableApiTermination": not instance.api_termination,
        "InstanceInitiatedShutdownBehavior": instance.shutdown,
        "UserData": instance.user_data,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": listed(instance.tags)}] if instance.tags else None,
        "CreditSpecification": {"CpuCredits": instance.credits} if instance.credits else None,
        "CpuOptions": {"CoreCount": instance.cores, "ThreadsPerCore": instance.threads},
        "CapacityReservationSpecification": instance.capacity,
        "HibernationOptions": {"Configured": instance.hibernation},
        "MetadataOptions": instance.metadata,
        "EnclaveOptions": {"Enabled": instance.enclave},
        "PrivateDnsNameOptions": instance.dns,
        "MaintenanceOptions": {"AutoRecovery": instance.maintenance.get("AutoRecovery", "default")},
        "DisableApiStop": not instance.api_stop,
    }
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _devices(tx: Reader, instance: Instance) -> list[Data]:
    found = []
    for device in instance.devices:
        volume = tx.get(VOLUMES, (instance.account, instance.region, device.volume))
        if volume is None:
            continue
        ebs: Data = {
            "Encrypted": volume.encrypted, "DeleteOnTermination": device.delete_with, "VolumeSize": volume.size,
            "VolumeType": volume.type, "SnapshotId": volume.snapshot, "KmsKeyId": volume.kms_key,
            "Iops": volume.iops if volume.type in ("gp3", "io1", "io2") else 0, "Throughput": volume.throughput,
        }  # fmt: skip
        kept = {name: value for name, value in ebs.items() if value not in ("", 0) or isinstance(value, bool)}
        found.append({"DeviceName": device.name, "Ebs": kept})
    return found


def _interface(found: Interface) -> Data:
    attached, first = found.attachment, interfaces.primary(found)
    return {
        "AssociatePublicIpAddress": bool(first and first.public and not first.allocation),
        "DeleteOnTermination": bool(attached and attached.delete_with),
        "Description": found.description,
        "DeviceIndex": attached.index if attached else 0,
        "Groups": found.groups,
        "InterfaceType": found.type,
        "Ipv6Addresses": [{"Ipv6Address": text} for text in found.ipv6],
        "PrivateIpAddresses": [{"Primary": each.primary, "PrivateIpAddress": each.address} for each in found.addresses],
        "SubnetId": found.subnet,
        "NetworkCardIndex": attached.card if attached else 0,
    }
