"""Serverless caches: one server behind TLS, whatever the usage limits are.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.corecomponents.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.engines import ports
from fogbank.store.api import Reader

from .. import catalog, labels, names, nodes, shapes
from ..errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidServerlessCacheState,
    ServerlessCacheAlreadyExists,
)
from ..listing import tokens
from ..names import SERVERLESS, SERVERLESS_SNAPSHOT, USER_GROUP
from ..records import SERVERLESS as CACHES
from ..records import Serverless

Request = dict[str, Any]
NAME = "ServerlessCacheName"
_MAJOR = {"redis": ("7",), "valkey": ("7", "8"), "memcached": ("1.6",)}


def shape(ctx: Context, cache: Serverless) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ServerlessCache.html"""
    major = ".".join(cache.version.split(".")[:2]) if cache.engine == catalog.MEMCACHED else cache.version.split(".")[0]
    found = {
        "ServerlessCacheName": cache.name,
        "Description": cache.description,
        "CreateTime": cache.created,
        "Status": cache.status,
        "Engine": cache.engine,
        "MajorEngineVersion": major,
        "FullEngineVersion": cache.version,
        "SecurityGroupIds": cache.security_groups,
        "SubnetIds": cache.subnets,
        "ARN": names.arn(ctx, SERVERLESS, cache.name),
        "SnapshotRetentionLimit": cache.snapshot_limit,
        "NetworkType": cache.network_type,
    }
    optional = {"CacheUsageLimits": cache.usage, "KmsKeyId": cache.kms_key, "UserGroupId": cache.user_group,
                "DailySnapshotTime": cache.daily_time}  # fmt: skip
    found |= {name: value for name, value in optional.items() if value}
    if cache.node.started:
        mark = "serverless"
        found["Endpoint"] = shapes.endpoint(ctx, cache.host, cache.node.client_port, cache.name, mark)
        found["ReaderEndpoint"] = shapes.endpoint(ctx, cache.host, cache.reader, cache.name, mark)
    return found


_named = names.new(SERVERLESS, NAME, "UserGroupId")


def new(ctx: Context, req: Request) -> list[Access]:
    """The cache to be created, and the snapshots to restore."""
    found = _named(ctx, req)
    for text in req.get("SnapshotArnsToRestore") or ():
        found.append(Access("", SERVERLESS_SNAPSHOT.name(ctx, _snapshot(ctx, text))))
    return found


def _snapshot(ctx: Context, arn: str) -> str:
    """The name in the ARN of a serverless snapshot of this account and region."""
    kind, name = names.by_arn(ctx, arn)
    if kind is not SERVERLESS_SNAPSHOT:
        raise InvalidParameterValue(f"SnapshotArnsToRestore takes ARNs of serverless cache snapshots here: {arn}")
    return name


