"""Cloud Control's operations. All of IAM's actions for them begin with `cloudformation:`.

https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Literal

from fogbank.auth import roles
from fogbank.core import documents, lists
from fogbank.core.cfn import Readable, ResourceType
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction
from fogbank.wire.resource_schemas import ResourceSchema

from ..engine.acting import SERVICE, acting
from ..engine.properties import problems
from .errors import (
    ClientTokenConflict,
    ConcurrentModification,
    ConcurrentOperation,
    InvalidRequest,
    RequestTokenNotFound,
    UnsupportedAction,
)
from .models import kind_of, model_of, shown
from .patch import apply
from .records import MADE, REQUESTS, ResourceRequest
from .running import RUN


def _access(action: str) -> Callable[[Context, dict[str, Any]], list[Access]]:
    """The action on any resource, and iam:PassRole on the role of the request."""

    def resource(ctx: Context, req: dict[str, Any]) -> list[Access]:
        own = Access(f"cloudformation:{action}", "*", {})
        return [own, roles.passed(ctx, req["RoleArn"], SERVICE)] if req.get("RoleArn") else [own]

    return resource


def _document(text: str, what: str) -> dict[str, Any]:
    try:
        found = documents.read(text)
    except documents.BadDocument:
        found = None
    if not isinstance(found, dict):
        raise InvalidRequest(f"{what} is not a valid JSON object")
    return found


def _check(kind: ResourceType, properties: dict[str, Any]) -> None:
    found = problems(kind.type_name, properties)
    if found:
        raise ValidationError(f"Model validation failed ({', '.join(found)})")


@operation("cloudcontrol", "CreateResource", resource=_access("CreateResource"))
async def create_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_CreateResource.html"""
    kind, _ = kind_of(ctx, req["TypeName"], "CREATE")
    desired = _document(req["DesiredState"], "DesiredState")
    _check(kind, desired)
    return await ctx.transact(_accept, ctx, req, "CREATE", "", desired, {})


@operation("cloudcontrol", "UpdateResource", resource=_access("UpdateResource"))
async def update_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Apply a JSON patch to the properties of a resource.

    https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_UpdateResource.html
    """
    kind, schema = kind_of(ctx, req["TypeName"], "UPDATE")
    calls = await acting(ctx, req.get("RoleArn") or "")
    current = _writable(schema, await model_of(calls, kind, req["Identifier"]))
    try:
        patch = documents.read(req["PatchDocument"])
    except documents.BadDocument:
        raise InvalidRequest("PatchDocument is not valid JSON") from None
    desired = apply(current, patch)
    _check(kind, desired)
    return await ctx.transact(_accept, ctx, req, "UPDATE", req["Identifier"], desired, current)


def _writable(schema: ResourceSchema, model: dict[str, Any]) -> dict[str, Any]:
    """The properties of a model that a template may set."""
    return {name: value for name, value in model.items() if name in schema.properties and name not in schema.read_only}


@operation("cloudcontrol", "DeleteResource", resource=_access("DeleteResource"))
async def delete_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_DeleteResource.html"""
    kind, schema = kind_of(ctx, req["TypeName"], "DELETE")
    calls = await acting(ctx, req.get("RoleArn") or "")
    current = _writable(schema, await model_of(calls, kind, req["Identifier"]))
    return await ctx.transact(_accept, ctx, req, "DELETE", req["Identifier"], {}, current)


def _accept(
    tx: Transaction,
    ctx: Context,
    req: dict[str, Any],
    operation: Literal["CREATE", "UPDATE", "DELETE"],
    identifier: str,
    desired: dict[str, Any],
    previous: dict[str, Any],
) -> dict[str, Any]:
    """Store a request and enqueue its job. A repeated ClientToken gets the first request again."""
    said = json.dumps({key: req.get(key) for key in ("TypeName", "DesiredState", "PatchDocument", "Identifier")})
    fingerprint = hashlib.sha256(f"{operation} {said}".encode()).hexdigest()
    client = req.get("ClientToken") or ""
    earlier = tx.first(REQUESTS, "client", (ctx.account, ctx.region, client)) if client else None
    if earlier is not None:
        if earlier.fingerprint != fingerprint:
            raise ClientTokenConflict(f"Client token {client} was used for another request")
        return {"ProgressEvent": _progress(earlier)}
    busy = tx.first(REQUESTS, "resource", (ctx.account, ctx.region, req["TypeName"], identifier))
    if identifier and busy is not None:
        raise ConcurrentOperation(
            f"Resource of type '{req['TypeName']}' with identifier '{identifier}' is being changed by another request"
        )
    request = ResourceRequest(
        account=ctx.account,
        region=ctx.region,
        token=ctx.ids.uuid(),
        type=req["TypeName"],
        operation=operation,
        status="IN_PROGRESS",
        time=ctx.now(),
        identifier=identifier,
        desired=desired,
        previous=previous,
        role_arn=req.get("RoleArn") or "",
        client_token=client,
        fingerprint=fingerprint,
        maker=ctx.ids.hex(12).upper(),
    )
    tx.put(REQUESTS, request)
    ctx.later(tx, RUN, {"token": request.token}, name=request.token)
    return {"ProgressEvent": _progress(request)}


