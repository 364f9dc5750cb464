"""Keeps a running Valkey node in line with the records: users, directives, its primary, its place in the cluster.

https://valkey.io/commands/cluster-failover/, https://valkey.io/commands/replicaof/
"""

from __future__ import annotations

import asyncio
import logging

from fogbank.engines.resp import Client, Refused
from fogbank.engines.valkey import Valkey, facts
from fogbank.engines.waiting import until

from .plans import Plan

log = logging.getLogger("fogbank.elasticache")
HAND_OVER = 3.0  # real seconds for a running primary to hand over to its replica


class Follower:
    """Remembers what the node was told, so that it is told only of changes."""

    def __init__(self, plan: Plan) -> None:
        engine = plan.engine
        self._acl = list(engine.acl) if isinstance(engine, Valkey) else []
        self._config = dict(engine.config) if isinstance(engine, Valkey) else {}

    async def follow(self, wanted: Plan) -> None:
        """Bring the node to the wanted state. Refusals are logged, and tried again at the next change."""
        engine = wanted.engine
        if not isinstance(engine, Valkey):
            return
        try:
            async with engine.admin() as server:
                await self._users(server, engine)
                await self._directives(server, engine)
                await (_in_cluster if engine.cluster else _replicate)(server, wanted)
        except (OSError, Refused) as error:
            log.warning("could not update the server on port %s: %s", engine.port, error)

    async def _users(self, server: Client, engine: Valkey) -> None:
        if list(engine.acl) != self._acl:
            await asyncio.to_thread(engine.write_acl, engine.acl)
            await server.call("ACL", "LOAD")
            self._acl = list(engine.acl)

    async def _directives(self, server: Client, engine: Valkey) -> None:
        for name, value in engine.config.items():
            if self._config.get(name) != value:
                self._config[name] = value
                try:
                    await server.call("CONFIG", "SET", name, value.strip('"'))
                except Refused as error:  # parameters that need a reboot
                    log.info("%s takes effect when the server on port %s restarts: %s", name, engine.port, error)


async def _replicate(server: Client, wanted: Plan) -> None:
    """Without cluster mode: replicate the current primary, or nobody."""
    info = facts(await server.call("INFO", "replication"))
    now = int(info["master_port"]) if info["role"] == "slave" else 0
    if now == wanted.primary:
        return
    if wanted.primary:
        await server.call("REPLICAOF", "127.0.0.1", wanted.primary)
    else:
        await server.call("REPLICAOF", "NO", "ONE")


async def _in_cluster(server: Client, wanted: Plan) -> None:
    """In cluster mode: meet the other nodes, and become primary or replica as wanted."""
    known = {line.split(" ")[0]: line.split(" ") for line in _lines(await server.call("CLUSTER", "NODES"))}
    for identity, (port, bus) in wanted.peers.items():
        if identity not in known:
            await server.call("CLUSTER", "MEET", "127.0.0.1", port, bus)
    own = known.get(wanted.identity)
    if own is None:
        return
    if wanted.primary:
        if own[3] != wanted.primary_identity and wanted.primary_identity in known and not own[8:]:
            await server.call("CLUSTER", "REPLICATE", wanted.primary_identity)
    elif "slave" in own[2]:
        await take_over(server)


async def take_over(server: Client) -> None:
    """Become the primary of the shard: by a hand-over from the current one, or without it if it is down."""
    try:
        await server.call("CLUSTER", "FAILOVER")
        if await _is_primary(server):
            return
    except Refused as error:  # the primary is down
        log.info("taking over without a hand-over by the primary: %s", error)
    await server.call("CLUSTER", "FAILOVER", "TAKEOVER")
    await _is_primary(server)


async def _is_primary(server: Client) -> bool:
    async def look() -> bool:
        return facts(await server.call("INFO", "replication"))["role"] == "master"

    return await until(look, HAND_OVER)


def _lines(nodes: bytes) -> list[str]:
    return [line for line in nodes.decode().splitlines() if line]
