"""Updates the records after something happened: a node answers, a node is lost, a change is complete."""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .events import tell
from .nodes import OWNER, find_node, members, put, topic
from .plans import shard_of
from .records import CLUSTERS, GROUPS, Cluster, Group, Serverless, Shard

BUSY = ("creating", "modifying", "rebooting cluster nodes", "snapshotting")


def started(tx: Transaction, ctx: Context, name: str, generation: int, host: str) -> None:
    """Record that a node answers."""
    found = find_node(tx, ctx, name)
    if found is None:
        return
    record, node = found
    node.started = generation
    record.host = host
    if record.source and _all_started(record):
        ctx.blobs.release(tx, record.source, OWNER)
        record.source = ""
    put(tx, record)
    settle(tx, ctx, record)


def _all_started(record: Cluster | Serverless) -> bool:
    nodes = record.nodes if isinstance(record, Cluster) else [record.node]
    return all(node.started >= node.generation for node in nodes)


def settle(tx: Transaction, ctx: Context, record: Cluster | Serverless) -> None:
    """Make a busy resource available again, once every node runs in its current generation."""
    if record.status not in BUSY or not _all_started(record):
        return
    before, record.status = record.status, "available"
    put(tx, record)
    if isinstance(record, Serverless):
        if before == "creating":
            tell(tx, ctx, "serverless-cache", record.name, f"Serverless cache {record.name} created.")
        return
    if before == "creating":
        tell(tx, ctx, "cache-cluster", record.id, "Cache cluster created")
    elif before == "rebooting cluster nodes":
        for node in record.nodes:
            tell(tx, ctx, "cache-cluster", record.id, f"Cache node {node.id} restarted")
    if record.group:
        settle_group(tx, ctx, record.group)


def settle_group(tx: Transaction, ctx: Context, name: str) -> None:
    group = tx.get(GROUPS, (ctx.account, ctx.region, name))
    if group is None or group.status not in BUSY or group.moving:
        return
    found = members(tx, ctx, name)
    if {member.id for member in found} != {id for shard in group.shards for id in shard.members}:
        return
    if all(member.status == "available" for member in found):
        if group.status == "creating":
            text = f"Replication group {group.id} created"
            tell(tx, ctx, "replication-group", group.id, text)
        group.status, group.host = "available", found[0].host
        tx.put(GROUPS, group)


# -- failover ----------------------------------------------------------------------------------------------------------


def candidates(tx: Reader, ctx: Context, name: str) -> list[tuple[str, int]]:
    """The possible successors of a lost primary: clusters of its shard with their ports. Empty for other nodes."""
    found = find_node(tx, ctx, name)
    if found is None or not isinstance(found[0], Cluster) or not found[0].group:
        return []
    cluster = found[0]
    group = tx.get(GROUPS, (ctx.account, ctx.region, cluster.group))
    shard = shard_of(group, cluster.id) if group is not None and group.failover else None
    if shard is None or shard.primary != cluster.id:
        return []
    others = (tx.get(CLUSTERS, (ctx.account, ctx.region, id)) for id in shard.members if id != cluster.id)
    return [(other.id, other.nodes[0].port) for other in others if other is not None and other.status == "available"]


def fail_over(tx: Transaction, ctx: Context, lost: str, chosen: str) -> None:
    """Make `chosen` the primary of the shard whose primary was `lost`."""
    cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, lost))
    group = tx.get(GROUPS, (ctx.account, ctx.region, cluster.group)) if cluster is not None else None
    shard = shard_of(group, lost) if group is not None else None
    if group is None or shard is None or shard.primary != lost or chosen not in shard.members:
        return
    promote(tx, ctx, group, shard, chosen)
    recovered = f"Recovering cache nodes {shard.id}"
    tell(tx, ctx, "cache-cluster", lost, recovered)
    tell(
        tx, ctx, "replication-group", group.id, f"Failover from primary node {lost} to replica node {chosen} completed"
    )


def promote(tx: Transaction, ctx: Context, group: Group, shard: Shard, chosen: str) -> None:
    """Record a new primary. The nodes follow when they receive the signal."""
    shard.primary = chosen
    tx.put(GROUPS, group)
    tx.signal(topic(ctx))