def _progress(request: ResourceRequest) -> dict[str, Any]:
    """A `ProgressEvent`."""
    shown = {
        "TypeName": request.type,
        "RequestToken": request.token,
        "Operation": request.operation,
        "OperationStatus": request.status,
        "EventTime": request.time,
    }
    optional = {
        "Identifier": request.identifier,
        "ResourceModel": request.model,
        "StatusMessage": request.message,
        "ErrorCode": request.error,
    }
    return shown | {key: value for key, value in optional.items() if value}


@operation("cloudcontrol", "GetResource", resource=_access("GetResource"))
async def get_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_GetResource.html"""
    kind, schema = kind_of(ctx, req["TypeName"], "READ")
    model = await model_of(await acting(ctx, req.get("RoleArn") or ""), kind, req["Identifier"])
    return {"TypeName": req["TypeName"], "ResourceDescription": shown(schema, req["Identifier"], model)}


@operation("cloudcontrol", "ListResources", resource=_access("ListResources"))
async def list_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the resources of a type: all of the account, or (types that cannot be listed) those that Cloud Control made.

    https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ListResources.html
    """
    kind, schema = kind_of(ctx, req["TypeName"], "LIST")
    where = (ctx.account, ctx.region, kind.type_name)
    known = {made.id: made.identifier for made in await ctx.fetch(lambda tx: list(tx.scan(MADE, where)))}
    if isinstance(kind.handler, Readable):
        calls = await acting(ctx, req.get("RoleArn") or "")
        ids = [known.get(id, id) for id in await kind.handler.list(calls)]
    elif known:
        ids = list(known.values())
    else:
        raise UnsupportedAction(f"Resource type {kind.type_name} does not support LIST action")
    found = lists.page(
        ctx,
        req,
        sorted(ids),
        key=lambda id: id,
        shape=lambda id: shown(schema, id, {}),
        size=100,
        refused=_bad_token,
        scope=kind.type_name,
    )
    return {"TypeName": kind.type_name, **found}


def _bad_token() -> ServiceError:
    return InvalidRequest("The NextToken is invalid")


@operation("cloudcontrol", "GetResourceRequestStatus", resource="*", action="cloudformation:GetResourceRequestStatus")
def get_resource_request_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_GetResourceRequestStatus.html"""
    with ctx.read() as tx:
        request = tx.get(REQUESTS, (ctx.account, ctx.region, req["RequestToken"]))
    if request is None:
        raise RequestTokenNotFound(f"Request with token {req['RequestToken']} was not found")
    return {"ProgressEvent": _progress(request)}


@operation("cloudcontrol", "CancelResourceRequest", resource="*", action="cloudformation:CancelResourceRequest")
def cancel_resource_request(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Cancel a request that is PENDING; one in progress goes on until its handler returns, as on AWS.

    https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_CancelResourceRequest.html
    """
    with ctx.write() as tx:
        request = tx.get(REQUESTS, (ctx.account, ctx.region, req["RequestToken"]))
        if request is None:
            raise RequestTokenNotFound(f"Request with token {req['RequestToken']} was not found")
        if request.status == "IN_PROGRESS" and ctx.cancel(tx, RUN, request.token):
            request.status, request.time = "CANCEL_COMPLETE", ctx.now()
            tx.put(REQUESTS, request)
        elif request.status != "IN_PROGRESS":
            raise ConcurrentModification(f"Request {request.token} is in status {request.status}")
    return {"ProgressEvent": _progress(request)}


@operation("cloudcontrol", "ListResourceRequests", resource="*", action="cloudformation:ListResourceRequests")
def list_resource_requests(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the requests of the last seven days, newest first.

    https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ListResourceRequests.html
    """
    asked = req.get("ResourceRequestStatusFilter") or {}
    operations, statuses = asked.get("Operations") or (), asked.get("OperationStatuses") or ()
    with ctx.read() as tx:
        found = [
            request
            for request in tx.scan(REQUESTS, (ctx.account, ctx.region))
            if (not operations or request.operation in operations) and (not statuses or request.status in statuses)
        ]
    found.sort(key=_newest_first)
    return lists.page(ctx, req, found, key=_newest_first, shape=_progress, size=100, refused=_bad_token)


def _newest_first(request: ResourceRequest) -> tuple[int, str]:
    return -int(request.time * 1000), request.token
