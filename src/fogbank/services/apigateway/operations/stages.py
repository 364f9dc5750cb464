"""Stages. https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html"""

from __future__ import annotations

from typing import Any

from fogbank.apis.domains import MAPPINGS
from fogbank.apis.errors import BadRequest, Conflict
from fogbank.core.context import Context
from fogbank.core.operation import Access

from .. import account_quotas, patching, stages
from ..arns import call, resource
from ..lookups import changed, require_api, require_stage
from ..patching import COUNT, ENTRY, FLAG, RATE, REPLACE, SETTABLE, Rule
from ..records import APIS, DEPLOYMENTS, PLANS, STAGES
from .account import settings

_SETTINGS = {
    "logging/loglevel": ("loggingLevel", REPLACE),
    "logging/dataTrace": ("dataTraceEnabled", FLAG),
    "metrics/enabled": ("metricsEnabled", FLAG),
    "throttling/burstLimit": ("throttlingBurstLimit", COUNT),
    "throttling/rateLimit": ("throttlingRateLimit", RATE),
    "caching/enabled": ("cachingEnabled", FLAG),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", COUNT),
    "caching/dataEncrypted": ("cacheDataEncrypted", FLAG),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", FLAG),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", REPLACE),
}
RULES = {
    "/deploymentId": REPLACE,
    "/description": REPLACE,
    "/cacheClusterEnabled": FLAG,
    "/cacheClusterSize": REPLACE,
    "/clientCertificateId": SETTABLE,
    "/documentationVersion": SETTABLE,
    "/tracingEnabled": FLAG,
    "/webAclArn": SETTABLE,
    "/variables/{name}": ENTRY,
    "/accessLogSettings/destinationArn": SETTABLE,
    "/accessLogSettings/format": SETTABLE,
    "/accessLogSettings": Rule("remove"),
    "/canarySettings/percentTraffic": RATE,
    "/canarySettings/deploymentId": Rule("replace copy"),
    "/canarySettings/useStageCache": FLAG,
    "/canarySettings/stageVariableOverrides/{name}": ENTRY,
    "/canarySettings": Rule("remove"),
    **{f"/{{resourcePath}}/{{httpMethod}}/{name}": rule for name, (_, rule) in _SETTINGS.items()},
}
_COPIES = ("/deploymentId", "/variables")  # what `copy` promotes from a canary


@call("CreateStage", "POST", "/restapis/{restApiId}/stages")
def create_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A stage that runs a deployment."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        if tx.get(DEPLOYMENTS, (ctx.account, ctx.region, api.id, req["deploymentId"])) is None:
            raise BadRequest("Deployment id does not exist")
        if tx.get(STAGES, (ctx.account, ctx.region, api.id, req["stageName"])) is not None:
            raise Conflict("Stage already exists")
        account_quotas.hold_stage(tx, ctx, (ctx.account, ctx.region, api.id))
        stage = stages.fresh(ctx, api, req["stageName"], req)
        tx.put(STAGES, stage)
        changed(tx)
    return stages.shown(ctx, stage)


@call("GetStage", "GET", "/restapis/{restApiId}/stages/{stageName}")
def get_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One stage."""
    with ctx.read() as tx:
        return stages.shown(ctx, require_stage(tx, ctx, req["restApiId"], req["stageName"]))


@call("GetStages", "GET", "/restapis/{restApiId}/stages")
def get_stages(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The stages of an API, or those that run one deployment."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = list(tx.scan(STAGES, (ctx.account, ctx.region, api.id)))
    wanted = req.get("deploymentId")
    return {"item": [stages.shown(ctx, s) for s in found if not wanted or s.shape["deploymentId"] == wanted]}


def _guarding(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A web ACL needs a permission of its own."""
    if not any((o.get("path") or "").startswith("/webAclArn") for o in req.get("patchOperations") or ()):
        return []
    stage = resource(ctx, f"/restapis/{req['restApiId']}/stages/{req['stageName']}")
    return [Access("apigateway:SetWebACL", stage)]


@call("UpdateStage", "PATCH", "/restapis/{restApiId}/stages/{stageName}", also=_guarding)
def update_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a stage; served at once."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["restApiId"], req["stageName"])
        shape = stage.shape
        for operation in req.get("patchOperations") or ():
            shape = _patched(shape, operation)
        if tx.get(DEPLOYMENTS, (ctx.account, ctx.region, stage.api, shape["deploymentId"])) is None:
            raise BadRequest("Deployment id does not exist")
        stages.check(shape)
        if logs(shape) and not settings(tx, ctx.account, ctx.region).shape.get("cloudwatchRoleArn"):
            raise BadRequest("CloudWatch Logs role ARN must be set in account settings to enable logging")
        stage.shape = shape
        stage.updated = float(int(ctx.now()))
        tx.put(STAGES, stage)
        changed(tx)
    return stages.shown(ctx, stage)


