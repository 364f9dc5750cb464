"""ModifyReplicationGroup, IncreaseReplicaCount, DecreaseReplicaCount, ModifyReplicationGroupShardConfiguration.

Every change is applied at once, as with ApplyImmediately.
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Modify.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.engines import ports
from fogbank.store.api import Transaction

from .. import building, catalog, configuring, names, nodes, replicas, shapes, sharding, slots
from ..errors import (
    CacheClusterNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidReplicationGroupState,
    NodeGroupNotFound,
    NoOperation,
)
from ..names import GROUP, USER_GROUP
from ..plans import shard_of
from ..records import CLUSTERS, GROUPS, Group, Shard

Request = dict[str, Any]

changed = names.of(
    GROUP, "ReplicationGroupId", "CacheParameterGroupName", "CacheSecurityGroupNames", "UserGroupIdsToAdd",
    "UserGroupIdsToRemove",
)  # fmt: skip


def _available(tx: Transaction, ctx: Context, req: Request) -> Group:
    group = GROUP.require(tx, ctx, req["ReplicationGroupId"])
    if group.status != "available":
        raise InvalidReplicationGroupState(f"Replication group {group.id} has status {group.status} which is not valid "
                                           "for modification.")  # fmt: skip
    return group


@operation("elasticache", "ModifyReplicationGroup", resource=changed)
def modify_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Change settings, access, the engine's version, the node type or the primary."""
    with ctx.write() as tx:
        group = _available(tx, ctx, req)
        version = catalog.of_full(group.engine, group.version)
        if req.get("EngineVersion"):
            version = catalog.version(group.engine, req["EngineVersion"])
        configuring.change(tx, ctx, group.settings, req, version)
        group.version = version.full
        group.description = req.get("ReplicationGroupDescription") or group.description
        if req.get("CacheNodeType"):
            group.node_type = catalog.node_type(req["CacheNodeType"])
        _failover(group, req)
        _snapshotting(tx, ctx, group, req)
        configuring.change_token(ctx, group.access, req)
        _user_groups(tx, ctx, group, req)
        group.status = "modifying"
        tx.put(GROUPS, group)
        for member in nodes.members(tx, ctx, group.id):
            member.settings, member.version, member.node_type = group.settings, group.version, group.node_type
            member.status = "modifying"
            tx.put(CLUSTERS, member)
            ctx.later(tx, "elasticache.settle", {"cluster": member.id})
        _encrypt(tx, ctx, group, req)
        if req.get("PrimaryClusterId"):
            _promote(tx, ctx, group, req["PrimaryClusterId"].lower())
        tx.signal(nodes.topic(ctx))
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}


def _failover(group: Group, req: Request) -> None:
    wanted = req.get("AutomaticFailoverEnabled")
    if wanted is False and group.cluster_mode:
        raise InvalidParameterCombination(
            "Turning off automatic failover for replication group with cluster mode enabled is not supported."
        )
    if wanted and not group.cluster_mode and len(group.shards[0].members) < 2:
        raise InvalidParameterCombination(
            "When using automatic failover, there must be at least 2 cache clusters in the replication group."
        )
    group.failover = group.failover if wanted is None else wanted
    group.multi_az = group.multi_az if req.get("MultiAZEnabled") is None else req["MultiAZEnabled"]
    if group.multi_az and not group.failover:
        raise InvalidParameterCombination("Must specify AutomaticFailoverEnabled when MultiAZEnabled is specified.")


def _snapshotting(tx: Transaction, ctx: Context, group: Group, req: Request) -> None:
    """Set the snapshotting cluster. The texts are AWS's, as users report them."""
    wanted = req.get("SnapshottingClusterId")
    if wanted:
        if shard_of(group, wanted.lower()) is None:
            raise CacheClusterNotFound("Specified snapshotting cluster does not exist")
        group.snapshotting = wanted.lower()
    if req.get("SnapshotRetentionLimit") and not group.snapshotting and not group.cluster_mode:
        raise InvalidParameterCombination(
            "Must specify both SnapshotRetentionLimit and SnapshottingClusterId to turn on snapshots"
        )


