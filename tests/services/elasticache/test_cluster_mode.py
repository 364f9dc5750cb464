"""Cluster mode: shards with slots, clients that follow them, resharding while they work.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis-RedisCluster.html
"""

from __future__ import annotations

import os
import signal
import time

import pytest
from botocore.exceptions import ClientError

from .conftest import answers, group, until

pytestmark = pytest.mark.usefixtures("valkey")


def create(client, id, shards, replicas, **more):
    client.create_replication_group(
        ReplicationGroupId=id, ReplicationGroupDescription="d", Engine="valkey", CacheNodeType="cache.t3.micro",
        NumNodeGroups=shards, ReplicasPerNodeGroup=replicas, CacheParameterGroupName="default.valkey8.cluster.on",
        **more,
    )  # fmt: skip
    return group(client, id)


def connect(endpoint, **options):
    import redis

    return redis.RedisCluster(host=endpoint["Address"], port=endpoint["Port"], decode_responses=True, **options)


def test_a_cluster_client_finds_its_way(client):
    made = create(client, "slots", 2, 1)
    assert made["ClusterEnabled"] is True
    assert made["AutomaticFailover"] == "enabled"
    assert made["MemberClusters"] == ["slots-0001-001", "slots-0001-002", "slots-0002-001", "slots-0002-002"]
    assert [shard["Slots"] for shard in made["NodeGroups"]] == ["0-8191", "8192-16383"]
    assert "PrimaryEndpoint" not in made["NodeGroups"][0]
    cache = connect(made["ConfigurationEndpoint"])
    for n in range(100):
        cache.set(f"k{n}", n)
    assert cache.dbsize(target_nodes="primaries") == 100
    assert {node.port for node in cache.get_primaries()} != set()
    assert len(cache.get_primaries()) == 2
    limit = time.monotonic() + 60
    while len(cache.get_replicas()) < 2 and time.monotonic() < limit:  # gossip tells of the last one a little later
        cache.nodes_manager.initialize()
    assert len(cache.get_replicas()) == 2


def test_a_killed_primary_of_a_shard_is_replaced(client):
    made = create(client, "shots", 1, 1)
    cache = connect(made["ConfigurationEndpoint"])
    cache.set("a", "1")
    until(lambda: answers(lambda: cache.info("replication", target_nodes="primaries"))["connected_slaves"] == 1)
    (primary,) = cache.get_primaries()
    os.kill(cache.info("server", target_nodes=primary)["process_id"], signal.SIGKILL)
    import redis

    wrong = (redis.exceptions.ClusterDownError, redis.exceptions.RedisClusterException)
    assert answers(lambda: connect(made["ConfigurationEndpoint"]).set("b", "2"), *wrong)
    assert answers(lambda: connect(made["ConfigurationEndpoint"]).get("a"), *wrong) == "1"


def test_slots_move_to_new_shards_and_back(client):
    made = create(client, "moves", 1, 0)
    cache = connect(made["ConfigurationEndpoint"])
    for n in range(500):
        cache.set(f"k{n}", n)
    client.modify_replication_group_shard_configuration(
        ReplicationGroupId="moves", NodeGroupCount=3, ApplyImmediately=True
    )
    made = group(client, "moves")
    assert [shard["Slots"] for shard in made["NodeGroups"]] == ["0-5460", "5461-10922", "10923-16383"]
    assert [cache.get(f"k{n}") for n in range(500)] == [str(n) for n in range(500)]
    assert len(connect(made["ConfigurationEndpoint"]).get_primaries()) == 3
    client.modify_replication_group_shard_configuration(
        ReplicationGroupId="moves", NodeGroupCount=2, NodeGroupsToRemove=["0001"], ApplyImmediately=True
    )
    made = group(client, "moves")
    assert [(s["NodeGroupId"], s["Slots"]) for s in made["NodeGroups"]] == [("0002", "0-8191"), ("0003", "8192-16383")]
    assert made["MemberClusters"] == ["moves-0002-001", "moves-0003-001"]
    cache = connect(made["ConfigurationEndpoint"])
    assert [answers(lambda n=n: cache.get(f"k{n}")) for n in range(500)] == [str(n) for n in range(500)]
    with pytest.raises(ClientError) as caught:
        client.modify_replication_group_shard_configuration(
            ReplicationGroupId="moves", NodeGroupCount=2, ApplyImmediately=True
        )
    assert caught.value.response["Error"]["Code"] == "NoOperationFault"


def test_a_shard_fails_over_when_it_is_asked_to(client):
    made = create(client, "hands", 1, 1)
    cache = connect(made["ConfigurationEndpoint"])
    cache.set("a", "1")
    (before,) = cache.get_primaries()
    client.test_failover(ReplicationGroupId="hands", NodeGroupId="0001")
    group(client, "hands")

    def after():
        (now,) = connect(made["ConfigurationEndpoint"]).get_primaries()
        return now.port != before.port

    until(lambda: answers(after))
    assert connect(made["ConfigurationEndpoint"]).get("a") == "1"


def test_clusters_and_slots_survive_a_kill(restarted):
    account = restarted.account()
    client = account.client("elasticache")
    made = create(client, "stays", 2, 1, TransitEncryptionEnabled=True)
    options = {"ssl": True, "ssl_cert_reqs": "none"}
    cache = connect(made["ConfigurationEndpoint"], **options)
    for n in range(50):
        cache.set(f"k{n}", n)
    restarted.restart()
    import redis

    wrong = (redis.exceptions.ClusterDownError, redis.exceptions.RedisClusterException)
    again = answers(lambda: connect(made["ConfigurationEndpoint"], **options), *wrong)
    values = [answers(lambda n=n: again.get(f"k{n}"), *wrong) for n in range(50)]
    assert values == [str(n) for n in range(50)]
