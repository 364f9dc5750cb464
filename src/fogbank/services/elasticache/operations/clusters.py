"""CreateCacheCluster, DescribeCacheClusters, ModifyCacheCluster, RebootCacheCluster, DeleteCacheCluster.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction

from .. import building, catalog, configuring, labels, names, nodes, replicas, shapes
from ..errors import (
    CacheClusterAlreadyExists,
    InvalidCacheClusterState,
    InvalidParameterCombination,
    InvalidParameterValue,
    NodeQuotaForClusterExceeded,
)
from ..events import tell
from ..listing import page
from ..names import CLUSTER
from ..records import CLUSTERS, Cluster, Snapshot

Request = dict[str, Any]
NODES = 60  # https://docs.aws.amazon.com/general/latest/gr/elasticache-service.html

new = names.new(
    CLUSTER, "CacheClusterId", "ReplicationGroupId", "CacheParameterGroupName", "CacheSubnetGroupName",
    "CacheSecurityGroupNames", "SnapshotName",
)  # fmt: skip


@operation("elasticache", "CreateCacheCluster", resource=new)
def create_cache_cluster(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a Memcached cluster, a single Valkey node, or a further replica of a replication group."""
    id = names.identifier("CacheClusterIdentifier", req["CacheClusterId"])
    with ctx.write() as tx:
        if tx.get(CLUSTERS, (ctx.account, ctx.region, id)) is not None:
            raise CacheClusterAlreadyExists
        if req.get("ReplicationGroupId"):
            made = replicas.add_cluster(tx, ctx, req, id)
        else:
            made = _create(tx, ctx, req, id, configuring.restored(tx, ctx, req))
        return {"CacheCluster": shapes.cluster(tx, ctx, made)}


def _create(tx: Transaction, ctx: Context, req: Request, id: str, snapshot: Snapshot | None) -> Cluster:
    engine = catalog.engine(req.get("Engine") or (snapshot.engine if snapshot else None))
    nodes.available(engine)
    version = catalog.version(engine, req.get("EngineVersion") or (snapshot.version if snapshot else None))
    count = req.get("NumCacheNodes") or 1
    if engine != catalog.MEMCACHED and count != 1:
        raise InvalidParameterValue("Cannot create a Redis cluster with a NumCacheNodes parameter greater than 1.")
    if count > NODES:
        raise NodeQuotaForClusterExceeded(
            "The request cannot be processed because it would exceed the allowed number of cache nodes in a single "
            "cluster."
        )
    if snapshot is not None and (engine == catalog.MEMCACHED or len(snapshot.parts) != 1):
        raise InvalidParameterCombination("The snapshot cannot be restored into this cluster.")
    settings = configuring.settings(tx, ctx, req, version, cluster_mode=False)
    made = building.cluster(
        tx,
        ctx,
        id=id,
        version=version,
        node_type=catalog.node_type(req.get("CacheNodeType") or (snapshot.node_type if snapshot else None)),
        settings=settings,
        access=configuring.access(ctx, req),
        zones=configuring.zones(ctx, req, count),
        wish=req.get("Port") or 0,
        source=snapshot.parts[0].blob if snapshot is not None else "",
        waits=bool(req.get("SnapshotArns")),
        tags=labels.given(req),
    )
    made.az_mode = req.get("AZMode") or "single-az"
    tx.put(CLUSTERS, made)
    if req.get("SnapshotArns"):
        ctx.later(tx, "elasticache.import", {"cluster": id, "arns": req["SnapshotArns"]})
    return made


@operation("elasticache", "DescribeCacheClusters", resource=names.listed(CLUSTER, "CacheClusterId"))
def describe_cache_clusters(ctx: Context, req: Request) -> dict[str, Any]:
    """One cluster, or all in the order of their ids."""
    with ctx.read() as tx:
        if req.get("CacheClusterId"):
            found = [CLUSTER.require(tx, ctx, req["CacheClusterId"])]
        else:
            found = list(tx.scan(CLUSTERS, (ctx.account, ctx.region)))
            if req.get("ShowCacheClustersNotInReplicationGroups"):
                found = [cluster for cluster in found if not cluster.group]
        found, more = page(ctx, req, found, lambda cluster: cluster.id)
        show = bool(req.get("ShowCacheNodeInfo"))
        return {"CacheClusters": [shapes.cluster(tx, ctx, cluster, nodes=show) for cluster in found], **more}


changed = names.of(CLUSTER, "CacheClusterId", "CacheParameterGroupName", "CacheSecurityGroupNames")


@operation("elasticache", "ModifyCacheCluster", resource=changed)
def modify_cache_cluster(ctx: Context, req: Request) -> dict[str, Any]:
    """Change a cluster at once, as with ApplyImmediately: Fogbank has no maintenance windows."""
    with ctx.write() as tx:
        found = CLUSTER.require(tx, ctx, req["CacheClusterId"])
        if found.status != "available":
            raise InvalidCacheClusterState
        version = catalog.of_full(found.engine, found.version)
        if req.get("EngineVersion"):
            version = _upgraded(found, req["EngineVersion"])
        configuring.change(tx, ctx, found.settings, req, version)
        configuring.change_token(ctx, found.access, req)
        found.version = version.full
        if req.get("CacheNodeType"):
            found.node_type = catalog.node_type(req["CacheNodeType"])
        found.az_mode = req.get("AZMode") or found.az_mode
        found.status = "modifying"
        tx.put(CLUSTERS, found)
        _resize(tx, ctx, found, req)
        tx.signal(nodes.topic(ctx))
        ctx.later(tx, "elasticache.settle", {"cluster": found.id})
        return {"CacheCluster": shapes.cluster(tx, ctx, found)}


