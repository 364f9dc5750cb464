"""Deployments: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-deployments.html"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader

from ..find import Req, call, changed, page, require_api, require_stage, scope_of
from ..records import DEPLOYMENTS, STAGES, Deployment
from ..shapes import shown_deployment
from ..snapshots import deploy

_PATH = "/apis/{ApiId}/deployments"
_DEPLOYMENT = _PATH + "/{DeploymentId}"


def _require(tx: Reader, ctx: Context, req: Req) -> Deployment:
    require_api(tx, ctx, req["ApiId"])
    found = tx.get(DEPLOYMENTS, (ctx.account, ctx.region, req["ApiId"], req["DeploymentId"]))
    if found is None:
        raise NotFound(f"Invalid deployment identifier specified {req['DeploymentId']}")
    return found


@call("CreateDeployment", "POST", _PATH)
def create_deployment(ctx: Context, req: Req) -> dict[str, Any]:
    """Deploy an API as it is now, and let a stage run that."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        stage = require_stage(tx, ctx, api.id, req["StageName"]) if req.get("StageName") else None
        if stage is not None and stage.shape["AutoDeploy"]:
            raise BadRequest(f"Deployment to stage {stage.name} is not allowed because AutoDeploy is enabled")
        made = deploy(tx, ctx, api, description=req.get("Description") or "")
        if stage is not None:
            stage.shape["DeploymentId"] = made.id
            stage.updated = float(int(ctx.now()))
            tx.put(STAGES, stage)
            changed(tx)
    return shown_deployment(made)


@call("GetDeployment", "GET", _DEPLOYMENT)
def get_deployment(ctx: Context, req: Req) -> dict[str, Any]:
    """One deployment."""
    with ctx.read() as tx:
        return shown_deployment(_require(tx, ctx, req))


@call("GetDeployments", "GET", _PATH)
def get_deployments(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of an API's deployments."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        found = [shown_deployment(deployment) for deployment in tx.scan(DEPLOYMENTS, scope_of(api))]
    return page(ctx, req, found, "DeploymentId", api.id)


@call("UpdateDeployment", "PATCH", _DEPLOYMENT)
def update_deployment(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a deployment's description."""
    with ctx.write() as tx:
        deployment = _require(tx, ctx, req)
        if req.get("Description") is not None:
            deployment.description = req["Description"]
        tx.put(DEPLOYMENTS, deployment)
    return shown_deployment(deployment)


@call("DeleteDeployment", "DELETE", _DEPLOYMENT)
def delete_deployment(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove a deployment that no stage has."""
    with ctx.write() as tx:
        deployment = _require(tx, ctx, req)
        stages = tx.scan(STAGES, (ctx.account, ctx.region, deployment.api))
        if any(stage.shape.get("DeploymentId") == deployment.id for stage in stages):
            raise BadRequest("Active stages pointing to this deployment must be moved or deleted")
        tx.delete(DEPLOYMENTS, DEPLOYMENTS.key(deployment))
    return {}
