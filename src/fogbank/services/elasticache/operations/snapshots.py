"""Snapshots of clusters and replication groups.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import backups, labels, names, nodes
from ..errors import InvalidParameterCombination, InvalidSnapshotState
from ..listing import page
from ..names import CLUSTER, GROUP, SNAPSHOT
from ..records import CLUSTERS, GROUPS, SNAPSHOTS, Part, Snapshot
from ..shapes import slots

Request = dict[str, Any]


def shape(ctx: Context, found: Snapshot) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Snapshot.html"""
    result: dict[str, Any] = {
        "SnapshotName": found.name,
        "SnapshotStatus": found.status,
        "SnapshotSource": found.source,
        "CacheNodeType": found.node_type,
        "Engine": found.engine,
        "EngineVersion": found.version,
        "PreferredMaintenanceWindow": found.settings.maintenance_window,
        "Port": found.port,
        "CacheParameterGroupName": found.settings.parameter_group,
        "CacheSubnetGroupName": found.settings.subnet_group,
        "AutoMinorVersionUpgrade": found.settings.auto_minor,
        "SnapshotRetentionLimit": found.settings.snapshot_limit,
        "SnapshotWindow": found.settings.snapshot_window,
        "NodeSnapshots": [_part(part, grouped=bool(found.group)) for part in found.parts],
        "ARN": names.arn(ctx, SNAPSHOT, found.name),
        "DataTiering": "disabled",
    }
    if found.group:
        result |= {
            "ReplicationGroupId": found.group,
            "ReplicationGroupDescription": found.description,
            "NumNodeGroups": len(found.parts),
            "AutomaticFailover": "enabled" if found.failover else "disabled",
        }
    else:
        result |= {
            "CacheClusterId": found.cluster,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": found.zone,
            "CacheClusterCreateTime": found.origin_created,
        }
    return result | ({"KmsKeyId": found.kms_key} if found.kms_key else {})


def _part(part: Part, *, grouped: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "CacheNodeId": "0001",
        "CacheSize": f"{max(1, part.size >> 20)} MB",
        "CacheNodeCreateTime": part.node_created,
        "SnapshotCreateTime": part.created,
    }
    if grouped:
        result |= {"CacheClusterId": part.cluster, "NodeGroupId": part.shard}
        result["NodeGroupConfiguration"] = {"NodeGroupId": part.shard, "Slots": slots(part.slots)}
    return result


@operation("elasticache", "CreateSnapshot", resource=backups.taken)
def create_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Start a snapshot of a cluster or a replication group. It becomes available when its files are written."""
    name = names.identifier("SnapshotName", req["SnapshotName"], 255)
    if bool(req.get("CacheClusterId")) == bool(req.get("ReplicationGroupId")):
        raise InvalidParameterCombination("Exactly one of CacheClusterId and ReplicationGroupId must be provided.")
    with ctx.write() as tx:
        if req.get("CacheClusterId"):
            cluster = CLUSTER.require(tx, ctx, req["CacheClusterId"])
            made = backups.of_cluster(tx, ctx, cluster, name)
            cluster.status = "snapshotting"
            tx.put(CLUSTERS, cluster)
        else:
            group = GROUP.require(tx, ctx, req["ReplicationGroupId"])
            made = backups.of_group(tx, ctx, group, name)
            group.status = "snapshotting"
            tx.put(GROUPS, group)
        made.tags = labels.given(req)
        made.kms_key = req.get("KmsKeyId") or made.kms_key
        tx.put(SNAPSHOTS, made)
        ctx.later(tx, "elasticache.backup", {"snapshot": name})
    return {"Snapshot": shape(ctx, made)}


@operation("elasticache", "DescribeSnapshots", resource=backups.listed)
def describe_snapshots(ctx: Context, req: Request) -> dict[str, Any]:
    """One snapshot, those of a cluster or a group, or all."""
    with ctx.read() as tx:
        if req.get("SnapshotName"):
            found = [SNAPSHOT.require(tx, ctx, req["SnapshotName"])]
        else:
            found = list(tx.scan(SNAPSHOTS, (ctx.account, ctx.region)))
    for member, attribute in (("CacheClusterId", "cluster"), ("ReplicationGroupId", "group")):
        if req.get(member):
            found = [one for one in found if getattr(one, attribute) == req[member].lower()]
    if req.get("SnapshotSource"):
        wanted = "automated" if req["SnapshotSource"] == "system" else "manual"
        found = [one for one in found if one.source == wanted]
    found, more = page(ctx, req, found, lambda one: one.name)
    return {"Snapshots": [shape(ctx, one) for one in found], **more}


@operation("elasticache", "CopySnapshot", resource=backups.copied)
async def copy_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Copy a snapshot under another name; with TargetBucket, write its files to S3 as TARGET-0001.rdb.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-exporting.html
    """
    name = names.identifier("TargetSnapshotName", req["TargetSnapshotName"], 255)
    source = await ctx.fetch(SNAPSHOT.require, ctx, req["SourceSnapshotName"])
    if source.status != "available":
        raise InvalidSnapshotState(f"Snapshot {source.name} is not available.")
    if req.get("TargetBucket"):
        await backups.export(ctx, source.parts, req["TargetBucket"], name)
        return {"Snapshot": {**shape(ctx, source), "SnapshotName": name, "SnapshotStatus": "exporting"}}
    made = await ctx.transact(backups.copy, ctx, req["SourceSnapshotName"], name, req)
    return {"Snapshot": shape(ctx, made)}


@operation("elasticache", "DeleteSnapshot", resource=names.of(SNAPSHOT, "SnapshotName"))
def delete_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a snapshot and its files."""
    with ctx.write() as tx:
        found = SNAPSHOT.require(tx, ctx, req["SnapshotName"])
        if found.status == "creating":
            raise InvalidSnapshotState(f"Snapshot {found.name} is being created.")
        for part in found.parts:
            ctx.blobs.release(tx, part.blob, nodes.OWNER)
        tx.delete(SNAPSHOTS, (ctx.account, ctx.region, found.name))
        found.status = "deleting"
    return {"Snapshot": shape(ctx, found)}
