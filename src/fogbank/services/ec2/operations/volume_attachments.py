"""Volumes that instances have.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-attaching-volume.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.operation import Access

from ..calls import Answer, Request, action
from ..compute import attachments, shapes
from ..compute.find import INSTANCE, VOLUME
from ..compute.records import Instance, Volume
from ..errors import InvalidParameterValue, NetworkError
from ..kinds import on

MULTI = 16  # instances that have one volume
READY = ("running", "stopped")


@action("AttachVolume", resource=on((VOLUME, "VolumeId"), (INSTANCE, "InstanceId")))
def attach_volume(ctx: Context, req: Request) -> Answer:
    """Attach a volume to an instance of its zone."""
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        instance = INSTANCE.require(tx, ctx, req["InstanceId"])
        _check(volume, instance, req["Device"])
        made = attachments.attach(tx, ctx, instance, volume, req["Device"], delete_with=False)
    return shapes.attachment(volume, made, "attaching")


def _check(volume: Volume, instance: Instance, device: str) -> None:
    if volume.attachments and not volume.multi_attach:
        raise NetworkError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.state not in ("available", "in-use"):
        raise NetworkError("IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if any(each.instance == instance.id for each in volume.attachments) or len(volume.attachments) >= MULTI:
        raise NetworkError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if instance.state not in READY:
        raise NetworkError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone != instance.zone:
        raise NetworkError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
        )
    if any(each.name == device for each in instance.devices):
        raise InvalidParameterValue(
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        )
    if not device:
        raise InvalidParameterValue("Invalid value '' for unixDevice.")


def _both(ctx: Context, req: Request) -> list[Access]:
    """The volume, and the instance that has it, also when the request names only one of them."""
    volume = VOLUME.name(ctx, req.get("VolumeId") or "")
    has = volume.record.attachments if volume.record else []
    ids = [req["InstanceId"]] if req.get("InstanceId") else [each.instance for each in has[:1]]
    return [Access("", volume), *(Access("", INSTANCE.name(ctx, id)) for id in ids)]


@action("DetachVolume", resource=_both)
def detach_volume(ctx: Context, req: Request) -> Answer:
    """Detach a volume. The root volume only leaves an instance that is stopped."""
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        if not volume.attachments:
            raise NetworkError("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
        id = req.get("InstanceId") or volume.attachments[0].instance
        has = next((each for each in volume.attachments if each.instance == id), None)
        if not req.get("InstanceId") and len(volume.attachments) > 1:
            raise InvalidParameterValue("The request must name an instance: the volume is attached to several.")
        instance = INSTANCE.require(tx, ctx, id)
        if has is None or req.get("Device") not in (None, "", has.device):
            raise NetworkError(
                "InvalidAttachment.NotFound", f"The attachment of '{volume.id}' to '{id}' does not exist"
            )
        if has.device == instance.root_device and instance.state != "stopped":
            raise NetworkError(
                "OperationNotPermitted",
                f"Unable to detach root volume '{has.device}' from instance '{instance.id}'",
            )
        attachments.detach(tx, instance, volume)
    return shapes.attachment(volume, has, "detaching")
