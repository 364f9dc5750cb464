"""Global datastores are only recorded: their members do not replicate. Migrations cannot be started.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastore.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/OnlineMigration.html
"""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Reader

from .. import labels, names
from ..errors import (
    GlobalGroupAlreadyExists,
    GroupNotUnderMigration,
    InvalidParameterValue,
    InvalidReplicationGroupState,
    ServerlessNotUnderMigration,
)
from ..listing import page
from ..names import GLOBAL, GROUP, SERVERLESS
from ..records import GLOBAL_GROUPS, GROUPS, GlobalGroup

Request = dict[str, Any]
ID = "GlobalReplicationGroupId"
_named = names.of(GLOBAL, ID)


def _full_id(ctx: Context, suffix: str) -> str:
    """A suffix with its prefix. AWS prepends five characters per region (here: per account and region)."""
    mark = hashlib.sha256(f"{ctx.account}/{ctx.region}".encode()).hexdigest()[:4]
    return names.identifier("GlobalReplicationGroupIdSuffix", f"f{mark}-{suffix}", 255)


def _shape(tx: Reader, ctx: Context, found: GlobalGroup, *, members: bool = True) -> dict[str, Any]:
    primary = next((tx.get(GROUPS, (found.account, region, id)) for id, region, role in found.members
                    if role == "PRIMARY"), None)  # fmt: skip
    shape: dict[str, Any] = {
        "GlobalReplicationGroupId": found.id,
        "GlobalReplicationGroupDescription": found.description,
        "Status": found.status,
        "ARN": names.arn(ctx, GLOBAL, found.id),
    }
    if primary is not None:
        shape |= {
            "CacheNodeType": primary.node_type,
            "Engine": primary.engine,
            "EngineVersion": primary.version,
            "ClusterEnabled": primary.cluster_mode,
            "AuthTokenEnabled": bool(primary.access.tokens),
            "TransitEncryptionEnabled": primary.access.transit,
            "AtRestEncryptionEnabled": primary.at_rest,
            "GlobalNodeGroups": [{"GlobalNodeGroupId": f"{found.id}-{shard.id}"} for shard in primary.shards],
        }
    if members:
        shape["Members"] = [
            {"ReplicationGroupId": id, "ReplicationGroupRegion": region, "Role": role, "Status": "associated",
             "AutomaticFailover": "disabled"}
            for id, region, role in found.members
        ]  # fmt: skip
    return shape


def _new(ctx: Context, req: Request) -> list[Access]:
    given = {**req, ID: _full_id(ctx, req["GlobalReplicationGroupIdSuffix"])}
    return names.new(GLOBAL, ID, "PrimaryReplicationGroupId")(ctx, given)


@operation("elasticache", "CreateGlobalReplicationGroup", resource=_new, fidelity="recorded")
def create_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Record a datastore with its primary."""
    id = _full_id(ctx, req["GlobalReplicationGroupIdSuffix"])
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["PrimaryReplicationGroupId"])
        if tx.get(GLOBAL_GROUPS, (ctx.account, id)) is not None:
            raise GlobalGroupAlreadyExists
        if group.global_group:  # AWS's text is not confirmed
            raise InvalidReplicationGroupState(f"Replication group {group.id} is already part of {group.global_group}.")
        found = GlobalGroup(
            account=ctx.account,
            id=id,
            description=req.get("GlobalReplicationGroupDescription") or "",
            status="primary-only",
            members=[(group.id, ctx.region, "PRIMARY")],
            tags=labels.given(req),
        )
        tx.put(GLOBAL_GROUPS, found)
        group.global_group = id
        tx.put(GROUPS, group)
        return {"GlobalReplicationGroup": _shape(tx, ctx, found)}


@operation("elasticache", "DescribeGlobalReplicationGroups", resource=names.listed(GLOBAL, ID), fidelity="recorded")
def describe_global_replication_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """One datastore, or all."""
    with ctx.read() as tx:
        found = [GLOBAL.require(tx, ctx, req[ID])] if req.get(ID) else list(tx.scan(GLOBAL_GROUPS, (ctx.account,)))
        found, more = page(ctx, req, found, lambda one: one.id)
        members = bool(req.get("ShowMemberInfo"))
        return {"GlobalReplicationGroups": [_shape(tx, ctx, one, members=members) for one in found], **more}


@operation("elasticache", "ModifyGlobalReplicationGroup", resource=_named, fidelity="recorded")
def modify_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Change the description."""
    with ctx.write() as tx:
        found = GLOBAL.require(tx, ctx, req[ID])
        found.description = req.get("GlobalReplicationGroupDescription") or found.description
        tx.put(GLOBAL_GROUPS, found)
        return {"GlobalReplicationGroup": _shape(tx, ctx, found)}


