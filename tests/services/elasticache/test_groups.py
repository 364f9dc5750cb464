"""Replication groups without cluster mode: replicas, failover, endpoints that follow.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.html
"""

from __future__ import annotations

import os
import signal

import pytest
from botocore.exceptions import ClientError

from .conftest import answers, at, cluster, group, until

pytestmark = pytest.mark.usefixtures("valkey")
MADE = {"ReplicationGroupDescription": "d", "Engine": "valkey", "CacheNodeType": "cache.t3.micro"}


def create(client, id, count, **more):
    client.create_replication_group(ReplicationGroupId=id, NumCacheClusters=count, **{**MADE, **more})
    return group(client, id)


def test_what_is_written_to_the_primary_is_read_from_replicas(client):
    made = create(client, "Pair", 2, AutomaticFailoverEnabled=True)
    assert made["ReplicationGroupId"] == "pair"
    assert made["MemberClusters"] == ["pair-001", "pair-002"]
    (shard,) = made["NodeGroups"]
    assert [m["CurrentRole"] for m in shard["NodeGroupMembers"]] == ["primary", "replica"]
    at(shard["PrimaryEndpoint"]).set("a", "1")
    assert until(lambda: answers(lambda: at(shard["ReaderEndpoint"]).get("a"))) == "1"
    replica = at(shard["NodeGroupMembers"][1]["ReadEndpoint"])
    import redis

    with pytest.raises(redis.ReadOnlyError):
        replica.set("a", "2")
    shown = cluster(client, "pair-002")
    assert shown["ReplicationGroupId"] == "pair"


def roles(client, id):
    (shard,) = group(client, id)["NodeGroups"]
    return {m["CacheClusterId"]: m["CurrentRole"] for m in shard["NodeGroupMembers"]}


def test_a_failover_that_is_asked_for_loses_nothing(client):
    (shard,) = create(client, "tested", 2, AutomaticFailoverEnabled=True)["NodeGroups"]
    primary = shard["PrimaryEndpoint"]
    for n in range(200):
        at(primary).set(f"k{n}", n)
    client.test_failover(ReplicationGroupId="tested", NodeGroupId="0001")
    until(lambda: roles(client, "tested") == {"tested-001": "replica", "tested-002": "primary"})
    assert answers(lambda: at(primary).set("after", "1"))
    assert at(primary).dbsize() == 201
    old = shard["NodeGroupMembers"][0]["ReadEndpoint"]
    assert until(lambda: answers(lambda: at(old).get("after"))) == "1"
    events = client.describe_events(SourceType="replication-group", SourceIdentifier="tested")["Events"]
    assert "Test Failover API called for node group 0001" in [event["Message"] for event in events]
    with pytest.raises(ClientError) as caught:
        client.test_failover(ReplicationGroupId="tested", NodeGroupId="0002")
    assert caught.value.response["Error"]["Code"] == "NodeGroupNotFoundFault"


def test_a_killed_primary_is_replaced_by_its_replica(client):
    (shard,) = create(client, "killed", 2, AutomaticFailoverEnabled=True)["NodeGroups"]
    primary = shard["PrimaryEndpoint"]
    at(primary).set("a", "1")
    replica = at(shard["NodeGroupMembers"][1]["ReadEndpoint"])
    until(lambda: answers(lambda: replica.get("a")) == "1")
    os.kill(at(primary).info("server")["process_id"], signal.SIGKILL)
    until(lambda: roles(client, "killed")["killed-002"] == "primary")
    assert answers(lambda: at(primary).set("b", "2"))
    assert at(primary).get("a") == "1"
    old = at(shard["NodeGroupMembers"][0]["ReadEndpoint"])
    until(lambda: answers(lambda: old.get("b")) == "2")


def test_without_failover_a_killed_primary_comes_back_with_what_it_held(client):
    (shard,) = create(client, "alone", 1)["NodeGroups"]
    at(shard["PrimaryEndpoint"]).set("a", "1")
    os.kill(at(shard["PrimaryEndpoint"]).info("server")["process_id"], signal.SIGKILL)
    assert answers(lambda: at(shard["PrimaryEndpoint"]).get("a")) == "1"


