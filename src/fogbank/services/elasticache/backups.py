"""Snapshots: RDB files stored as blobs, one per shard. Also imports and exports RDB files in S3.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-seeding-redis.html
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import FileSlice
from fogbank.core.operation import Access
from fogbank.engines.valkey import Valkey
from fogbank.store.api import Reader, Transaction
from fogbank.store.blobs import Blob

from . import catalog, labels, names, nodes, plans, statuses
from .errors import (
    InvalidCacheClusterState,
    InvalidParameterValue,
    InvalidReplicationGroupState,
    SnapshotAlreadyExists,
    SnapshotFeatureNotSupported,
)
from .events import tell
from .names import SNAPSHOT
from .records import (
    CLUSTERS,
    GROUPS,
    SERVERLESS,
    SERVERLESS_SNAPSHOTS,
    SNAPSHOTS,
    Cluster,
    Group,
    Part,
    ServerlessSnapshot,
    Snapshot,
)

Request = dict[str, Any]
CHUNK = 1 << 20


# -- authorization ---------------------------------------------------------------------------------------------------


def taken(ctx: Context, req: Request) -> list[Access]:
    """CreateSnapshot: the snapshot to be created, and its source."""
    found = names.new(SNAPSHOT, "SnapshotName")(ctx, req)
    return found + names.others(ctx, req, ("CacheClusterId", "ReplicationGroupId"))


def copied(ctx: Context, req: Request) -> list[Access]:
    """CopySnapshot: the source, and the copy to be created."""
    source = Access("", SNAPSHOT.name(ctx, req["SourceSnapshotName"]))
    return [source, *names.new(SNAPSHOT, "TargetSnapshotName")(ctx, req)]


def listed(ctx: Context, req: Request) -> Access:
    return names.listed(SNAPSHOT, "SnapshotName")(ctx, req)


# -- records ---------------------------------------------------------------------------------------------------------


def _fresh(tx: Reader, ctx: Context, name: str) -> None:
    if tx.get(SNAPSHOTS, (ctx.account, ctx.region, name)) is not None:
        raise SnapshotAlreadyExists(f"Snapshot {name} already exists.")


def of_cluster(tx: Reader, ctx: Context, cluster: Cluster, name: str, *, final: bool = False) -> Snapshot:
    """The record of a snapshot of one cluster, before its files are written."""
    _fresh(tx, ctx, name)
    if cluster.engine == catalog.MEMCACHED:
        raise SnapshotFeatureNotSupported("Snapshots are not supported for Memcached clusters.")
    if cluster.status != "available" and not final:
        raise InvalidCacheClusterState(f"Cache cluster {cluster.id} is not in available state.")
    return Snapshot(
        account=ctx.account,
        region=ctx.region,
        name=name,
        status="creating",
        source="manual",
        engine=cluster.engine,
        version=cluster.version,
        node_type=cluster.node_type,
        created=ctx.now(),
        settings=cluster.settings,
        cluster=cluster.id,
        port=cluster.port or 6379,
        origin_created=cluster.created,
        zone=cluster.nodes[0].zone,
    )


def of_group(tx: Reader, ctx: Context, group: Group, name: str, *, final: bool = False) -> Snapshot:
    """The record of a snapshot of a replication group."""
    _fresh(tx, ctx, name)
    if group.status != "available" and not final:
        raise InvalidReplicationGroupState(f"Replication group {group.id} is not in available state.")
    return Snapshot(
        account=ctx.account,
        region=ctx.region,
        name=name,
        status="creating",
        source="manual",
        engine=group.engine,
        version=group.version,
        node_type=group.node_type,
        created=ctx.now(),
        settings=group.settings,
        group=group.id,
        description=group.description,
        port=group.port or 6379,
        cluster_mode=group.cluster_mode,
        failover=group.failover,
        origin_created=group.created,
        kms_key=group.kms_key,
    )


def copy(tx: Transaction, ctx: Context, source: str, name: str, req: Request) -> Snapshot:
    """Copy a snapshot's record under another name. Both share the same files."""
    _fresh(tx, ctx, name)
    made = SNAPSHOT.require(tx, ctx, source)
    made.name, made.created, made.source = name, ctx.now(), "manual"
    made.kms_key = req.get("KmsKeyId") or made.kms_key
    made.tags = labels.given(req)
    for part in made.parts:
        ctx.blobs.share(tx, part.blob, nodes.OWNER)
    tx.put(SNAPSHOTS, made)
    return made


# -- files -----------------------------------------------------------------------------------------------------------