@operation("elasticache", "DeleteGlobalReplicationGroup", resource=_named, fidelity="recorded")
def delete_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a datastore. Its primary stays a replication group."""
    with ctx.write() as tx:
        found = GLOBAL.require(tx, ctx, req[ID])
        for id, region, _ in found.members:
            group = tx.get(GROUPS, (found.account, region, id))
            if group is not None:
                group.global_group = ""
                tx.put(GROUPS, group)
        tx.delete(GLOBAL_GROUPS, (found.account, found.id))
        found.status = "deleting"
        return {"GlobalReplicationGroup": _shape(tx, ctx, found)}


@operation("elasticache", "DisassociateGlobalReplicationGroup", resource=_named, fidelity="recorded")
def disassociate_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Remove a secondary from a datastore."""
    return _without(ctx, req, (req["ReplicationGroupId"].lower(), req["ReplicationGroupRegion"]))


def _without(ctx: Context, req: Request, member: tuple[str, str]) -> dict[str, Any]:
    with ctx.write() as tx:
        found = GLOBAL.require(tx, ctx, req[ID])
        if (*member, "SECONDARY") not in found.members:
            raise InvalidParameterValue(f"The replication group {member[0]} is no secondary of {found.id}.")
        found.members = [other for other in found.members if other[:2] != member]
        tx.put(GLOBAL_GROUPS, found)
        return {"GlobalReplicationGroup": _shape(tx, ctx, found)}


@operation("elasticache", "FailoverGlobalReplicationGroup", resource=_named, fidelity="recorded")
def failover_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Record another member as the primary."""
    wanted = (req["PrimaryReplicationGroupId"].lower(), req["PrimaryRegion"])
    with ctx.write() as tx:
        found = GLOBAL.require(tx, ctx, req[ID])
        if (*wanted, "SECONDARY") not in found.members:
            raise InvalidParameterValue(f"The replication group {wanted[0]} is no secondary of {found.id}.")
        found.members = [
            (id, region, "PRIMARY" if (id, region) == wanted else "SECONDARY") for id, region, _ in found.members
        ]
        tx.put(GLOBAL_GROUPS, found)
        return {"GlobalReplicationGroup": _shape(tx, ctx, found)}


def _unchanged(ctx: Context, req: Request) -> dict[str, Any]:
    with ctx.read() as tx:
        return {"GlobalReplicationGroup": _shape(tx, ctx, GLOBAL.require(tx, ctx, req[ID]))}


@operation("elasticache", "IncreaseNodeGroupsInGlobalReplicationGroup", resource=_named, fidelity="recorded")
def increase_node_groups_in_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Return the datastore unchanged: ModifyReplicationGroupShardConfiguration changes the shards of members."""
    return _unchanged(ctx, req)


@operation("elasticache", "DecreaseNodeGroupsInGlobalReplicationGroup", resource=_named, fidelity="recorded")
def decrease_node_groups_in_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Return the datastore unchanged: its members keep their shards."""
    return _unchanged(ctx, req)


@operation("elasticache", "RebalanceSlotsInGlobalReplicationGroup", resource=_named, fidelity="recorded")
def rebalance_slots_in_global_replication_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Return the datastore unchanged: its slots are in equal shares anyway."""
    return _unchanged(ctx, req)


# -- migrations --------------------------------------------------------------------------------------------------------


def _migrated(ctx: Context, req: Request) -> list[Access]:
    accesses = names.others(ctx, req, ("ReplicationGroupId", "ServerlessCacheName"))
    return accesses or [Access("", "*")]


def _refuse(ctx: Context, req: Request) -> dict[str, Any]:
    """Refuse to end a migration, since none can be started."""
    with ctx.read() as tx:
        if req.get("ServerlessCacheName"):
            SERVERLESS.require(tx, ctx, req["ServerlessCacheName"])
            raise ServerlessNotUnderMigration
        GROUP.require(tx, ctx, req.get("ReplicationGroupId") or "")
    raise GroupNotUnderMigration


@operation("elasticache", "CompleteMigration", resource=_migrated, fidelity="recorded")
def complete_migration(ctx: Context, req: Request) -> dict[str, Any]:
    """Always refused: no migration can be started."""
    return _refuse(ctx, req)


@operation("elasticache", "StopMigration", resource=_migrated, fidelity="recorded")
def stop_migration(ctx: Context, req: Request) -> dict[str, Any]:
    """Always refused: no migration can be started."""
    return _refuse(ctx, req)
