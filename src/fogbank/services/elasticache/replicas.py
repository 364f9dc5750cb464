"""Replicas come to a replication group and leave it."""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import building, catalog, configuring, nodes
from .errors import InvalidCacheClusterState, InvalidParameterCombination, InvalidReplicationGroupState
from .names import GROUP
from .plans import shard_of
from .records import CLUSTERS, GROUPS, Cluster, Group, Shard

MOST = 5  # replicas of a shard
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
    shard = group.shards[0]
    zone = configuring.zones(ctx, req, 1)[0]
    return add(tx, ctx, group, shard, zone, id=id, given=tags.from_list(req.get("Tags")))


def add(
    tx: Transaction, ctx: Context, group: Group, shard: Shard, zone: str, *, id: str = "", given: Any = None
) -> Cluster:
    """One more replica of a shard."""
    if len(shard.members) > MOST:
        raise InvalidParameterCombination(f"The number of replicas per shard must be within 0 and {MOST}.")
    primary = tx.get(CLUSTERS, (ctx.account, ctx.region, shard.primary))
    assert primary is not None
    id = id or next_id(group, shard)
    shard.members = [*shard.members, id]
    group.status = "modifying"
    tx.put(GROUPS, group)
    return building.cluster(
        tx,
        ctx,
        id=id,
        version=catalog.of_full(group.engine, group.version),
        node_type=group.node_type,
        settings=primary.settings,
        access=group.access,
        zones=[zone],
        group=group,
        shard=shard.id,
        tags=dict(group.tags) | (given or {}),
    )


def next_id(group: Group, shard: Shard) -> str:
    """group-002, or group-0001-002 in cluster mode: the lowest number that is free."""
    head = f"{group.id}-{shard.id}" if group.cluster_mode else group.id
    return next(id for at in range(1, 1000) if (id := f"{head}-{at:03}") not in shard.members)


def forget_cluster(tx: Transaction, ctx: Context, found: Cluster) -> None:
    """A replica leaves its group; a primary cannot.

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
