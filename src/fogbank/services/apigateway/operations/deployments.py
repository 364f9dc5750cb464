"""Deployments: snapshots of an API that stages run.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import account_quotas, patching, snapshot
from ..arns import call
from ..lookups import changed, page, require_api, require_part
from ..patching import REPLACE
from ..records import DEPLOYMENTS, SNAPSHOTS, STAGES, Api, Deployment, Snapshot
from ..stages import fresh, shown_canary

UNKNOWN = "Invalid Deployment identifier specified"


@call("CreateDeployment", "POST", "/restapis/{restApiId}/deployments")
def create_deployment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the API as it is now; with a stage name, put it there (creating the stage when it is new)."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        content = snapshot.take(tx, api)
        _check(content)
        deployment = Deployment(
            account=ctx.account,
            region=ctx.region,
            api=api.id,
            id=ctx.ids.lower(6),
            created=float(int(ctx.now())),
            description=req.get("description") or "",
            summary=snapshot.summary(content),
        )
        tx.put(DEPLOYMENTS, deployment)
        tx.put(SNAPSHOTS, Snapshot(account=ctx.account, region=ctx.region, api=api.id, id=deployment.id,
                                   content=content))  # fmt: skip
        if req.get("stageName"):
            _stage(tx, ctx, api, deployment, req)
        changed(tx)
    return _shown(deployment)


def _check(content: dict[str, Any]) -> None:
    methods = [m for resource in content["resources"] for m in resource["methods"].values()]
    if not methods:
        raise BadRequest("The REST API doesn't contain any methods")
    if any(m.get("methodIntegration") is None for m in methods):
        raise BadRequest("No integration defined for method")


def _stage(tx: Transaction, ctx: Context, api: Api, deployment: Deployment, req: dict[str, Any]) -> None:
    """Put the deployment on the stage that the request names."""
    name = req["stageName"]
    stage = tx.get(STAGES, (ctx.account, ctx.region, api.id, name))
    canary = req.get("canarySettings")
    if stage is None:
        if canary:
            raise BadRequest("Stage does not exist, canary settings cannot be applied")
        account_quotas.hold_stage(tx, ctx, (ctx.account, ctx.region, api.id))
        given = {**req, "deploymentId": deployment.id, "description": req.get("stageDescription")}
        stage = fresh(ctx, api, name, given)
    elif canary:
        stage.shape["canarySettings"] = shown_canary({**canary, "deploymentId": deployment.id})
    else:
        stage.shape["deploymentId"] = deployment.id
        if req.get("variables"):
            stage.shape["variables"] = {**(stage.shape.get("variables") or {}), **req["variables"]}
        if req.get("stageDescription"):
            stage.shape["description"] = req["stageDescription"]
        for member in ("cacheClusterEnabled", "cacheClusterSize", "tracingEnabled"):
            if req.get(member) is not None:
                stage.shape[member] = req[member]
        stage.updated = float(int(ctx.now()))
    tx.put(STAGES, stage)


def _shown(deployment: Deployment, *, summary: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": deployment.id, "createdDate": deployment.created}
    if deployment.description:
        answer["description"] = deployment.description
    if summary:
        answer["apiSummary"] = deployment.summary
    return answer


@call("GetDeployment", "GET", "/restapis/{restApiId}/deployments/{deploymentId}")
def get_deployment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One deployment; `embed=apisummary` adds what it holds."""
    with ctx.read() as tx:
        found = require_part(tx, ctx, DEPLOYMENTS, req["restApiId"], req["deploymentId"], UNKNOWN)
    return _shown(found, summary="apisummary" in (req.get("embed") or []))


@call("GetDeployments", "GET", "/restapis/{restApiId}/deployments")
def get_deployments(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The deployments of an API, the oldest first."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = sorted(tx.scan(DEPLOYMENTS, (ctx.account, ctx.region, api.id)), key=lambda d: (d.created, d.id))
    return page(ctx, req, f"deployments/{api.id}", [_shown(deployment) for deployment in found])


@call("UpdateDeployment", "PATCH", "/restapis/{restApiId}/deployments/{deploymentId}")
def update_deployment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Its description is all that changes."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, DEPLOYMENTS, req["restApiId"], req["deploymentId"], UNKNOWN)
        shape = patching.apply(
            {"description": found.description}, req.get("patchOperations"), {"/description": REPLACE}
        )
        found.description = shape.get("description") or ""
        tx.put(DEPLOYMENTS, found)
    return _shown(found)


@call("DeleteDeployment", "DELETE", "/restapis/{restApiId}/deployments/{deploymentId}")
def delete_deployment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Only a deployment that no stage runs can go."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, DEPLOYMENTS, req["restApiId"], req["deploymentId"], UNKNOWN)
        for stage in tx.scan(STAGES, (ctx.account, ctx.region, found.api)):
            canary = (stage.shape.get("canarySettings") or {}).get("deploymentId")
            if found.id in (stage.shape["deploymentId"], canary):
                raise BadRequest("Active stages pointing to this deployment must be moved or deleted")
        key = (ctx.account, ctx.region, found.api, found.id)
        tx.delete(DEPLOYMENTS, key)
        tx.delete(SNAPSHOTS, key)
    return {}