async def write(ctx: Context, name: str) -> None:
    """Let the servers write their data, and make the snapshot available."""
    found = await ctx.fetch(_snapshot, ctx, name)
    if found is None or found.status != "creating":
        return
    parts, blobs = [], []
    for shard, slots, node in await ctx.fetch(_sources, ctx, found):
        blob = await dump(ctx, f"cluster/{node}/0001")
        blobs.append(blob)
        created = await ctx.fetch(_node_created, ctx, node)
        parts.append(Part(blob.id, blob.size, node, shard, slots, ctx.now(), created))
    await ctx.transact(_written, ctx, name, parts, blobs)


def _snapshot(tx: Reader, ctx: Context, name: str) -> Snapshot | None:
    return tx.get(SNAPSHOTS, (ctx.account, ctx.region, name))


def _node_created(tx: Reader, ctx: Context, node: str) -> float:
    cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, node))
    return cluster.nodes[0].created if cluster is not None else ctx.now()


def _sources(tx: Reader, ctx: Context, found: Snapshot) -> list[tuple[str, list[tuple[int, int]], str]]:
    """Shard, slots and source cluster of each part: the group's snapshotting cluster, or the shard's primary."""
    if found.cluster:
        return [("0001", [], found.cluster)]
    group = tx.get(GROUPS, (ctx.account, ctx.region, found.group))
    if group is None:
        return []
    sources = []
    for shard in group.shards:
        asked = group.snapshotting if group.snapshotting in shard.members else ""
        sources.append((shard.id, shard.slots, asked or shard.primary))
    return sources


async def dump(ctx: Context, name: str) -> Blob:
    """Store a node's data as a blob."""
    plan = await ctx.fetch(plans.of, ctx, name)
    if plan is None or not isinstance(plan.engine, Valkey):
        raise LookupError(f"there is no node {name}")
    return await store(ctx, await plan.engine.dump())


async def store(ctx: Context, path: Path) -> Blob:
    async with await ctx.blobs.create() as writer:
        with await asyncio.to_thread(path.open, "rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                await writer.write(chunk)
        return await writer.commit()


def _written(tx: Transaction, ctx: Context, name: str, parts: list[Part], blobs: list[Blob]) -> None:
    found = _snapshot(tx, ctx, name)
    if found is None or found.status != "creating":
        return
    for blob in blobs:
        ctx.blobs.publish(tx, blob, nodes.OWNER)
    found.parts, found.status = parts, "available"
    tx.put(SNAPSHOTS, found)
    if found.cluster:
        cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, found.cluster))
        tell(tx, ctx, "cache-cluster", found.cluster, f"Snapshot succeeded for snapshot with ID '{name}' of cache "
             f"cluster with ID '{found.cluster}'")  # fmt: skip
        if cluster is not None:
            statuses.settle(tx, ctx, cluster)
        return
    tell(tx, ctx, "replication-group", found.group, f"Snapshot succeeded for snapshot with ID '{name}' of "
         f"replication group with ID '{found.group}'")  # fmt: skip
    statuses.settle_group(tx, ctx, found.group)


async def final(ctx: Context, payload: Request) -> None:
    """Take the final snapshot before a deletion."""
    name = payload["final"].lower()
    if "serverless" in payload:
        await write_serverless(ctx, payload["serverless"], name)
        return
    await ctx.transact(_begin_final, ctx, payload, name)
    await write(ctx, name)


def _begin_final(tx: Transaction, ctx: Context, payload: Request, name: str) -> None:
    where = (ctx.account, ctx.region)
    if tx.get(SNAPSHOTS, (*where, name)) is not None:  # the job runs again
        return
    if "group" in payload:
        group = tx.get(GROUPS, (*where, payload["group"]))
        made = of_group(tx, ctx, group, name, final=True) if group is not None else None
    else:
        cluster = tx.get(CLUSTERS, (*where, payload["cluster"]))
        made = of_cluster(tx, ctx, cluster, name, final=True) if cluster is not None else None
    if made is not None:
        tx.put(SNAPSHOTS, made)


# -- S3 --------------------------------------------------------------------------------------------------------------


async def export(ctx: Context, parts: list[Part], bucket: str, name: str) -> None:
    """Write NAME-0001.rdb, … to a bucket, as the caller, who needs s3:PutObject there."""
    for at, part in enumerate(parts, 1):
        body = await ctx.blobs.load(part.blob)
        await ctx.call("s3", "PutObject", {"Bucket": bucket, "Key": f"{name}-{at:04}.rdb", "Body": body})


