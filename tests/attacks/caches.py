"""ElastiCache's things of the victim: records, for no server has to run to be attacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.services.elasticache.nodes import OWNER
from fogbank.services.elasticache.records import (
    CLUSTERS,
    GROUPS,
    SERVERLESS,
    SERVERLESS_SNAPSHOTS,
    SNAPSHOTS,
    Access,
    Cluster,
    Group,
    Node,
    Part,
    Serverless,
    ServerlessSnapshot,
    Settings,
    Shard,
    Snapshot,
)

if TYPE_CHECKING:
    from .world import World


def make(world: World, account: str, region: str, secret: str) -> None:
    where = {"account": account, "region": region}
    tags = {"k": secret}
    own = world.own
    named = [{"Key": "k", "Value": secret}]
    own("elasticache", "CreateCacheParameterGroup", CacheParameterGroupName="tuned", CacheParameterGroupFamily="redis7",
        Description=secret, Tags=named)  # fmt: skip
    own("elasticache", "CreateCacheSubnetGroup", CacheSubnetGroupName="nets", CacheSubnetGroupDescription=secret,
        SubnetIds=["subnet-1"])  # fmt: skip
    own("elasticache", "CreateCacheSecurityGroup", CacheSecurityGroupName="walls", Description=secret)
    own("elasticache", "CreateUser", UserId="boss", UserName=secret, Engine="redis", AccessString="on ~* +@all",
        NoPasswordRequired=True)  # fmt: skip
    own("elasticache", "CreateUserGroup", UserGroupId="chiefs", Engine="redis", UserIds=["default", "boss"], Tags=named)
    node = Node(id="0001", zone=region + "a", created=1.0, port=1, folder="f", started=1)
    cluster = {"engine": "redis", "version": "7.1.0", "node_type": "cache.t3.micro", "status": "available",
               "created": 1.0, "settings": Settings(parameter_group="tuned"), "access": Access(),
               "tags": tags}  # fmt: skip
    blob = world.runner.run(world.app.blobs.put(secret.encode()))
    with world.app.store.write() as tx:
        for _ in range(2):  # one for each snapshot
            world.app.blobs.publish(tx, blob, OWNER)
        tx.put(CLUSTERS, Cluster(**where, id="single", nodes=[node], **cluster))  # type: ignore[arg-type]
        tx.put(CLUSTERS, Cluster(**where, id="many-001", nodes=[node], group="many", **cluster))  # type: ignore[arg-type]
        shard = Shard(id="0001", members=["many-001"], primary="many-001")
        tx.put(GROUPS, Group(**where, id="many", description=secret, shards=[shard], **cluster))  # type: ignore[arg-type]
        cache = {"engine": "valkey", "version": "8.0.1", "status": "available", "created": 1.0, "tags": tags}
        tx.put(SERVERLESS, Serverless(**where, name="less", description=secret, node=node, **cache))  # type: ignore[arg-type]
        part = Part(
            blob=blob.id, size=blob.size, cluster="single", shard="0001", slots=[], created=1.0, node_created=1.0
        )
        tx.put(SNAPSHOTS, Snapshot(**where, name="backup", source="manual", parts=[part], cluster=secret,
                                   engine="redis", version="7.1.0", node_type="cache.t3.micro", status="available",
                                   created=1.0, settings=Settings()))  # fmt: skip
        tx.put(SERVERLESS_SNAPSHOTS, ServerlessSnapshot(**where, name="lessbackup", cache=secret, kind="manual",
                                                        blob=blob.id, **cache))  # type: ignore[arg-type]  # fmt: skip
    _things(world, f"arn:aws:elasticache:{region}:{account}:")


def _things(world: World, head: str) -> None:
    for kind, name, members in (
        ("parametergroup", "tuned", ("CacheParameterGroupName",)),
        ("subnetgroup", "nets", ("CacheSubnetGroupName",)),
        ("securitygroup", "walls", ("CacheSecurityGroupName", "CacheSecurityGroupNames")),
        ("user", "boss", ("UserId", "UserIds", "UserIdsToAdd", "UserIdsToRemove")),
        ("usergroup", "chiefs", ("UserGroupId", "UserGroupIds", "UserGroupIdsToAdd")),
        ("cluster", "single", ("CacheClusterId", "PrimaryClusterId", "CacheClusterIds")),
        ("replicationgroup", "many", ("ReplicationGroupId", "PrimaryReplicationGroupId", "ReplicationGroupIds")),
        ("serverlesscache", "less", ("ServerlessCacheName",)),
        ("snapshot", "backup", ("SnapshotName", "SourceSnapshotName")),
        ("serverlesscachesnapshot", "lessbackup",
         ("ServerlessCacheSnapshotName", "SourceServerlessCacheSnapshotName", "SnapshotArnsToRestore")),
    ):  # fmt: skip
        given = dict.fromkeys(members, name)
        world.thing("elasticache", head + f"{kind}:{name}", **given, ResourceName=head + f"{kind}:{name}")
