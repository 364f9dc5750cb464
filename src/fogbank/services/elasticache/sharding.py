"""Shards of replication groups: their layout from a request, and adding and removing their nodes."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import building, catalog, configuring, nodes, slots
from .errors import InvalidParameterCombination, InvalidParameterValue, NodeGroupsQuotaExceeded
from .records import CLUSTERS, GROUPS, Cluster, Group, Shard, Snapshot

SHARDS, REPLICAS = 90, 5
Request = dict[str, Any]


class Planned(msgspec.Struct):
    """A shard to be created: the zones of its nodes, the primary's first, and its slots."""

    id: str
    zones: list[str]
    slots: slots.Ranges
    primary_port: int = 0
    reader_port: int = 0


def layout(ctx: Context, req: Request, snapshot: Snapshot | None, *, cluster_mode: bool) -> list[Planned]:
    """The shards of a new group."""
    given = req.get("NodeGroupConfiguration") or []
    count = req.get("NumNodeGroups") or len(given) or (len(snapshot.parts) if snapshot is not None else 1)
    replicas: int | None = req.get("ReplicasPerNodeGroup")
    if count > SHARDS:
        raise NodeGroupsQuotaExceeded
    if count > 1 and not cluster_mode:
        raise InvalidParameterCombination("Cannot create a Redis replication group with cluster mode disabled and more "
                                          "than one node group.")  # fmt: skip
    if given and len(given) != count:
        raise InvalidParameterCombination("NumNodeGroups does not match the number of NodeGroupConfigurations.")
    if req.get("NumCacheClusters") and (cluster_mode or replicas is not None):
        raise InvalidParameterCombination("Cannot specify NumCacheClusters with NumNodeGroups or ReplicasPerNodeGroup.")
    if replicas is None:
        replicas = (req.get("NumCacheClusters") or 1) - 1
    found = []
    for at in range(count):
        config = given[at] if given else {}
        mine: int = config.get("ReplicaCount", replicas)
        if not 0 <= mine <= REPLICAS:
            raise InvalidParameterValue(f"The number of replicas per node group must be within 0 and {REPLICAS}.")
        zones = configuring.zones(ctx, req, mine + 1)
        if config.get("PrimaryAvailabilityZone"):
            others = config.get("ReplicaAvailabilityZones") or zones[1:]
            zones = [config["PrimaryAvailabilityZone"], *others][: mine + 1]
        found.append(Planned(config.get("NodeGroupId") or f"{at + 1:04}", zones, []))
    if cluster_mode:
        _deal(found, given, snapshot)
    return found


def _deal(found: list[Planned], given: list[dict[str, Any]], snapshot: Snapshot | None) -> None:
    """Assign slots: from the request, from the snapshot, or in equal shares."""
    if any(config.get("Slots") for config in given):
        dealt = [slots.parse(config.get("Slots") or "") for config in given]
        if not slots.covers(dealt):
            raise InvalidParameterValue("The slots of the node groups must cover all of 0-16383, each once.")
    elif snapshot is not None and snapshot.cluster_mode and len(snapshot.parts) == len(found):
        dealt = [part.slots for part in snapshot.parts]
    elif snapshot is not None and len(snapshot.parts) > 1:
        raise InvalidParameterCombination("The snapshot can be restored into as many node groups as it has.")
    else:
        dealt = slots.even(len(found))
    for planned, ranges in zip(found, dealt, strict=True):
        planned.slots = ranges


def add_shard(
    tx: Transaction, ctx: Context, group: Group, planned: Planned, *, source: str = "", waits: bool = False
) -> Shard:
    """Add a shard with its nodes. The record of a new group has all shards before any node starts."""
    shard = Shard(
        id=planned.id,
        members=[],
        primary="",
        slots=planned.slots,
        primary_port=planned.primary_port,
        reader_port=planned.reader_port,
    )
    group.shards = [*group.shards, shard]
    for zone in planned.zones:
        add_member(tx, ctx, group, shard, zone, source=source if not shard.members else "", waits=waits)
    open_doors(tx, ctx, group)
    return shard


def add_member(
    tx: Transaction,
    ctx: Context,
    group: Group,
    shard: Shard,
    zone: str,
    *,
    id: str = "",
    source: str = "",
    waits: bool = False,
) -> Cluster:
    """Add a node to a shard. The first one is its primary."""
    id = id or next_id(group, shard)
    shard.members = [*shard.members, id]
    shard.primary = shard.primary or id
    tx.put(GROUPS, group)
    return building.cluster(
        tx,
        ctx,
        id=id,
        version=catalog.of_full(group.engine, group.version),
        node_type=group.node_type,
        settings=group.settings,
        access=group.access,
        zones=[zone],
        group=group,
        shard=shard.id,
        source=source,
        waits=waits,
        tags=dict(group.tags),
    )


def next_id(group: Group, shard: Shard) -> str:
    """The next free id: group-002, or group-0001-002 in cluster mode."""
    head = f"{group.id}-{shard.id}" if group.cluster_mode else group.id
    return next(id for at in range(1, 1000) if (id := f"{head}-{at:03}") not in shard.members)


def open_doors(tx: Transaction, ctx: Context, group: Group) -> None:
    ctx.reside(tx, nodes.DOORS, f"group/{group.id}", generation=group.doors)


def remove_member(tx: Transaction, ctx: Context, group: Group, shard: Shard, id: str) -> None:
    shard.members = [other for other in shard.members if other != id]
    tx.put(GROUPS, group)
    cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, id))
    if cluster is not None:
        building.remove(tx, ctx, cluster)
