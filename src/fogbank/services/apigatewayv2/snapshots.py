"""Deployments: what an API is at one time, and the deployments that stages with AutoDeploy make of each change.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .find import changed, scope_of
from .records import (
    AUTHORIZERS,
    DEPLOYMENTS,
    INTEGRATION_RESPONSES,
    INTEGRATIONS,
    MODELS,
    ROUTE_RESPONSES,
    ROUTES,
    STAGES,
    Api,
    Deployment,
)

NO_ROUTES = "At least one route is required before deploying the Api."
_FAILED = "Deployment attempt failed: Unable to deploy API because no routes exist in this API"


def take(tx: Reader, api: Api) -> dict[str, Any]:
    """Everything of an API that its stages run."""
    scope = scope_of(api)
    responses: dict[str, list[dict[str, Any]]] = {}
    for table in (ROUTE_RESPONSES, INTEGRATION_RESPONSES):
        for answer in tx.scan(table, scope):
            responses.setdefault(answer.parent, []).append(answer.shape)
    return {
        "api": api.shape,
        "routes": [route.shape for route in tx.scan(ROUTES, scope)],
        "integrations": {part.id: part.shape for part in tx.scan(INTEGRATIONS, scope)},
        "authorizers": {part.id: part.shape for part in tx.scan(AUTHORIZERS, scope)},
        "models": {part.shape["Name"]: part.shape["Schema"] for part in tx.scan(MODELS, scope)},
        "responses": responses,
    }


def deploy(tx: Transaction, ctx: Context, api: Api, *, description: str = "", automatic: bool = False) -> Deployment:
    """Store a new deployment. Raises BadRequest for an API without routes."""
    content = take(tx, api)
    if not content["routes"]:
        raise BadRequest(NO_ROUTES)
    made = Deployment(
        account=api.account,
        region=api.region,
        api=api.id,
        id=ctx.ids.lower(6),
        created=float(int(ctx.now())),
        content=content,
        description=description,
        automatic=automatic,
    )
    tx.put(DEPLOYMENTS, made)
    return made


def redeploy(tx: Transaction, ctx: Context, api: Api) -> None:
    """Deploy a change of an API to its stages that have AutoDeploy.

    An automatic deployment goes when no stage has it any more, so that they do not pile up. (Whether AWS keeps them is
    not confirmed.)
    """
    stages = [stage for stage in tx.scan(STAGES, scope_of(api)) if stage.shape.get("AutoDeploy")]
    if not stages:
        return
    made = None
    if tx.count(ROUTES, scope_of(api)):
        made = deploy(tx, ctx, api, automatic=True)
    for stage in stages:
        if made is None:
            stage.shape["LastDeploymentStatusMessage"] = _FAILED
        else:
            stage.shape["DeploymentId"] = made.id
            stage.shape["LastDeploymentStatusMessage"] = f"Successfully deployed stage with deployment ID '{made.id}'"
        stage.updated = float(int(ctx.now()))
        tx.put(STAGES, stage)
    _sweep(tx, api)
    changed(tx)


def _sweep(tx: Transaction, api: Api) -> None:
    """Delete the automatic deployments that no stage has."""
    used = {stage.shape.get("DeploymentId") for stage in tx.scan(STAGES, scope_of(api))}
    for deployment in list(tx.scan(DEPLOYMENTS, scope_of(api))):
        if deployment.automatic and deployment.id not in used:
            tx.delete(DEPLOYMENTS, DEPLOYMENTS.key(deployment))
