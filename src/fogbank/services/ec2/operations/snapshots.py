"""Snapshots of volumes.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fogbank.core import regions
from fogbank.core.arns import ACCOUNT
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import vpcs
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import disks, settings, shapes, sharing, states
from ..compute.find import INSTANCE, SNAPSHOT, VOLUME
from ..compute.records import IMAGES, SNAPSHOTS, VOLUMES, Snapshot, Volume
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, page
from ..kinds import creates, on
from .snapshot_states import locked

BY_ID = on((SNAPSHOT, "SnapshotId"))
ALIASES = ("amazon",)


def of_volume(tx: Transaction, ctx: Context, volume: Volume, description: str, given: dict[str, str]) -> Snapshot:
    """A snapshot of a volume, pending."""
    made = Snapshot(
        **vpcs.common(ctx, "snap", given), volume=volume.id, size=volume.size, state="pending",
        description=description, encrypted=volume.encrypted, kms_key=volume.kms_key,
    )  # fmt: skip
    tx.put(SNAPSHOTS, made)
    states.passes(tx, ctx, SNAPSHOT, made, "completed")
    return made


@action("CreateSnapshot", resource=creates(SNAPSHOT, (VOLUME, "VolumeId")))
def create_snapshot(ctx: Context, req: Request) -> Answer:
    """Create a snapshot of a volume."""
    given = tags.created(req, "snapshot")
    with ctx.write() as tx:
        volume = VOLUME.require(tx, ctx, req["VolumeId"])
        if volume.state not in ("available", "in-use"):
            raise NetworkError("IncorrectState", f"Volume '{volume.id}' is in the '{volume.state}' state.")
        made = of_volume(tx, ctx, volume, req.get("Description") or "", given)
    return shapes.snapshot(made)


def _of_instance(ctx: Context, req: Request) -> list[Access]:
    id = (req.get("InstanceSpecification") or {}).get("InstanceId") or ""
    return [*creates(SNAPSHOT)(ctx, req), Access("", INSTANCE.name(ctx, id))]


@action("CreateSnapshots", resource=_of_instance)
def create_snapshots(ctx: Context, req: Request) -> Answer:
    """Create snapshots of the volumes of an instance."""
    given = tags.created(req, "snapshot")
    what = req["InstanceSpecification"]
    without = set(what.get("ExcludeDataVolumeIds") or ())
    answers = []
    with ctx.write() as tx:
        instance = INSTANCE.require(tx, ctx, what.get("InstanceId") or "")
        for device in instance.devices:
            if device.volume in without or (what.get("ExcludeBootVolume") and device.name == instance.root_device):
                continue
            volume = tx.get(VOLUMES, (ctx.account, ctx.region, device.volume))
            if volume is not None:
                copied = volume.tags if req.get("CopyTagsFromSource") == "volume" else {}
                made = of_volume(tx, ctx, volume, req.get("Description") or "", {**copied, **given})
                answers.append({**shapes.snapshot(made), "Progress": ""})
    return {"Snapshots": answers}


@action("DeleteSnapshot", resource=BY_ID)
def delete_snapshot(ctx: Context, req: Request) -> Answer:
    """Delete a snapshot that no image has."""
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        if (image := _image_with(tx, ctx, found.id)) is not None:
            raise NetworkError("InvalidSnapshot.InUse", f"The snapshot {found.id} is currently in use by {image}")
        if locked(found, ctx.now()):
            raise NetworkError("SnapshotLocked", f"The snapshot {found.id} is locked.")
        delete(tx, ctx, found)
    return {}


def delete(tx: Transaction, ctx: Context, found: Snapshot) -> None:
    sharing.grant(tx, ctx, found.id, found.restore, ())
    tx.delete(SNAPSHOTS, SNAPSHOTS.key(found))


def _image_with(tx: Reader, ctx: Context, id: str) -> str | None:
    for image in tx.scan(IMAGES, (ctx.account, ctx.region)):
        if any((device.ebs or {}).get("SnapshotId") == id for device in image.devices):
            return image.id
    return None


# -- copies ------------------------------------------------------------------------------------------------------------


def source(tx: Reader, ctx: Context, region: str, id: str) -> Snapshot:
    """A snapshot of another region, or of this one, that the caller may use."""
    found = SNAPSHOT.look(tx, ctx.acting_as(ctx.principal, region=region), id)
    if found is None:
        raise SNAPSHOT.absent(id)
    return found


@action("CopySnapshot", resource=creates(SNAPSHOT))
async def copy_snapshot(ctx: Context, req: Request) -> Answer:
    """Copy a snapshot from a region to this one."""
    given = tags.created(req, "snapshot")
    if req["SourceRegion"] not in regions.names(ctx.partition):
        raise InvalidParameterValue(f"Invalid source region: {req['SourceRegion']}")
    keys = await disks.keys_for(ctx, [req])

    def make(tx: Transaction) -> Answer:
        found = source(tx, ctx, req["SourceRegion"], req["SourceSnapshotId"])
        if found.state != "completed":
            raise NetworkError("IncorrectState", f"Snapshot is in invalid state - {found.state}")
        made = copy(tx, ctx, found, req, keys, given, req.get("Description") or "")
        return {"SnapshotId": made.id, "Tags": tags.listed(made.tags)}

    return await ctx.transact(make)


def copy(
    tx: Transaction, ctx: Context, found: Snapshot, ebs: Request, keys: dict[str, str], given: dict[str, str], text: str
) -> Snapshot:
    """A copy of a snapshot, pending. A copy of an encrypted one is encrypted."""
    own = settings.of_region(tx, ctx)
    encrypted = bool(found.encrypted or ebs.get("Encrypted") or own.get("EbsEncryptionByDefault"))
    name = ebs.get("KmsKeyId") or disks.default_key(own)
    key = keys.get(name) or (found.kms_key if found.region == ctx.region else "")
    made = Snapshot(
        **vpcs.common(ctx, "snap", given), volume="vol-ffffffff", size=found.size, state="pending", description=text,
        encrypted=encrypted, kms_key=(key or ctx.arn("kms", disks.OWN_KEY)) if encrypted else "",
    )  # fmt: skip
    tx.put(SNAPSHOTS, made)
    states.passes(tx, ctx, SNAPSHOT, made, "completed")
    return made


# -- descriptions ------------------------------------------------------------------------------------------------------

FILTERS: Filters[Snapshot] = Filters(
    {
        "description": "description",
        "encrypted": "encrypted",
        "owner-alias": "alias",
        "owner-id": "owner_id",
        "progress": lambda found: "100%" if found.state == "completed" else "0%",
        "snapshot-id": "id",
        "start-time": lambda found: shapes.stamp(found.created),
        "status": "state",
        "storage-tier": "tier",
        "transfer-type": lambda found: "standard",
        "volume-id": "volume",
        "volume-size": "size",
    }
)


@action("DescribeSnapshots", resource="*")
def describe_snapshots(ctx: Context, req: Request) -> Answer:
    """The snapshots that the caller may use: own ones, shared ones, public ones."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        named = req.get("SnapshotIds")
        found = SNAPSHOT.all(tx, ctx, named) if named else list(SNAPSHOT.usable(tx, ctx))
    owners = {ctx.account if owner == "self" else owner for owner in req.get("OwnerIds") or ()}
    users = req.get("RestorableByUserIds") or []
    passed = [
        each for each in found
        if (not owners or each.owner_id in owners or each.alias in owners)
        and (not users or _restorable(ctx, each, users))
        and (test is None or test(each))
    ]  # fmt: skip
    passed.sort(key=lambda each: each.id)
    return page(ctx, req, passed, key=lambda each: each.id, into="Snapshots", shape=shapes.snapshot)