async def fetched(ctx: Context, arn: str) -> Blob:
    """Store an RDB file from S3 as a blob: arn:aws:s3:::bucket/key."""
    place = arn.split(":::", 1)[-1]
    bucket, slash, key = place.partition("/")
    if not slash or ":s3:::" not in arn:
        raise InvalidParameterValue(f"Invalid snapshot ARN: {arn}")
    answer = await ctx.call("s3", "GetObject", {"Bucket": bucket, "Key": key})
    body = answer["Body"]
    async with await ctx.blobs.create() as writer:
        if isinstance(body, bytes):
            await writer.write(body)
        elif isinstance(body, FileSlice):
            await writer.write(await asyncio.to_thread(body.read))
        else:
            async for chunk in body:
                await writer.write(chunk)
        return await writer.commit()


async def seed_from_s3(ctx: Context, payload: Request) -> None:
    """Start the nodes of a new cluster or group with RDB files from S3, one file per shard.

    If S3 refuses one of them, the cluster or group has failed.
    """
    try:
        blobs = [await fetched(ctx, arn) for arn in payload["arns"]]
    except ServiceError as error:
        if error.status >= 500:
            raise
        await ctx.transact(_refused, ctx, payload, f"{error.code}: {error.message}")
        return
    await ctx.transact(_seeded, ctx, payload, blobs)


def _refused(tx: Transaction, ctx: Context, payload: Request, why: str) -> None:
    """AWS's text of the event is not confirmed."""
    group = tx.get(GROUPS, (ctx.account, ctx.region, payload["group"])) if "group" in payload else None
    if group is not None:
        group.status = "create-failed"
        tx.put(GROUPS, group)
        tell(tx, ctx, "replication-group", group.id, f"Failed to restore {group.id} from Amazon S3. {why}")
    for cluster in nodes.members(tx, ctx, payload["group"]) if "group" in payload else _primaries(tx, ctx, payload):
        cluster.status = "restore-failed"
        tx.put(CLUSTERS, cluster)
        tell(tx, ctx, "cache-cluster", cluster.id, f"Failed to restore {cluster.id} from Amazon S3. {why}")


def _seeded(tx: Transaction, ctx: Context, payload: Request, blobs: list[Blob]) -> None:
    found = _primaries(tx, ctx, payload)
    for cluster, blob in zip(found, blobs, strict=False):
        if not cluster.source:
            ctx.blobs.publish(tx, blob, nodes.OWNER)
            cluster.source = blob.id
            tx.put(CLUSTERS, cluster)
    for cluster in nodes.members(tx, ctx, payload["group"]) if "group" in payload else found:
        nodes.run(tx, ctx, cluster)


def _primaries(tx: Reader, ctx: Context, payload: Request) -> list[Cluster]:
    where = (ctx.account, ctx.region)
    group = tx.get(GROUPS, (*where, payload["group"])) if "group" in payload else None
    ids = [shard.primary for shard in group.shards] if group is not None else [payload.get("cluster", "")]
    found = (tx.get(CLUSTERS, (*where, id)) for id in ids)
    return [cluster for cluster in found if cluster is not None]


# -- serverless ------------------------------------------------------------------------------------------------------


async def write_serverless(ctx: Context, cache: str, name: str) -> None:
    """Write the snapshot `name` of a serverless cache. A final snapshot gets its record here."""
    blob = await dump(ctx, f"serverless/{cache}")
    await ctx.transact(_written_serverless, ctx, cache, name, blob)


def _written_serverless(tx: Transaction, ctx: Context, cache_name: str, name: str, blob: Blob) -> None:
    where = (ctx.account, ctx.region)
    cache = tx.get(SERVERLESS, (*where, cache_name))
    found = tx.get(SERVERLESS_SNAPSHOTS, (*where, name))
    if found is None and cache is not None:
        found = serverless_record(ctx, cache.name, cache.engine, cache.version, name)
    if found is None or found.status != "creating":
        return
    ctx.blobs.publish(tx, blob, nodes.OWNER)
    found.blob, found.size, found.status = blob.id, blob.size, "available"
    tx.put(SERVERLESS_SNAPSHOTS, found)
    tell(tx, ctx, "serverless-cache-snapshot", name, f"Serverless cache snapshot {name} created.")


def serverless_record(ctx: Context, cache: str, engine: str, version: str, name: str) -> ServerlessSnapshot:
    return ServerlessSnapshot(
        account=ctx.account,
        region=ctx.region,
        name=name,
        cache=cache,
        engine=engine,
        version=version,
        kind="manual",
        status="creating",
        created=ctx.now(),
    )
