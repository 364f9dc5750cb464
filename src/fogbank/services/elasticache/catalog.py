"""Engines, their versions and families, and node types.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html

Every version of Valkey and Redis OSS runs on the one Valkey server that is installed.
"""

from __future__ import annotations

import msgspec

from .errors import InvalidParameterCombination, InvalidParameterValue

MEMCACHED, REDIS, VALKEY = "memcached", "redis", "valkey"
# version in DescribeCacheEngineVersions → version that a cluster shows
_FULL = {
    REDIS: {
        "4.0.10": "4.0.10", "5.0.6": "5.0.6", "6.0": "6.0.5", "6.2": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0",
    },
    VALKEY: {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "8.2": "8.2.0"},
    MEMCACHED: {version: version for version in (
        "1.4.34", "1.5.10", "1.5.16", "1.6.6", "1.6.12", "1.6.17", "1.6.22")},
}  # fmt: skip
DEFAULT = {REDIS: "7.1", VALKEY: "8.0", MEMCACHED: "1.6.22"}
_FAMILIES = {"redis4": "redis4.0", "redis5": "redis5.0", "redis6": "redis6.x"}


class Version(msgspec.Struct, frozen=True):
    engine: str
    listed: str
    full: str
    family: str


def _family(engine: str, version: str) -> str:
    if engine == MEMCACHED:
        return "memcached" + ".".join(version.split(".")[:2])
    family = engine + version.partition(".")[0]
    return _FAMILIES.get(family, family)


VERSIONS = tuple(
    Version(engine, listed, full, _family(engine, listed)) for engine, known in _FULL.items()
    for listed, full in known.items()
)  # fmt: skip
FAMILIES = {version.family: version.engine for version in VERSIONS}


def engine(name: str | None) -> str:
    """The engine of a request. Raises InvalidParameterValue."""
    found = (name or "").lower()
    if found not in _FULL:
        raise InvalidParameterValue(f"Invalid engine: {name}" if name else "The parameter Engine must be provided.")
    return found


def version(engine: str, text: str | None) -> Version:
    """The version that a request names: a listed one, its full form, or "6.x".

    Raises InvalidParameterCombination with AWS's text for an unknown version.
    """
    wanted = text or DEFAULT[engine]
    if engine != MEMCACHED and wanted.endswith(".x"):
        major = wanted[:-1]
        matching = [v for v in VERSIONS if v.engine == engine and v.listed.startswith(major)]
    else:
        matching = [v for v in VERSIONS if v.engine == engine and wanted in (v.listed, v.full)]
    if not matching:
        raise InvalidParameterCombination(f"Cannot find version {wanted} for {engine}")
    return matching[-1]


def of_full(engine: str, full: str) -> Version:
    """The version of an existing cluster."""
    return next(v for v in VERSIONS if v.engine == engine and v.full == full)


# GiB of the node types' memory
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html ("node-type specific parameters")
MEMORY = {
    "cache.t2.micro": 0.55, "cache.t2.small": 1.55, "cache.t2.medium": 3.22,
    "cache.t3.micro": 0.5, "cache.t3.small": 1.37, "cache.t3.medium": 3.09,
    "cache.t4g.micro": 0.5, "cache.t4g.small": 1.37, "cache.t4g.medium": 3.09,
    "cache.m4.large": 6.42, "cache.m4.xlarge": 14.28, "cache.m4.2xlarge": 29.7, "cache.m4.4xlarge": 60.78,
    "cache.m4.10xlarge": 154.64,
    "cache.m5.large": 6.38, "cache.m5.xlarge": 12.93, "cache.m5.2xlarge": 26.04, "cache.m5.4xlarge": 52.26,
    "cache.m5.12xlarge": 157.12, "cache.m5.24xlarge": 314.32,
    "cache.m6g.large": 6.38, "cache.m6g.xlarge": 12.94, "cache.m6g.2xlarge": 26.05, "cache.m6g.4xlarge": 52.26,
    "cache.m6g.8xlarge": 103.68, "cache.m6g.12xlarge": 157.13, "cache.m6g.16xlarge": 209.55,
    "cache.m7g.large": 6.38, "cache.m7g.xlarge": 12.94, "cache.m7g.2xlarge": 26.05, "cache.m7g.4xlarge": 52.26,
    "cache.m7g.8xlarge": 103.68, "cache.m7g.12xlarge": 157.13, "cache.m7g.16xlarge": 209.55,
    "cache.r4.large": 12.3, "cache.r4.xlarge": 25.05, "cache.r4.2xlarge": 50.47, "cache.r4.4xlarge": 101.38,
    "cache.r4.8xlarge": 203.26, "cache.r4.16xlarge": 407.0,
    "cache.r5.large": 13.07, "cache.r5.xlarge": 26.32, "cache.r5.2xlarge": 52.82, "cache.r5.4xlarge": 105.81,
    "cache.r5.12xlarge": 317.77, "cache.r5.24xlarge": 635.61,
    "cache.r6g.large": 13.07, "cache.r6g.xlarge": 26.32, "cache.r6g.2xlarge": 52.82, "cache.r6g.4xlarge": 105.81,
    "cache.r6g.8xlarge": 209.55, "cache.r6g.12xlarge": 317.77, "cache.r6g.16xlarge": 419.09,
    "cache.r6gd.xlarge": 26.32, "cache.r6gd.2xlarge": 52.82, "cache.r6gd.4xlarge": 105.81, "cache.r6gd.8xlarge": 209.55,
    "cache.r7g.large": 13.07, "cache.r7g.xlarge": 26.32, "cache.r7g.2xlarge": 52.82, "cache.r7g.4xlarge": 105.81,
    "cache.r7g.8xlarge": 209.55, "cache.r7g.12xlarge": 317.77, "cache.r7g.16xlarge": 419.09,
    "cache.c7gn.large": 3.09, "cache.c7gn.xlarge": 6.38, "cache.c7gn.2xlarge": 12.94, "cache.c7gn.4xlarge": 26.05,
}  # fmt: skip


def node_type(name: str | None) -> str:
    """Validate a node type. Raises InvalidParameterValue with AWS's text."""
    if not name:
        raise InvalidParameterValue("The parameter CacheNodeType must be provided and must not be blank.")
    if name not in MEMORY:
        raise InvalidParameterValue(f"Invalid Cache Node Type: {name}")
    return name


def memory(node_type: str) -> int:
    """Bytes of cache memory of a node of this type."""
    return int(MEMORY[node_type] * (1 << 30))


def others(name: str) -> tuple[list[str], list[str]]:
    """The types to which a node may be scaled up, and down, smallest first."""
    ordered = sorted(MEMORY, key=lambda other: (MEMORY[other], other))
    up = [other for other in ordered if MEMORY[other] > MEMORY[name]]
    return up, [other for other in ordered if MEMORY[other] < MEMORY[name]]
