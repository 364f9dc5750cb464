"""Measures nodes and publishes the metrics of AWS/ElastiCache.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Memcached.html
"""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.context import Context
from fogbank.engines.engine import NotReady
from fogbank.engines.memcached import Memcached
from fogbank.engines.resp import Refused
from fogbank.engines.valkey import Valkey, facts

NAMESPACE = "AWS/ElastiCache"
EACH = 60.0  # seconds between measurements
MANY, MOVING = 60, 3600.0  # after so many in a real minute the clock is being moved far: measure every hour of it
# metric → (statistic of the server, unit); counters count since the last measurement
_VALKEY = {
    "CurrConnections": ("connected_clients", "Count"),
    "BytesUsedForCache": ("used_memory", "Bytes"),
    "BlockedConnections": ("blocked_clients", "Count"),
    "MasterLinkHealthStatus": ("master_link_up", "Count"),
}
_VALKEY_COUNTERS = {
    "CacheHits": "keyspace_hits",
    "CacheMisses": "keyspace_misses",
    "Evictions": "evicted_keys",
    "Reclaimed": "expired_keys",
    "NewConnections": "total_connections_received",
    "NetworkBytesIn": "total_net_input_bytes",
    "NetworkBytesOut": "total_net_output_bytes",
}
_MEMCACHED = {
    "CurrConnections": ("curr_connections", "Count"),
    "CurrItems": ("curr_items", "Count"),
    "BytesUsedForCacheItems": ("bytes", "Bytes"),
}
_MEMCACHED_COUNTERS = {
    "GetHits": "get_hits",
    "GetMisses": "get_misses",
    "CmdGet": "cmd_get",
    "CmdSet": "cmd_set",
    "Evictions": "evictions",
    "Reclaimed": "reclaimed",
    "NewConnections": "total_connections",
    "NetworkBytesIn": "bytes_read",
    "NetworkBytesOut": "bytes_written",
}
_BYTES = {"NetworkBytesIn", "NetworkBytesOut"}
_CPU = ("used_cpu_sys", "used_cpu_user")


class Meter:
    """Measures one node, and remembers its counters from the previous time."""

    def __init__(self, name: str) -> None:
        kind, *rest = name.split("/")
        if kind == "serverless":
            self._dimensions = {"clusterId": rest[0]}
        else:
            self._dimensions = {"CacheClusterId": rest[0], "CacheNodeId": rest[1]}
        self._before: Mapping[str, str] = {}
        self._at = 0.0
        self._minute = 0.0  # when the current real minute began
        self._measured = 0  # measurements in it

    def pause(self, ctx: Context) -> tuple[float, float | None]:
        """Seconds of the clock until the next measurement, and real seconds after which it is due anyway."""
        now = ctx.clock.monotonic()
        if now - self._minute >= EACH:
            self._minute, self._measured = now, 0
        self._measured += 1
        return (EACH, None) if self._measured <= MANY else (MOVING, EACH)

    async def measure(self, ctx: Context, engine: Valkey | Memcached) -> None:
        """Measure the node. Does nothing if it does not answer."""
        try:
            if isinstance(engine, Memcached):
                self._count(ctx, await engine.stats(), _MEMCACHED, _MEMCACHED_COUNTERS)
                return
            async with engine.admin() as server:
                found = facts(await server.call("INFO", "everything"))
        except (OSError, NotReady, Refused):
            return
        found["master_link_up"] = "1" if found.get("master_link_status", "up") == "up" else "0"
        found["keys"] = str(sum(_keys(text) for name, text in found.items() if name.startswith("db")))
        self._count(ctx, found, {**_VALKEY, "CurrItems": ("keys", "Count")}, _VALKEY_COUNTERS)

    def _count(
        self,
        ctx: Context,
        found: dict[str, str],
        gauges: dict[str, tuple[str, str]],
        counters: dict[str, str],
    ) -> None:
        now = ctx.now()
        for metric, (name, unit) in gauges.items():
            ctx.metric(NAMESPACE, metric, float(found.get(name, 0)), unit, **self._dimensions)
        for metric, name in counters.items():
            value = float(found.get(name, 0)) - float(self._before.get(name, 0))
            unit = "Bytes" if metric in _BYTES else "Count"
            ctx.metric(NAMESPACE, metric, max(value, 0.0), unit, **self._dimensions)
        if self._at and now > self._at:
            used = sum(float(found.get(name, 0)) - float(self._before.get(name, 0)) for name in _cpu(found))
            ctx.metric(NAMESPACE, "CPUUtilization", 100 * max(used, 0.0) / (now - self._at), "Percent",
                       **self._dimensions)  # fmt: skip
        self._before, self._at = found, now


def _cpu(found: Mapping[str, str]) -> tuple[str, ...]:
    return _CPU if _CPU[0] in found else ("rusage_user", "rusage_system")


def _keys(text: str) -> int:
    """The number of keys in a line such as db0:keys=3,expires=0,…"""
    first = text.partition(",")[0]
    return int(first.removeprefix("keys=")) if first.startswith("keys=") else 0
