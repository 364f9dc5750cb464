"""Routes the endpoints of replication groups, Memcached clusters and serverless caches to engine ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .nodes import members
from .records import CLUSTERS, GROUPS, SERVERLESS


class Ways(msgspec.Struct):
    """The ports of doors, each with the ports of the engines that it leads to, in turn."""

    targets: dict[int, list[int]]
    tls: bool
    discovery: bool = False  # the doors answer Memcached's auto-discovery


def of_group(tx: Reader, ctx: Context, name: str) -> Ways | None:
    """The doors of "group/ID", "cluster/ID" or "serverless/NAME". None when it does not exist."""
    kind, _, id = name.partition("/")
    if kind == "cluster":
        cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, id))
        if cluster is None:
            return None
        return Ways({cluster.discovery: [node.port for node in cluster.nodes]}, cluster.access.transit, discovery=True)
    if kind == "serverless":
        cache = tx.get(SERVERLESS, (ctx.account, ctx.region, id))
        return Ways({cache.reader: [cache.node.port]}, True) if cache is not None else None
    group = tx.get(GROUPS, (ctx.account, ctx.region, id))
    if group is None:
        return None
    known = {cluster.id: cluster.nodes[0] for cluster in members(tx, ctx, id)}
    found = Ways({}, group.access.transit)
    if group.configuration:
        found.targets[group.configuration] = [node.port for node in known.values()]
    for shard in group.shards:
        ports = {id: known[id].port for id in shard.members if id in known}
        if shard.primary_port:
            found.targets[shard.primary_port] = [ports[shard.primary]] if shard.primary in ports else []
        if shard.reader_port:
            readers = [port for id, port in ports.items() if id != shard.primary]
            found.targets[shard.reader_port] = readers or list(ports.values())
    return found


class Routes:
    """The current targets of open doors. Each connection gets the next target."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._turn = 0

    def target(self, port: int) -> Callable[[], int | None]:
        def choose() -> int | None:
            targets = self._ways.targets.get(port)
            self._turn += 1
            return targets[self._turn % len(targets)] if targets else None

        return choose

    def change(self, ways: Ways) -> Iterator[tuple[int, int]]:
        """Use `ways` from now on. Yields each door and engine between which connections must be closed."""
        before, self._ways = self._ways, ways
        for port, targets in before.targets.items():
            for gone in set(targets) - set(ways.targets.get(port, ())):
                yield port, gone
