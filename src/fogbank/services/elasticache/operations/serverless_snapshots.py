"""Snapshots of serverless caches.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, job, operation
from fogbank.store.api import Transaction

from .. import backups, catalog, labels, names, nodes
from ..errors import (
    InvalidParameterCombination,
    InvalidServerlessCacheState,
    InvalidServerlessSnapshotState,
    ServerlessSnapshotAlreadyExists,
)
from ..listing import tokens
from ..names import SERVERLESS, SERVERLESS_SNAPSHOT
from ..records import SERVERLESS_SNAPSHOTS, Part, ServerlessSnapshot

Request = dict[str, Any]
NAME, CACHE = "ServerlessCacheSnapshotName", "ServerlessCacheName"


def _shape(ctx: Context, found: ServerlessSnapshot) -> dict[str, Any]:
    shape = {
        "ServerlessCacheSnapshotName": found.name,
        "ARN": names.arn(ctx, SERVERLESS_SNAPSHOT, found.name),
        "SnapshotType": found.kind,
        "Status": found.status,
        "CreateTime": found.created,
        "BytesUsedForCache": str(found.size),
        "ServerlessCacheConfiguration": {
            "ServerlessCacheName": found.cache,
            "Engine": found.engine,
            "MajorEngineVersion": found.version.split(".")[0],
        },
    }
    return shape | ({"KmsKeyId": found.kms_key} if found.kms_key else {})


@operation("elasticache", "CreateServerlessCacheSnapshot", resource=names.new(SERVERLESS_SNAPSHOT, NAME, CACHE))
def create_serverless_cache_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Start a snapshot. It becomes available when its file is written."""
    name = names.identifier(NAME, req[NAME], 40)
    with ctx.write() as tx:
        cache = SERVERLESS.require(tx, ctx, req[CACHE])
        _fresh(tx, ctx, name)
        if cache.engine == catalog.MEMCACHED:
            raise InvalidParameterCombination("Fogbank takes no snapshots of Memcached: it keeps nothing on disk.")
        if cache.status != "available":
            raise InvalidServerlessCacheState(f"Serverless cache {cache.name} is not in available state.")
        found = backups.serverless_record(ctx, cache.name, cache.engine, cache.version, name)
        found.kms_key = req.get("KmsKeyId") or ""
        found.tags = labels.given(req)
        tx.put(SERVERLESS_SNAPSHOTS, found)
        ctx.later(tx, "elasticache.serverless-backup", {"cache": cache.name, "snapshot": name})
    return {"ServerlessCacheSnapshot": _shape(ctx, found)}


def _fresh(tx: Transaction, ctx: Context, name: str) -> None:
    if tx.get(SERVERLESS_SNAPSHOTS, (ctx.account, ctx.region, name)) is not None:
        raise ServerlessSnapshotAlreadyExists


@job("elasticache.serverless-backup")
async def write(ctx: Context, payload: Request) -> None:
    """Write the file of a started snapshot."""
    await backups.write_serverless(ctx, payload["cache"], payload["snapshot"])


def _listed(ctx: Context, req: Request) -> list[Access]:
    found = [names.listed(SERVERLESS_SNAPSHOT, NAME)(ctx, req)]
    return [*found, *names.others(ctx, req, (CACHE,))]


@operation("elasticache", "DescribeServerlessCacheSnapshots", resource=_listed)
def describe_serverless_cache_snapshots(ctx: Context, req: Request) -> dict[str, Any]:
    """One snapshot, those of a cache, or all."""
    with ctx.read() as tx:
        if req.get(NAME):
            found = [SERVERLESS_SNAPSHOT.require(tx, ctx, req[NAME])]
        else:
            found = list(tx.scan(SERVERLESS_SNAPSHOTS, (ctx.account, ctx.region)))
    if req.get(CACHE):
        found = [one for one in found if one.cache == req[CACHE].lower()]
    if req.get("SnapshotType") and req["SnapshotType"] != "all":
        found = [one for one in found if one.kind == req["SnapshotType"]]
    found, more = tokens(ctx, req, found, lambda one: one.name)
    return {"ServerlessCacheSnapshots": [_shape(ctx, one) for one in found], **more}


def _copied(ctx: Context, req: Request) -> list[Access]:
    source = Access("", SERVERLESS_SNAPSHOT.name(ctx, req["SourceServerlessCacheSnapshotName"]))
    return [source, *names.new(SERVERLESS_SNAPSHOT, "TargetServerlessCacheSnapshotName")(ctx, req)]


@operation("elasticache", "CopyServerlessCacheSnapshot", resource=_copied)
def copy_serverless_cache_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Copy a snapshot's record under another name. Both share the same file."""
    name = names.identifier("TargetServerlessCacheSnapshotName", req["TargetServerlessCacheSnapshotName"], 40)
    with ctx.write() as tx:
        found = SERVERLESS_SNAPSHOT.require(tx, ctx, req["SourceServerlessCacheSnapshotName"])
        _available(found)
        _fresh(tx, ctx, name)
        found.name, found.created, found.kind = name, ctx.now(), "manual"
        found.tags = labels.given(req)
        ctx.blobs.share(tx, found.blob, nodes.OWNER)
        tx.put(SERVERLESS_SNAPSHOTS, found)
    return {"ServerlessCacheSnapshot": _shape(ctx, found)}


def _available(found: ServerlessSnapshot) -> None:
    if found.status != "available":
        raise InvalidServerlessSnapshotState(f"Serverless cache snapshot {found.name} is not in available state.")


@operation("elasticache", "ExportServerlessCacheSnapshot", resource=names.of(SERVERLESS_SNAPSHOT, NAME))
async def export_serverless_cache_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Write the file to S3 as SNAPSHOT-0001.rdb."""
    found = await ctx.fetch(SERVERLESS_SNAPSHOT.require, ctx, req[NAME])
    _available(found)
    part = Part(found.blob, found.size, "", "", [], found.created, found.created)
    await backups.export(ctx, [part], req["S3BucketName"], found.name)
    return {"ServerlessCacheSnapshot": _shape(ctx, found)}


@operation("elasticache", "DeleteServerlessCacheSnapshot", resource=names.of(SERVERLESS_SNAPSHOT, NAME))
def delete_serverless_cache_snapshot(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a snapshot and its file."""
    with ctx.write() as tx:
        found = SERVERLESS_SNAPSHOT.require(tx, ctx, req[NAME])
        _available(found)
        ctx.blobs.release(tx, found.blob, nodes.OWNER)
        tx.delete(SERVERLESS_SNAPSHOTS, (ctx.account, ctx.region, found.name))
        found.status = "deleting"
    return {"ServerlessCacheSnapshot": _shape(ctx, found)}
