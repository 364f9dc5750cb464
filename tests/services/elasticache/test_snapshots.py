"""Snapshots: taken, copied, restored, exported and imported.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import answers, at, cluster, group, until

pytestmark = pytest.mark.usefixtures("valkey")
NODE = {"Engine": "redis", "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1}


def snapshot(client, name):
    def look():
        (found,) = client.describe_snapshots(SnapshotName=name)["Snapshots"]
        return found if found["SnapshotStatus"] == "available" else None

    return until(look)


def node(client, id):
    return at(cluster(client, id)["CacheNodes"][0]["Endpoint"])


def test_a_cluster_is_restored_from_a_copy(client):
    client.create_cache_cluster(CacheClusterId="origin", **NODE)
    node(client, "origin").set("a", "1")
    assert (
        client.create_snapshot(SnapshotName="One", CacheClusterId="origin")["Snapshot"]["SnapshotStatus"] == "creating"
    )
    found = snapshot(client, "one")
    assert found["CacheClusterId"] == "origin"
    assert found["NodeSnapshots"][0]["CacheNodeId"] == "0001"
    cluster(client, "origin")
    node(client, "origin").set("a", "2")
    client.copy_snapshot(SourceSnapshotName="one", TargetSnapshotName="two")
    client.delete_snapshot(SnapshotName="one")
    client.create_cache_cluster(CacheClusterId="again", SnapshotName="two")
    assert node(client, "again").get("a") == "1"
    assert node(client, "origin").get("a") == "2"
    with pytest.raises(ClientError) as caught:
        client.describe_snapshots(SnapshotName="one")
    assert caught.value.response["Error"]["Code"] == "SnapshotNotFoundFault"
    client.delete_cache_cluster(CacheClusterId="origin", FinalSnapshotIdentifier="last")
    until(lambda: len(client.describe_cache_clusters()["CacheClusters"]) == 1)
    assert snapshot(client, "last")["SnapshotSource"] == "manual"


def test_shards_are_restored_with_their_slots(client):
    import redis

    def connect(endpoint):
        return redis.RedisCluster(host=endpoint["Address"], port=endpoint["Port"], decode_responses=True)

    made = {"ReplicationGroupDescription": "d", "Engine": "valkey", "CacheNodeType": "cache.t3.micro"}
    client.create_replication_group(ReplicationGroupId="src", NumNodeGroups=2, ReplicasPerNodeGroup=0, **made)
    cache = connect(group(client, "src")["ConfigurationEndpoint"])
    for n in range(50):
        cache.set(f"k{n}", n)
    client.create_snapshot(SnapshotName="shards", ReplicationGroupId="src")
    assert snapshot(client, "shards")["NumNodeGroups"] == 2
    client.create_replication_group(ReplicationGroupId="dst", SnapshotName="shards", ReplicasPerNodeGroup=1, **made)
    again = connect(group(client, "dst")["ConfigurationEndpoint"])
    assert [answers(lambda n=n: again.get(f"k{n}")) for n in range(50)] == [str(n) for n in range(50)]


def test_files_go_to_s3_and_come_back(aws, client):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=f"backups-{aws.id}")
    client.create_cache_cluster(CacheClusterId="out", **NODE)
    node(client, "out").set("a", "1")
    client.create_snapshot(SnapshotName="file", CacheClusterId="out")
    snapshot(client, "file")
    client.copy_snapshot(SourceSnapshotName="file", TargetSnapshotName="away", TargetBucket=f"backups-{aws.id}")
    body = s3.get_object(Bucket=f"backups-{aws.id}", Key="away-0001.rdb")["Body"].read()
    assert body[:5] in (b"REDIS", b"VALKE")
    client.create_cache_cluster(
        CacheClusterId="in", SnapshotArns=[f"arn:aws:s3:::backups-{aws.id}/away-0001.rdb"], **NODE
    )
    assert node(client, "in").get("a") == "1"


def test_a_file_of_s3_that_may_not_be_read_fails_what_is_made_of_it(aws, cloud, client):
    """The statuses: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html and
    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html
    """
    other = cloud.account().client("s3")
    other.create_bucket(Bucket=f"theirs-{aws.id}")
    other.put_object(Bucket=f"theirs-{aws.id}", Key="x.rdb", Body=b"REDIS0009")
    arn = f"arn:aws:s3:::theirs-{aws.id}/x.rdb"
    client.create_cache_cluster(CacheClusterId="one", SnapshotArns=[arn], **NODE)
    cluster(client, "one", "restore-failed")
    client.create_replication_group(ReplicationGroupId="many", ReplicationGroupDescription="d", Engine="redis",
                                    CacheNodeType="cache.t3.micro", SnapshotArns=[arn])  # fmt: skip
    group(client, "many", "create-failed")
    told = [
        event["Message"]
        for event in client.describe_events(SourceIdentifier="one", SourceType="cache-cluster")["Events"]
    ]
    assert "AccessDenied" in told[-1]
    client.delete_cache_cluster(CacheClusterId="one")
    client.delete_replication_group(ReplicationGroupId="many")
    until(lambda: not client.describe_cache_clusters()["CacheClusters"])


def test_a_serverless_cache_and_its_snapshot(client):
    import redis

    def cache(name):
        def look():
            (found,) = client.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"]
            return found if found["Status"] == "available" else None

        endpoint = until(look)["Endpoint"]
        return redis.RedisCluster(
            host=endpoint["Address"], port=endpoint["Port"], ssl=True, ssl_cert_reqs="none", decode_responses=True
        )

    client.create_serverless_cache(ServerlessCacheName="sl", Engine="valkey")
    cache("sl").set("a", "1")
    client.create_serverless_cache_snapshot(ServerlessCacheSnapshotName="slsnap", ServerlessCacheName="sl")

    def taken():
        (found,) = client.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName="slsnap")[
            "ServerlessCacheSnapshots"
        ]
        return found if found["Status"] == "available" else None

    arn = until(taken)["ARN"]
    client.create_serverless_cache(ServerlessCacheName="sl2", Engine="valkey", SnapshotArnsToRestore=[arn])
    assert cache("sl2").get("a") == "1"
    client.delete_serverless_cache(ServerlessCacheName="sl")
    until(lambda: len(client.describe_serverless_caches()["ServerlessCaches"]) == 1)
    with pytest.raises(ClientError) as caught:
        client.describe_serverless_caches(ServerlessCacheName="sl")
    assert caught.value.response["Error"]["Code"] == "ServerlessCacheNotFoundFault"
