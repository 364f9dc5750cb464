"""Nodes: the servers of a cluster or a serverless cache, with their ports and residents.

A node is called "cluster/ID/0001" or "serverless/NAME". It runs while its resident has a row (`keeping`).
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.engines import ports
from fogbank.engines.programs import NotInstalled, find
from fogbank.store.api import Reader, Transaction

from . import catalog
from .errors import InsufficientCapacity
from .records import CLUSTERS, SERVERLESS, Cluster, Node, Serverless

OWNER = "elasticache"  # of blobs, ports and folders
RESIDENT = "elasticache.node"
DOORS = "elasticache.doors"
SLOTS = 16384


def topic(ctx: Context) -> str:
    """The topic that is signalled when something changes that nodes or doors may have to follow."""
    return f"elasticache/{ctx.account}/{ctx.region}"


def available(engine: str) -> None:
    """Raise an error that says how to install the program, if this machine lacks it."""
    try:
        find(catalog.MEMCACHED if engine == catalog.MEMCACHED else catalog.VALKEY)
    except NotInstalled as error:
        raise InsufficientCapacity(str(error)) from error


def owner(ctx: Context, kind: str, name: str) -> str:
    return f"{OWNER}/{ctx.account}/{ctx.region}/{kind}/{name}"


def make(
    tx: Transaction, ctx: Context, owner: str, id: str, zone: str, *, door: bool, cluster: bool, wish: int = 0
) -> Node:
    """Create a node that does not run yet. Clients get the requested port (`wish`), if it is free."""
    client = ports.draw(tx, owner, wish)
    return Node(
        id=id,
        zone=zone,
        created=ctx.now(),
        port=ports.draw(tx, owner) if door else client,
        folder=f"{ctx.account}-{ctx.region}-{ctx.ids.hex(8)}",
        door=client if door else 0,
        bus=ports.draw(tx, owner) if cluster else 0,
        identity=ctx.ids.hex(40) if cluster else "",
    )


def name(record: Cluster | Serverless, node: Node) -> str:
    return f"cluster/{record.id}/{node.id}" if isinstance(record, Cluster) else f"serverless/{record.name}"


def find_node(tx: Reader, ctx: Context, text: str) -> tuple[Cluster | Serverless, Node] | None:
    """The node of this name, and the cluster or cache it belongs to."""
    kind, _, rest = text.partition("/")
    if kind == "serverless":
        cache = tx.get(SERVERLESS, (ctx.account, ctx.region, rest))
        return (cache, cache.node) if cache is not None else None
    cluster_id, _, node_id = rest.partition("/")
    cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, cluster_id))
    for node in cluster.nodes if cluster is not None else ():
        if node.id == node_id:
            assert cluster is not None
            return cluster, node
    return None


def put(tx: Transaction, record: Cluster | Serverless) -> None:
    if isinstance(record, Cluster):
        tx.put(CLUSTERS, record)
    else:
        tx.put(SERVERLESS, record)


def run(tx: Transaction, ctx: Context, record: Cluster | Serverless) -> None:
    """Run every node of a cluster or a cache. Restarts nodes whose generation was raised."""
    for node in record.nodes if isinstance(record, Cluster) else [record.node]:
        ctx.reside(tx, RESIDENT, name(record, node), generation=node.generation)
    tx.signal(topic(ctx))


def leave(tx: Transaction, ctx: Context, record: Cluster | Serverless) -> None:
    """End the nodes of a cluster or a cache, and free their ports."""
    for node in record.nodes if isinstance(record, Cluster) else [record.node]:
        ctx.leave(tx, RESIDENT, name(record, node))
    kind, text = ("cluster", record.id) if isinstance(record, Cluster) else ("serverless", record.name)
    ports.release(tx, owner(ctx, kind, text))
    tx.signal(topic(ctx))


def members(tx: Reader, ctx: Context, group: str) -> list[Cluster]:
    """The clusters of a replication group."""
    return list(tx.scan_index(CLUSTERS, "group", (ctx.account, ctx.region, group)))
