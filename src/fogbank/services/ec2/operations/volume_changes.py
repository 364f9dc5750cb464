"""Changes of volumes, their status, and how the volumes of a region are encrypted.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modify-volume.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from ..calls import Answer, Request, action
from ..compute import disks, settings, shapes
from ..compute.find import VOLUME
from ..compute.records import MODIFICATIONS, VOLUMES, Modification, Volume
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, page
from ..kinds import on

BY_ID = on((VOLUME, "VolumeId"))
OPTIMIZED, COMPLETE = 2.0, 4.0  # seconds after a change; on AWS it takes minutes to hours
PAUSE = 6 * 3600.0  # "you must wait at least six hours": between two changes of a volume


def _members(volume: Volume) -> dict[str, Any]:
    return {
        "Size": volume.size,
        "VolumeType": volume.type,
        **({"Iops": volume.iops} if volume.iops else {}),
        **({"Throughput": volume.throughput} if volume.throughput else {}),
        "MultiAttachEnabled": volume.multi_attach,
    }


@action("ModifyVolume", resource=BY_ID)
def modify_volume(ctx: Context, req: Request) -> Answer:
    """Change a volume's size, type or performance: at once, though it says for a while that it is at work."""
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        last = tx.get(MODIFICATIONS, VOLUMES.key(volume))
        now = ctx.now()
        if volume.state not in ("available", "in-use"):
            raise NetworkError("IncorrectState", f"Volume '{volume.id}' is in the '{volume.state}' state.")
        if last is not None and now < last.ended:
            raise NetworkError(
                "IncorrectModificationState",
                f"Volume {volume.id} has not been fully optimized by the previous modification.",
            )
        if last is not None and now < last.created + PAUSE:
            raise NetworkError(
                "VolumeModificationRateExceeded",
                f"You've reached the maximum modification rate per volume limit. Wait at least 6 hours between "
                f"modifications per EBS volume. ({volume.id})",
            )
        original = _members(volume)
        _change(volume, req)
        made = Modification(
            account=volume.account, region=volume.region, id=volume.id, created=now, original=original,
            target=_members(volume), optimized=now + OPTIMIZED, ended=now + COMPLETE,
        )  # fmt: skip
        tx.put(VOLUMES, volume)
        tx.put(MODIFICATIONS, made)
    return {"VolumeModification": shapes.modification(made, now)}


def _change(volume: Volume, req: Request) -> None:
    size, type = req.get("Size") or volume.size, req.get("VolumeType") or volume.type
    if size < volume.size:
        raise InvalidParameterValue("New size cannot be smaller than existing size")
    same = type == volume.type
    iops = req.get("Iops")
    if iops is None and same and type in ("io1", "io2", "gp3"):
        iops = volume.iops
    throughput = req.get("Throughput")
    if throughput is None and same and type == "gp3":
        throughput = volume.throughput
    volume.iops, volume.throughput = disks.performance(type, size, iops, throughput)
    multi = req.get("MultiAttachEnabled")
    if multi is not None:
        if multi and type not in ("io1", "io2"):
            raise InvalidParameterCombination("Multi-Attach is only supported for io1 and io2 volumes.")
        volume.multi_attach = bool(multi)
    volume.size, volume.type = size, type


def _modified(name: str) -> Any:
    return lambda shape: shape.get(name)


MODIFICATION_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "modification-state": _modified("ModificationState"),
        "original-iops": _modified("OriginalIops"),
        "original-size": _modified("OriginalSize"),
        "original-volume-type": _modified("OriginalVolumeType"),
        "originalMultiAttachEnabled": _modified("OriginalMultiAttachEnabled"),
        "start-time": lambda shape: shapes.stamp(shape["StartTime"]),
        "target-iops": _modified("TargetIops"),
        "target-size": _modified("TargetSize"),
        "target-volume-type": _modified("TargetVolumeType"),
        "targetMultiAttachEnabled": _modified("TargetMultiAttachEnabled"),
        "volume-id": _modified("VolumeId"),
    },
    tags=False,
)


@action("DescribeVolumesModifications", resource="*")
def describe_volumes_modifications(ctx: Context, req: Request) -> Answer:
    """The last change of each volume that has been changed."""
    test = MODIFICATION_FILTERS.test(req.get("Filters"))
    now = ctx.now()
    with ctx.read() as tx:
        if req.get("VolumeIds"):
            volumes = VOLUME.all(tx, ctx, req["VolumeIds"])
            found = [_modification(tx, volume) for volume in volumes]
        else:
            found = list(tx.scan(MODIFICATIONS, (ctx.account, ctx.region)))
    shown = (shapes.modification(each, now) for each in found)
    passed = [shape for shape in shown if test is None or test(shape)]
    return page(
        ctx,
        req,
        passed,
        key=lambda shape: str(shape["VolumeId"]),
        into="VolumesModifications",
        shape=lambda shape: shape,
    )


def _modification(tx: Reader, volume: Volume) -> Modification:
    found = tx.get(MODIFICATIONS, VOLUMES.key(volume))
    if found is None:
        raise NetworkError(
            "InvalidVolumeModification.NotFound", f"Modification for volume '{volume.id}' does not exist."
        )
    return found


# -- status and attributes ---------------------------------------------------------------------------------------------

