"""Jobs that follow a change: they settle it, write backups, and delete resources."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from . import backups, building, resharding, statuses, takeover
from .records import CLUSTERS, GROUPS, SERVERLESS

Payload = dict[str, Any]


@job("elasticache.settle")
async def settle(ctx: Context, payload: Payload) -> None:
    """Finish a change for which no node has to start."""
    await ctx.transact(_settle, ctx, payload)


def _settle(tx: Transaction, ctx: Context, payload: Payload) -> None:
    where = (ctx.account, ctx.region)
    if "serverless" in payload:
        cache = tx.get(SERVERLESS, (*where, payload["serverless"]))
        if cache is not None:
            statuses.settle(tx, ctx, cache)
    elif "group" in payload:
        statuses.settle_group(tx, ctx, payload["group"])
    else:
        cluster = tx.get(CLUSTERS, (*where, payload["cluster"]))
        if cluster is not None:
            statuses.settle(tx, ctx, cluster)


@job("elasticache.delete")
async def delete(ctx: Context, payload: Payload) -> None:
    """Delete a cluster, a group or a serverless cache, once its final snapshot is written."""
    if payload.get("final"):
        await backups.final(ctx, payload)
    await ctx.transact(_delete, ctx, payload)


def _delete(tx: Transaction, ctx: Context, payload: Payload) -> None:
    where = (ctx.account, ctx.region)
    if "group" in payload:
        group = tx.get(GROUPS, (*where, payload["group"]))
        if group is not None and group.status == "deleting":
            building.remove_group(tx, ctx, group)
    elif "serverless" in payload:
        cache = tx.get(SERVERLESS, (*where, payload["serverless"]))
        if cache is not None and cache.status == "deleting":
            building.remove_serverless(tx, ctx, cache)
    else:
        cluster = tx.get(CLUSTERS, (*where, payload["cluster"]))
        if cluster is not None and cluster.status == "deleting":
            building.remove(tx, ctx, cluster)


@job("elasticache.backup")
async def backup(ctx: Context, payload: Payload) -> None:
    """Write the snapshot that CreateSnapshot began."""
    await backups.write(ctx, payload["snapshot"])


@job("elasticache.import")
async def import_(ctx: Context, payload: Payload) -> None:
    """Fill a new cluster or group from RDB files in S3."""
    await backups.seed_from_s3(ctx, payload)


@job("elasticache.failover")
async def failover(ctx: Context, payload: Payload) -> None:
    """Hand a shard over to another of its nodes, and record it."""
    await takeover.hand_over(ctx, payload["group"], payload["shard"], payload["to"])


@job("elasticache.reshard", attempts=20)
async def reshard(ctx: Context, payload: Payload) -> None:
    """Move slots until every shard has its target slots, then remove the shards without slots."""
    await resharding.run(ctx, payload["group"])
