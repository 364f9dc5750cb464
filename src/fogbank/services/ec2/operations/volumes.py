"""Volumes: made, described, deleted.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import vpcs
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import disks, shapes, states, tokens
from ..compute.find import SNAPSHOT, VOLUME
from ..compute.records import MODIFICATIONS, VOLUMES, Volume
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..kinds import creates, on

BY_ID = on((VOLUME, "VolumeId"))


def zone_of(ctx: Context, req: Request) -> regions.Zone:
    """The zone that a request names, which it has to."""
    name, id = req.get("AvailabilityZone"), req.get("AvailabilityZoneId")
    if not name and not id:
        raise MissingParameter.of("zone")
    zones = regions.zones(ctx.region)
    found = next((zone for zone in zones if (zone.name == name or not name) and (zone.id == id or not id)), None)
    if found is None:
        raise NetworkError("InvalidZone.NotFound", f"The zone '{name or id}' does not exist.")
    return found


def new(ctx: Context, zone: regions.Zone, disk: disks.Disk, given: dict[str, str], **more: Any) -> Volume:
    """A volume, which is not in the store yet."""
    return Volume(
        **vpcs.common(ctx, "vol", given), zone=zone.name, zone_id=zone.id, size=disk.size, type=disk.type,
        iops=disk.iops, throughput=disk.throughput, encrypted=disk.encrypted, kms_key=disk.kms_key,
        snapshot=disk.snapshot, **more,
    )  # fmt: skip


@action("CreateVolume", resource=creates(VOLUME, (SNAPSHOT, "SnapshotId")))
async def create_volume(ctx: Context, req: Request) -> Answer:
    """Create a volume: an empty one, or one of a snapshot."""
    given = tags.created(req, "volume")
    zone = zone_of(ctx, req)
    if req.get("MultiAttachEnabled") and req.get("VolumeType") not in ("io1", "io2"):
        raise InvalidParameterCombination("Multi-Attach is only supported for io1 and io2 volumes.")
    if req.get("OutpostArn"):
        raise InvalidParameterValue("The Outpost does not exist.")
    keys = await disks.keys_for(ctx, [req])
    ebs = {"VolumeSize": req.get("Size"), **req}

    def make(tx: Transaction) -> Answer:
        disk = disks.disk(tx, ctx, ebs, keys)
        volume = new(
            ctx, zone, disk, given, state="creating", multi_attach=bool(req.get("MultiAttachEnabled")),
            initialization_rate=req.get("VolumeInitializationRate") or 0,
        )  # fmt: skip
        tx.put(VOLUMES, volume)
        states.passes(tx, ctx, VOLUME, volume, "available")
        return shapes.volume(ctx, volume)

    return await ctx.transact(tokens.once, ctx, req, make)


@action("DeleteVolume", resource=BY_ID)
def delete_volume(ctx: Context, req: Request) -> Answer:
    """Delete a volume that is attached to nothing."""
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        if volume.attachments:
            raise NetworkError(
                "VolumeInUse", f"Volume {volume.id} is currently attached to {volume.attachments[0].instance}"
            )
        delete(tx, volume)
    return {}


def delete(tx: Transaction, volume: Volume) -> None:
    tx.delete(VOLUMES, VOLUMES.key(volume))
    tx.delete(MODIFICATIONS, VOLUMES.key(volume))


FILTERS: Filters[Volume] = Filters(
    {
        "attachment.attach-time": lambda volume: [shapes.stamp(each.at) for each in volume.attachments],
        "attachment.delete-on-termination": lambda volume: [each.delete_with for each in volume.attachments],
        "attachment.device": lambda volume: [each.device for each in volume.attachments],
        "attachment.instance-id": lambda volume: [each.instance for each in volume.attachments],
        "attachment.status": lambda volume: [each.state for each in volume.attachments],
        "availability-zone": "zone",
        "availability-zone-id": "zone_id",
        "create-time": lambda volume: shapes.stamp(volume.created),
        "encrypted": "encrypted",
        "fast-restored": lambda volume: False,
        "multi-attach-enabled": "multi_attach",
        "operator.managed": lambda volume: False,
        "operator.principal": lambda volume: None,
        "size": "size",
        "snapshot-id": "snapshot",
        "source-volume-id": "source",
        "status": "state",
        "volume-id": "id",
        "volume-type": "type",
    }
)


@action("DescribeVolumes", resource="*")
def describe_volumes(ctx: Context, req: Request) -> Answer:
    """Describe volumes."""
    return describe(
        ctx, req, VOLUME, FILTERS, ids="VolumeIds", into="Volumes", index=("attachment.instance-id", "instance"),
        shape=lambda tx, each: shapes.volume(ctx, each),
    )  # fmt: skip


@action("CopyVolumes", resource=lambda ctx, req: [Access("", VOLUME.name(ctx, req.get("SourceVolumeId") or ""))])
async def copy_volumes(ctx: Context, req: Request) -> Answer:
    """Make a volume with what another one has, in its zone."""
    given = tags.created(req, "volume")

    def make(tx: Transaction) -> Answer:
        source = VOLUME.require(tx, ctx, req["SourceVolumeId"])
        if not source.encrypted:
            raise InvalidParameterValue(f"The volume '{source.id}' is not encrypted, so it cannot be copied.")
        size, type = req.get("Size") or source.size, req.get("VolumeType") or source.type
        if size < source.size:
            raise InvalidParameterValue(f"The size must be at least that of the source volume, {source.size}GiB.")
        iops, throughput = disks.performance(type, size, req.get("Iops"), req.get("Throughput"))
        disk = disks.Disk(size, type, iops, throughput, source.encrypted, source.kms_key, "")
        zone = regions.Zone(source.zone, source.zone_id)
        volume = new(ctx, zone, disk, given, state="creating", source=source.id)
        tx.put(VOLUMES, volume)
        states.passes(tx, ctx, VOLUME, volume, "available")
        return {"Volumes": [shapes.volume(ctx, volume)]}

    return await ctx.transact(tokens.once, ctx, req, make)
