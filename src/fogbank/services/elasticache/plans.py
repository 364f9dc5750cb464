"""Plans: the wanted state of a node, derived from the records, both when it starts and when something changes."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from fogbank.core.context import Context
from fogbank.engines.memcached import Memcached
from fogbank.engines.running import Engines
from fogbank.engines.valkey import Valkey
from fogbank.store.api import Reader

from . import acl, catalog, parameters
from .nodes import OWNER, SLOTS, find_node, members
from .records import GROUPS, USER_GROUPS, USERS, Access, Cluster, Group, Node, Serverless, Shard, User


class Plan(msgspec.Struct):
    """The wanted state of a node. `engine` is how it starts; `primary` is the port it replicates (0: it is primary)."""

    engine: Valkey | Memcached
    generation: int
    door: int
    tls: bool
    discovery: bool  # Memcached: the door answers auto-discovery
    source: str  # the blob that fills an empty folder
    primary: int = 0
    identity: str = ""  # of this node and of its primary, in cluster mode
    primary_identity: str = ""
    peers: dict[str, tuple[int, int]] = {}  # the other nodes of a cluster: identity → port, bus


def of(tx: Reader, ctx: Context, name: str) -> Plan | None:
    """The plan of the node of this name. None when it was deleted."""
    found = find_node(tx, ctx, name)
    if found is None:
        return None
    record, node = found
    folder = ctx.app.local(Engines).folder(OWNER, node.folder)
    if isinstance(record, Serverless):
        return _serverless(tx, ctx, record, folder)
    plan = _memcached(tx, ctx, record, node, folder) if record.engine == catalog.MEMCACHED else None
    return plan or _valkey(tx, ctx, record, node, folder)


def password(ctx: Context, name: str) -> str:
    """The password of the cloud's own user in the servers of one group or cluster. Derived, never stored."""
    text = f"elasticache/{ctx.account}/{ctx.region}/{name}"
    return hmac.new(ctx.app.secret, text.encode(), hashlib.sha256).hexdigest()


def _memcached(tx: Reader, ctx: Context, cluster: Cluster, node: Node, folder: Path) -> Plan:
    group = parameters.kept(tx, ctx, cluster.settings.parameter_group)
    options = parameters.options(group, cluster.node_type) if group is not None else []
    return Plan(
        engine=Memcached(folder=folder, port=node.port, options=options),
        generation=node.generation,
        door=node.door,
        tls=cluster.access.transit,
        discovery=True,
        source="",
    )


def _serverless(tx: Reader, ctx: Context, cache: Serverless, folder: Path) -> Plan:
    node = cache.node
    plan = Plan(
        engine=Memcached(folder=folder, port=node.port),
        generation=node.generation,
        door=node.door,
        tls=True,
        discovery=False,
        source=cache.source,
        identity=node.identity,
    )
    if cache.engine != catalog.MEMCACHED:
        access = Access(user_groups=[cache.user_group] if cache.user_group else [])
        plan.engine = Valkey(
            folder=folder,
            port=node.port,
            password=password(ctx, f"serverless/{cache.name}"),
            acl=acl.lines(access, _users(tx, ctx, access)),
            cluster=_nodes_conf(node.identity, [(node, "", [(0, SLOTS - 1)])]),
            bus=node.bus,
            door=node.door,
        )
    return plan


def _valkey(tx: Reader, ctx: Context, cluster: Cluster, node: Node, folder: Path) -> Plan:
    group = tx.get(GROUPS, (ctx.account, ctx.region, cluster.group)) if cluster.group else None
    parameter_group = parameters.kept(tx, ctx, cluster.settings.parameter_group)
    access = group.access if group is not None else cluster.access
    engine = Valkey(
        folder=folder,
        port=node.port,
        password=password(ctx, group.id if group is not None else cluster.id),
        acl=acl.lines(access, _users(tx, ctx, access)),
        config=parameters.directives(parameter_group, cluster.node_type) if parameter_group is not None else {},
        bus=node.bus,
        door=node.door,
    )
    plan = Plan(
        engine=engine,
        generation=node.generation,
        door=node.door,
        tls=access.transit,
        discovery=False,
        source=cluster.source,
        identity=node.identity,
    )
    if group is not None:
        _place(tx, ctx, plan, engine, group, cluster)
    return plan


def _place(tx: Reader, ctx: Context, plan: Plan, engine: Valkey, group: Group, cluster: Cluster) -> None:
    """Add a node's place in its replication group to its plan."""
    known = {member.id: member.nodes[0] for member in members(tx, ctx, group.id)}
    shard = shard_of(group, cluster.id)
    if shard is None or shard.primary not in known:
        return
    primary = known[shard.primary]
    if shard.primary != cluster.id:
        plan.primary, plan.primary_identity = primary.port, primary.identity
    if not group.cluster_mode:
        engine.primary = plan.primary
        return
    table = [
        (known[member], "" if member == shard.primary else known[shard.primary].identity,
         shard.slots if member == shard.primary else [])
        for shard in group.shards for member in shard.members if member in known
    ]  # fmt: skip
    engine.cluster = _nodes_conf(plan.identity, table)
    plan.peers = {node.identity: (node.port, node.bus) for node, _, _ in table if node.identity != plan.identity}


def shard_of(group: Group, cluster_id: str) -> Shard | None:
    return next((shard for shard in group.shards if cluster_id in shard.members), None)


def _users(tx: Reader, ctx: Context, access: Access) -> list[User]:
    """The users of the user groups, each once."""
    found: dict[str, User] = {}
    for name in access.user_groups:
        group = tx.get(USER_GROUPS, (ctx.account, ctx.region, name))
        for user_id in group.users if group is not None else ():
            user = tx.get(USERS, (ctx.account, ctx.region, user_id)) or default_user(ctx, user_id)
            if user is not None:
                found[user.name] = user
    return list(found.values())


def default_user(ctx: Context, user_id: str) -> User | None:
    """The user that every account has: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html"""
    if user_id != "default":
        return None
    return User(
        account=ctx.account, region=ctx.region, id="default", name="default", engine="redis", access="on ~* +@all",
        kind="no-password",
    )  # fmt: skip


def _nodes_conf(own: str, table: list[tuple[Node, str, list[tuple[int, int]]]]) -> str:
    """The first nodes.conf of a node: every server of the cluster knows all others from the start.

    https://valkey.io/commands/cluster-nodes/
    """
    lines = []
    for epoch, (node, primary, slots) in enumerate(table, 1):
        flags = ("myself," if node.identity == own else "") + ("slave" if primary else "master")
        ranges = [f"{first}-{last}" if first != last else str(first) for first, last in slots]
        words = [node.identity, f"127.0.0.1:{node.port}@{node.bus}", flags, primary or "-", "0", "0", str(epoch),
                 "connected", *ranges]  # fmt: skip
        lines.append(" ".join(words))
    lines.append(f"vars currentEpoch {len(table)} lastVoteEpoch 0")
    return "\n".join(lines) + "\n"
