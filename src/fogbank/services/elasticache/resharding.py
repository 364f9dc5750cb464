"""Moves slots and their keys between the shards of a running cluster, while clients use it.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/scaling-redis-cluster-mode-enabled.html
https://valkey.io/commands/cluster-migrateslots/
"""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.core.context import Context
from fogbank.engines import valkey
from fogbank.engines.resp import Client, Refused
from fogbank.engines.waiting import until
from fogbank.store.api import Reader, Transaction

from . import nodes, plans, sharding, slots
from .events import tell
from .records import CLUSTERS, GROUPS, Cluster, Group
from .statuses import settle_group

PATIENCE = 30.0  # real seconds for one move; after that the job is retried


class NotYet(Exception):
    """The cluster is not ready for this step; the job is retried."""


Primaries = dict[str, Cluster]  # shard → its primary


async def run(ctx: Context, group_id: str) -> None:
    """Move slots to the shards that the records want. Safe to repeat: it starts from the servers' own state."""
    group, primaries = await ctx.fetch(_look, ctx, group_id)
    if group is None or not group.moving:
        return
    password = plans.password(ctx, group.id)
    held = await _held(primaries, password)
    for source, ranges, target in _moves(group, held):
        await _move(primaries[source], ranges, primaries[target].nodes[0].identity, password)
    gone = [node for shard in group.shards if shard.leaving for node in await ctx.fetch(_members, ctx, shard.members)]
    await ctx.transact(_done, ctx, group_id)
    kept = await ctx.fetch(_remaining, ctx, group_id)
    await _forget(kept, [member.nodes[0].identity for member in gone], password)


def _look(tx: Reader, ctx: Context, group_id: str) -> tuple[Group | None, Primaries]:
    group = tx.get(GROUPS, (ctx.account, ctx.region, group_id))
    found = {
        shard.id: cluster for shard in (group.shards if group is not None else ())
        if (cluster := tx.get(CLUSTERS, (ctx.account, ctx.region, shard.primary))) is not None
    }  # fmt: skip
    return group, found


def _members(tx: Reader, ctx: Context, ids: list[str]) -> list[Cluster]:
    found = (tx.get(CLUSTERS, (ctx.account, ctx.region, id)) for id in ids)
    return [cluster for cluster in found if cluster is not None]


def _remaining(tx: Reader, ctx: Context, group_id: str) -> list[Cluster]:
    return nodes.members(tx, ctx, group_id)


async def _held(primaries: Primaries, password: str) -> dict[str, set[int]]:
    """The slots that each shard has now. Raises NotYet until all nodes know each other."""
    shard_of = {cluster.nodes[0].identity: shard for shard, cluster in primaries.items()}
    found: dict[str, set[int]] = {}
    for cluster in primaries.values():
        try:
            async with Client(cluster.nodes[0].port, valkey.ADMIN, password) as server:
                lines = (await server.call("CLUSTER", "NODES")).decode().splitlines()
        except (OSError, Refused) as error:
            raise NotYet(f"{cluster.id} does not answer: {error}") from error
        known = {line.split(" ")[0] for line in lines if "handshake" not in line}
        if not known >= shard_of.keys():
            raise NotYet(f"{cluster.id} does not know all nodes yet")
        found[shard_of[cluster.nodes[0].identity]] = _own(lines)
    return found


def _moves(group: Group, held: dict[str, set[int]]) -> Iterator[tuple[str, slots.Ranges, str]]:
    """The moves to make: source shard, slots, target shard."""
    for target in group.shards:
        wanted = set(slots.numbers(target.target)) - held[target.id]
        for source in group.shards:
            moving = wanted & held[source.id]
            if moving and source is not target:
                yield source.id, slots.ranges(moving), target.id


async def _move(source: Cluster, ranges: slots.Ranges, target: str, password: str) -> None:
    """Let Valkey move slots with their keys, and wait until it reports them moved."""
    words = [str(number) for first_last in ranges for number in first_last]
    moving = set(slots.numbers(ranges))
    async with Client(source.nodes[0].port, valkey.ADMIN, password) as server:

        async def moved() -> bool:
            return not moving & _own((await server.call("CLUSTER", "NODES")).decode().splitlines())

        await server.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *words, "NODE", target)
        if not await until(moved, PATIENCE):
            raise NotYet(f"slots {shown(ranges)} are still moving")


def _own(lines: list[str]) -> set[int]:
    """The slots of the node that answered CLUSTER NODES."""
    own = next(line.split(" ") for line in lines if "myself" in line)
    ranges = [part for part in own[8:] if not part.startswith("[")]
    return {slot for part in ranges for slot in slots.numbers(slots.parse(part))}


def shown(ranges: slots.Ranges) -> str:
    return ",".join(f"{first}-{last}" for first, last in ranges)


def _done(tx: Transaction, ctx: Context, group_id: str) -> None:
    group = tx.get(GROUPS, (ctx.account, ctx.region, group_id))
    if group is None:
        return
    for shard in list(group.shards):
        shard.slots, shard.target = shard.target, []
        if shard.leaving:
            for id in list(shard.members):
                sharding.remove_member(tx, ctx, group, shard, id)
    group.shards = [shard for shard in group.shards if not shard.leaving]
    group.moving = False
    tx.put(GROUPS, group)
    tx.signal(nodes.topic(ctx))
    tell(tx, ctx, "replication-group", group.id, f"Resharding for replication group {group.id} completed")
    settle_group(tx, ctx, group_id)


async def _forget(kept: list[Cluster], identities: list[str], password: str) -> None:
    """Tell the remaining nodes to forget the removed ones."""
    for cluster in kept:
        for identity in identities:
            try:
                async with Client(cluster.nodes[0].port, valkey.ADMIN, password) as server:
                    await server.call("CLUSTER", "FORGET", identity)
            except (OSError, Refused):  # it drops the slots of an unreachable node anyway
                continue
