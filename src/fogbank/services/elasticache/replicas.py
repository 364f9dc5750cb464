"""Adds replicas to a replication group, and removes them."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import configuring, labels, nodes, sharding
from .errors import InvalidCacheClusterState, InvalidParameterCombination, InvalidReplicationGroupState
from .names import GROUP
from .plans import shard_of
from .records import CLUSTERS, GROUPS, Cluster, Group, Shard

_NOT_OF_A_REPLICA = ("Engine", "EngineVersion", "CacheNodeType", "CacheSubnetGroupName", "SnapshotName", "Port")


def add_cluster(tx: Transaction, ctx: Context, req: dict[str, Any], id: str) -> Cluster:
    """CreateCacheCluster with a ReplicationGroupId: "the new cluster is added … as a read replica"."""
    group = GROUP.require(tx, ctx, req["ReplicationGroupId"])
    if group.status != "available":
        raise InvalidReplicationGroupState(f"Replication group {group.id} is not in available state.")
    if group.cluster_mode:
        raise InvalidParameterCombination("Cannot add a cluster to a replication group with cluster mode enabled.")
    if any(req.get(member) for member in _NOT_OF_A_REPLICA):
        raise InvalidParameterCombination(
            "Cannot specify additional cache cluster parameters when creating a replica cluster"
        )
    made = add(tx, ctx, group, group.shards[0], configuring.zones(ctx, req, 1)[0], id=id)
    made.tags |= labels.given(req)
    tx.put(CLUSTERS, made)
    return made


def add(tx: Transaction, ctx: Context, group: Group, shard: Shard, zone: str, *, id: str = "") -> Cluster:
    """Add a replica to a shard."""
    if len(shard.members) > sharding.REPLICAS:
        raise InvalidParameterCombination(f"The number of replicas per shard must be within 0 and {sharding.REPLICAS}.")
    group.status = "modifying"
    return sharding.add_member(tx, ctx, group, shard, zone, id=id)


def forget_cluster(tx: Transaction, ctx: Context, found: Cluster) -> None:
    """Remove a replica from its group. A primary cannot be removed.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheCluster.html ("not valid for … the
    last read replica of a replication group that has … automatic failover enabled", "the primary cluster")
    """
    group = tx.get(GROUPS, (ctx.account, ctx.region, found.group))
    shard = shard_of(group, found.id) if group is not None else None
    if group is None or shard is None:
        return
    if group.cluster_mode:
        raise InvalidCacheClusterState("This operation is not valid for clusters with cluster mode enabled.")
    if shard.primary == found.id:
        raise InvalidCacheClusterState(f"Cache cluster {found.id} is serving as primary for replication group "
                                       f"{group.id} and cannot be deleted.")  # fmt: skip
    if group.failover and len(shard.members) == 2:
        raise InvalidCacheClusterState(
            f"Cannot delete the last read replica of replication group {group.id} with automatic failover enabled."
        )
    shard.members = [id for id in shard.members if id != found.id]
    tx.put(GROUPS, group)
    tx.signal(nodes.topic(ctx))
