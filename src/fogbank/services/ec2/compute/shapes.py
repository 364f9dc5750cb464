"""The structures of answers: volumes and snapshots, images."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context

from ..tags import listed
from .records import Device, Image, Modification, Snapshot, Volume, VolumeAttachment

Shape = dict[str, Any]


def stamp(seconds: float) -> str:
    """A time as images have it: 2025-11-18T02:13:43.000Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _set(**members: Any) -> Shape:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value not in (None, "", 0)}


def attachment(volume: Volume, found: VolumeAttachment, state: str = "") -> Shape:
    return {
        "DeleteOnTermination": found.delete_with,
        "VolumeId": volume.id,
        "InstanceId": found.instance,
        "Device": found.device,
        "State": state or found.state,
        "AttachTime": found.at,
    }


def volume(ctx: Context, found: Volume) -> Shape:
    return {
        "AvailabilityZoneId": found.zone_id,
        **_set(Iops=found.iops, Throughput=found.throughput, KmsKeyId=found.kms_key, SourceVolumeId=found.source,
               VolumeInitializationRate=found.initialization_rate),
        **({"Tags": listed(found.tags)} if found.tags else {}),
        "VolumeType": found.type,
        "MultiAttachEnabled": found.multi_attach,
        "Operator": {"Managed": False},
        "VolumeId": found.id,
        "Size": found.size,
        "SnapshotId": found.snapshot,
        "AvailabilityZone": found.zone,
        "State": found.state,
        "CreateTime": found.created,
        "Attachments": [attachment(found, each) for each in found.attachments],
        "Encrypted": found.encrypted,
    }  # fmt: skip


def modification(found: Modification, now: float) -> Shape:
    """A change of a volume, as far as it is: modifying, optimizing, completed."""
    state = "completed" if now >= found.ended else "optimizing" if now >= found.optimized else "modifying"
    done = state == "completed"
    span = max(found.ended - found.created, 1e-9)
    return {
        "VolumeId": found.id,
        "ModificationState": state,
        **{f"Target{member}": value for member, value in found.target.items()},
        **{f"Original{member}": value for member, value in found.original.items()},
        "Progress": 100 if done else min(99, int(100 * (now - found.created) / span)),
        "StartTime": found.created,
        **({"EndTime": found.ended} if done else {}),
    }


def snapshot(found: Snapshot) -> Shape:
    done = found.state == "completed"
    return {
        **_set(OwnerAlias=found.alias, KmsKeyId=found.kms_key),
        **({"Tags": listed(found.tags)} if found.tags else {}),
        "StorageTier": found.tier,
        "TransferType": "standard",
        **({"CompletionTime": found.completed, "FullSnapshotSizeInBytes": found.size << 30} if done else {}),
        "SnapshotId": found.id,
        "VolumeId": found.volume,
        "State": found.state,
        "StartTime": found.created,
        "Progress": "100%" if done else "0%",
        "OwnerId": found.owner_id,
        "Description": found.description,
        "VolumeSize": found.size,
        "Encrypted": found.encrypted,
    }


def device(found: Device) -> Shape:
    return {
        "DeviceName": found.name,
        **({"Ebs": found.ebs} if found.ebs is not None else {}),
        **_set(VirtualName=found.virtual),
        **({"NoDevice": ""} if found.none else {}),
    }


def image(ctx: Context, found: Image) -> Shape:
    return {
        "PlatformDetails": found.platform_details,
        "UsageOperation": found.usage_operation,
        "BlockDeviceMappings": [device(each) for each in found.devices],
        **_set(
            Description=found.description, ImageOwnerAlias=found.alias, SriovNetSupport=found.sriov,
            BootMode=found.boot_mode, TpmSupport=found.tpm, ImdsSupport=found.imds, KernelId=found.kernel,
            SourceInstanceId=found.source_instance, SourceImageId=found.source_image,
            SourceImageRegion=found.source_region, RamdiskId=found.ramdisk, Platform=found.platform,
            PublicSsmParameterName=found.parameter,
        ),
        "EnaSupport": found.ena,
        "Hypervisor": "xen",
        "Name": found.name,
        "RootDeviceName": found.root_device,
        "RootDeviceType": found.root_type,
        **({"StateReason": {"Code": found.reason.partition(":")[0], "Message": found.reason}} if found.reason else {}),
        **({"Tags": listed(found.tags)} if found.tags else {}),
        "VirtualizationType": found.virtualization,
        **({"DeprecationTime": stamp(found.deprecated)} if found.deprecated else {}),
        "DeregistrationProtection": found.protection,
        **({"LastLaunchedTime": stamp(found.launched)} if found.launched else {}),
        "FreeTierEligible": bool(found.owner),
        "ImageAllowed": True,
        "ImageId": found.id,
        "ImageLocation": found.location or f"{found.account}/{found.name}",
        "State": found.state,
        "OwnerId": found.owner_id,
        "CreationDate": stamp(found.created),
        "Public": found.public,
        "ProductCodes": [],
        "Architecture": found.architecture,
        "ImageType": "machine",
    }  # fmt: skip
