"""Snapshots.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html
"""

from __future__ import annotations

import pytest
from tests.support import refused

ZONE = "us-east-1a"


@pytest.fixture
def aws(own_cloud):
    return own_cloud.account()


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def volume(own_cloud, ec2):
    id = ec2.create_volume(AvailabilityZone=ZONE, Size=4)["VolumeId"]
    own_cloud.advance(2)
    return id


@pytest.fixture
def snapshot(own_cloud, ec2, volume):
    id = ec2.create_snapshot(VolumeId=volume, Description="mine")["SnapshotId"]
    own_cloud.advance(2)
    return id


def test_create_describe_restore_and_delete(own_cloud, aws, ec2, volume):
    made = ec2.create_snapshot(VolumeId=volume, Description="first")
    assert (made["State"], made["VolumeId"], made["VolumeSize"], made["OwnerId"]) == ("pending", volume, 4, aws.id)
    id = made["SnapshotId"]
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=id)[0] == "IncorrectState"
    own_cloud.advance(2)
    (found,) = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert (found["State"], found["Progress"], found["Description"]) == ("completed", "100%", "first")
    assert found["CompletionTime"] >= found["StartTime"]
    assert ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=id)["Size"] == 4
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=id, Size=2)[0] == "InvalidParameterValue"
    ec2.delete_snapshot(SnapshotId=id)
    assert refused(ec2.delete_snapshot, SnapshotId=id)[:2] == (
        "InvalidSnapshot.NotFound", f"The snapshot '{id}' does not exist.",
    )  # fmt: skip


def test_sharing(own_cloud, ec2, snapshot):
    stranger = own_cloud.account()
    other = stranger.client("ec2")
    assert refused(other.describe_snapshots, SnapshotIds=[snapshot])[0] == "InvalidSnapshot.NotFound"
    assert refused(other.create_volume, AvailabilityZone=ZONE, SnapshotId=snapshot)[0] == "InvalidSnapshot.NotFound"
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[stranger.id]
    )
    allowed = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert allowed["CreateVolumePermissions"] == [{"UserId": stranger.id}]
    (found,) = other.describe_snapshots(RestorableByUserIds=["self"])["Snapshots"]
    assert found["SnapshotId"] == snapshot
    assert other.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["SnapshotId"] == snapshot
    assert refused(other.delete_snapshot, SnapshotId=snapshot)[0] == "InvalidSnapshot.NotFound"
    ec2.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert refused(other.create_volume, AvailabilityZone=ZONE, SnapshotId=snapshot)[0] == "InvalidSnapshot.NotFound"
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"Group": "all"}]})
    assert len(other.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]) == 1


def test_copies(own_cloud, aws, ec2, snapshot):
    west = aws.client("ec2", region_name="us-west-2")
    id = west.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot, Encrypted=True)["SnapshotId"]
    own_cloud.advance(2)
    (found,) = west.describe_snapshots(SnapshotIds=[id])["Snapshots"]
    assert (found["State"], found["Encrypted"], found["VolumeSize"]) == ("completed", True, 4)
    assert ":us-west-2:" in found["KmsKeyId"]
    gone = "snap-00000000000000000"
    assert refused(west.copy_snapshot, SourceRegion="us-east-1", SourceSnapshotId=gone)[0] == "InvalidSnapshot.NotFound"


def test_public_sharing_can_be_blocked(ec2, snapshot):
    everybody = {"SnapshotId": snapshot, "CreateVolumePermission": {"Add": [{"Group": "all"}]}}
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    assert refused(ec2.modify_snapshot_attribute, **everybody)[0] == "OperationNotPermitted"
    assert ec2.disable_snapshot_block_public_access()["State"] == "unblocked"
    ec2.modify_snapshot_attribute(**everybody)


def test_fast_restores(ec2, snapshot):
    (made,) = ec2.enable_fast_snapshot_restores(SourceSnapshotIds=[snapshot], AvailabilityZones=[ZONE])["Successful"]
    assert (made["State"], made["AvailabilityZone"]) == ("enabling", ZONE)
    (found,) = ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"]
    assert (found["SnapshotId"], found["State"]) == (snapshot, "enabled")
    ec2.disable_fast_snapshot_restores(SourceSnapshotIds=[snapshot], AvailabilityZones=[ZONE])
    assert ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"] == []


def test_the_archive(ec2, snapshot):
    ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")
    (status,) = ec2.describe_snapshot_tier_status()["SnapshotTierStatuses"]
    assert (status["StorageTier"], status["LastTieringOperationStatus"]) == ("archive", "archival-completed")
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["StorageTier"] == "archive"
    assert ec2.restore_snapshot_tier(SnapshotId=snapshot, PermanentRestore=True)["IsPermanentRestore"] is True
    assert refused(ec2.restore_snapshot_tier, SnapshotId=snapshot)[0] == "InvalidParameterCombination"


def test_locks(own_cloud, ec2, snapshot):
    made = ec2.lock_snapshot(SnapshotId=snapshot, LockMode="compliance", LockDuration=2, CoolOffPeriod=1)
    assert made["LockState"] == "compliance-cooloff"
    assert refused(ec2.delete_snapshot, SnapshotId=snapshot)[0] == "SnapshotLocked"
    own_cloud.advance(3601)
    (found,) = ec2.describe_locked_snapshots()["Snapshots"]
    assert found["LockState"] == "compliance"
    assert refused(ec2.unlock_snapshot, SnapshotId=snapshot)[0] == "SnapshotLocked"
    own_cloud.advance(2 * 86400)
    assert ec2.describe_locked_snapshots()["Snapshots"][0]["LockState"] == "expired"
    ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=2)
    ec2.unlock_snapshot(SnapshotId=snapshot)
    ec2.delete_snapshot(SnapshotId=snapshot)
