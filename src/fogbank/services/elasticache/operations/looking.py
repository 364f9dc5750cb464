"""DescribeEvents, DescribeCacheEngineVersions, and service updates.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ECEvents.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation

from .. import catalog
from ..errors import InvalidParameterCombination, ServiceUpdateNotFound
from ..listing import page
from ..names import CLUSTER, GROUP
from ..records import EVENTS

Request = dict[str, Any]
_DESCRIPTIONS = {"memcached": "memcached", "redis": "Redis", "valkey": "Valkey"}


@operation("elasticache", "DescribeEvents", resource="*")
def describe_events(ctx: Context, req: Request) -> dict[str, Any]:
    """The events of the last hour, or of the requested time."""
    if req.get("SourceIdentifier") and not req.get("SourceType"):
        raise InvalidParameterCombination("SourceType must be specified when SourceIdentifier is specified.")
    now = ctx.now()
    end = req["EndTime"].timestamp() if req.get("EndTime") else now
    start = end - (req.get("Duration") or 60) * 60
    if req.get("StartTime"):
        start = req["StartTime"].timestamp()
        end = req["EndTime"].timestamp() if req.get("EndTime") else start + (req.get("Duration") or 0) * 60 or now
    where = (ctx.account, ctx.region)
    with ctx.read() as tx:
        found = [
            event for event in tx.scan(EVENTS, where, start=(*where, int(start * 1000), ""))
            if event.at_ms <= end * 1000
            and (not req.get("SourceIdentifier") or event.source == req["SourceIdentifier"].lower())
            and (not req.get("SourceType") or event.kind == req["SourceType"])
        ]  # fmt: skip
    found, more = page(ctx, req, found, lambda event: [event.at_ms, event.id])
    shown = [
        {"SourceIdentifier": e.source, "SourceType": e.kind, "Message": e.message, "Date": e.at_ms / 1000}
        for e in found
    ]
    return {"Events": shown, **more}


@operation("elasticache", "DescribeCacheEngineVersions", resource="*")
def describe_cache_engine_versions(ctx: Context, req: Request) -> dict[str, Any]:
    """The versions with which clusters can be created. All of Valkey and Redis OSS run on one Valkey server."""
    found = [
        version for version in catalog.VERSIONS
        if (not req.get("Engine") or version.engine == req["Engine"].lower())
        and (not req.get("EngineVersion") or req["EngineVersion"] in (version.listed, version.full))
        and (not req.get("CacheParameterGroupFamily") or version.family == req["CacheParameterGroupFamily"])
        and (not req.get("DefaultOnly") or catalog.DEFAULT[version.engine] == version.listed)
    ]  # fmt: skip
    found, more = page(ctx, req, sorted(found, key=_order), _order)
    shown = [
        {
            "Engine": version.engine,
            "EngineVersion": version.listed,
            "CacheParameterGroupFamily": version.family,
            "CacheEngineDescription": _DESCRIPTIONS[version.engine],
            "CacheEngineVersionDescription": f"{version.engine} version {version.full}",
        }
        for version in found
    ]
    return {"CacheEngineVersions": shown, **more}


def _order(version: catalog.Version) -> list[Any]:
    return [version.engine, *(int(part) for part in version.listed.split("."))]


# -- service updates: there are none -----------------------------------------------------------------------------------


@operation("elasticache", "DescribeServiceUpdates", resource="*", fidelity="recorded")
def describe_service_updates(ctx: Context, req: Request) -> dict[str, Any]:
    """Always empty: engines are updated by the person who installs them."""
    if req.get("ServiceUpdateName"):
        raise ServiceUpdateNotFound
    return {"ServiceUpdates": []}


def _updated(ctx: Context, req: Request) -> list[Access]:
    named = [(GROUP, text) for text in req.get("ReplicationGroupIds") or ()]
    named += [(CLUSTER, text) for text in req.get("CacheClusterIds") or ()]  # type: ignore[misc]
    return [Access("", kind.name(ctx, text)) for kind, text in named] or [Access("", "*")]


@operation("elasticache", "DescribeUpdateActions", resource=_updated, fidelity="recorded")
def describe_update_actions(ctx: Context, req: Request) -> dict[str, Any]:
    """None, since there are no updates."""
    return {"UpdateActions": []}


def _no_update(req: Request) -> dict[str, Any]:
    given = [("ReplicationGroupId", id) for id in req.get("ReplicationGroupIds") or ()]
    given += [("CacheClusterId", id) for id in req.get("CacheClusterIds") or ()]
    error = {"ErrorType": "ServiceUpdateNotFoundFault", "ErrorMessage": ServiceUpdateNotFound.default}
    unprocessed = [{member: id, "ServiceUpdateName": req["ServiceUpdateName"], **error} for member, id in given]
    return {"ProcessedUpdateActions": [], "UnprocessedUpdateActions": unprocessed}


@operation("elasticache", "BatchApplyUpdateAction", resource=_updated, fidelity="recorded")
def batch_apply_update_action(ctx: Context, req: Request) -> dict[str, Any]:
    """Refuse every item: there is no such update."""
    return _no_update(req)


@operation("elasticache", "BatchStopUpdateAction", resource=_updated, fidelity="recorded")
def batch_stop_update_action(ctx: Context, req: Request) -> dict[str, Any]:
    """Refuse every item: there is no such update."""
    return _no_update(req)