def test_replicas_come_and_go(client):
    (shard,) = create(client, "grows", 1)["NodeGroups"]
    at(shard["PrimaryEndpoint"]).set("a", "1")
    client.increase_replica_count(ReplicationGroupId="grows", NewReplicaCount=2, ApplyImmediately=True)
    made = group(client, "grows")
    assert made["MemberClusters"] == ["grows-001", "grows-002", "grows-003"]
    for member in made["NodeGroups"][0]["NodeGroupMembers"]:
        until(lambda member=member: answers(lambda: at(member["ReadEndpoint"]).get("a")) == "1")
    client.create_cache_cluster(CacheClusterId="extra", ReplicationGroupId="grows")
    assert group(client, "grows")["MemberClusters"][-1] == "extra"
    client.decrease_replica_count(ReplicationGroupId="grows", NewReplicaCount=1, ApplyImmediately=True)
    assert group(client, "grows")["MemberClusters"] == ["grows-001", "grows-002"]
    with pytest.raises(ClientError) as caught:
        client.delete_cache_cluster(CacheClusterId="grows-001")
    assert caught.value.response["Error"]["Code"] == "InvalidCacheClusterState"
    client.modify_replication_group(ReplicationGroupId="grows", PrimaryClusterId="grows-002", ApplyImmediately=True)
    until(lambda: roles(client, "grows") == {"grows-001": "replica", "grows-002": "primary"})
    client.delete_replication_group(ReplicationGroupId="grows")
    until(lambda: not client.describe_cache_clusters()["CacheClusters"])
    with pytest.raises(ClientError) as caught:
        client.describe_replication_groups(ReplicationGroupId="grows")
    assert caught.value.response["Error"]["Message"] == "ReplicationGroup grows not found."


def test_a_cluster_becomes_the_primary_of_a_group_and_leaves_it(client):
    client.create_cache_cluster(CacheClusterId="first", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1)
    at(cluster(client, "first")["CacheNodes"][0]["Endpoint"]).set("a", "1")
    client.create_replication_group(
        ReplicationGroupId="around", ReplicationGroupDescription="d", PrimaryClusterId="first", NumCacheClusters=2
    )
    (shard,) = group(client, "around")["NodeGroups"]
    assert answers(lambda: at(shard["PrimaryEndpoint"]).get("a")) == "1"
    until(lambda: answers(lambda: at(shard["ReaderEndpoint"]).get("a")) == "1")
    client.delete_replication_group(ReplicationGroupId="around", RetainPrimaryCluster=True)
    until(lambda: [c["CacheClusterId"] for c in client.describe_cache_clusters()["CacheClusters"]] == ["first"])
    kept = cluster(client, "first")
    assert "ReplicationGroupId" not in kept
    assert answers(lambda: at(kept["CacheNodes"][0]["Endpoint"]).get("a")) == "1"


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"NumCacheClusters": 1, "AutomaticFailoverEnabled": True}, "InvalidParameterCombination",
         "When using automatic failover, there must be at least 2 cache clusters in the replication group."),
        ({"NumNodeGroups": 2, "AutomaticFailoverEnabled": False}, "InvalidParameterCombination",
         "Redis with cluster mode enabled cannot be created with auto failover turned off."),
        ({"Engine": "memcached"}, "InvalidParameterValue", "Engine memcached is not supported for replication groups."),
        ({"EngineVersion": "1.0"}, "InvalidParameterCombination", "Cannot find version 1.0 for valkey"),
        ({"AuthToken": "x" * 16}, "InvalidParameterCombination",
         "Auth token can only be specified when encryption in transit is enabled."),
        ({"CacheParameterGroupName": "default.redis7"}, "InvalidParameterCombination",
         "Expected a parameter group of family valkey8 but found one of family redis7"),
        ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault", "Cache Subnet Group none does not exist."),
    ],
)  # fmt: skip
def test_errors(client, more, code, message):
    """The texts that users report: of automatic failover, of versions, of families, of subnet groups."""
    with pytest.raises(ClientError) as caught:
        client.create_replication_group(ReplicationGroupId="g", **{**MADE, **more})
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"] == message
