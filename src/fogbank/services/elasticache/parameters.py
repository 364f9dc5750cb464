"""The parameters of each family, their defaults, and those that are passed on to the engines.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html (abridged: only parameters in common
use; the descriptions are our own)
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import catalog
from .errors import InvalidParameterValue
from .names import PARAMETERS
from .records import PARAMETER_GROUPS, ParameterGroup


class Parameter(msgspec.Struct, frozen=True):
    """A parameter. `since` and `until`: the major versions that have it. `reboot`: changes wait for a reboot."""

    name: str
    value: str
    kind: str  # string or integer
    allowed: str
    text: str
    modifiable: bool = True
    reboot: bool = False
    since: int = 0
    until: int = 99
    applied: bool = True  # passed on to Fogbank's engine


_NUMBERS = {"integer": re.compile("-?(0|[1-9][0-9]{0,18})"), "float": re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?")}
_YES = "yes,no"
_FLOW = "0-"
_POLICIES = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"

_VALKEY = (
    Parameter("acllog-max-len", "128", "integer", "1-10000", "Entries of the ACL log.", since=6),
    Parameter("activedefrag", "no", "string", _YES, "Defragment memory while running.", since=5, applied=False),
    Parameter("active-expire-effort", "1", "integer", "1-10", "Effort spent on removing expired keys.", since=6),
    Parameter("activerehashing", "yes", "string", _YES, "Rehash the main dictionary in idle time.", reboot=True),
    Parameter("appendfsync", "everysec", "string", "always,everysec,no", "When the append-only file is synced.",
              modifiable=False, applied=False),
    Parameter("appendonly", "no", "string", _YES, "Keep an append-only file.", modifiable=False, applied=False),
    Parameter("client-output-buffer-limit-normal-hard-limit", "0", "integer", _FLOW,
              "Bytes of a client's output at which it is cut off.", applied=False),
    Parameter("client-output-buffer-limit-pubsub-hard-limit", "33554432", "integer", _FLOW,
              "Bytes of a subscriber's output at which it is cut off.", applied=False),
    Parameter("close-on-replica-write", "yes", "string", _YES, "Cut off who writes to a replica.", applied=False),
    Parameter("cluster-allow-reads-when-down", "no", "string", _YES, "Answer reads of a cluster that is down.",
              since=6),
    Parameter("cluster-enabled", "no", "string", _YES, "Cluster mode.", modifiable=False, reboot=True, applied=False),
    Parameter("cluster-require-full-coverage", "no", "string", _YES, "Serve only while every slot is served.",
              applied=False),
    Parameter("databases", "16", "integer", "1-1200000", "Logical databases.", reboot=True),
    Parameter("hash-max-listpack-entries", "512", "integer", _FLOW, "Fields of a hash in its compact form.", since=7),
    Parameter("hash-max-listpack-value", "64", "integer", _FLOW, "Bytes of a value in a compact hash.", since=7),
    Parameter("hash-max-ziplist-entries", "512", "integer", _FLOW, "Fields of a hash in its compact form.", until=6),
    Parameter("hash-max-ziplist-value", "64", "integer", _FLOW, "Bytes of a value in a compact hash.", until=6),
    Parameter("hll-sparse-max-bytes", "3000", "integer", "1-16000", "Bytes of a sparse HyperLogLog."),
    Parameter("latency-tracking", "no", "string", _YES, "Track the latency of commands.", since=7),
    Parameter("lazyfree-lazy-eviction", "no", "string", _YES, "Free evicted values in the background."),
    Parameter("lazyfree-lazy-expire", "no", "string", _YES, "Free expired values in the background."),
    Parameter("lazyfree-lazy-server-del", "no", "string", _YES, "Free overwritten values in the background."),
    Parameter("lazyfree-lazy-user-del", "no", "string", _YES, "Let DEL be UNLINK.", since=6),
    Parameter("lfu-decay-time", "1", "integer", _FLOW, "Minutes until a counter is halved."),
    Parameter("lfu-log-factor", "10", "integer", "1-", "Hits that saturate a counter."),
    Parameter("list-compress-depth", "0", "integer", _FLOW, "Nodes at both ends of a list left uncompressed."),
    Parameter("list-max-listpack-size", "-2", "integer", "-5,-4,-3,-2,-1,1-", "Entries of a list's node.", since=7),
    Parameter("list-max-ziplist-size", "-2", "integer", "-5,-4,-3,-2,-1,1-", "Entries of a list's node.", until=6),
    Parameter("lua-time-limit", "5000", "integer", "5000", "Milliseconds that a script may run.", modifiable=False),
    Parameter("maxclients", "65000", "integer", "1-65000", "Clients at a time.", modifiable=False, reboot=True,
              applied=False),
    Parameter("maxmemory-policy", "volatile-lru", "string", _POLICIES, "What goes when memory is full."),
    Parameter("maxmemory-samples", "3", "integer", "1-", "Keys that are looked at to evict one."),
    Parameter("min-replicas-max-lag", "10", "integer", _FLOW, "Seconds after which a replica is not counted."),
    Parameter("min-replicas-to-write", "0", "integer", _FLOW, "Replicas without which writes are refused."),
    Parameter("notify-keyspace-events", "", "string", "", "Events of keys that are published."),
    Parameter("proto-max-bulk-len", "536870912", "integer", "1048576-536870912", "Bytes of one value."),
    Parameter("repl-backlog-size", "1048576", "integer", "16384-", "Bytes kept for replicas that come back.",
              applied=False),
    Parameter("reserved-memory-percent", "25", "integer", "0-100", "Share of memory that is not for data.",
              applied=False),
    Parameter("set-max-intset-entries", "512", "integer", _FLOW, "Members of a compact set of integers."),
    Parameter("slowlog-log-slower-than", "10000", "integer", "-1-", "Microseconds that make a command slow."),
    Parameter("slowlog-max-len", "128", "integer", _FLOW, "Entries of the slow log."),
    Parameter("stream-node-max-bytes", "4096", "integer", _FLOW, "Bytes of a stream's node.", since=5),
    Parameter("stream-node-max-entries", "100", "integer", _FLOW, "Entries of a stream's node.", since=5),
    Parameter("tcp-keepalive", "300", "integer", _FLOW, "Seconds between looks whether clients are there."),
    Parameter("timeout", "0", "integer", "0,20-", "Seconds until an idle client is cut off."),
    Parameter("tracking-table-max-keys", "1000000", "integer", "1-100000000", "Keys tracked for clients.", since=6),
    Parameter("zset-max-listpack-entries", "128", "integer", _FLOW, "Members of a compact sorted set.", since=7),
    Parameter("zset-max-listpack-value", "64", "integer", _FLOW, "Bytes of a member in it.", since=7),
    Parameter("zset-max-ziplist-entries", "128", "integer", _FLOW, "Members of a compact sorted set.", until=6),
    Parameter("zset-max-ziplist-value", "64", "integer", _FLOW, "Bytes of a member in it.", until=6),
)  # fmt: skip

_MEMCACHED = (
    Parameter("backlog_queue_limit", "1024", "integer", "1-10000", "Connections that wait.", reboot=True),
    Parameter("binding_protocol", "auto", "string", "auto,binary,ascii", "Protocol of clients.", reboot=True),
    Parameter("cas_disabled", "0", "integer", "0,1", "Do without check-and-set.", reboot=True),
    Parameter("chunk_size", "48", "integer", "1-1024", "Bytes of the smallest slab.", reboot=True),
    Parameter("chunk_size_growth_factor", "1.25", "float", "1-1024", "By what slabs grow.", reboot=True),
    Parameter("config_max", "16", "integer", "16", "Configuration entries.", modifiable=False, reboot=True,
              applied=False),
    Parameter("config_size_max", "65536", "integer", "65536", "Bytes of an entry.", modifiable=False, reboot=True,
              applied=False),
    Parameter("error_on_memory_exhausted", "0", "integer", "0,1", "Refuse to store rather than evict.", reboot=True),
    Parameter("idle_timeout", "0", "integer", _FLOW, "Seconds until an idle client is cut off.", reboot=True),
    Parameter("large_memory_pages", "0", "integer", "0,1", "Use large pages.", modifiable=False, reboot=True,
              applied=False),
    Parameter("lock_down_paged_memory", "0", "integer", "0,1", "Lock memory.", modifiable=False, reboot=True,
              applied=False),
    Parameter("max_item_size", "1048576", "integer", "1024-1073741824", "Bytes of an item.", reboot=True),
    Parameter("max_simultaneous_connections", "65000", "integer", "3-65000", "Clients at a time.", modifiable=False,
              reboot=True, applied=False),
    Parameter("memcached_connections_overhead", "100", "integer", _FLOW, "MB for connections.", reboot=True,
              applied=False),
    Parameter("requests_per_event", "20", "integer", _FLOW, "Requests of a client in one turn.", modifiable=False,
              reboot=True, applied=False),
    Parameter("slab_chunk_max", "524288", "integer", _FLOW, "Bytes of a slab's chunk.", reboot=True, applied=False),
    Parameter("track_sizes", "0", "integer", "0,1", "Keep track of items' sizes.", reboot=True, applied=False),
)  # fmt: skip
# Memcached's command line options with a value, and switches that are set for the value 1
_OPTIONS = {
    "backlog_queue_limit": "-b", "binding_protocol": "-B", "chunk_size": "-n", "chunk_size_growth_factor": "-f",
    "max_item_size": "-I",
}  # fmt: skip
_SWITCHES = {"cas_disabled": "-C", "error_on_memory_exhausted": "-M"}


def of_family(family: str) -> dict[str, Parameter]:
    """The parameters that a family has. Raises InvalidParameterValue."""
    engine = catalog.FAMILIES.get(family.removesuffix(".cluster.on"))
    if engine is None:
        raise InvalidParameterValue(f"CacheParameterGroupFamily {family} is not a valid parameter group family.")
    if engine == catalog.MEMCACHED:
        return {parameter.name: parameter for parameter in _MEMCACHED}
    major = int(family.removeprefix(engine).partition(".")[0])
    return {parameter.name: parameter for parameter in _VALKEY if parameter.since <= major <= parameter.until}


def default_group(family: str, *, cluster_mode: bool = False) -> str:
    return f"default.{family}" + (".cluster.on" if cluster_mode else "")


def built_in(ctx: Context, name: str) -> ParameterGroup | None:
    """A default group of AWS: default.redis7, default.redis7.cluster.on."""
    if not name.startswith("default."):
        return None
    family = name.removeprefix("default.").removesuffix(".cluster.on")
    engine = catalog.FAMILIES.get(family)
    clustered = name.endswith(".cluster.on")
    if engine is None or (clustered and engine == catalog.MEMCACHED):
        return None
    suffix = " with cluster mode on" if clustered else ""
    return ParameterGroup(
        account=ctx.account,
        region=ctx.region,
        name=name,
        family=family,
        description=f"Default parameter group for {family}{suffix}",
        values={"cluster-enabled": "yes"} if clustered else {},
    )


def all_built_in(ctx: Context) -> list[ParameterGroup]:
    names = [
        default_group(family, cluster_mode=mode)
        for family, engine in catalog.FAMILIES.items()
        for mode in ((False, True) if engine != catalog.MEMCACHED else (False,))
    ]
    return [group for name in names if (group := built_in(ctx, name)) is not None]


def named(tx: Reader, ctx: Context, text: str) -> ParameterGroup:
    """The group that a request names. Raises CacheParameterGroupNotFound."""
    return PARAMETERS.find(tx, ctx, text) or built_in(ctx, text.lower()) or PARAMETERS.require(tx, ctx, text)


def kept(tx: Reader, ctx: Context, name: str) -> ParameterGroup | None:
    """The group that a record names."""
    return tx.get(PARAMETER_GROUPS, (ctx.account, ctx.region, name)) or built_in(ctx, name)


def values(group: ParameterGroup) -> dict[str, str]:
    """All parameters of a group with their values."""
    found = {name: parameter.value for name, parameter in of_family(group.family).items()}
    return {**found, **group.values}


def check(group: ParameterGroup, given: list[dict[str, Any]]) -> dict[str, str]:
    """The values that a request sets. Raises InvalidParameterValue."""
    known = of_family(group.family)
    found: dict[str, str] = {}
    for item in given:
        name, value = item.get("ParameterName") or "", item.get("ParameterValue") or ""
        parameter = known.get(name)
        if parameter is None:
            raise InvalidParameterValue(
                f"The parameter {name} does not exist in parameter group family {group.family}."
            )
        clusters = name == "cluster-enabled" and value in ("yes", "no")
        if not parameter.modifiable and not clusters:
            raise InvalidParameterValue(f"The parameter {name} cannot be modified.")
        if not _allows(parameter, value):
            raise InvalidParameterValue(
                f"The value {value} is not valid for parameter {name}. Allowed values are: {parameter.allowed}"
            )
        found[name] = value
    return found


def _allows(parameter: Parameter, value: str) -> bool:
    if not parameter.allowed:
        return all(sign in "KEg$lshzxeAtmdn" for sign in value)
    if parameter.kind == "string":
        return value in parameter.allowed.split(",")
    if not _NUMBERS[parameter.kind].fullmatch(value):  # as servers read them, which do not start with any other
        return False
    number = float(value)
    for part in parameter.allowed.split(","):
        low, dash, high = part[1:].partition("-") if part.startswith("-") else part.partition("-")
        first = -float(low) if part.startswith("-") else float(low)
        if (first <= number <= (float(high) if high else float("inf"))) if dash else number == first:
            return True
    return False


# -- configuration of engines ------------------------------------------------------------------------------------------


def directives(group: ParameterGroup, node_type: str) -> dict[str, str]:
    """The lines of a Valkey server's configuration."""
    known, given = of_family(group.family), values(group)
    share = 100 - int(given.get("reserved-memory-percent", "25"))
    found = {name: given[name] or '""' for name, parameter in known.items() if parameter.applied}
    return {**found, "maxmemory": str(catalog.memory(node_type) * share // 100)}


def options(group: ParameterGroup, node_type: str) -> list[str]:
    """The arguments of a Memcached server."""
    given = values(group)
    found = ["-m", str(max(64, catalog.memory(node_type) >> 20))]
    for name, option in _OPTIONS.items():
        found += [option, given[name]]
    found += [option for name, option in _SWITCHES.items() if given[name] == "1"]
    if given["idle_timeout"] != "0":
        found += ["-o", f"idle_timeout={given['idle_timeout']}"]
    return found
