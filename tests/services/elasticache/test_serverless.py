"""Serverless caches that are changed, and their snapshots: copied, exported, deleted.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyServerlessCache.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CopyServerlessCacheSnapshot.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ExportServerlessCacheSnapshot.html
"""

import pytest
from tests.support import refused

from .conftest import until

pytestmark = pytest.mark.usefixtures("valkey")
NAME, SNAPSHOT = "ServerlessCacheName", "ServerlessCacheSnapshotName"


def cache(client, name, status="available"):
    def look():
        (found,) = client.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"]
        return found if found["Status"] == status else None

    return until(look)


def snapshot(client, name):
    def look():
        (found,) = client.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName=name)[
            "ServerlessCacheSnapshots"
        ]
        return found if found["Status"] == "available" else None

    return until(look)


@pytest.fixture
def kept(client):
    """A cache and a snapshot of it, both available."""
    client.create_serverless_cache(ServerlessCacheName="sl", Engine="valkey", Description="d")
    cache(client, "sl")
    client.create_serverless_cache_snapshot(ServerlessCacheSnapshotName="snap", ServerlessCacheName="sl")
    snapshot(client, "snap")


def test_a_cache_is_changed(client, kept):
    limits = {"DataStorage": {"Maximum": 5, "Unit": "GB"}}
    changed = client.modify_serverless_cache(
        ServerlessCacheName="sl", Description="new", CacheUsageLimits=limits, SnapshotRetentionLimit=3,
        DailySnapshotTime="03:00",
    )["ServerlessCache"]  # fmt: skip
    assert changed["Status"] == "modifying"
    shown = cache(client, "sl")
    assert (shown["Description"], shown["SnapshotRetentionLimit"], shown["DailySnapshotTime"]) == ("new", 3, "03:00")
    assert shown["CacheUsageLimits"] == limits
    for call in (client.complete_migration, client.stop_migration):
        assert refused(call, ServerlessCacheName="sl")[::2] == ("ServerlessCacheNotUnderMigrationFault", 400)
        assert refused(call, ServerlessCacheName="none")[::2] == ("ServerlessCacheNotFoundFault", 404)
    call = client.modify_serverless_cache
    assert refused(call, ServerlessCacheName="none")[::2] == ("ServerlessCacheNotFoundFault", 404)
    assert refused(call, ServerlessCacheName="sl", UserGroupId="none")[::2] == ("UserGroupNotFound", 404)
    assert refused(call, ServerlessCacheName="sl", Engine="memcached").code == "InvalidParameterCombination"
    assert refused(call, ServerlessCacheName="sl", MajorEngineVersion="1").code == "InvalidParameterValue"


def test_a_snapshot_is_copied_exported_and_deleted(aws, client, kept):
    source, target = "SourceServerlessCacheSnapshotName", "TargetServerlessCacheSnapshotName"
    client.copy_serverless_cache_snapshot(**{source: "snap", target: "Twin"})
    twin = snapshot(client, "twin")
    assert (twin["SnapshotType"], twin["ServerlessCacheConfiguration"][NAME]) == ("manual", "sl")
    again = refused(client.copy_serverless_cache_snapshot, **{source: "snap", target: "twin"})
    assert again[::2] == ("ServerlessCacheSnapshotAlreadyExistsFault", 400)
    deleted = client.delete_serverless_cache_snapshot(ServerlessCacheSnapshotName="snap")
    assert deleted["ServerlessCacheSnapshot"]["Status"] == "deleting"
    left = client.describe_serverless_cache_snapshots(ServerlessCacheName="sl")["ServerlessCacheSnapshots"]
    assert [found[SNAPSHOT] for found in left] == ["twin"]
    bucket = f"exports-{aws.id}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    client.export_serverless_cache_snapshot(ServerlessCacheSnapshotName="twin", S3BucketName=bucket)
    body = s3.get_object(Bucket=bucket, Key="twin-0001.rdb")["Body"].read()
    assert body[:5] in (b"REDIS", b"VALKE")
    for call, request in (
        (client.delete_serverless_cache_snapshot, {SNAPSHOT: "snap"}),
        (client.copy_serverless_cache_snapshot, {source: "snap", target: "x"}),
        (client.export_serverless_cache_snapshot, {SNAPSHOT: "snap", "S3BucketName": bucket}),
    ):
        assert refused(call, **request)[::2] == ("ServerlessCacheSnapshotNotFoundFault", 404)