def _user_groups(tx: Transaction, ctx: Context, group: Group, req: Request) -> None:
    found = [] if req.get("RemoveUserGroups") else list(group.access.user_groups)
    for text in req.get("UserGroupIdsToAdd") or ():
        added = USER_GROUP.require(tx, ctx, text)
        if not group.access.transit:
            raise InvalidParameterCombination(
                "User group based access control requires encryption-in-transit to be enabled on the replication group"
            )
        found = [name for name in found if name != added.id] + [added.id]
    for text in req.get("UserGroupIdsToRemove") or ():
        found = [name for name in found if name != USER_GROUP.require(tx, ctx, text).id]
    if found and found != group.access.user_groups:
        group.access.tokens = []
    group.access.user_groups = found


def _encrypt(tx: Transaction, ctx: Context, group: Group, req: Request) -> None:
    """Switch TLS on or off. Clients keep their ports; the engines move behind doors, or take over the doors' ports."""
    wanted = req.get("TransitEncryptionEnabled")
    if req.get("TransitEncryptionMode"):
        group.access.mode = req["TransitEncryptionMode"]
    if wanted is None or wanted == group.access.transit:
        tx.put(GROUPS, group)
        return
    group.access.transit, group.doors = wanted, group.doors + 1
    group.access.mode = (req.get("TransitEncryptionMode") or "required") if wanted else ""
    if not wanted and (group.access.tokens or group.access.user_groups):
        raise InvalidParameterCombination("Encryption in transit cannot be turned off while access control is used.")
    tx.put(GROUPS, group)
    for member in nodes.members(tx, ctx, group.id):
        node = member.nodes[0]
        if wanted:
            node.door, node.port = node.port, ports.draw(tx, nodes.owner(ctx, "cluster", member.id))
        else:
            node.door, node.port = 0, node.door
        building.restart(tx, ctx, member, [node.id])
    sharding.open_doors(tx, ctx, group)


def _promote(tx: Transaction, ctx: Context, group: Group, chosen: str) -> None:
    if group.failover:
        raise InvalidParameterCombination("Cannot change the primary while automatic failover is enabled.")
    shard = shard_of(group, chosen)
    if shard is None:
        raise InvalidParameterValue(f"Cache cluster {chosen} is no member of replication group {group.id}.")
    ctx.later(tx, "elasticache.failover", {"group": group.id, "shard": shard.id, "to": chosen})


# -- replicas ----------------------------------------------------------------------------------------------------------


def _counts(group: Group, req: Request) -> list[tuple[Shard, int, list[str]]]:
    """The wanted number of replicas of each shard, and their zones. Raises NodeGroupNotFound."""
    given = {config["NodeGroupId"]: config for config in req.get("ReplicaConfiguration") or ()}
    unknown = set(given) - {shard.id for shard in group.shards}
    if unknown:
        raise NodeGroupNotFound(f"NodeGroup {min(unknown)} not found.")
    found = []
    for shard in group.shards:
        if given and shard.id not in given:
            continue
        count = given[shard.id]["NewReplicaCount"] if given else req.get("NewReplicaCount")
        zones = given[shard.id].get("PreferredAvailabilityZones") or [] if given else []
        found.append((shard, len(shard.members) - 1 if count is None else count, zones))
    return found


@operation("elasticache", "IncreaseReplicaCount", resource=names.of(GROUP, "ReplicationGroupId"))
def increase_replica_count(ctx: Context, req: Request) -> dict[str, Any]:
    """Add replicas to every shard, or to those named."""
    with ctx.write() as tx:
        group = _available(tx, ctx, req)
        for shard, count, zones in _counts(group, req):
            if count > sharding.REPLICAS or count < len(shard.members):
                raise InvalidParameterValue(f"The new replica count must be greater than the present one and at most "
                                            f"{sharding.REPLICAS}.")  # fmt: skip
            wanted = zones[1:] or configuring.zones(ctx, {}, count + 1)[len(shard.members) :]
            for at in range(count + 1 - len(shard.members)):
                replicas.add(tx, ctx, group, shard, wanted[at % len(wanted)])
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}