def _restorable(ctx: Context, found: Snapshot, users: Iterable[str]) -> bool:
    """Whether one of these has been given the permission to make volumes of it."""
    return any((ctx.account if user == "self" else user) in found.restore for user in users)


# -- permissions -------------------------------------------------------------------------------------------------------


def _changed(req: Request, held: list[str]) -> list[str]:
    """The accounts that may use a snapshot, after a request."""
    change = req.get("CreateVolumePermission") or {}
    added = list(_permissions(change.get("Add")))
    removed = set(_permissions(change.get("Remove")))
    named = [*(req.get("UserIds") or ()), *(req.get("GroupNames") or ())]
    if req.get("OperationType") == "remove":
        removed |= set(named)
    else:
        added += named
    if not added and not removed:
        raise MissingParameter("The request must contain exactly one attribute")
    for user in (*added, *removed):
        if user != sharing.ALL and not ACCOUNT.fullmatch(user):
            raise NetworkError("InvalidUserID.Malformed", f'Invalid user id: "{user}"')
    return list(dict.fromkeys(user for user in (*held, *added) if user not in removed))


def _permissions(listed: Iterable[dict[str, Any]] | None) -> Iterator[str]:
    for each in listed or ():
        if each.get("Group") or each.get("UserId"):
            yield each.get("Group") or each["UserId"]


@action("ModifySnapshotAttribute", resource=BY_ID)
def modify_snapshot_attribute(ctx: Context, req: Request) -> Answer:
    """Let others make volumes of a snapshot, or no longer."""
    if req.get("Attribute") not in (None, "createVolumePermission"):
        raise InvalidParameterValue(f"Value ({req['Attribute']}) for parameter attribute is invalid.")
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        new = _changed(req, found.restore)
        if found.encrypted and sharing.ALL in new:
            raise NetworkError("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
        blocked = settings.of_region(tx, ctx).get("SnapshotsBlocked")
        if blocked and sharing.ALL in new and sharing.ALL not in found.restore:
            raise NetworkError("OperationNotPermitted", "Public sharing of snapshots is blocked for this Region.")
        _restore(tx, ctx, found, new)
    return {}


def _restore(tx: Transaction, ctx: Context, found: Snapshot, new: list[str]) -> None:
    sharing.grant(tx, ctx, found.id, found.restore, new)
    found.restore = new
    tx.put(SNAPSHOTS, found)


@action("ResetSnapshotAttribute", resource=BY_ID)
def reset_snapshot_attribute(ctx: Context, req: Request) -> Answer:
    """Let nobody else make volumes of a snapshot."""
    if req["Attribute"] != "createVolumePermission":
        raise InvalidParameterValue(f"Value ({req['Attribute']}) for parameter attribute is invalid.")
    with ctx.write() as tx:
        _restore(tx, ctx, SNAPSHOT.own(tx, ctx, req["SnapshotId"]), [])
    return {}


@action("DescribeSnapshotAttribute", resource=BY_ID)
def describe_snapshot_attribute(ctx: Context, req: Request) -> Answer:
    """Who may make volumes of a snapshot."""
    with ctx.read() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
    match req["Attribute"]:
        case "createVolumePermission":
            listed = [{"Group": user} if user == sharing.ALL else {"UserId": user} for user in found.restore]
            return {"SnapshotId": found.id, "CreateVolumePermissions": listed}
        case "productCodes":
            return {"SnapshotId": found.id, "ProductCodes": []}
        case other:
            raise InvalidParameterValue(f"Value ({other}) for parameter attribute is invalid. Unknown attribute.")
