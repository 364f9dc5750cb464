"""CreateReplicationGroup, DescribeReplicationGroups, DeleteReplicationGroup, TestFailover.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.engines import ports
from fogbank.store.api import Transaction

from .. import building, catalog, configuring, labels, names, nodes, parameters, shapes, sharding
from ..errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidReplicationGroupState,
    NodeGroupNotFound,
    ReplicationGroupAlreadyExists,
    TestFailoverNotAvailable,
)
from ..events import tell
from ..listing import page
from ..names import CLUSTER, GROUP
from ..records import CLUSTERS, GROUPS, Cluster, Group, Shard, Snapshot

Request = dict[str, Any]
ID_LENGTH = 40

new = names.new(
    GROUP, "ReplicationGroupId", "PrimaryClusterId", "CacheParameterGroupName", "CacheSubnetGroupName",
    "CacheSecurityGroupNames", "SnapshotName", "UserGroupIds",
)  # fmt: skip


@operation("elasticache", "CreateReplicationGroup", resource=new)
def create_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a primary with replicas or, in cluster mode, several such shards."""
    id = names.identifier("ReplicationGroupId", req["ReplicationGroupId"], ID_LENGTH)
    if req.get("GlobalReplicationGroupId"):
        raise InvalidParameterValue("Fogbank has built no secondaries of Global datastores: none can join.")
    with ctx.write() as tx:
        if tx.get(GROUPS, (ctx.account, ctx.region, id)) is not None:
            raise ReplicationGroupAlreadyExists
        if req.get("PrimaryClusterId"):
            made = _around(tx, ctx, req, id, CLUSTER.require(tx, ctx, req["PrimaryClusterId"]))
        else:
            made = _create(tx, ctx, req, id, configuring.restored(tx, ctx, req))
        return {"ReplicationGroup": shapes.group(tx, ctx, made)}


def _create(tx: Transaction, ctx: Context, req: Request, id: str, snapshot: Snapshot | None) -> Group:
    engine = catalog.engine(req.get("Engine") or (snapshot.engine if snapshot else "redis"))
    if engine == catalog.MEMCACHED:
        raise InvalidParameterValue("Engine memcached is not supported for replication groups.")
    nodes.available(engine)
    version = catalog.version(engine, req.get("EngineVersion") or (snapshot.version if snapshot else None))
    asked = req.get("ClusterMode")
    cluster_mode = _is_clustered(tx, ctx, req, snapshot) if asked is None else asked == "enabled"
    layout = sharding.layout(ctx, req, snapshot, cluster_mode=cluster_mode)
    failover = bool(req.get("AutomaticFailoverEnabled", cluster_mode))
    _check_failover(req, layout, cluster_mode=cluster_mode, failover=failover)
    group = Group(
        account=ctx.account,
        region=ctx.region,
        id=id,
        description=req["ReplicationGroupDescription"],
        engine=engine,
        version=version.full,
        node_type=catalog.node_type(req.get("CacheNodeType") or (snapshot.node_type if snapshot else None)),
        status="creating",
        created=ctx.now(),
        shards=[],
        settings=configuring.settings(tx, ctx, req, version, cluster_mode=cluster_mode),
        access=configuring.access(ctx, req),
        cluster_mode=cluster_mode,
        port=req.get("Port") or 0,
        failover=failover,
        multi_az=bool(req.get("MultiAZEnabled")),
        at_rest=bool(req.get("AtRestEncryptionEnabled")),
        kms_key=req.get("KmsKeyId") or "",
        data_tiering=bool(req.get("DataTieringEnabled")),
        tags=labels.given(req),
    )
    _open(tx, ctx, group, layout)
    sources = {part.shard: part.blob for part in snapshot.parts} if snapshot is not None else {}
    for at, planned in enumerate(layout):
        source = sources.get(planned.id) or (list(sources.values())[at] if at < len(sources) else "")
        sharding.add_shard(tx, ctx, group, planned, source=source, waits=bool(req.get("SnapshotArns")))
    if req.get("SnapshotArns"):
        ctx.later(tx, "elasticache.import", {"group": id, "arns": req["SnapshotArns"]})
    return group


def _is_clustered(tx: Transaction, ctx: Context, req: Request, snapshot: Snapshot | None) -> bool:
    """Whether the group uses cluster mode, by its parameter group or, without one, by its number of shards."""
    if req.get("CacheParameterGroupName"):
        group = parameters.named(tx, ctx, req["CacheParameterGroupName"])
        return parameters.values(group).get("cluster-enabled") == "yes"
    many = (req.get("NumNodeGroups") or len(req.get("NodeGroupConfiguration") or ())) > 1
    return many or (snapshot is not None and snapshot.cluster_mode)


def _check_failover(req: Request, layout: list[sharding.Planned], *, cluster_mode: bool, failover: bool) -> None:
    if cluster_mode and not failover:
        raise InvalidParameterCombination(
            "Redis with cluster mode enabled cannot be created with auto failover turned off."
        )
    if not cluster_mode and failover and len(layout[0].zones) < 2:
        raise InvalidParameterCombination(
            "When using automatic failover, there must be at least 2 cache clusters in the replication group."
        )
    if req.get("MultiAZEnabled") and not failover:
        raise InvalidParameterCombination("Must specify AutomaticFailoverEnabled when MultiAZEnabled is specified.")