@operation("elasticache", "DecreaseReplicaCount", resource=names.of(GROUP, "ReplicationGroupId"))
def decrease_replica_count(ctx: Context, req: Request) -> dict[str, Any]:
    """Remove replicas: those named, or the last ones."""
    with ctx.write() as tx:
        group = _available(tx, ctx, req)
        named = [id.lower() for id in req.get("ReplicasToRemove") or ()]
        for shard, count, _ in _counts(group, req):
            others = [id for id in shard.members if id != shard.primary]
            gone = [id for id in named if id in others] if named else others[count:]
            if not named and count >= len(others):
                raise InvalidParameterValue("The new replica count must be smaller than the present one.")
            if group.failover and not group.cluster_mode and len(gone) == len(others):
                raise InvalidParameterValue(
                    "Must have at least 1 replica when cluster mode is disabled with auto failover enabled."
                )
            for id in gone:
                sharding.remove_member(tx, ctx, group, shard, id)
        group.status = "modifying"
        tx.put(GROUPS, group)
        ctx.later(tx, "elasticache.settle", {"group": group.id})
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}


# -- shards ------------------------------------------------------------------------------------------------------------


@operation("elasticache", "ModifyReplicationGroupShardConfiguration", resource=names.of(GROUP, "ReplicationGroupId"))
def modify_replication_group_shard_configuration(ctx: Context, req: Request) -> dict[str, Any]:
    """Add or remove shards. The slots move while the cluster serves."""
    with ctx.write() as tx:
        group = _available(tx, ctx, req)
        if not group.cluster_mode:
            raise InvalidReplicationGroupState(f"Replication group {group.id} does not have cluster mode enabled.")
        count = req["NodeGroupCount"]
        if not 1 <= count <= sharding.SHARDS:
            raise InvalidParameterValue(f"The number of node groups must be between 1 and {sharding.SHARDS}.")
        if count == len(group.shards):
            raise NoOperation
        group.moving, group.status = True, "modifying"
        if count > len(group.shards):
            _grow(tx, ctx, group, req, count)
        else:
            _shrink(group, req, count)
        staying = [shard for shard in group.shards if not shard.leaving]
        for shard, ranges in zip(staying, slots.even(len(staying)), strict=True):
            shard.target = ranges
        tx.put(GROUPS, group)
        ctx.later(tx, "elasticache.reshard", {"group": group.id})
        return {"ReplicationGroup": shapes.group(tx, ctx, group)}


def _grow(tx: Transaction, ctx: Context, group: Group, req: Request, count: int) -> None:
    given = req.get("ReshardingConfiguration") or []
    taken = {shard.id for shard in group.shards}
    size = len(group.shards[0].members)
    ids = [config["NodeGroupId"] for config in given if config.get("NodeGroupId") not in {None, *taken}]
    free = (f"{at:04}" for at in range(1, 10000) if f"{at:04}" not in {*taken, *ids})
    for at in range(count - len(group.shards)):
        id = ids[at] if at < len(ids) else next(free)
        zones = next((c.get("PreferredAvailabilityZones") for c in given if c.get("NodeGroupId") == id), None)
        zones = (zones or [])[:size] or configuring.zones(ctx, {}, size)
        sharding.add_shard(tx, ctx, group, sharding.Planned(id, zones, []))


def _shrink(group: Group, req: Request, count: int) -> None:
    removed, retained = req.get("NodeGroupsToRemove") or [], req.get("NodeGroupsToRetain") or []
    if not removed and not retained:
        raise InvalidParameterCombination(
            "Either NodeGroupsToRemove or NodeGroupsToRetain must be provided to remove node groups."
        )
    gone = set(removed) or {shard.id for shard in group.shards} - set(retained)
    unknown = gone - {shard.id for shard in group.shards}
    if unknown:
        raise NodeGroupNotFound(f"NodeGroup {min(unknown)} not found.")
    if len(group.shards) - len(gone) != count:
        raise InvalidParameterCombination("NodeGroupCount does not match the node groups that remain.")
    for shard in group.shards:
        shard.leaving = shard.id in gone