def logs(shape: dict[str, Any]) -> bool:
    """Whether a stage writes logs, for which the account needs a role."""
    if ":logs:" in ((shape.get("accessLogSettings") or {}).get("destinationArn") or ""):
        return True
    return any(s.get("loggingLevel", "OFF") != "OFF" for s in (shape.get("methodSettings") or {}).values())


def _patched(shape: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    path = operation.get("path") or ""
    setting = _setting(path)
    if operation.get("op") == "copy":
        return _copied(shape, operation)
    if setting is None:
        return patching.apply(shape, [operation], RULES)
    key, name = setting
    held = {k: dict(v) for k, v in (shape.get("methodSettings") or {}).items()}
    if operation.get("op") == "remove" and not name:
        held.pop(key, None)
    elif operation.get("op") == "replace" and name in _SETTINGS:
        member, rule = _SETTINGS[name]
        one = {**operation, "path": f"/{member}"}
        held[key] = patching.apply(held.get(key) or {}, [one], {f"/{member}": rule})
    else:
        raise patching.refusal(path, operation.get("op") or "", RULES)
    changed_shape = {**shape, "methodSettings": held}
    if not held:
        del changed_shape["methodSettings"]
    return changed_shape


def _setting(path: str) -> tuple[str, str] | None:
    """("pets/GET", "throttling/rateLimit") in /~1pets/GET/throttling/rateLimit; ("pets/GET", "") in /pets/GET."""
    first = path[1:].split("/", 1)[0]
    if first in ("variables", "canarySettings", "accessLogSettings", "tags"):
        return None
    parts = path[1:].split("/")
    if "/".join(parts[-2:]) in _SETTINGS and len(parts) >= 4:
        return method_key(parts[:-3], parts[-3]), "/".join(parts[-2:])
    if len(parts) >= 2 and (parts[-1] == "*" or parts[-1].isupper()):
        return method_key(parts[:-1], parts[-1]), ""
    return None


def method_key(parts: list[str], verb: str) -> str:
    """The key of methodSettings: */*, pets/GET, ~1/GET for the root."""
    path = "/".join(parts).replace("~1", "/").strip("/")
    return f"{path or '~1'}/{verb}"


def _copied(shape: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Promoting a canary: its deployment or its variables become the stage's."""
    source, path = operation.get("from") or "", operation.get("path") or ""
    canary = shape.get("canarySettings") or {}
    if path == "/deploymentId" and source == "/canarySettings/deploymentId":
        return {**shape, "deploymentId": canary.get("deploymentId") or shape["deploymentId"]}
    if path == "/variables" and source == "/canarySettings/stageVariableOverrides":
        return {
            **shape,
            "variables": {**(shape.get("variables") or {}), **(canary.get("stageVariableOverrides") or {})},
        }
    raise BadRequest(f"Invalid patch path  '{path}' specified for op 'copy'. Must be one of: [{', '.join(_COPIES)}]")


@call("DeleteStage", "DELETE", "/restapis/{restApiId}/stages/{stageName}")
def delete_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a stage, and its place in usage plans."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["restApiId"], req["stageName"])
        for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region)):
            if (mapping.api, mapping.stage) == (stage.api, stage.name):
                raise BadRequest("Active base path mapping pointing to this stage must be moved or deleted")
        for plan in list(tx.scan(PLANS, (ctx.account, ctx.region))):
            held = plan.shape.get("apiStages") or []
            kept = [s for s in held if (s["apiId"], s["stage"]) != (stage.api, stage.name)]
            if len(kept) != len(held):
                plan.shape["apiStages"] = kept
                tx.put(PLANS, plan)
        tx.delete(STAGES, (ctx.account, ctx.region, stage.api, stage.name))
        changed(tx)
    return {}


@call("FlushStageCache", "DELETE", "/restapis/{restApiId}/stages/{stageName}/cache/data", fidelity="recorded")
def flush_stage_cache(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Responses are not cached here, so there is nothing to drop."""
    with ctx.read() as tx:
        require_stage(tx, ctx, req["restApiId"], req["stageName"])
    return {}


@call("FlushStageAuthorizersCache", "DELETE", "/restapis/{restApiId}/stages/{stageName}/cache/authorizers")
def flush_stage_authorizers_cache(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Ask the authorizers anew."""
    with ctx.write() as tx:
        require_stage(tx, ctx, req["restApiId"], req["stageName"])
        tx.put(APIS, require_api(tx, ctx, req["restApiId"]))
        changed(tx)
    return {}
