"""Snapshots that restore fast, that are archived, or that are locked.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-fast-snapshot-restore.html
https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute.find import SNAPSHOT
from ..compute.records import SNAPSHOTS, Snapshot
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, page
from ..kinds import on

BY_ID = on((SNAPSHOT, "SnapshotId"))
DAY = 86400.0

# -- fast restores -----------------------------------------------------------------------------------------------------


def _zones(ctx: Context, req: Request) -> list[str]:
    known = {zone.id: zone.name for zone in regions.zones(ctx.region)}
    named = [known.get(id, id) for id in req.get("AvailabilityZoneIds") or ()] + list(
        req.get("AvailabilityZones") or ()
    )
    if not named:
        raise MissingParameter.of("AvailabilityZones")
    if wrong := [name for name in named if name not in known.values()]:
        raise NetworkError("InvalidParameterValue", f"Invalid availability zone: [{', '.join(wrong)}]")
    return list(dict.fromkeys(named))


def _restore(ctx: Context, found: Snapshot, zone: str, state: str) -> Answer:
    ids = {each.name: each.id for each in regions.zones(ctx.region)}
    return {
        "SnapshotId": found.id, "AvailabilityZone": zone, "AvailabilityZoneId": ids[zone], "State": state,
        "StateTransitionReason": "Client.UserInitiated", "OwnerId": found.owner_id,
    }  # fmt: skip


def _fast(ctx: Context, req: Request, state: str) -> Answer:
    zones = _zones(ctx, req)
    shown = []
    with ctx.write() as tx:
        for id in req["SourceSnapshotIds"]:
            found = SNAPSHOT.own(tx, ctx, id)
            others = [zone for zone in found.fast if zone not in zones]
            found.fast = sorted([*others, *zones]) if state == "enabling" else others
            tx.put(SNAPSHOTS, found)
            shown += [_restore(ctx, found, zone, state) for zone in zones]
    return {"Successful": shown, "Unsuccessful": []}


@action("EnableFastSnapshotRestores", resource=on((SNAPSHOT, "SourceSnapshotIds")), fidelity="recorded")
def enable_fast_snapshot_restores(ctx: Context, req: Request) -> Answer:
    """Let volumes of snapshots be fast from the beginning in some zones."""
    return _fast(ctx, req, "enabling")


@action("DisableFastSnapshotRestores", resource=on((SNAPSHOT, "SourceSnapshotIds")), fidelity="recorded")
def disable_fast_snapshot_restores(ctx: Context, req: Request) -> Answer:
    """End that."""
    return _fast(ctx, req, "disabling")


def _member(name: str) -> Any:
    return lambda shape: shape[name]


FAST_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "availability-zone": _member("AvailabilityZone"),
        "availability-zone-id": _member("AvailabilityZoneId"),
        "owner-id": _member("OwnerId"),
        "snapshot-id": _member("SnapshotId"),
        "state": _member("State"),
    },
    tags=False,
)


@action("DescribeFastSnapshotRestores", resource="*", fidelity="recorded")
def describe_fast_snapshot_restores(ctx: Context, req: Request) -> Answer:
    """In which zones snapshots restore fast."""
    test = FAST_FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        found = list(tx.scan(SNAPSHOTS, (ctx.account, ctx.region)))
    shown = [_restore(ctx, each, zone, "enabled") for each in found for zone in each.fast]
    passed = [shape for shape in shown if test is None or test(shape)]
    return page(
        ctx, req, passed, key=lambda each: (each["SnapshotId"], each["AvailabilityZone"]), into="FastSnapshotRestores",
        shape=lambda each: each, least=0,
    )  # fmt: skip


# -- the archive -------------------------------------------------------------------------------------------------------


@action("ModifySnapshotTier", resource=BY_ID, fidelity="recorded")
def modify_snapshot_tier(ctx: Context, req: Request) -> Answer:
    """Archive a snapshot."""
    if req.get("StorageTier") not in (None, "archive"):
        raise InvalidParameterValue(f"Value ({req['StorageTier']}) for parameter storageTier is invalid.")
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        if found.tier == "archive":
            raise NetworkError("InvalidSnapshot.InvalidState", f"The snapshot {found.id} is already archived.")
        found.tier = "archive"
        tx.put(SNAPSHOTS, found)
    return {"SnapshotId": found.id, "TieringStartTime": ctx.now()}


@action("RestoreSnapshotTier", resource=BY_ID, fidelity="recorded")
def restore_snapshot_tier(ctx: Context, req: Request) -> Answer:
    """Restore a snapshot from the archive, for some days or for good."""
    days, permanent = req.get("TemporaryRestoreDays"), bool(req.get("PermanentRestore"))
    if bool(days) == permanent:
        raise InvalidParameterCombination("Specify either TemporaryRestoreDays or PermanentRestore.")
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        if found.tier != "archive":
            raise NetworkError("InvalidSnapshot.InvalidState", f"The snapshot {found.id} is not archived.")
        found.tier = "standard" if permanent else "archive"
        found.restore_expiry = ctx.now() + days * DAY if days else 0.0
        tx.put(SNAPSHOTS, found)
    lasting = {"RestoreDuration": days} if days else {}
    return {"SnapshotId": found.id, "RestoreStartTime": ctx.now(), "IsPermanentRestore": permanent, **lasting}


def _tiering(found: Snapshot) -> str | None:
    if found.tier == "archive":
        return "temporary-restore-completed" if found.restore_expiry else "archival-completed"
    return None


TIER_FILTERS: Filters[Snapshot] = Filters(
    {"snapshot-id": "id", "volume-id": "volume", "last-tiering-operation": _tiering}
)


@action("DescribeSnapshotTierStatus", resource="*", fidelity="recorded")
def describe_snapshot_tier_status(ctx: Context, req: Request) -> Answer:
    """In which tier snapshots are."""
    test = TIER_FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        found = list(tx.scan(SNAPSHOTS, (ctx.account, ctx.region)))
    passed = [each for each in found if test is None or test(each)]
    return page(ctx, req, passed, key=lambda each: each.id, into="SnapshotTierStatuses", shape=_tier)


def _tier(found: Snapshot) -> Answer:
    last = _tiering(found)
    return {
        "SnapshotId": found.id, "VolumeId": found.volume, "Status": found.state, "OwnerId": found.owner_id,
        "Tags": tags.listed(found.tags), "StorageTier": found.tier,
        **({"LastTieringOperationStatus": last, "LastTieringProgress": 100} if last else {}),
        **({"RestoreExpiryTime": found.restore_expiry} if found.restore_expiry else {}),
    }  # fmt: skip


# -- locks -------------------------------------------------------------------------------------------------------------


def _lock(found: Snapshot, now: float) -> Answer:
    """The lock of a snapshot, as it is at a time."""
    lock = dict(found.locked)
    if now >= lock["LockExpiresOn"]:
        lock["LockState"] = "expired"
    elif lock["LockState"] == "compliance-cooloff" and now >= lock["CoolOffPeriodExpiresOn"]:
        lock["LockState"] = "compliance"
    return {"SnapshotId": found.id, **lock}


def locked(found: Snapshot, now: float) -> bool:
    """Whether a lock keeps a snapshot from being deleted."""
    return bool(found.locked) and _lock(found, now)["LockState"] != "expired"


@action("LockSnapshot", resource=BY_ID)
def lock_snapshot(ctx: Context, req: Request) -> Answer:
    """Lock a snapshot for some days, or until a date. In compliance mode nobody can end that, after a time to cool
    off."""
    days, date, mode = req.get("LockDuration"), req.get("ExpirationDate"), req["LockMode"]
    if bool(days) == bool(date):
        raise InvalidParameterCombination("Specify either LockDuration or ExpirationDate.")
    now = ctx.now()
    ends = date.timestamp() if date else now + (days or 0) * DAY
    if ends < now + DAY:
        raise InvalidParameterValue("A snapshot is locked for at least one day.")
    hours = req.get("CoolOffPeriod")
    if hours and mode != "compliance":
        raise InvalidParameterCombination("CoolOffPeriod is only valid in compliance mode.")
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        if found.locked and _lock(found, now)["LockState"] == "compliance" and ends < found.locked["LockExpiresOn"]:
            raise NetworkError("SnapshotLocked", f"The snapshot {found.id} is locked in compliance mode.")
        found.locked = {
            "LockState": "compliance-cooloff" if hours else mode, "LockCreatedOn": now, "LockExpiresOn": ends,
            "LockDuration": days or int((ends - now) // DAY), "LockDurationStartTime": now,
            **({"CoolOffPeriod": hours, "CoolOffPeriodExpiresOn": now + hours * 3600.0} if hours else {}),
        }  # fmt: skip
        tx.put(SNAPSHOTS, found)
    return _lock(found, now)


@action("UnlockSnapshot", resource=BY_ID)
def unlock_snapshot(ctx: Context, req: Request) -> Answer:
    """End a lock in governance mode, or one that cools off."""
    with ctx.write() as tx:
        found = SNAPSHOT.own(tx, ctx, req["SnapshotId"])
        if not found.locked or _lock(found, ctx.now())["LockState"] == "expired":
            raise NetworkError("SnapshotNotLocked", f"The snapshot {found.id} is not locked.")
        if _lock(found, ctx.now())["LockState"] == "compliance":
            raise NetworkError("SnapshotLocked", f"The snapshot {found.id} is locked in compliance mode.")
        _unlock(tx, found)
    return {"SnapshotId": found.id}


def _unlock(tx: Transaction, found: Snapshot) -> None:
    found.locked = {}
    tx.put(SNAPSHOTS, found)


LOCK_FILTERS: Filters[dict[str, Any]] = Filters({"lock-state": _member("LockState")}, tags=False)


@action("DescribeLockedSnapshots", resource="*")
def describe_locked_snapshots(ctx: Context, req: Request) -> Answer:
    """The locks of snapshots."""
    test, now = LOCK_FILTERS.test(req.get("Filters")), ctx.now()
    with ctx.read() as tx:
        named = req.get("SnapshotIds")
        found = SNAPSHOT.all(tx, ctx, named) if named else list(tx.scan(SNAPSHOTS, (ctx.account, ctx.region)))
    shown = [{"OwnerId": each.owner_id, **_lock(each, now)} for each in found if each.locked]
    passed = [shape for shape in shown if test is None or test(shape)]
    return page(
        ctx, req, passed, key=lambda each: str(each["SnapshotId"]), into="Snapshots", shape=lambda each: each, least=5
    )