STATUS_FILTERS: Filters[Volume] = Filters(
    {
        "action.code": lambda volume: None,
        "action.description": lambda volume: None,
        "action.event-id": lambda volume: None,
        "attachment-status.instance-id": lambda volume: [each.instance for each in volume.attachments],
        "attachment-status.io-performance": lambda volume: None,
        "availability-zone": "zone",
        "event.description": lambda volume: None,
        "event.event-id": lambda volume: None,
        "event.event-type": lambda volume: None,
        "event.not-after": lambda volume: None,
        "event.not-before": lambda volume: None,
        "volume-status.details-name": lambda volume: ["io-enabled", "io-performance"],
        "volume-status.details-status": lambda volume: ["passed", "not-applicable"],
        "volume-status.status": lambda volume: "ok",
    },
    tags=False,
)


@action("DescribeVolumeStatus", resource="*", fidelity="recorded")
def describe_volume_status(ctx: Context, req: Request) -> Answer:
    """The status of volumes, which are well."""
    test = STATUS_FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        named = req.get("VolumeIds")
        found = VOLUME.all(tx, ctx, named) if named else list(tx.scan(VOLUMES, (ctx.account, ctx.region)))
    passed = [each for each in found if test is None or test(each)]
    return page(ctx, req, passed, key=lambda each: each.id, into="VolumeStatuses", shape=_status)


def _status(volume: Volume) -> dict[str, Any]:
    return {
        "Actions": [],
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": volume.zone_id,
        "Events": [],
        "VolumeId": volume.id,
        "VolumeStatus": {
            "Details": [
                {"Name": "io-enabled", "Status": "passed"},
                {"Name": "io-performance", "Status": "normal" if volume.type in ("io1", "io2") else "not-applicable"},
            ],
            "Status": "ok",
        },
        "AttachmentStatuses": [],
    }


@action("DescribeVolumeAttribute", resource=BY_ID)
def describe_volume_attribute(ctx: Context, req: Request) -> Answer:
    """One attribute of a volume."""
    with ctx.read() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
    match req.get("Attribute"):
        case "autoEnableIO":
            return {"VolumeId": volume.id, "AutoEnableIO": {"Value": volume.auto_io}}
        case "productCodes":
            return {"VolumeId": volume.id, "ProductCodes": []}
        case other:
            raise InvalidParameterValue(f"Value ({other}) for parameter attribute is invalid. Unknown attribute.")


@action("ModifyVolumeAttribute", resource=BY_ID, fidelity="recorded")
def modify_volume_attribute(ctx: Context, req: Request) -> Answer:
    """Set whether I/O goes on after an inconsistency, which never happens here."""
    if not req.get("AutoEnableIO"):
        raise MissingParameter("The request must contain exactly one attribute")
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        volume.auto_io = bool(req["AutoEnableIO"].get("Value"))
        tx.put(VOLUMES, volume)
    return {}


@action("EnableVolumeIO", resource=BY_ID, fidelity="recorded")
def enable_volume_io(ctx: Context, req: Request) -> Answer:
    """Enable I/O again, which is always enabled here."""
    with ctx.read() as tx:
        VOLUME.require(tx, ctx, req["VolumeId"])
    return {}


# -- encryption by default ---------------------------------------------------------------------------------------------


def _set(ctx: Context, **values: Any) -> None:
    with ctx.write() as tx:
        settings.keep(tx, ctx, **values)


@action("EnableEbsEncryptionByDefault", resource="*")
def enable_ebs_encryption_by_default(ctx: Context, req: Request) -> Answer:
    """Encrypt all new volumes of the region."""
    _set(ctx, EbsEncryptionByDefault=True)
    return {"EbsEncryptionByDefault": True}


@action("DisableEbsEncryptionByDefault", resource="*")
def disable_ebs_encryption_by_default(ctx: Context, req: Request) -> Answer:
    """Encrypt those volumes that requests want encrypted."""
    _set(ctx, EbsEncryptionByDefault=None)
    return {"EbsEncryptionByDefault": False}


@action("GetEbsEncryptionByDefault", resource="*")
def get_ebs_encryption_by_default(ctx: Context, req: Request) -> Answer:
    """Whether all new volumes are encrypted."""
    with ctx.read() as tx:
        enabled = bool(settings.of_region(tx, ctx).get("EbsEncryptionByDefault"))
    return {"EbsEncryptionByDefault": enabled, "SseType": "sse-kms" if enabled else "none"}


@action("ModifyEbsDefaultKmsKeyId", resource="*")
async def modify_ebs_default_kms_key_id(ctx: Context, req: Request) -> Answer:
    """Choose the KMS key of volumes for which requests name none."""
    arns = await disks.key_arns(ctx, {req["KmsKeyId"]})
    arn = arns[req["KmsKeyId"]]
    await ctx.transact(settings.keep, ctx, KmsKeyId=arn)
    return {"KmsKeyId": arn}


@action("ResetEbsDefaultKmsKeyId", resource="*")
async def reset_ebs_default_kms_key_id(ctx: Context, req: Request) -> Answer:
    """Let EBS use its own KMS key again."""
    await ctx.transact(settings.keep, ctx, KmsKeyId=None)
    return {"KmsKeyId": (await disks.key_arns(ctx, {disks.OWN_KEY}))[disks.OWN_KEY]}


@action("GetEbsDefaultKmsKeyId", resource="*")
def get_ebs_default_kms_key_id(ctx: Context, req: Request) -> Answer:
    """The KMS key of volumes for which requests name none."""
    with ctx.read() as tx:
        return {"KmsKeyId": disks.default_key(settings.of_region(tx, ctx))}