def _open(tx: Transaction, ctx: Context, group: Group, layout: list[sharding.Planned]) -> None:
    """Assign the ports of the group's endpoints. One of them gets the requested port."""
    owner = nodes.owner(ctx, "group", group.id)
    if group.cluster_mode:
        group.configuration = ports.draw(tx, owner, group.port)
        return
    layout[0].primary_port = ports.draw(tx, owner, group.port)
    layout[0].reader_port = ports.draw(tx, owner)


def _around(tx: Transaction, ctx: Context, req: Request, id: str, primary: Cluster) -> Group:
    """Create a group with an existing cluster as its primary. The cluster restarts with its data."""
    if primary.engine == catalog.MEMCACHED or primary.group or primary.status != "available":
        raise InvalidParameterValue(f"Cache cluster {primary.id} cannot be the primary of a replication group.")
    group = Group(
        account=ctx.account,
        region=ctx.region,
        id=id,
        description=req["ReplicationGroupDescription"],
        engine=primary.engine,
        version=primary.version,
        node_type=primary.node_type,
        status="creating",
        created=ctx.now(),
        shards=[],
        settings=primary.settings,
        access=primary.access,
        failover=bool(req.get("AutomaticFailoverEnabled")),
        multi_az=bool(req.get("MultiAZEnabled")),
        tags=labels.given(req),
    )
    planned = sharding.Planned("0001", configuring.zones(ctx, req, req.get("NumCacheClusters") or 1), [])
    _check_failover(req, [planned], cluster_mode=False, failover=group.failover)
    _open(tx, ctx, group, [planned])
    shard = Shard(
        id=planned.id, members=[primary.id], primary=primary.id, primary_port=planned.primary_port,
        reader_port=planned.reader_port,
    )  # fmt: skip
    group.shards = [shard]
    primary.group, primary.shard, primary.status = id, shard.id, "modifying"
    tx.put(GROUPS, group)
    building.restart(tx, ctx, primary, [node.id for node in primary.nodes])
    sharding.open_doors(tx, ctx, group)
    for zone in planned.zones[1:]:
        sharding.add_member(tx, ctx, group, shard, zone)
    return group


@operation("elasticache", "DescribeReplicationGroups", resource=names.listed(GROUP, "ReplicationGroupId"))
def describe_replication_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """One group, or all in the order of their ids."""
    with ctx.read() as tx:
        if req.get("ReplicationGroupId"):
            found = [GROUP.require(tx, ctx, req["ReplicationGroupId"])]
        else:
            found = list(tx.scan(GROUPS, (ctx.account, ctx.region)))
        found, more = page(ctx, req, found, lambda group: group.id)
        return {"ReplicationGroups": [shapes.group(tx, ctx, group) for group in found], **more}


@operation("elasticache", "DeleteReplicationGroup", resource=names.of(GROUP, "ReplicationGroupId"))
def delete_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a group with its clusters. If requested, the primary stays as a separate cluster."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["ReplicationGroupId"])
        if group.status == "deleting":
            raise InvalidReplicationGroupState(f"Replication group {group.id} has status deleting.")
        if req.get("RetainPrimaryCluster"):
            if group.cluster_mode:
                raise InvalidParameterCombination("RetainPrimaryCluster is not supported with cluster mode enabled.")
            _retain(tx, ctx, group)
        group.status = "deleting"
        for member in nodes.members(tx, ctx, group.id):
            member.status = "deleting"
            tx.put(CLUSTERS, member)
        tx.put(GROUPS, group)
        ctx.later(tx, "elasticache.delete", {"group": group.id, "final": req.get("FinalSnapshotIdentifier") or ""})
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}


def _retain(tx: Transaction, ctx: Context, group: Group) -> None:
    shard = group.shards[0]
    primary = tx.get(CLUSTERS, (ctx.account, ctx.region, shard.primary))
    assert primary is not None
    shard.members = [id for id in shard.members if id != primary.id]
    primary.group = primary.shard = ""
    primary.access, primary.status = group.access, "modifying"
    building.restart(tx, ctx, primary, [node.id for node in primary.nodes])


def _tested(ctx: Context, req: Request) -> list[Access]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html: TestFailover"""
    return [Access("", GROUP.name(ctx, req["ReplicationGroupId"]))]


@operation("elasticache", "TestFailover", resource=_tested)
def test_failover(ctx: Context, req: Request) -> dict[str, Any]:
    """Let a replica of a shard take over from its primary.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html#auto-failover-test
    """
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["ReplicationGroupId"])
        shard = next((shard for shard in group.shards if shard.id == req["NodeGroupId"]), None)
        if shard is None:
            raise NodeGroupNotFound(f"NodeGroup {req['NodeGroupId']} not found.")
        if group.status != "available":
            raise InvalidReplicationGroupState(f"Replication group {group.id} has status {group.status} which is not "
                                               "valid for test failover.")  # fmt: skip
        if not group.failover or len(shard.members) < 2:
            raise TestFailoverNotAvailable
        group.status = "modifying"
        tx.put(GROUPS, group)
        tell(tx, ctx, "replication-group", group.id, f"Test Failover API called for node group {shard.id}")
        chosen = next(id for id in shard.members if id != shard.primary)
        ctx.later(tx, "elasticache.failover", {"group": group.id, "shard": shard.id, "to": chosen})
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}