def _upgraded(found: Cluster, text: str) -> catalog.Version:
    version = catalog.version(found.engine, text)
    if found.engine != catalog.MEMCACHED and _numbers(version.full) < _numbers(found.version):
        raise InvalidParameterCombination(f"Cannot modify from version {found.version} to {version.full}.")
    return version


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _resize(tx: Transaction, ctx: Context, found: Cluster, req: Request) -> None:
    """Add nodes to a Memcached cluster, or remove those named."""
    count = req.get("NumCacheNodes") or len(found.nodes)
    if count == len(found.nodes):
        return
    if found.engine != catalog.MEMCACHED:
        raise InvalidParameterValue("Cannot modify NumCacheNodes for a Redis cluster.")
    if count > NODES:
        raise NodeQuotaForClusterExceeded
    if count > len(found.nodes):
        zones = req.get("NewAvailabilityZones") or [found.nodes[0].zone] * (count - len(found.nodes))
        building.add_nodes(tx, ctx, found, zones)
        return
    gone = req.get("CacheNodeIdsToRemove") or []
    if len(found.nodes) - len(gone) != count or not {node.id for node in found.nodes} >= set(gone):
        raise InvalidParameterCombination(
            "The number of nodes to remove must be equal to the number of CacheNodeIdsToRemove specified."
        )
    building.remove_nodes(tx, ctx, found, gone)
    for id in gone:
        tell(tx, ctx, "cache-cluster", found.id, f"Removed cache nodes {id}")


@operation("elasticache", "RebootCacheCluster", resource=names.of(CLUSTER, "CacheClusterId"))
def reboot_cache_cluster(ctx: Context, req: Request) -> dict[str, Any]:
    """Restart nodes: "The reboot causes the contents of the cache … to be lost."

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_RebootCacheCluster.html
    """
    with ctx.write() as tx:
        found = CLUSTER.require(tx, ctx, req["CacheClusterId"])
        if found.status != "available":
            raise InvalidCacheClusterState
        ids = req["CacheNodeIdsToReboot"]
        if not {node.id for node in found.nodes} >= set(ids):
            raise InvalidParameterValue("The cache node ids to reboot are not those of nodes of the cluster.")
        if found.group and any(node.identity for node in found.nodes):
            raise InvalidParameterValue("Rebooting a cluster is not supported for clusters with cluster mode enabled.")
        found.status = "rebooting cluster nodes"
        building.restart(tx, ctx, found, ids, empty=True)
        return {"CacheCluster": shapes.cluster(tx, ctx, found)}


@operation("elasticache", "DeleteCacheCluster", resource=names.of(CLUSTER, "CacheClusterId"))
def delete_cache_cluster(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a cluster, after a final snapshot if requested. A replica leaves its group."""
    with ctx.write() as tx:
        found = CLUSTER.require(tx, ctx, req["CacheClusterId"])
        if found.status == "deleting":
            raise InvalidCacheClusterState(f"Cache cluster {found.id} is not in available state.")
        final = req.get("FinalSnapshotIdentifier") or ""
        if final and found.engine == catalog.MEMCACHED:
            raise InvalidParameterCombination("Snapshots are not supported for Memcached clusters.")
        if found.group:
            replicas.forget_cluster(tx, ctx, found)
        found.status = "deleting"
        tx.put(CLUSTERS, found)
        ctx.later(tx, "elasticache.delete", {"cluster": found.id, "final": final})
        return {"CacheCluster": shapes.cluster(tx, ctx, found)}


def _scaled(ctx: Context, req: Request) -> Access:
    if req.get("ReplicationGroupId"):
        return Access("", names.GROUP.name(ctx, req["ReplicationGroupId"]))
    return names.listed(CLUSTER, "CacheClusterId")(ctx, req)


@operation("elasticache", "ListAllowedNodeTypeModifications", resource=_scaled)
def list_allowed_node_type_modifications(ctx: Context, req: Request) -> dict[str, Any]:
    """The node types to which a cluster or a replication group can be scaled."""
    with ctx.read() as tx:
        if bool(req.get("CacheClusterId")) == bool(req.get("ReplicationGroupId")):
            raise InvalidParameterCombination("Either CacheClusterId or ReplicationGroupId must be provided.")
        if req.get("CacheClusterId"):
            node_type = CLUSTER.require(tx, ctx, req["CacheClusterId"]).node_type
        else:
            node_type = names.GROUP.require(tx, ctx, req["ReplicationGroupId"]).node_type
    up, down = catalog.others(node_type)
    return {"ScaleUpModifications": up, "ScaleDownModifications": down}