@operation("elasticache", "CreateServerlessCache", resource=new)
def create_serverless_cache(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a cache that clients can reach only over TLS."""
    name = names.identifier(NAME, req[NAME], 40)
    engine = catalog.engine(req["Engine"])
    nodes.available(engine)
    version = _version(engine, req.get("MajorEngineVersion"))
    with ctx.write() as tx:
        if tx.get(CACHES, (ctx.account, ctx.region, name)) is not None:
            raise ServerlessCacheAlreadyExists
        if req.get("UserGroupId") and engine == catalog.MEMCACHED:
            raise InvalidParameterCombination("User groups are not supported for the engine memcached.")
        owner = nodes.owner(ctx, "serverless", name)
        clustered = engine != catalog.MEMCACHED
        cache = Serverless(
            account=ctx.account,
            region=ctx.region,
            name=name,
            engine=engine,
            version=version.full,
            description=req.get("Description") or "",
            status="creating",
            created=ctx.now(),
            node=nodes.make(tx, ctx, owner, "0001", ctx.region + "a", door=True, cluster=clustered),
            reader=ports.draw(tx, owner),
            usage=req.get("CacheUsageLimits") or {},
            kms_key=req.get("KmsKeyId") or "",
            security_groups=req.get("SecurityGroupIds") or [],
            subnets=req.get("SubnetIds") or [],
            user_group=USER_GROUP.require(tx, ctx, req["UserGroupId"]).id if req.get("UserGroupId") else "",
            snapshot_limit=req.get("SnapshotRetentionLimit") or 0,
            daily_time=req.get("DailySnapshotTime") or "",
            network_type=req.get("NetworkType") or "ipv4",
            tags=labels.given(req),
        )
        arns = req.get("SnapshotArnsToRestore") or []
        if arns:
            cache.source = _source(tx, ctx, arns)
            ctx.blobs.share(tx, cache.source, nodes.OWNER)
        tx.put(CACHES, cache)
        nodes.run(tx, ctx, cache)
        ctx.reside(tx, nodes.DOORS, f"serverless/{name}")
    return {"ServerlessCache": shape(ctx, cache)}


def _version(engine: str, major: str | None) -> catalog.Version:
    major = major or _MAJOR[engine][-1]
    if major not in _MAJOR[engine]:
        raise InvalidParameterValue(f"MajorEngineVersion {major} is not valid for engine {engine}.")
    matching = [v for v in catalog.VERSIONS if v.engine == engine and v.full.startswith(f"{major}.")]
    return matching[-1]


def _source(tx: Reader, ctx: Context, arns: list[str]) -> str:
    """The blob of the one snapshot that the request names."""
    found = SERVERLESS_SNAPSHOT.require(tx, ctx, _snapshot(ctx, arns[0]))
    if len(arns) != 1 or not found.blob:
        raise InvalidParameterValue("SnapshotArnsToRestore takes one snapshot here, which is available.")
    return found.blob


@operation("elasticache", "DescribeServerlessCaches", resource=names.listed(SERVERLESS, NAME))
def describe_serverless_caches(ctx: Context, req: Request) -> dict[str, Any]:
    """One serverless cache, or all."""
    with ctx.read() as tx:
        if req.get(NAME):
            found = [SERVERLESS.require(tx, ctx, req[NAME])]
        else:
            found = list(tx.scan(CACHES, (ctx.account, ctx.region)))
    found, more = tokens(ctx, req, found, lambda cache: cache.name)
    return {"ServerlessCaches": [shape(ctx, cache) for cache in found], **more}


@operation("elasticache", "ModifyServerlessCache", resource=names.of(SERVERLESS, NAME, "UserGroupId"))
def modify_serverless_cache(ctx: Context, req: Request) -> dict[str, Any]:
    """Change limits, the user group, or the engine."""
    with ctx.write() as tx:
        cache = SERVERLESS.require(tx, ctx, req[NAME])
        if cache.status != "available":
            raise InvalidServerlessCacheState(f"Serverless cache {cache.name} is not in available state.")
        cache.description = req.get("Description", cache.description)
        cache.usage = cache.usage | (req.get("CacheUsageLimits") or {})
        cache.security_groups = req.get("SecurityGroupIds") or cache.security_groups
        cache.snapshot_limit = req.get("SnapshotRetentionLimit", cache.snapshot_limit)
        cache.daily_time = req.get("DailySnapshotTime") or cache.daily_time
        if req.get("RemoveUserGroup"):
            cache.user_group = ""
        elif req.get("UserGroupId"):
            cache.user_group = USER_GROUP.require(tx, ctx, req["UserGroupId"]).id
        if req.get("Engine") or req.get("MajorEngineVersion"):
            engine = catalog.engine(req.get("Engine") or cache.engine)
            if (engine == catalog.MEMCACHED) != (cache.engine == catalog.MEMCACHED):
                raise InvalidParameterCombination(f"Cannot modify the engine from {cache.engine} to {engine}.")
            cache.engine, cache.version = engine, _version(engine, req.get("MajorEngineVersion")).full
        cache.status = "modifying"
        tx.put(CACHES, cache)
        tx.signal(nodes.topic(ctx))
        ctx.later(tx, "elasticache.settle", {"serverless": cache.name})
    return {"ServerlessCache": shape(ctx, cache)}


@operation("elasticache", "DeleteServerlessCache", resource=names.of(SERVERLESS, NAME))
def delete_serverless_cache(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a serverless cache, after a final snapshot if requested."""
    with ctx.write() as tx:
        cache = SERVERLESS.require(tx, ctx, req[NAME])
        if cache.status == "deleting":
            raise InvalidServerlessCacheState(f"Serverless cache {cache.name} has status deleting.")
        cache.status = "deleting"
        tx.put(CACHES, cache)
        final = req.get("FinalSnapshotName") or ""
        ctx.later(tx, "elasticache.delete", {"serverless": cache.name, "final": final})
    return {"ServerlessCache": shape(ctx, cache)}
