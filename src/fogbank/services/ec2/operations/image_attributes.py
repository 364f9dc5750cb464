"""Attributes of images: who may launch them, until when they are current, what protects them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from fogbank.core.arns import ACCOUNT
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from ..calls import Answer, Request, action
from ..compute import settings, shapes, sharing
from ..compute.find import IMAGE
from ..compute.records import IMAGES, Image
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..kinds import on

BY_ID = on((IMAGE, "ImageId"))
MEMBERS = ("UserId", "Group", "OrganizationArn", "OrganizationalUnitArn")
TEXTS = {
    "description": ("Description", "description"),
    "kernel": ("KernelId", "kernel"),
    "ramdisk": ("RamdiskId", "ramdisk"),
    "sriovNetSupport": ("SriovNetSupport", "sriov"),
    "bootMode": ("BootMode", "boot_mode"),
    "tpmSupport": ("TpmSupport", "tpm"),
    "uefiData": ("UefiData", "uefi"),
    "imdsSupport": ("ImdsSupport", "imds"),
    "deregistrationProtection": ("DeregistrationProtection", "protection"),
}


def _permissions(listed: Iterable[dict[str, Any]] | None) -> Iterator[str]:
    for each in listed or ():
        yield from (each[member] for member in MEMBERS if each.get(member))


def _shown(who: str) -> dict[str, str]:
    if who == sharing.ALL:
        return {"Group": who}
    if who.startswith("arn:"):
        return {"OrganizationalUnitArn" if ":ou/" in who else "OrganizationArn": who}
    return {"UserId": who}


@action("DescribeImageAttribute", resource=BY_ID)
def describe_image_attribute(ctx: Context, req: Request) -> Answer:
    """One attribute of an image."""
    with ctx.read() as tx:
        image = IMAGE.require(tx, ctx, req["ImageId"])
    if image.account != ctx.account:
        raise NetworkError("AuthFailure", f"Not authorized for image:{image.id}")
    return {"ImageId": image.id, **_attribute(image, req["Attribute"])}


def _attribute(image: Image, name: str) -> Answer:
    if name in TEXTS:
        member, field = TEXTS[name]
        value = getattr(image, field)
        return {member: {"Value": value} if value else {}}
    match name:
        case "launchPermission":
            return {"LaunchPermissions": [_shown(who) for who in image.launch]}
        case "productCodes":
            return {"ProductCodes": []}
        case "blockDeviceMapping":
            return {"BlockDeviceMappings": [shapes.device(each) for each in image.devices]}
        case "lastLaunchedTime":
            return {"LastLaunchedTime": {"Value": shapes.stamp(image.launched)} if image.launched else {}}
    raise InvalidParameterValue(f"Value ({name}) for parameter attribute is invalid. Unknown attribute.")


@action("ModifyImageAttribute", resource=BY_ID)
def modify_image_attribute(ctx: Context, req: Request) -> Answer:
    """Change the description of an image, its metadata service, or who may launch it."""
    with ctx.write() as tx:
        image = IMAGE.own(tx, ctx, req["ImageId"])
        text = req.get("Description", {}).get("Value")
        if text is None and req.get("Attribute") == "description":
            text = req.get("Value")
        if text is not None:
            image.description = text
        elif (imds := (req.get("ImdsSupport") or {}).get("Value")) is not None:
            if imds != "v2.0":
                raise InvalidParameterValue(f"Value ({imds}) for parameter imdsSupport is invalid.")
            image.imds = imds
        else:
            _launch(tx, ctx, image, _changed(req, image))
        tx.put(IMAGES, image)
    return {}


def _changed(req: Request, image: Image) -> list[str]:
    """Who may launch an image, after a request."""
    change = req.get("LaunchPermission") or {}
    added, removed = list(_permissions(change.get("Add"))), set(_permissions(change.get("Remove")))
    lists = ("UserIds", "UserGroups", "OrganizationArns", "OrganizationalUnitArns")
    named = [who for member in lists for who in req.get(member) or ()]
    if req.get("OperationType") == "remove":
        removed |= set(named)
    else:
        added += named
    if not added and not removed:
        raise MissingParameter("The request must contain exactly one attribute")
    for who in (*added, *removed):
        if who != sharing.ALL and not who.startswith("arn:") and not ACCOUNT.fullmatch(who):
            raise NetworkError(
                "InvalidAMIAttributeItemValue", f'Invalid attribute item value "{who}" for userId item type.'
            )
    return list(dict.fromkeys(who for who in (*image.launch, *added) if who not in removed))


def _launch(tx: Transaction, ctx: Context, image: Image, new: list[str]) -> None:
    if sharing.ALL in new and any((device.ebs or {}).get("Encrypted") for device in image.devices):
        raise NetworkError("OperationNotPermitted", "AMIs with encrypted snapshots cannot be made public.")
    blocked = settings.of_region(tx, ctx).get("ImagesBlocked", "block-new-sharing") != "unblocked"
    if blocked and sharing.ALL in new and sharing.ALL not in image.launch:
        raise NetworkError(
            "OperationNotPermitted", "You can't publicly share this image: block public access is enabled for AMIs."
        )
    sharing.grant(tx, ctx, image.id, image.launch, new)
    image.launch = new


@action("ResetImageAttribute", resource=BY_ID)
def reset_image_attribute(ctx: Context, req: Request) -> Answer:
    """Let nobody else launch an image."""
    if req["Attribute"] != "launchPermission":
        raise InvalidParameterValue(f"Value ({req['Attribute']}) for parameter attribute is invalid.")
    with ctx.write() as tx:
        image = IMAGE.own(tx, ctx, req["ImageId"])
        _launch(tx, ctx, image, [])
        tx.put(IMAGES, image)
    return {}


# -- deprecation, protection, disabling --------------------------------------------------------------------------------


def _change(ctx: Context, req: Request, **members: Any) -> Image:
    with ctx.write() as tx:
        image = IMAGE.own(tx, ctx, req["ImageId"])
        for name, value in members.items():
            setattr(image, name, value)
        tx.put(IMAGES, image)
    return image


@action("EnableImageDeprecation", resource=BY_ID)
def enable_image_deprecation(ctx: Context, req: Request) -> Answer:
    """Hide an image from others from a time on. "The value for DeprecateAt can't be in the past"."""
    at: datetime = req["DeprecateAt"]
    if at.timestamp() < ctx.now():
        raise InvalidParameterValue("The deprecation time must be in the future.")
    _change(ctx, req, deprecated=float(round(at.timestamp() / 60) * 60))  # "rounds the seconds to the nearest minute"
    return {"Return": True}


@action("DisableImageDeprecation", resource=BY_ID)
def disable_image_deprecation(ctx: Context, req: Request) -> Answer:
    """Let an image be current for ever."""
    _change(ctx, req, deprecated=0.0)
    return {"Return": True}


@action("EnableImage", resource=BY_ID)
def enable_image(ctx: Context, req: Request) -> Answer:
    """Let a disabled image be launched again."""
    _change(ctx, req, state="available")
    return {"Return": True}


@action("DisableImage", resource=BY_ID)
def disable_image(ctx: Context, req: Request) -> Answer:
    """Let nobody launch an image, and share it with nobody."""
    with ctx.write() as tx:
        image = IMAGE.own(tx, ctx, req["ImageId"])
        _launch(tx, ctx, image, [])
        image.state = "disabled"
        tx.put(IMAGES, image)
    return {"Return": True}


@action("EnableImageDeregistrationProtection", resource=BY_ID)
def enable_image_deregistration_protection(ctx: Context, req: Request) -> Answer:
    """Protect an image from being deregistered."""
    cooldown = "enabled-with-cooldown" if req.get("WithCooldown") else "enabled-without-cooldown"
    return {"Return": _change(ctx, req, protection=cooldown).protection}


@action("DisableImageDeregistrationProtection", resource=BY_ID)
def disable_image_deregistration_protection(ctx: Context, req: Request) -> Answer:
    """Let an image be deregistered. The day of a cooldown is not waited for."""
    return {"Return": _change(ctx, req, protection="disabled").protection}
