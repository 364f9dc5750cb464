"""Layers: packages that functions share; they are unpacked over each other as /opt.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import lookups, storage
from ..code import Package, loaded
from ..errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from ..function_settings import OWNER
from ..layers import LAYER, VERSION, VERSION_BY_ARN, Place, layer_arn, named_version, place, version
from ..records import LAYER_COUNTERS, LAYERS, Layer, LayerCounter, document
from ..shapes import layer_item
from .functions import location


@operation("lambda", "PublishLayerVersion", resource=LAYER.of("LayerName"))
async def publish_layer_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html"""
    where = place(ctx, req["LayerName"])
    async with loaded(ctx, req["Content"], "PublishLayerVersion") as stored:
        layer = await ctx.transact(_publish, ctx, req, where, stored)
    return _full(ctx, layer)


def _publish(tx: Transaction, ctx: Context, req: dict[str, Any], where: Place, stored: Package) -> Layer:
    account, region, name = where
    storage.hold(tx, ctx, (account, region), stored.size)
    counter = tx.get(LAYER_COUNTERS, where) or LayerCounter(account=account, region=region, name=name)
    layer = Layer(
        account=account,
        region=region,
        name=name,
        number=counter.next,
        blob=stored.blob.id,
        sha256=stored.sha256,
        size=stored.size,
        description=req.get("Description") or "",
        license=req.get("LicenseInfo") or "",
        runtimes=list(req.get("CompatibleRuntimes") or ()),
        architectures=list(req.get("CompatibleArchitectures") or ()),
        created=ctx.now(),
    )
    counter.next += 1
    ctx.blobs.publish(tx, stored.blob, OWNER)
    tx.put(LAYER_COUNTERS, counter)
    tx.put(LAYERS, layer)
    return layer


def _full(ctx: Context, layer: Layer) -> dict[str, Any]:
    return {
        "Content": {
            "Location": location(ctx, layer.blob, f"{layer.name}.zip"),
            "CodeSha256": layer.sha256,
            "CodeSize": layer.size,
        },
        "LayerArn": layer_arn(ctx, layer.account, layer.name),
        "Description": layer.description,
        **layer_item(ctx, layer),
    }


@operation("lambda", "GetLayerVersion", resource=named_version)
def get_layer_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html"""
    with ctx.read() as tx:
        return _full(ctx, VERSION.require(tx, ctx, version(req)))


@operation("lambda", "GetLayerVersionByArn", action="lambda:GetLayerVersion", resource=VERSION_BY_ARN.of("Arn"))
def get_layer_version_by_arn(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html"""
    with ctx.read() as tx:
        return _full(ctx, VERSION_BY_ARN.require(tx, ctx, req["Arn"]))


@operation("lambda", "DeleteLayerVersion", resource=named_version)
def delete_layer_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes a layer version. Functions that use it keep it, but no function can add it any more.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html
    """
    with ctx.write() as tx:
        layer = VERSION.find(tx, ctx, version(req))
        if layer is not None:
            ctx.blobs.release(tx, layer.blob, OWNER)
            tx.delete(LAYERS, LAYERS.key(layer))
    return {}


def _suits(layer: Layer, req: dict[str, Any]) -> bool:
    runtime, architecture = req.get("CompatibleRuntime"), req.get("CompatibleArchitecture")
    return (not runtime or runtime in layer.runtimes) and (not architecture or architecture in layer.architectures)


@operation("lambda", "ListLayers", resource="*")
def list_layers(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists each layer with its newest version that has the requested runtime and architecture.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html
    """
    with ctx.read() as tx:
        newest = {v.name: v for v in tx.scan(LAYERS, (ctx.account, ctx.region)) if _suits(v, req)}
    shown, more = lookups.page(ctx, list(newest.values()), req, lambda v: v.name)
    items = [
        {
            "LayerName": v.name,
            "LayerArn": layer_arn(ctx, v.account, v.name),
            "LatestMatchingVersion": layer_item(ctx, v),
        }
        for v in shown
    ]
    return {"Layers": items, **more}


@operation("lambda", "ListLayerVersions", resource=LAYER.of("LayerName"))
def list_layer_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists a layer's versions, newest first.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html
    """
    where = place(ctx, req["LayerName"])
    with ctx.read() as tx:
        found = [v for v in tx.scan(LAYERS, where, reverse=True) if _suits(v, req)]
    shown, more = lookups.page(ctx, found, req, lambda v: -v.number)
    return {"LayerVersions": [layer_item(ctx, v) for v in shown], **more}


@operation("lambda", "AddLayerVersionPermission", resource=named_version)
def add_layer_version_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html"""
    principal = req["Principal"]
    if principal.isdigit():
        principal = f"arn:{ctx.partition}:iam::{principal}:root"
    statement: dict[str, Any] = {
        "Sid": req["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": req["Action"],
    }
    if req.get("OrganizationId"):
        if principal != "*":
            raise InvalidParameterValue("OrganizationId can be given with the principal * only.")
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": req["OrganizationId"]}}
    with ctx.write() as tx:
        layer = VERSION.require(tx, ctx, version(req))
        statement["Resource"] = layer_arn(ctx, layer.account, layer.name, layer.number)
        lookups.check_revision(layer.policy_revision, req.get("RevisionId"))
        if any(known["Sid"] == req["StatementId"] for known in layer.statements):
            raise ResourceConflict(
                f"The statement id ({req['StatementId']}) provided already exists. Please provide a new statement id, "
                "or remove the existing statement."
            )
        layer.statements = [*layer.statements, statement]
        layer.policy_revision = ctx.ids.uuid()
        tx.put(LAYERS, layer)
    return {"Statement": msgspec.json.encode(statement).decode(), "RevisionId": layer.policy_revision}


@operation("lambda", "RemoveLayerVersionPermission", resource=named_version)
def remove_layer_version_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RemoveLayerVersionPermission.html"""
    with ctx.write() as tx:
        layer = VERSION.require(tx, ctx, version(req))
        lookups.check_revision(layer.policy_revision, req.get("RevisionId"))
        kept = [known for known in layer.statements if known["Sid"] != req["StatementId"]]
        if len(kept) == len(layer.statements):
            raise ResourceNotFound(f"Statement {req['StatementId']} is not found in resource policy.")
        layer.statements, layer.policy_revision = kept, ctx.ids.uuid()
        tx.put(LAYERS, layer)
    return {}


@operation("lambda", "GetLayerVersionPolicy", resource=named_version)
def get_layer_version_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html"""
    with ctx.read() as tx:
        layer = VERSION.require(tx, ctx, version(req))
    if not layer.statements:
        raise ResourceNotFound("No policy is associated with the given resource.")
    return {"Policy": document(layer.statements), "RevisionId": layer.policy_revision}
