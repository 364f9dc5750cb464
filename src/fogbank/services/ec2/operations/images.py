"""Machine images: described, registered, made of instances, copied, deregistered.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIs.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import disks, shapes, sharing, states, tokens
from ..compute.find import IMAGE, INSTANCE, SNAPSHOT
from ..compute.records import IMAGES, VOLUMES, Device, Image, Instance
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, page
from ..kinds import creates, on
from . import snapshots

BY_ID = on((IMAGE, "ImageId"))
NAME = re.compile(r"[\w()\[\] ./\-'@]{3,128}", re.ASCII)
ARCHITECTURES = ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac")
TWO_YEARS = 2 * 365 * 86400.0  # after which a public image is deprecated


def _check_name(tx: Reader, ctx: Context, name: str) -> None:
    if not NAME.fullmatch(name):
        raise NetworkError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-',"
            " '/' and '_'",
        )
    other = tx.first(IMAGES, "name", (ctx.account, ctx.region, name))
    if other is not None:
        raise NetworkError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {other.id}")


# -- images of snapshots and instances ---------------------------------------------------------------------------------


@action("RegisterImage", resource=creates(IMAGE))
def register_image(ctx: Context, req: Request) -> Answer:
    """Register an image whose root device is a volume of a snapshot."""
    given = tags.created(req, "image", "snapshot")
    architecture = req.get("Architecture") or "i386"
    if architecture not in ARCHITECTURES:
        raise InvalidParameterValue(f"Value ({architecture}) for parameter architecture is invalid.")
    if req.get("ImageLocation"):
        raise InvalidParameterValue("The image location has no manifest: images in S3 are not built.")
    if not req.get("RootDeviceName") and not req.get("BlockDeviceMappings"):
        raise MissingParameter("The request must contain the parameter imageLocation or blockDeviceMappings")
    with ctx.write() as tx:
        _check_name(tx, ctx, req["Name"])
        devices = [_registered(tx, ctx, mapping) for mapping in req.get("BlockDeviceMappings") or ()]
        root = req.get("RootDeviceName") or "/dev/sda1"
        if not any(device.name == root and (device.ebs or {}).get("SnapshotId") for device in devices):
            raise NetworkError(
                "InvalidBlockDeviceMapping", f"The block device mapping has no snapshot for the root device {root}"
            )
        image = Image(
            **vpcs.common(ctx, "ami", given), name=req["Name"], architecture=architecture, devices=devices,
            root_device=root, description=req.get("Description") or "", ena=bool(req.get("EnaSupport")),
            virtualization=req.get("VirtualizationType") or "paravirtual", sriov=req.get("SriovNetSupport") or "",
            boot_mode=req.get("BootMode") or "", imds=req.get("ImdsSupport") or "", tpm=req.get("TpmSupport") or "",
            kernel=req.get("KernelId") or "", ramdisk=req.get("RamdiskId") or "", uefi=req.get("UefiData") or "",
        )  # fmt: skip
        tx.put(IMAGES, image)
    return {"ImageId": image.id}


def _registered(tx: Reader, ctx: Context, mapping: Mapping[str, Any]) -> Device:
    ebs = mapping.get("Ebs")
    if ebs is None:
        return _device(mapping)
    found = None
    if ebs.get("SnapshotId"):
        found = SNAPSHOT.look(tx, ctx, ebs["SnapshotId"])
        if found is None:
            raise SNAPSHOT.absent(ebs["SnapshotId"])
    size = ebs.get("VolumeSize") or (found.size if found else None)
    if not size:
        raise MissingParameter("The request must contain the parameter size or snapshotId")
    type = ebs.get("VolumeType") or "gp2"
    iops, throughput = disks.performance(type, size, ebs.get("Iops"), ebs.get("Throughput"))
    return Device(
        name=mapping.get("DeviceName") or "",
        ebs={
            "DeleteOnTermination": ebs.get("DeleteOnTermination") is not False,
            **({"SnapshotId": found.id} if found else {}),
            "VolumeSize": size, "VolumeType": type,
            **({"Iops": iops} if type in ("gp3", "io1", "io2") else {}),
            **({"Throughput": throughput} if throughput else {}),
            "Encrypted": bool(found.encrypted if found else ebs.get("Encrypted")),
        },
    )  # fmt: skip


def _device(mapping: Mapping[str, Any]) -> Device:
    none = mapping.get("NoDevice") is not None
    return Device(name=mapping.get("DeviceName") or "", virtual=mapping.get("VirtualName") or "", none=none)


@action("CreateImage", resource=creates(IMAGE, (INSTANCE, "InstanceId")))
def create_image(ctx: Context, req: Request) -> Answer:
    """Make an image of an instance, with snapshots of its volumes. Nothing runs in it, so it is not restarted."""
    given = tags.created(req, "image", "snapshot")
    with ctx.write() as tx:
        instance = INSTANCE.require(tx, ctx, req["InstanceId"])
        if instance.state not in ("running", "stopped"):
            raise NetworkError(
                "IncorrectState",
                f"The instance '{instance.id}' is in the '{instance.state}' state: it must be running or stopped.",
            )
        _check_name(tx, ctx, req["Name"])
        image = _of_instance(tx, ctx, instance, req, given)
    return {"ImageId": image.id}


def _of_instance(tx: Transaction, ctx: Context, instance: Instance, req: Request, given: dict[str, str]) -> Image:
    changes = {mapping.get("DeviceName"): mapping for mapping in req.get("BlockDeviceMappings") or ()}
    image = Image(
        **vpcs.common(ctx, "ami", given), name=req["Name"], architecture=instance.architecture, devices=[],
        root_device=instance.root_device, state="pending", description=req.get("Description") or "",
        platform=instance.platform, platform_details=instance.platform_details, ena=instance.ena, sriov=instance.sriov,
        usage_operation=instance.usage_operation, virtualization=instance.virtualization, tpm=instance.tpm,
        boot_mode=req.get("BootModeOverride") or instance.boot_mode, source_instance=instance.id,
        source_image=instance.image, source_region=ctx.region,
        imds="v2.0" if instance.metadata.get("HttpTokens") == "required" else "",
    )  # fmt: skip
    text = f"Created by CreateImage({instance.id}) for {image.id}"
    for device in instance.devices:
        change = changes.pop(device.name, {})
        volume = tx.get(VOLUMES, (ctx.account, ctx.region, device.volume))
        if volume is None or change.get("NoDevice") is not None:
            continue
        made = snapshots.of_volume(tx, ctx, volume, text, tags.given(req, "snapshot"))
        ebs = {
            "DeleteOnTermination": device.delete_with, "SnapshotId": made.id, "VolumeSize": volume.size,
            "VolumeType": volume.type, "Encrypted": volume.encrypted,
            **({"Iops": volume.iops} if volume.type in ("gp3", "io1", "io2") else {}),
            **({"Throughput": volume.throughput} if volume.throughput else {}),
        }  # fmt: skip
        image.devices = [*image.devices, Device(name=device.name, ebs={**ebs, **(change.get("Ebs") or {})})]
    image.devices = [*image.devices, *(_registered(tx, ctx, mapping) for mapping in changes.values())]
    tx.put(IMAGES, image)
    states.passes(tx, ctx, IMAGE, image, "available")
    return image


@action("CopyImage", resource=creates(IMAGE))
async def copy_image(ctx: Context, req: Request) -> Answer:
    """Copy an image from a region to this one, with its snapshots."""
    given = tags.created(req, "image", "snapshot")
    if req["SourceRegion"] not in regions.names(ctx.partition):
        raise InvalidParameterValue(f"Invalid source region: {req['SourceRegion']}")
    keys = await disks.keys_for(ctx, [req])

    def make(tx: Transaction) -> Answer:
        there = ctx.acting_as(ctx.principal, region=req["SourceRegion"])
        source = IMAGE.look(tx, there, req["SourceImageId"])
        if source is None:
            raise IMAGE.absent(req["SourceImageId"])
        _check_name(tx, ctx, req["Name"])
        own = source.tags if req.get("CopyImageTags") and source.account == ctx.account else {}
        image = Image(
            **{name: getattr(source, name) for name in KEPT}, **vpcs.common(ctx, "ami", {**own, **given}),
            name=req["Name"], description=req.get("Description") or "", source_image=source.id, state="pending",
            source_region=source.region,
            devices=[_copied(tx, ctx, source, device, req, keys) for device in source.devices],
        )  # fmt: skip
        tx.put(IMAGES, image)
        states.passes(tx, ctx, IMAGE, image, "available")
        return {"ImageId": image.id}

    return await ctx.transact(tokens.once, ctx, req, make)


KEPT = (
    "architecture", "root_device", "platform", "platform_details", "usage_operation", "root_type", "virtualization",
    "ena", "sriov", "boot_mode", "imds", "tpm", "kernel", "ramdisk", "uefi",
)  # fmt: skip


def _copied(tx: Transaction, ctx: Context, source: Image, device: Device, req: Request, keys: dict[str, str]) -> Device:
    id = (device.ebs or {}).get("SnapshotId")
    if device.ebs is None or not id:
        return device
    found = snapshots.source(tx, ctx, source.region, id)
    text = f"Copied for DestinationAmi for SourceAmi {source.id} for SourceSnapshot {id}."
    made = snapshots.copy(tx, ctx, found, req, keys, tags.given(req, "snapshot"), text)
    return Device(name=device.name, ebs={**device.ebs, "SnapshotId": made.id, "Encrypted": made.encrypted})


@action("DeregisterImage", resource=BY_ID)
def deregister_image(ctx: Context, req: Request) -> Answer:
    """Deregister an image. Its snapshots stay, unless the request says otherwise."""
    gone = []
    with ctx.write() as tx:
        image = IMAGE.own(tx, ctx, req["ImageId"])
        if image.protection != "disabled":
            raise NetworkError("OperationNotPermitted", f"The image {image.id} is protected from deregistration.")
        sharing.grant(tx, ctx, image.id, image.launch, ())
        tx.delete(IMAGES, IMAGES.key(image))
        if req.get("DeleteAssociatedSnapshots"):
            gone = [(device.ebs or {}).get("SnapshotId") for device in image.devices]
            for id in filter(None, gone):
                found = SNAPSHOT.look(tx, ctx, id)
                if found is not None and found.account == ctx.account:
                    snapshots.delete(tx, ctx, found)
    results = [{"SnapshotId": id, "ReturnCode": "success"} for id in gone if id]
    return {"Return": True, **({"DeleteSnapshotResults": results} if results else {})}


# -- descriptions ------------------------------------------------------------------------------------------------------


def _ebs(member: str) -> Any:
    return lambda image: [(device.ebs or {}).get(member) for device in image.devices if device.ebs]


FILTERS: Filters[Image] = Filters(
    {
        "architecture": "architecture",
        "block-device-mapping.delete-on-termination": _ebs("DeleteOnTermination"),
        "block-device-mapping.device-name": lambda image: [device.name for device in image.devices],
        "block-device-mapping.snapshot-id": _ebs("SnapshotId"),
        "block-device-mapping.volume-size": _ebs("VolumeSize"),
        "block-device-mapping.volume-type": _ebs("VolumeType"),
        "block-device-mapping.encrypted": _ebs("Encrypted"),
        "boot-mode": "boot_mode",
        "creation-date": lambda image: shapes.stamp(image.created),
        "description": "description",
        "ena-support": "ena",
        "free-tier-eligible": lambda image: bool(image.owner),
        "hypervisor": lambda image: "xen",
        "image-allowed": lambda image: True,
        "image-id": "id",
        "image-type": lambda image: "machine",
        "is-public": "public",
        "kernel-id": "kernel",
        "manifest-location": lambda image: image.location or f"{image.account}/{image.name}",
        "name": "name",
        "owner-alias": "alias",
        "owner-id": "owner_id",
        "platform": "platform",
        "product-code": lambda image: None,
        "product-code.type": lambda image: None,
        "public-ssm-parameter-name": "parameter",
        "ramdisk-id": "ramdisk",
        "root-device-name": "root_device",
        "root-device-type": "root_type",
        "source-image-id": "source_image",
        "source-image-region": "source_region",
        "source-instance-id": "source_instance",
        "state": "state",
        "state-reason-code": lambda image: image.reason.partition(":")[0] or None,
        "state-reason-message": "reason",
        "sriov-net-support": "sriov",
        "virtualization-type": "virtualization",
    }
)


@action("DescribeImages", resource="*")
def describe_images(ctx: Context, req: Request) -> Answer:
    """The images that the caller may launch: own ones, shared ones, public ones."""
    test = FILTERS.test(req.get("Filters"))
    named = req.get("ImageIds")
    with ctx.read() as tx:
        found = IMAGE.all(tx, ctx, named) if named else list(IMAGE.usable(tx, ctx))
    owners = {ctx.account if owner == "self" else owner for owner in req.get("Owners") or ()}
    now, users = ctx.now(), req.get("ExecutableUsers") or []
    passed = [
        each for each in found
        if (not owners or each.owner_id in owners or each.alias in owners)
        and (not users or _executable(ctx, each, users))
        and (named or req.get("IncludeDeprecated") or not _deprecated(ctx, each, now))
        and (req.get("IncludeDisabled") or each.state != "disabled" or named)
        and (test is None or test(each))
    ]  # fmt: skip
    passed.sort(key=lambda each: each.id)
    return page(ctx, req, passed, key=lambda each: each.id, into="Images", shape=lambda each: shapes.image(ctx, each))


def _executable(ctx: Context, image: Image, users: Iterable[str]) -> bool:
    """Whether one of these has been given the permission to launch it."""
    return any((ctx.account if user == "self" else user) in image.launch for user in users)


def _deprecated(ctx: Context, image: Image, now: float) -> bool:
    """Deprecated images are hidden from all but their owner."""
    return bool(image.deprecated) and image.deprecated <= now and image.account != ctx.account
