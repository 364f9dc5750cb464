"""Stages: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.apis.domains import MAPPINGS
from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Reader, Transaction

from .. import quotas, rules
from ..find import Req, call, changed, page, require_api, require_stage, scope_of
from ..records import DEPLOYMENTS, HTTP, STAGES, Api, Stage
from ..shapes import shown_stage
from ..snapshots import redeploy

_PATH = "/apis/{ApiId}/stages"
_STAGE = _PATH + "/{StageName}"
_MEMBERS = (
    "AccessLogSettings", "AutoDeploy", "ClientCertificateId", "DefaultRouteSettings", "DeploymentId", "Description",
    "RouteSettings", "StageVariables", "ApiGatewayManaged",
)  # fmt: skip


def _logging(ctx: Context, req: Req) -> list[Access]:
    """Who turns on access logs of an HTTP API needs to be allowed to deliver logs.

    Of the permissions in https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html the one
    that creates the delivery is asked. WebSocket APIs write as the account's role, and need none.
    """
    if not (req.get("AccessLogSettings") or {}).get("DestinationArn"):
        return []
    with ctx.read() as tx:
        if require_api(tx, ctx, req["ApiId"]).protocol != HTTP:
            return []
    return [Access("logs:CreateLogDelivery", "*")]


def new_stage(
    tx: Transaction, ctx: Context, api: Api, name: str, given: Mapping[str, Any], tags: Mapping[str, str] | None = None
) -> Stage:
    """Store a new stage; with AutoDeploy, deploy the API to it. Raises BadRequest, Conflict, NotFound."""
    rules.check_stage_name(name, api.protocol)
    if tx.get(STAGES, (*scope_of(api), name)) is not None:
        raise Conflict("Stage already exists")
    quotas.hold(tx, ctx, api, "stages")
    settings: dict[str, Any] = {"DetailedMetricsEnabled": False}
    if api.protocol != HTTP:
        settings |= {"DataTraceEnabled": False, "LoggingLevel": "OFF"}
    shape: dict[str, Any] = {
        "AutoDeploy": False, "DefaultRouteSettings": settings, "RouteSettings": {}, "StageVariables": {},
    }  # fmt: skip
    now = float(int(ctx.now()))
    stage = Stage(account=api.account, region=api.region, api=api.id, name=name, created=now, updated=now,
                  shape=shape, tags=dict(tags or {}))  # fmt: skip
    _apply(tx, api, stage, given)
    tx.put(STAGES, stage)
    if stage.shape["AutoDeploy"]:
        redeploy(tx, ctx, api)
    changed(tx)
    return tx.get(STAGES, STAGES.key(stage)) or stage


def _apply(tx: Reader, api: Api, stage: Stage, given: Mapping[str, Any]) -> None:
    """Put the members of a request into a stage. Raises BadRequest, NotFound."""
    shape = stage.shape
    for name, value in rules.present(given, _MEMBERS).items():
        if name in ("StageVariables", "RouteSettings"):
            shape[name] = rules.merged(shape.get(name), value)
        elif name == "DefaultRouteSettings":
            shape[name] = {**shape[name], **value}
        else:
            shape[name] = value
    rules.check_variables(shape["StageVariables"])
    if shape["AutoDeploy"] and given.get("DeploymentId"):
        raise BadRequest("DeploymentId cannot be set if AutoDeploy is set to true.")  # not confirmed
    deployment = given.get("DeploymentId")
    if deployment and tx.get(DEPLOYMENTS, (*scope_of(api), deployment)) is None:
        raise NotFound(f"Invalid deployment identifier specified {deployment}")
    settings = [shape["DefaultRouteSettings"], *shape["RouteSettings"].values()]
    if any(len(setting.get("LoggingLevel") or "") for setting in settings) and api.protocol == HTTP:
        raise BadRequest("Execution logs are not supported on protocolType HTTP")
    stage.shape = rules.without_empty(shape)


@call("CreateStage", "POST", _PATH, also=_logging)
def create_stage(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a stage."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        given = {name: value for name, value in req.items() if name != "ApiGatewayManaged"}
        stage = new_stage(tx, ctx, api, req["StageName"], given, req.get("Tags"))
    return shown_stage(stage)


@call("GetStage", "GET", _STAGE)
def get_stage(ctx: Context, req: Req) -> dict[str, Any]:
    """One stage."""
    with ctx.read() as tx:
        return shown_stage(require_stage(tx, ctx, req["ApiId"], req["StageName"]))


@call("GetStages", "GET", _PATH)
def get_stages(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of an API's stages."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        found = [shown_stage(stage) for stage in tx.scan(STAGES, scope_of(api))]
    return page(ctx, req, found, "StageName", api.id)


@call("UpdateStage", "PATCH", _STAGE, also=_logging)
def update_stage(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a stage. Entries of maps that are given empty go."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        stage = require_stage(tx, ctx, api.id, req["StageName"])
        before = stage.shape["AutoDeploy"]
        _apply(tx, api, stage, {name: value for name, value in req.items() if name != "ApiGatewayManaged"})
        stage.updated = float(int(ctx.now()))
        tx.put(STAGES, stage)
        if stage.shape["AutoDeploy"] and not before:
            redeploy(tx, ctx, api)
        changed(tx)
        stage = require_stage(tx, ctx, api.id, stage.name)
    return shown_stage(stage)


@call("DeleteStage", "DELETE", _STAGE)
def delete_stage(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove a stage, unless a custom domain name maps it."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["ApiId"], req["StageName"])
        for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region)):
            if (mapping.api, mapping.stage) == (stage.api, stage.name):
                raise BadRequest("Deleting stage with active API mappings is not allowed")  # not confirmed
        tx.delete(STAGES, STAGES.key(stage))
        changed(tx)
    return {}


@call("DeleteAccessLogSettings", "DELETE", _STAGE + "/accesslogsettings")
def delete_access_log_settings(ctx: Context, req: Req) -> dict[str, Any]:
    """Turn off a stage's access logs."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["ApiId"], req["StageName"])
        stage.shape.pop("AccessLogSettings", None)
        tx.put(STAGES, stage)
        changed(tx)
    return {}


@call("DeleteRouteSettings", "DELETE", _STAGE + "/routesettings/{RouteKey}")
def delete_route_settings(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove the settings of one route."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["ApiId"], req["StageName"])
        if stage.shape["RouteSettings"].pop(req["RouteKey"], None) is None:
            raise NotFound("Invalid route settings identifier specified")  # not confirmed
        tx.put(STAGES, stage)
        changed(tx)
    return {}


@call("ResetAuthorizersCache", "DELETE", _STAGE + "/cache/authorizers")
def reset_authorizers_cache(ctx: Context, req: Req) -> dict[str, Any]:
    """Forget the answers of Lambda authorizers that were cached for a stage."""
    with ctx.write() as tx:
        stage = require_stage(tx, ctx, req["ApiId"], req["StageName"])
        stage.authorizers_reset = ctx.now()
        tx.put(STAGES, stage)
        changed(tx)
    return {}
