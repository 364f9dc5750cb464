"""Planned changes of a shard's primary, without losing any write.

https://valkey.io/commands/failover/, https://valkey.io/commands/cluster-failover/
"""

from __future__ import annotations

import logging

from fogbank.core.context import Context
from fogbank.engines import valkey
from fogbank.engines.resp import Client, Refused
from fogbank.engines.waiting import until
from fogbank.store.api import Reader, Transaction

from . import plans, reconciling, statuses
from .events import tell
from .records import CLUSTERS, GROUPS, Cluster, Group, Shard

log = logging.getLogger("fogbank.elasticache")
LONGEST_MS = 3000


async def hand_over(ctx: Context, group_id: str, shard_id: str, chosen: str) -> None:
    """Make `chosen` the primary: first on the servers, in agreement with the old primary, then in the record."""
    found = await ctx.fetch(_both, ctx, group_id, shard_id, chosen)
    if found is not None:
        group, old, new = found
        password = plans.password(ctx, group.id)
        try:
            if group.cluster_mode:
                async with Client(new.nodes[0].port, valkey.ADMIN, password) as server:
                    await reconciling.take_over(server)
            else:
                async with Client(old.nodes[0].port, valkey.ADMIN, password) as server:
                    await _fail_over(server, new.nodes[0].port)
        except (OSError, Refused) as error:  # the record decides: the nodes then follow it without agreement
            log.warning("%s takes over without agreement of the old primary: %s", chosen, error)
    await ctx.transact(_promoted, ctx, group_id, shard_id, chosen)


def _both(tx: Reader, ctx: Context, group_id: str, shard_id: str, chosen: str) -> tuple[Group, Cluster, Cluster] | None:
    group = tx.get(GROUPS, (ctx.account, ctx.region, group_id))
    shard = _shard(group, shard_id)
    if group is None or shard is None or shard.primary == chosen:
        return None
    old, new = (tx.get(CLUSTERS, (ctx.account, ctx.region, id)) for id in (shard.primary, chosen))
    return (group, old, new) if old is not None and new is not None else None


def _shard(group: Group | None, shard_id: str) -> Shard | None:
    return next((shard for shard in group.shards if shard.id == shard_id), None) if group is not None else None


async def _fail_over(server: Client, port: int) -> None:
    """Let the primary stop writes, wait until the replica has all data, and become its replica."""
    await server.call("FAILOVER", "TO", "127.0.0.1", port, "TIMEOUT", LONGEST_MS)

    async def look() -> bool:
        found = valkey.facts(await server.call("INFO", "replication"))
        return found.get("master_failover_state", "no-failover") == "no-failover"

    await until(look, 2 * LONGEST_MS / 1000)


def _promoted(tx: Transaction, ctx: Context, group_id: str, shard_id: str, chosen: str) -> None:
    group = tx.get(GROUPS, (ctx.account, ctx.region, group_id))
    shard = _shard(group, shard_id)
    if group is None or shard is None or chosen not in shard.members:
        return
    if shard.primary != chosen:
        before = shard.primary
        statuses.promote(tx, ctx, group, shard, chosen)
        text = f"Failover from primary node {before} to replica node {chosen} completed"
        tell(tx, ctx, "replication-group", group.id, text)
        tell(tx, ctx, "cache-cluster", before, f"Finished recovery for cache nodes {shard.id}")
    statuses.settle_group(tx, ctx, group_id)
