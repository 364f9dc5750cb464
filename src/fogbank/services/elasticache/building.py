"""Creates and deletes clusters: nodes, ports, residents and initial data."""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.core.context import Context
from fogbank.engines import ports
from fogbank.store.api import Transaction

from . import catalog, nodes
from .events import tell
from .records import CLUSTERS, GROUPS, SERVERLESS, Access, Cluster, Group, Node, Serverless, Settings


def cluster(
    tx: Transaction,
    ctx: Context,
    *,
    id: str,
    version: catalog.Version,
    node_type: str,
    settings: Settings,
    access: Access,
    zones: Sequence[str],
    wish: int = 0,
    group: Group | None = None,
    shard: str = "",
    source: str = "",
    waits: bool = False,
    tags: dict[str, str] | None = None,
) -> Cluster:
    """Create a cluster. Its nodes start when this commits or, with `waits`, once their initial data was fetched."""
    memcached = version.engine == catalog.MEMCACHED
    owner = nodes.owner(ctx, "cluster", id)
    in_cluster = group is not None and group.cluster_mode
    made = [
        nodes.make(
            tx, ctx, owner, f"{at:04}", zone, door=access.transit or memcached, cluster=in_cluster,
            wish=wish if at == 1 and not memcached else 0,
        )
        for at, zone in enumerate(zones, 1)
    ]  # fmt: skip
    found = Cluster(
        account=ctx.account,
        region=ctx.region,
        id=id,
        engine=version.engine,
        version=version.full,
        node_type=node_type,
        status="creating",
        created=ctx.now(),
        nodes=made,
        settings=settings,
        access=access,
        port=wish,
        discovery=ports.draw(tx, owner, wish) if memcached else 0,
        group=group.id if group is not None else "",
        shard=shard,
        at_rest=group is not None and group.at_rest,
        tags=tags or {},
    )
    if source:
        ctx.blobs.share(tx, source, nodes.OWNER)
        found.source = source
    tx.put(CLUSTERS, found)
    if not waits:
        nodes.run(tx, ctx, found)
    if found.discovery:
        ctx.reside(tx, nodes.DOORS, f"cluster/{id}")
    return found


def add_nodes(tx: Transaction, ctx: Context, found: Cluster, zones: Sequence[str]) -> None:
    """Add nodes to a Memcached cluster."""
    last = int(found.nodes[-1].id)
    owner = nodes.owner(ctx, "cluster", found.id)
    new: list[Node] = [
        nodes.make(tx, ctx, owner, f"{last + at:04}", zone, door=True, cluster=False)
        for at, zone in enumerate(zones, 1)
    ]
    found.nodes = [*found.nodes, *new]
    tx.put(CLUSTERS, found)
    nodes.run(tx, ctx, found)


def remove_nodes(tx: Transaction, ctx: Context, found: Cluster, ids: Sequence[str]) -> None:
    for node in found.nodes:
        if node.id in ids:
            ctx.leave(tx, nodes.RESIDENT, nodes.name(found, node))
    found.nodes = [node for node in found.nodes if node.id not in ids]
    tx.put(CLUSTERS, found)
    tx.signal(nodes.topic(ctx))


def remove(tx: Transaction, ctx: Context, found: Cluster) -> None:
    """Delete a cluster. When this commits, its servers end and their data is deleted."""
    if found.source:
        ctx.blobs.release(tx, found.source, nodes.OWNER)
    if found.discovery:
        ctx.leave(tx, nodes.DOORS, f"cluster/{found.id}")
    nodes.leave(tx, ctx, found)
    tx.delete(CLUSTERS, (found.account, found.region, found.id))
    tell(tx, ctx, "cache-cluster", found.id, "Cache cluster deleted")


def remove_group(tx: Transaction, ctx: Context, found: Group) -> None:
    for member in nodes.members(tx, ctx, found.id):
        remove(tx, ctx, member)
    ctx.leave(tx, nodes.DOORS, f"group/{found.id}")
    ports.release(tx, nodes.owner(ctx, "group", found.id))
    tx.delete(GROUPS, (found.account, found.region, found.id))
    tell(tx, ctx, "replication-group", found.id, f"Replication group {found.id} deleted")


def remove_serverless(tx: Transaction, ctx: Context, found: Serverless) -> None:
    if found.source:
        ctx.blobs.release(tx, found.source, nodes.OWNER)
    ctx.leave(tx, nodes.DOORS, f"serverless/{found.name}")
    nodes.leave(tx, ctx, found)
    tx.delete(SERVERLESS, (found.account, found.region, found.name))
    tell(tx, ctx, "serverless-cache", found.name, f"Serverless cache {found.name} deleted.")


def restart(tx: Transaction, ctx: Context, found: Cluster, ids: Sequence[str], *, empty: bool = False) -> None:
    """Restart nodes; with `empty`, without their data, as RebootCacheCluster does."""
    for node in found.nodes:
        if node.id in ids:
            node.generation += 1
            if empty:
                node.folder = f"{ctx.account}-{ctx.region}-{ctx.ids.hex(8)}"
    tx.put(CLUSTERS, found)
    nodes.run(tx, ctx, found)
